/* Indirect calls and jumps whose targets change with time, under timer interrupts: phases of one
 * target, of a fixed round, of ten at random, of others in turn, each long enough that what was
 * learnt of a site is learnt anew; every branch goes where its table says, registers and flags too.
 * timeout: 60
 */
#include "lib.inc"
#include "irq.inc"
#define TICKS 14 /* of 5 ms, for a phase */
main:
    call paging_on
    SETGATE IRQ0, isr
    PIT0 2, 5966
    UNMASK 0
    movl %esp, stack
    movl $5, phase
again:
    movl $TICKS, left
    sti
turn:
    movl count, %esi
    incl count
    imull $1103515245, seed, %eax
    addl $12345, %eax
    movl %eax, seed
    shrl $16, %eax
    movl phase, %edx
    cmpl $5, %edx                     /* one */
    je 1f
    cmpl $4, %edx                     /* eight in turn */
    je 2f
    cmpl $2, %edx                     /* two at random */
    je 3f
    movl %eax, %esi                   /* eight at random, twice */
    jmp 2f
1:  xorl %esi, %esi
    jmp 2f
3:  movl %eax, %esi
    andl $1, %esi
    addl $6, %esi
2:  andl $7, %esi
    leal 0x1234(%esi), %ecx
    leal (%ecx,%ecx), %edi
    pushl %esi
    stc
    call *calls(,%esi,4)
back:
    ASSERT(c)
    CHECK(%eax, %esi)
    leal 0x1234(%esi), %edx
    CHECK(%ecx, %edx)
    popl %eax
    CHECK(%eax, %esi)
    clc
    jmp *jumps(,%esi,4)
landed:
    ASSERT(nc)
    CHECK(%eax, %esi)
    CHECK(%ecx, %edx)
    addl %edx, %edx
    CHECK(%edi, %edx)
    CHECK(%esp, stack)
    cmpl $0, left
    jne turn
    cli
    decl phase
    jnz again
    PASS

isr:
    EOI
    cmpl $0, %ss:left
    je 1f
    decl %ss:left
1:  iret

    .irp k, 0, 1, 2, 3, 4, 5, 6, 7
call_\k:
    movl $\k, %eax
    ret
jump_\k:
    movl $\k, %eax
    jmp landed
    .endr
    .data
    .balign 4
calls: .long call_0, call_1, call_2, call_3, call_4, call_5, call_6, call_7
jumps: .long jump_0, jump_1, jump_2, jump_3, jump_4, jump_5, jump_6, jump_7
seed: .long 3
count: .long 0
left: .long 0
phase: .long 0
stack: .long 0

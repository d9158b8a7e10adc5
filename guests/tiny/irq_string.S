/* Interrupts in the middle of REP strings: a 1 MiB REP MOVSB, STOSB, CMPSB, SCASB under a fast
 * timer: result exact; when an interrupt lands in the middle the frame shows the instruction
 * itself and consistent ECX ESI EDI.
 * timeout: 60
 * 75 million accesses, each looked at, take too long.
 * not-modes: data
 */
#include "lib.inc"
#include "irq.inc"
#define N 0x100000
main:
    cld
    SETGATE IRQ0, isr
    PIT0 2, 300
    UNMASK 0
    sti
    movl $1, round
again:
    movl round, %eax
    movl $0x400000, %edi
    movl $N, %ecx
    movl $0x400000 + N, bound_di
    movl $0, bound_si
1:  rep stosb
    CHECK(%edi, $0x400000 + N)
    CHECK(%ecx, $0)
    movl $0x400000, %esi
    movl $0x600000, %edi
    movl $N, %ecx
    movl $0x600000 + N, bound_di
    movl $0x400000 + N, bound_si
2:  rep movsb
    CHECK(%esi, $0x400000 + N)
    CHECK(%edi, $0x600000 + N)
    movl $0x400000, %esi
    movl $0x600000, %edi
    movl $N, %ecx
3:  repe cmpsb
    ASSERT(e)
    CHECK(%ecx, $0)
    movl $0x600000, %edi
    movl $N, %ecx
    movl $0, bound_si
    movb round, %al
    incb %al
4:  repne scasb
    ASSERT(ne)
    CHECK(%ecx, $0)
    incl round
    cmpl $12, round
    jb again
    cli
    cmpl $3, ticks
    ASSERT(a)
    PASS
isr:
    pushal
    incl ticks
    movl 32(%esp), %eax               /* EIP */
    cmpl $1b, %eax
    je 5f
    cmpl $2b, %eax
    je 5f
    cmpl $3b, %eax
    je 5f
    cmpl $4b, %eax
    jne 6f
5:  incl inside
    movl (%esp), %edx                 /* EDI + ECX = end, ESI + ECX = end */
    addl 24(%esp), %edx
    CHECK(bound_di, %edx)
    cmpl $0, bound_si
    je 6f
    movl 4(%esp), %edx
    addl 24(%esp), %edx
    CHECK(bound_si, %edx)
6:  movb $0x20, %al
    outb %al, $0x20
    popal
    iret
    .data
ticks: .long 0
inside: .long 0
round: .long 0
bound_si: .long 0
bound_di: .long 0

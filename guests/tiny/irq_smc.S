/* An interrupt handler changes the code that it interrupted: a jump to itself becomes two nops, a
 * loop's immediate changes, a page is remapped under the loop; 100 times.
 * timeout: 40
 */
#include "lib.inc"
#include "irq.inc"
#define LIN 0x08000000
main:
    call paging_on
    movl $PTA | 7, PD + (LIN >> 20)
    movl $0x400007, PTA
    FLUSH
    /* frame A: inc %eax; jmp back.  frame B: ret */
    movl $0xc3fdeb40, 0x400000
    movl $0xc3c3c3c3, 0x401000
    SETGATE IRQ0, isr
    PIT0 2, 3000
    UNMASK 0
    movl $100, %esi
again:
    movl $1, what
    sti
spin:
    jmp spin
    cli
    CHECK(what, $0)
    movw $0xfeeb, spin
    movl $2, what
    movl $0, %ebx
    sti
1:  .byte 0xb8                        /* movl $0, %eax */
imm:
    .long 0
    incl %ebx
    cmpl $0x600d, %eax
    jne 1b
    cli
    CHECK(what, $0)
    movl $0, imm
    movl $3, what
    sti
    call LIN
    cli
    CHECK(what, $0)
    movl $0x400007, PTA
    invlpg LIN
    decl %esi
    jnz again
    PASS
isr:
    pushl %eax
    EOI
    movl what, %eax
    decl %eax
    jz 2f
    decl %eax
    jz 3f
    decl %eax
    jnz 4f
    movl $0x401007, PTA
    invlpg LIN
    jmp 4f
2:  movw $0x9090, spin
    jmp 4f
3:  movl $0x600d, imm
4:  movl $0, what
    popl %eax
    iret
    .data
what: .long 0

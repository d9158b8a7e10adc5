/* CR0.NE=0: an unmasked x87 exception is interrupt 13 of the second 8259, not #MF; the waiting
 * instruction has not run when it comes, and runs after the handler has cleared the exception; port
 * F0 lets go of the line; no-wait instructions do not notice. */
#include "lib.inc"
#include "irq.inc"
main:
    CR0_CLEAR CR0_NE
    movb $0xfb, %al                   /* IRQ 2 */
    outb %al, $0x21
    movb $0xdf, %al                   /* IRQ 13 */
    outb %al, $0xa1
    SETGATE 0x2d, handler
    movw $0x033b, cw                  /* #ZE unmasked */
    fninit
    fldcw cw
    fld1
    fldz
    sti
    .byte 0xde, 0xf9                  /* fdivrp: 1 / 0 */
    fnstsw %ax                        /* no wait */
    testb $4, %al
    ASSERT(nz)
waiting:
    fld1
after:
    cli
    CHECK(n_irq, $1)
    movl irq_eip, %eax
    cmpl $waiting, %eax
    je 1f
    cmpl $after, %eax                 /* silicon may be earlier, never later */
    ASSERT(b)
1:  movw irq_sw, %ax
    testb $0x84, %al
    ASSERT(nz)
    fstps value
    CHECK(value, $0x3f800000)
    /* the same with FWAIT, and another interrupt source does not lose it */
    fninit
    fldcw cw
    fld1
    fldz
    sti
    .byte 0xde, 0xf9
    fwait
    cli
    CHECK(n_irq, $2)
    /* nothing pending is left */
    sti
    nop
    nop
    cli
    CHECK(n_irq, $2)
    /* with NE it is #MF again */
    CR0_SET CR0_NE
    fninit
    fldcw cw
    fld1
    fldz
    .byte 0xde, 0xf9
    FAULTS(MF, 0, fwait)
    fninit
    sti
    nop
    cli
    CHECK(n_irq, $2)
    PASS
handler:
    pushl %eax
    movl 4(%esp), %eax
    movl %eax, irq_eip
    fnstsw irq_sw
    fnclex
    xorl %eax, %eax
    outb %al, $0xf0
    movb $0x20, %al
    outb %al, $0xa0
    outb %al, $0x20
    incl n_irq
    popl %eax
    iret
    .data
n_irq: .long 0
irq_eip: .long 0
value: .long 0
irq_sw: .word 0
cw: .word 0

/* 8259: mask register, IRR, ISR, EOI kinds, priority and nesting, spurious IRQ 7, the slave
 * through the cascade, ICW vector base, poll-free reads. */
#include "lib.inc"
#include "irq.inc"
main:
    /* masks read back */
    movb $0xa5, %al
    outb %al, $0x21
    inb $0x21, %al
    CHECKB(%al, $0xa5)
    movb $0x5a, %al
    outb %al, $0xa1
    inb $0xa1, %al
    CHECKB(%al, $0x5a)
    inb $0x21, %al
    CHECKB(%al, $0xa5)
    movb $0xff, %al
    outb %al, $0x21
    outb %al, $0xa1
    /* IRR shows a masked request; ISR is empty */
    PIT0 0, 100
    call wait_irr
    movb $0x0b, %al
    outb %al, $0x20
    inb $0x20, %al
    CHECKB(%al, $0)
    /* IF=0: still not taken when unmasked */
    SETGATE IRQ0, isr0
    movb $0xfe, %al
    outb %al, $0x21
    nop
    CHECK(n0, $0)
    sti
    call pause_a_bit
    cli
    CHECK(n0, $1)
    CHECKB(isr_seen, $1)              /* in service while the handler ran */
    CHECKB(irr_seen, $0)
    movb $0x0b, %al
    outb %al, $0x20
    inb $0x20, %al
    CHECKB(%al, $0)                   /* after EOI */
    /* no EOI: the same line and lower ones are held off */
    SETGATE IRQ0, isr_noeoi
    movl $0, n0
    PIT0 0, 100
    call wait_irr
    sti
    call pause_a_bit
    CHECK(n0, $1)
    PIT0 0, 100
    call wait_irr
    call pause_a_bit
    CHECK(n0, $1)
    movb $0x60, %al                   /* specific EOI of IRQ 0 */
    outb %al, $0x20
    call pause_a_bit
    CHECK(n0, $2)
    cli
    movb $0x20, %al
    outb %al, $0x20
    /* vector base: reinitialize at 0x70 */
    SETGATE 0x70, isr0
    movl $0, n0
    movb $0x11, %al
    outb %al, $0x20
    movb $0x70, %al
    outb %al, $0x21
    movb $4, %al
    outb %al, $0x21
    movb $1, %al
    outb %al, $0x21
    inb $0x21, %al
    movb $0xfe, %al
    outb %al, $0x21
    PIT0 0, 100
    call wait_irr
    sti
    call pause_a_bit
    cli
    CHECK(n0, $1)
    /* slave: RTC's IRQ 8 (vector 0x28) through the cascade; needs two EOIs */
    SETGATE 0x28, isr8
    movb $0xfb, %al                   /* only the cascade */
    outb %al, $0x21
    movb $0xfe, %al
    outb %al, $0xa1
    call rtc_on
    movl $200000000, %ecx
    sti
1:  cmpl $3, n8
    jae 2f
    decl %ecx
    jnz 1b
2:  cli
    cmpl $3, n8
    ASSERT(ae)
    CHECKB(isr_seen, $4)              /* master: cascade in service */
    CHECKB(slave_seen, $1)
    movb $0xff, %al
    outb %al, $0xa1
    movb $0x8b, %al
    outb %al, $0x70
    movb $0x02, %al
    outb %al, $0x71
    movb $0x0c, %al
    outb %al, $0x70
    inb $0x71, %al
    PASS
pause_a_bit:
    pushl %ecx
    movl $1000, %ecx
9:  loop 9b
    popl %ecx
    ret
wait_irr:
    pushl %ecx
    movl $100000000, %ecx
3:  movb $0x0a, %al
    outb %al, $0x20
    inb $0x20, %al
    testb $1, %al
    jnz 4f
    decl %ecx
    jnz 3b
    FAIL
4:  popl %ecx
    ret
rtc_on:                               /* periodic interrupt, 1024 Hz */
    movb $0x8a, %al
    outb %al, $0x70
    movb $0x26, %al
    outb %al, $0x71
    movb $0x8b, %al
    outb %al, $0x70
    movb $0x42, %al
    outb %al, $0x71
    movb $0x8c, %al
    outb %al, $0x70
    inb $0x71, %al
    ret
isr0:
    pushl %eax
    incl n0
    movb $0x0b, %al
    outb %al, $0x20
    inb $0x20, %al
    movb %al, isr_seen
    movb $0x0a, %al
    outb %al, $0x20
    inb $0x20, %al
    andb $1, %al
    movb %al, irr_seen
    movb $0x20, %al
    outb %al, $0x20
    popl %eax
    iret
isr_noeoi:
    incl n0
    iret
isr8:
    pushl %eax
    incl n8
    movb $0x0b, %al
    outb %al, $0x20
    outb %al, $0xa0
    inb $0x20, %al
    movb %al, isr_seen
    inb $0xa0, %al
    movb %al, slave_seen
    movb $0x8c, %al
    outb %al, $0x70
    inb $0x71, %al
    movb $0x20, %al
    outb %al, $0xa0
    outb %al, $0x20
    popl %eax
    iret
    .data
n0: .long 0
n8: .long 0
isr_seen: .byte 0xff
irr_seen: .byte 0xff
slave_seen: .byte 0xff

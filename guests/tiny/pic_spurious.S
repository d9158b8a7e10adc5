/* No spurious vector 27h turns up while the timer's line is masked and unmasked under a running
 * timer, and IRQ 7's in-service bit would be clear if it did. (A true spurious interrupt needs a
 * line that falls between INTR and INTA, which one CPU cannot time by software.) */
#include "lib.inc"
#include "irq.inc"
main:
    SETGATE IRQ0, isr0
    SETGATE 0x27, isr7
    UNMASK 0
    UNMASK 7
    PIT0 2, 1000
    sti
1:  cmpl $100, n0
    jae 2f
    MASK 0
    UNMASK 0
    jmp 1b
2:  cli
    CHECK(bad, $0)
    PASS
isr0:
    incl n0
    EOI
    iret
isr7:
    pushl %eax
    movb $0x0b, %al
    outb %al, $0x20
    inb $0x20, %al
    testb $0x80, %al
    jz 3f
    incl bad
3:  popl %eax
    iret
    .data
n0: .long 0
bad: .long 0

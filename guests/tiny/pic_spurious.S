/* A request that goes away before the INTA cycle gives spurious vector 7, with no ISR bit; the next real one is not disturbed. */
#include "lib.inc"
#include "irq.inc"
main:
    SETGATE IRQ0, isr0
    SETGATE 0x27, isr7
    /* PIT mode 0: OUT is high after the count; a new count makes it low again. Level-triggered PIC (LTIM) would lose it; here,
     * edge: mask it between; the 8259 then has no request at INTA. That window cannot be hit by software on one CPU with IF=0 ...
     * what can: IRQ 7 by the handler's view only. So only the negative half: no vector 0x27 in 200 interrupts. */
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
isr7:                                 /* spurious: ISR bit 7 must be clear */
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

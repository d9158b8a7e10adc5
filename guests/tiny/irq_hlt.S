/* HLT wakes for an interrupt and goes on behind it; with the interrupt masked at the PIC it
 * sleeps on until another comes; CPU state is kept; 50 sleeps in a row, each of a full period.
 * timeout: 30
 */
#include "lib.inc"
#include "irq.inc"
main:
    SETGATE IRQ0, isr
    UNMASK 0
    PIT0 2, 11932                     /* 100 Hz */
    movl $50, %esi
    movl $0x1234, %ebx
    fninit
    fldpi
    SETF (ARITH | 2)
1:  sti
    hlt
    cli
    pushfl
    CHECK(%ebx, $0x1234)
    popfl
    movl ticks, %eax
    decl %esi
    jnz 1b
    cmpl $50, ticks
    ASSERT(ae)
    fldpi
    fcompp
    fnstsw %ax
    andl $0x4000, %eax
    CHECK(%eax, $0x4000)
    /* the frame of a wake-up has EIP after the HLT */
    movl $0, seen
    sti
    hlt
2:  cli
    CHECK(seen, $2b)
    /* masked at the PIC: nothing arrives; unmasked: HLT wakes */
    MASK 0
    movl ticks, %edi
    sti
    movl $10000, %ecx
3:  loop 3b
    CHECK(ticks, %edi)
    UNMASK 0
    hlt
    cli
    cmpl %edi, ticks
    ASSERT(a)
    /* hlt at CPL 3 is #GP */
    USER(GP, 0, hlt)
    PASS
isr:
    incl ticks
    pushl 0(%esp)
    popl seen
    EOI
    iret
    .data
ticks: .long 0
seen: .long 0

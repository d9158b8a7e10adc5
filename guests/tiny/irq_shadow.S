/* STI, MOV SS and POP SS hold interrupts off for exactly one instruction; STI with IF already set
 * does not; POPF and IRET that set IF do not. An interrupt is always pending here, so the frame's
 * EIP tells. */
#include "lib.inc"
#include "irq.inc"
    .macro pend                       /* IF=0, an IRQ 0 is pending */
    cli
    movl $0, seen
    PIT0 0, 20                        /* one shot */
    call wait_pending
    .endm
main:
    SETGATE IRQ0, isr
    UNMASK 0
    pend
    sti
    nop
1:  nop
    nop
    CHECK(seen, $1b)
    /* sti; cli: never gets in */
    pend
    sti
    cli
    nop
    CHECK(seen, $0)
    sti
    nop
2:  nop
    CHECK(seen, $2b)
    /* sti; ret (the classic) */
    pend
    call 3f
4:  nop
    CHECK(seen, $4b)
    jmp 5f
3:  sti
    ret
5:  /* popf: at once after it */
    pend
    pushl $0x202
    popfl
6:  nop
    CHECK(seen, $6b)
    /* iret: at the target */
    pend
    pushl $0x202
    pushl $KCS
    pushl $7f
    iret
    nop
7:  nop
    CHECK(seen, $7b)
    /* sti; mov ss; : the shadow of mov ss covers nop */
    pend
    movl %ss, %edx
    pushl $0x202
    popfl
8:  nop
    cli
    CHECK(seen, $8b)
    /* sti; mov ss: only the first of the sequence is sure to hold it off (SDM, STI): before or
     * after the nop */
    pend
    sti
    movl %edx, %ss
90: nop
9:  nop
    cmpl $90b, seen
    je 91f
    CHECK(seen, $9b)
91: pend
    pushl %ss
    sti
    popl %ss
100: nop
10: nop
    cmpl $100b, seen
    je 101f
    CHECK(seen, $10b)
101:
    /* MOV SS alone: IF=1, the line rises while it is masked at the PIC; unmasking by OUT, then
     * mov ss */
    pend
    movb $0xff, %al
    outb %al, $0x21
    sti
    nop
    movb $0xfe, %al
    outb %al, $0x21
    movl %edx, %ss
109:
    movl $0x5a, %ecx                  /* never between these two */
110: nop
    movl seen, %eax
    cmpl $109b, %eax
    ASSERT(ne)
    /* sti with IF=1 gives no new shadow: sti; sti; nop -> after the second sti */
    cli
    movb $0xfe, %al
    outb %al, $0x21
    pend
    sti
    sti
11: nop
    CHECK(seen, $11b)
    /* pushf right after sti sees IF; hlt right after sti wakes */
    pend
    sti
    pushfl
12: popl %eax
    CHECK(seen, $12b)
    andl $F_IF, %eax
    CHECK(%eax, $F_IF)
    pend
    sti
    hlt
13: nop
    CHECK(seen, $13b)
    /* the same code again, 200 times, so that it runs from the cache */
    movl $200, %esi
14: pend
    sti
    nop
15: nop
    CHECK(seen, $15b)
    decl %esi
    jnz 14b
    cli
    PASS
wait_pending:                         /* IRR bit 0 */
    pushl %eax
16: movb $0x0a, %al
    outb %al, $0x20
    inb $0x20, %al
    testb $1, %al
    jz 16b
    popl %eax
    ret
isr:
    pushl 0(%esp)
    popl seen
    EOI
    iret
    .data
seen: .long 0

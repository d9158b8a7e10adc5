/* apic_self - the local APIC as test kernels use it without asking CPUID: enabled by IA32_APIC_BASE
 * and the spurious vector register, interrupts to itself, priorities, TPR, EOI, ISR and IRR. */
#include "lib.inc"
#define APIC 0xfee00000
#define REG(off) (APIC + (off))
/* the jump: QEMU looks at interrupts between blocks */
#define SEND(vector) movl $(0x44000 | (vector)), REG(0x300); jmp . + 2
main:
    SETGATE 0x31, low
    SETGATE 0x52, high
    movl $0x1b, %ecx
    rdmsr
    orl $0x800, %eax
    wrmsr
    rdmsr
    andl $0xfffff900, %eax
    CHECK(%eax, $0xfee00900)
    movl $0x1ff, REG(0xf0)
    movl $0, REG(0x80)
    movl REG(0x20), %eax
    CHECK(%eax, $0)
    movl REG(0x30), %eax
    andl $0xf0, %eax
    CHECK(%eax, $0x10)
    /* held while IF is clear, at once when it is set */
    SEND(0x31)
    CHECK(n_low, $0)
    movl REG(0x210), %eax
    CHECK(%eax, $0x20000)
    sti
    nop
    CHECK(n_low, $1)
    movl REG(0x210), %eax
    CHECK(%eax, $0)
    /* the store itself is the moment */
    SEND(0x31)
    CHECK(n_low, $2)
    /* by destination: ID 0, physical; another ID is nobody */
    movl $0, REG(0x310)
    movl $0x4031, REG(0x300)
    jmp . + 2
    CHECK(n_low, $3)
    movl $0x05000000, REG(0x310)
    movl $0x4031, REG(0x300)
    jmp . + 2
    CHECK(n_low, $3)
    /* TPR holds back classes up to its own */
    movl $0x30, REG(0x80)
    SEND(0x31)
    CHECK(n_low, $3)
    SEND(0x52)
    CHECK(n_high, $1)
    CHECK(n_low, $3)
    movl $0, REG(0x80)
    jmp . + 2
    CHECK(n_low, $4)
    /* a higher one interrupts a handler, a lower one waits for its EOI */
    movl $1, nest
    SEND(0x31)
    CHECK(n_low, $5)
    CHECK(n_high, $2)
    CHECK(seen, $1)
    movl $1, nest_high
    SEND(0x52)
    CHECK(n_high, $3)
    CHECK(n_low, $6)
    CHECK(seen, $2)
    movl REG(0x110), %eax
    orl REG(0x120), %eax
    CHECK(%eax, $0)
    /* software-disabled: not accepted */
    movl $0xff, REG(0xf0)
    SEND(0x31)
    CHECK(n_low, $6)
    cli
    PASS

low:
    incl n_low
    cmpl $1, nest
    jne 1f
    movl $0, nest
    sti
    SEND(0x52)
    nop
    cli
    cmpl $2, n_high
    jne 1f
    incl seen
1:  movl $0, REG(0xb0)
    iret
high:
    incl n_high
    cmpl $1, nest_high
    jne 1f
    movl $0, nest_high
    movl n_low, %edx
    sti
    SEND(0x31)
    nop
    cli
    cmpl n_low, %edx
    jne 1f
    incl seen
1:  movl $0, REG(0xb0)
    iret

    .data
    .balign 4
n_low: .long 0
n_high: .long 0
nest: .long 0
nest_high: .long 0
seen: .long 0

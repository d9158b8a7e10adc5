/* RDTSC: never runs backwards over 100000 reads, also across interrupts and HLT; CR4.TSD makes it
 * #GP(0) at CPL 3 and not at CPL 0; RDTSCP or #UD; RDPMC at CPL 3 without PCE is #GP. */
#include "lib.inc"
#include "irq.inc"
main:
    NEED_CPUID 1, edx, 4
    SETGATE IRQ0, isr
    PIT0 2, 2000
    UNMASK 0
    sti
    movl $100000, %esi
    rdtsc
    movl %eax, %ebx
    movl %edx, %ebp
1:  rdtsc
    movl %eax, %edi
    movl %edx, %ecx
    subl %ebx, %eax
    sbbl %ebp, %edx
    ASSERT(ae)
    movl %edi, %ebx
    movl %ecx, %ebp
    decl %esi
    jnz 1b
    hlt
    rdtsc
    subl %ebx, %eax
    sbbl %ebp, %edx
    ASSERT(ae)
    cli
    MASK 0
    /* user reads, below and above the kernel's reads */
    rdtsc
    movl %eax, %ebx
    movl %edx, %ebp
    USER_OK(rdtsc)
    subl %ebx, %eax
    sbbl %ebp, %edx
    ASSERT(ae)
    CR4_SET CR4_TSD
    movl $0x55, %eax
    USER(GP, 0, rdtsc)
    CHECK(%eax, $0x55)
    rdtsc
    CR4_CLEAR CR4_TSD
    USER_OK(rdtsc)
    USER(GP, 0, rdpmc)
    /* the MSR is the same counter, and can be set */
    movl $0x10, %ecx
    rdmsr
    movl %eax, %ebx
    movl %edx, %ebp
    rdtsc
    subl %ebx, %eax
    sbbl %ebp, %edx
    ASSERT(ae)
    CHECK(%edx, $0)
    /* it advances: something between 1 and 2^40 over 10 ms of PIT time */
    movb $0xb0, %al                   /* channel 2 as one shot: 11932 = 10 ms */
    outb %al, $0x43
    inb $0x61, %al
    andb $0xfc, %al
    orb $1, %al
    outb %al, $0x61
    movb $0x9c, %al
    outb %al, $0x42
    movb $0x2e, %al
    outb %al, $0x42
    rdtsc
    movl %eax, %ebx
    movl %edx, %ebp
2:  inb $0x61, %al
    testb $0x20, %al
    jz 2b
    rdtsc
    subl %ebx, %eax
    sbbl %ebp, %edx
    testl %edx, %edx
    jnz 3f
    cmpl $10000, %eax
    ASSERT(a)
3:  cmpl $256, %edx
    ASSERT(b)
    PASS
isr:
    EOI
    iret

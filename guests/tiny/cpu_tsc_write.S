/* The TSC is MSR 10h and can be set; it runs on from there. */
#include "lib.inc"
main:
    NEED_CPUID 1, edx, 4
    movl $0x12345, %edx
    xorl %eax, %eax
    movl $0x10, %ecx
    wrmsr
    rdtsc
    CHECK(%edx, $0x12345)
    rdmsr
    CHECK(%edx, $0x12345)
    rdtsc
    movl %eax, %ebx
    rdtsc
    cmpl %ebx, %eax
    ASSERT(a)
    PASS

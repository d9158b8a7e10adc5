/* RDMSR/WRMSR: an unknown number is #GP(0), registers untouched; at CPL 3 #GP(0); the SYSENTER
 * MSRs keep 32 bits; WRMSR of EFER's reserved bits. */
#include "lib.inc"
main:
    movl $0x12345678, %ecx
    movl $0x11, %eax
    movl $0x22, %edx
    FAULTS(GP, 0, rdmsr)
    CHECK(%eax, $0x11)
    CHECK(%edx, $0x22)
    FAULTS(GP, 0, wrmsr)
    movl $0xc0ffee00, %ecx
    FAULTS(GP, 0, rdmsr)
    movl $0x10, %ecx
    USER(GP, 0, rdmsr)
    USER(GP, 0, wrmsr)
    movl $1, %eax
    cpuid
    btl $11, %edx
    jnc 1f
    .irp msr, 0x174, 0x175, 0x176
    movl $\msr, %ecx
    movl $0x8765 + \msr, %eax
    xorl %edx, %edx
    wrmsr
    xorl %eax, %eax
    movl $-1, %edx
    rdmsr
    CHECK(%eax, $0x8765 + \msr)
    CHECK(%edx, $0)
    .endr
1:  PASS

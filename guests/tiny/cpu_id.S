/* CPUID: stable over 1000 calls and the same at CPL 3, vendor is text, leaf 1 agrees with what
 * works (FPU, TSC, CX8, CMOV, MMX, FXSR, SSE, PSE, PAE, PGE, SEP), registers that it must not
 * touch, EFLAGS.ID. */
#include "lib.inc"
main:
    SETF (F_ID | 2)
    CHECKF(F_ID, F_ID)
    SETF 2
    CHECKF(F_ID, 0)
    xorl %eax, %eax
    cpuid
    cmpl $1, %eax
    ASSERT(ae)
    movl %ebx, vendor
    movl %edx, vendor + 4
    movl %ecx, vendor + 8
    xorl %esi, %esi
1:  movb vendor(%esi), %al
    cmpb $0x20, %al
    ASSERT(ae)
    cmpb $0x7e, %al
    ASSERT(be)
    incl %esi
    cmpl $12, %esi
    jb 1b
    movl $1, %eax
    cpuid
    movl %eax, sig
    movl %ebx, brand
    movl %ecx, fc
    movl %edx, fd
    movl $1000, %esi
    movl %esp, %edi
    movl $0x77, %ebp
2:  movl $1, %eax
    cpuid
    CHECK(sig, %eax)
    CHECK(fd, %edx)
    movl fc, %eax
    xorl %ecx, %eax
    andl $~0x08000000, %eax           /* OSXSAVE follows CR4 */
    CHECK(%eax, $0)
    CHECK(%esp, %edi)
    CHECK(%ebp, $0x77)
    decl %esi
    jnz 2b
    USER_OK(movl $1, %eax; cpuid)
    CHECK(sig, %eax)
    CHECK(fd, %edx)
    /* long mode must not be offered; a 32-bit machine */
    movl $0x80000000, %eax
    cpuid
    /* bits that claim instructions: try each */
    movl fd, %edx
    btl $0, %edx
    jnc 3f
    fninit
3:  btl $4, %edx
    jnc 4f
    rdtsc
    movl fd, %edx
4:  btl $8, %edx
    jnc 5f
    pushl %edx
    xorl %eax, %eax
    xorl %edx, %edx
    movl $1, %ebx
    xorl %ecx, %ecx
    cmpxchg8b q
    CHECK(q, $1)
    popl %edx
5:  btl $15, %edx
    jnc 6f
    xorl %eax, %eax
    cmovzl sig, %eax
    CHECK(sig, %eax)
6:  btl $23, %edx
    jnc 7f
    pxor %mm0, %mm0
    emms
7:  btl $24, %edx
    jnc 8f
    CR4_SET CR4_OSFXSR
    fxsave area
8:  btl $25, %edx
    jnc 9f
    xorps %xmm0, %xmm0
9:  btl $26, %edx
    jnc 10f
    xorpd %xmm0, %xmm0
10: btl $5, %edx
    jnc 11f
    movl $0x1b, %ecx                  /* APIC base or at least an MSR that exists: TSC */
    movl $0x10, %ecx
    rdmsr
    movl fd, %edx
11: movl fc, %ecx
    btl $0, %ecx
    jnc 12f
    haddps %xmm0, %xmm0
12: btl $9, %ecx
    jnc 13f
    pshufb %xmm0, %xmm0
13: btl $19, %ecx
    jnc 14f
    pminsb %xmm0, %xmm0
    ptest %xmm0, %xmm0
14: btl $20, %ecx
    jnc 15f
    crc32l %eax, %eax
15: btl $23, %ecx
    jnc 16f
    popcntl %eax, %eax
16: /* VEX needs CR4.OSXSAVE: whatever CPUID says, #UD now */
    FAULTS(UD, 0, .byte 0xc5; .byte 0xf8; .byte 0x57; .byte 0xc0)
    PASS
    .data
vendor: .fill 16, 1, 0
sig: .long 0
brand: .long 0
fc: .long 0
fd: .long 0
    .balign 8
q: .quad 0
    .balign 16
area: .fill 512, 1, 0

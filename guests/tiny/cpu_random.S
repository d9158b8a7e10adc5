/* RDRAND, RDSEED, SHA256RNDS2: there as CPUID says, else #UD. Random numbers in all operand sizes
 * differ from each other, CF says that there was one, the other flags are 0; ESP can be a target. */
#include "lib.inc"
    .macro numbers insn
    xorl %esi, %esi                   /* AND, and OR, of 64 numbers: neither stays as it began */
    movl $-1, %edi
    movl $64, %ebp
1:  movl $10000, %ecx                 /* RDSEED may be out of numbers for a while */
2:  SETF (F_OF | F_SF | F_ZF | F_AF | F_PF | 2)
    \insn %eax
    jc 3f
    loop 2b
3:  CHECKF(F_CF | F_OF | F_SF | F_ZF | F_AF | F_PF, F_CF)
    orl %eax, %esi
    andl %eax, %edi
    decl %ebp
    jnz 1b
    CHECK(%esi, $-1)
    CHECK(%edi, $0)
    movl $0x55aa0000, %eax
    \insn %ax
    shrl $16, %eax
    CHECK(%eax, $0x55aa)
    movl %esp, %ebp
    \insn %esp
    xchgl %ebp, %esp
    cmpl %ebp, %esp
    ASSERT(ne)
    .endm
main:
    CR4_SET CR4_OSFXSR
    movl $1, %eax
    cpuid
    btl $30, %ecx
    jnc 5f
    numbers rdrand
    jmp 6f
5:  FAULTS(UD, 0, rdrand %eax)
6:  call leaf7
    btl $18, %ebx
    jnc 7f
    numbers rdseed
    jmp 8f
7:  FAULTS(UD, 0, rdseed %eax)
8:  call leaf7
    btl $29, %ebx
    jnc 9f
    pxor %xmm0, %xmm0
    movdqa one, %xmm1
    movdqa one, %xmm2
    sha256rnds2 one, %xmm1            /* memory and register agree */
    sha256rnds2 %xmm2, %xmm2
    pcmpeqd %xmm1, %xmm2
    pmovmskb %xmm2, %eax
    CHECK(%eax, $0xffff)
    PASS
9:  FAULTS(UD, 0, sha256rnds2 %xmm1, %xmm1)
    PASS
leaf7:
    xorl %eax, %eax
    cpuid
    movl %eax, %edx
    xorl %ebx, %ebx
    cmpl $7, %edx
    jb 1f
    movl $7, %eax
    xorl %ecx, %ecx
    cpuid
1:  ret
    .data
    .balign 16
one: .long 1, 0, 0, 0, 0, 0, 0, 0

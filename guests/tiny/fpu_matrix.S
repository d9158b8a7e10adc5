/* CR0.MP, EM, TS and CR4.OSFXSR against every class of x87, MMX and SSE instruction: #UD before #NM, and
 * what is left alone (SDM vol. 3, "Emulation and the x87 FPU", tables of #UD and #NM). All 16
 * combinations, the instruction's own answer from a rule of four bits. */
#include "lib.inc"
    /* classes: what EM and TS and MP do */
#define X87 0
#define WAIT 1
#define MMX 2
#define SSE 3
#define NONE 4
    .macro try_it class, line, insn:vararg
    movl $0, combo
7:  /* CR0 from bits 0-2 of combo (MP EM TS), CR4.OSFXSR from bit 3 */
    clts
    fninit
    movl combo, %ebx
    movl %cr4, %eax
    andl $~CR4_OSFXSR, %eax
    testb $8, %bl
    jz 5f
    orl $CR4_OSFXSR, %eax
5:  movl %eax, %cr4
    movl %cr0, %eax
    andl $~(CR0_MP | CR0_EM | CR0_TS), %eax
    movl %ebx, %ecx
    andl $7, %ecx
    leal (%eax,%ecx,2), %eax
    movl $mem, %esi
    movl $mem, %edi
    movl %eax, %cr0
    TRY 6f
8:  \insn
    movl $-1, exc_vec
6:  CR0_CLEAR (CR0_MP | CR0_EM | CR0_TS)
    /* what is due */
    movl combo, %ebx
    movl $-1, %edx
    .if \class == X87
    testb $6, %bl
    jz 9f
    movl $NM, %edx
    .elseif \class == WAIT
    movl %ebx, %ecx
    andb $5, %cl
    cmpb $5, %cl
    jne 9f
    movl $NM, %edx
    .elseif \class != NONE
    testb $4, %bl
    jz 5f
    movl $NM, %edx
5:
  .if \class == SSE
    testb $8, %bl
    jnz 5f
    movl $UD, %edx
5:
  .endif
    testb $2, %bl
    jz 9f
    movl $UD, %edx
    .endif
9:  ck exc_vec, %edx, \line
    cmpl $-1, %edx
    je 5f
    ck exc_eip, $8b, \line
5:  incl combo
    cmpl $16, combo
    jne 7b
    .endm
#define T(class, insn...) try_it class, __LINE__, insn
main:
    NEED_CPUID 1, edx, 26
    T(X87, fld1)
    T(X87, fnstsw %ax)
    T(X87, fninit)
    T(X87, fnstcw mem)
    T(X87, fldenv mem)
    T(X87, fxsave mem)
    T(X87, fcmovb %st(1), %st)
    T(WAIT, fwait)
    T(MMX, emms)
    T(MMX, movd %eax, %mm0)
    T(MMX, movq mem, %mm1)
    T(MMX, paddd %mm0, %mm1)
    T(MMX, psllw $3, %mm1)
    T(MMX, pshufw $1, %mm0, %mm1)
    T(MMX, pinsrw $1, %eax, %mm1)
    T(MMX, pmovmskb %mm0, %eax)
    T(MMX, movntq %mm0, mem)
    T(MMX, maskmovq %mm0, %mm1)
    T(MMX, paddq %mm0, %mm1)
    T(SSE, xorps %xmm0, %xmm0)
    T(SSE, movaps mem, %xmm1)
    T(SSE, movd %eax, %xmm1)
    T(SSE, movss mem, %xmm1)
    T(SSE, ldmxcsr mxcsr)
    T(SSE, stmxcsr mem)
    T(SSE, cvtpi2ps %mm0, %xmm0)
    T(SSE, cvttps2pi %xmm0, %mm0)
    T(SSE, movdq2q %xmm0, %mm0)
    T(SSE, movntdq %xmm0, mem)
    T(SSE, movmskps %xmm0, %eax)
    T(SSE, pextrw $1, %xmm0, %eax)
    T(SSE, ucomisd %xmm0, %xmm1)
    T(NONE, movnti %eax, mem)
    T(NONE, sfence)
    T(NONE, lfence)
    T(NONE, mfence)
    T(NONE, prefetcht0 mem)
    PASS
    .data
combo: .long 0
mxcsr: .long 0x1f80
    .balign 16
mem: .skip 512

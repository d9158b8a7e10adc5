/* SSE and SSE2: moves of all widths and alignments, arithmetic bits, comparisons into EFLAGS,
 * MXCSR rounding and flags, conversions, MMX, integer ops, masked stores, with every kind of
 * memory operand. */
#include "lib.inc"
main:
    NEED_CPUID 1, edx, 26
    CR4_SET (CR4_OSFXSR | CR4_OSXMM)
    stmxcsr w
    CHECK(w, $0x1f80)
    movaps v1, %xmm0
    movups v1 + 4, %xmm1
    movl $v1, %ebx
    movl $2, %ecx
    addps (%ebx,%ecx,8), %xmm0        /* v1 + 16 */
    movaps %xmm0, out
    CHECK(out, $0x40c00000)           /* 1 + 5 */
    CHECK(out + 12, $0x41400000)      /* 4 + 8 */
    movaps %xmm1, %xmm2
    mulps %xmm1, %xmm2
    movss %xmm2, out
    CHECK(out, $0x40800000)           /* 2 * 2 */
    CHECK(out + 4, $0x41000000)       /* 2 + 6 stays */
    movlps %xmm2, out + 8
    movhps %xmm2, out
    CHECK(out, $0x41800000)           /* 4 * 4 */
    /* esp and ebp-based */
    subl $32, %esp
    movups %xmm1, (%esp)
    movl %esp, %ebp
    movups 1(%ebp), %xmm3
    movups %xmm3, 16(%esp)
    movl 1(%ebp), %eax
    CHECK(16(%esp), %eax)
    addl $32, %esp
    /* compare */
    comiss v1 + 4, %xmm1              /* 2 ? 2 */
    ASSERT(e)
    ucomiss v1, %xmm1
    ASSERT(a)
    movl $0x7fc00000, %eax
    movd %eax, %xmm4
    ucomiss %xmm4, %xmm1
    ASSERT(p)
    SETF (F_OF | F_SF | F_AF | 2)
    comiss v1, %xmm1
    CHECKF(ARITH, 0)
    movl $v1, %esi
    cmpltps v1, %xmm1
    movmskps %xmm1, %eax
    CHECK(%eax, $0)
    /* conversions, rounding */
    cvtsd2si d2_5, %eax
    CHECK(%eax, $2)
    movl $0x5f80, w                   /* round up */
    ldmxcsr w
    cvtsd2si d2_5, %eax
    CHECK(%eax, $3)
    cvttsd2si d2_5, %eax
    CHECK(%eax, $2)
    stmxcsr w
    CHECK(w, $0x5fa0)                 /* PE */
    movl $0x1f80, w
    ldmxcsr w
    movl $-7, %eax
    cvtsi2sd %eax, %xmm5
    movsd %xmm5, out
    CHECK(out + 4, $0xc01c0000)
    /* integer */
    movdqa v1, %xmm6
    pcmpeqd %xmm6, %xmm6
    psrld $31, %xmm6
    paddd %xmm6, %xmm6
    movd %xmm6, %eax
    CHECK(%eax, $2)
    pshufd $0x1b, v1, %xmm7
    movd %xmm7, %eax
    CHECK(%eax, $0x40800000)
    pxor %xmm7, %xmm7
    pcmpeqb v1, %xmm7
    pmovmskb %xmm7, %eax
    CHECK(%eax, $0x3373)              /* bytes of 1 2 3 4 that are 0 */
    movl $0x11223344, %eax
    movd %eax, %mm0
    movq2dq %mm0, %xmm0
    punpcklbw %mm0, %mm0
    movd %mm0, %ecx
    CHECK(%ecx, $0x33334444)
    pextrw $1, %xmm0, %edx
    CHECK(%edx, $0x1122)
    pinsrw $0, %ecx, %xmm0
    movd %xmm0, %eax
    CHECK(%eax, $0x11224444)
    emms
    /* maskmovdqu: DS:EDI, only chosen bytes */
    movl $0, out
    movl $0, out + 4
    movl $0x80008000, %eax
    movd %eax, %xmm1
    movl $out, %edi
    maskmovdqu %xmm1, %xmm0
    CHECK(out, $0x11004400)
    movntdq %xmm0, out
    sfence
    lfence
    mfence
    CHECK(out, $0x11224444)
    /* movq mm and xmm to memory keep neighbours */
    movl $0x77777777, out + 8
    movq %xmm0, out
    CHECK(out + 8, $0x77777777)
    CHECK(out + 4, $0)
    /* upper part of movss load is cleared */
    movss v1, %xmm2
    movaps %xmm2, out
    CHECK(out + 4, $0)
    /* segment override and 16-bit address */
    SETDESC T0, v1, 0xfff, 0x92, 4
    movl $T0, %eax
    movl %eax, %fs
    movl $16, %ebx
    movss %fs:(%ebx), %xmm3
    movd %xmm3, %eax
    CHECK(%eax, $0x40a00000)
    movl $0x40e00000, 0x8010
    movl $0xffff8000, %ebx
    addr16 movss 0x10(%bx), %xmm3
    movd %xmm3, %eax
    CHECK(%eax, $0x40e00000)
    PASS
    .data
    .balign 16
v1: .float 1, 2, 3, 4, 5, 6, 7, 8
out: .fill 32, 1, 0
d2_5: .double 2.5
w: .long 0

/* #XM: unmasked SSE exception with CR4.OSXMMEXCPT, #UD without; destination untouched, MXCSR flag
 * set, EIP at the instruction. */
#include "lib.inc"
main:
    CR4_SET (CR4_OSFXSR | CR4_OSXMM)
    movl $0x1f80, mx
    ldmxcsr mx
    movl $0x3f800000, one
    movss one, %xmm0
    xorps %xmm1, %xmm1
    divss %xmm1, %xmm0                /* masked: infinity, ZE flag */
    movd %xmm0, %eax
    CHECK(%eax, $0x7f800000)
    stmxcsr mx
    CHECK(mx, $0x1f84)
    /* unmask ZE */
    movl $0x1d80, mx
    ldmxcsr mx
    movss one, %xmm0
    FAULTS(XM, 0, divss %xmm1, %xmm0)
    movd %xmm0, %eax
    CHECK(%eax, $0x3f800000)
    stmxcsr mx
    CHECK(mx, $0x1d84)
    /* the flag alone does not fault again (unlike x87) */
    movss one, %xmm2
    addss %xmm2, %xmm2
    /* invalid: sqrt(-1), packed */
    movl $0x1f00, mx
    ldmxcsr mx
    movl $0xbf800000, %eax
    movd %eax, %xmm3
    FAULTS(XM, 0, sqrtps %xmm3, %xmm3)
    stmxcsr mx
    CHECK(mx, $0x1f01)
    /* a memory operand; overflow of a conversion */
    movl $0x1f00, mx
    ldmxcsr mx
    movl $0x7f000000, one
    FAULTS(XM, 0, cvtss2si one, %eax)
    CHECK(%eax, $0xbf800000)
    /* from CPL 3 */
    USER(XM, 0, cvttss2si one, %eax)
    /* denormal */
    movl $0x1e80, mx
    ldmxcsr mx
    movl $1, one
    movss one, %xmm0
    FAULTS(XM, 0, addss %xmm0, %xmm0)
    /* OSXMMEXCPT=0: #UD instead */
    CR4_CLEAR CR4_OSXMM
    FAULTS(UD, 0, addss %xmm0, %xmm0)
    CR4_SET CR4_OSXMM
    /* reserved MXCSR bits: #GP(0), value kept */
    movl $0x80000000, mx
    FAULTS(GP, 0, ldmxcsr mx)
    stmxcsr mx
    andl $0xffc0, mx
    CHECK(mx, $0x1e80)
    /* aligned accesses: #GP(0) */
    movl $0x1f80, mx
    ldmxcsr mx
    movl $one, %ebx
    FAULTS(GP, 0, movaps 4(%ebx), %xmm0)
    FAULTS(GP, 0, movaps %xmm0, 8(%ebx))
    FAULTS(GP, 0, addps 4(%ebx), %xmm0)
    movups 4(%ebx), %xmm0
    PASS
    .data
mx: .long 0
    .balign 16
one: .fill 64, 1, 0

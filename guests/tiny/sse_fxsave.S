/* sse_fxsave - FXSAVE outside 64-bit mode stores 288 bytes: XMM0-7 and what lies before them. The
 * rest of the 512 bytes keeps what it has (SDM vol. 2, "FXSAVE": the layout of the non-64-bit modes
 * has no XMM8-15), and FXRSTOR does not look at it. */
#include "lib.inc"
main:
    NEED_CPUID 1, edx, 24
    CR4_SET (CR4_OSFXSR | CR4_OSXMM)
    fninit
    pcmpeqd %xmm7, %xmm7
    pxor %xmm0, %xmm0
    call fill
    fxsave area
    call look
    CHECKW(area, $0x37f)
    CHECK(area + 24, $0x1f80)
    CHECK(area + 160, $0)
    CHECK(area + 160 + 7 * 16, $-1)
    CHECK(area + 160 + 7 * 16 + 12, $-1)
    /* read back: what lies behind XMM7 means nothing */
    movl $0x12345678, area + 160
    fxrstor area
    movd %xmm0, %eax
    CHECK(%eax, $0x12345678)
    call fill
    movl $area, %ebx
    fxsave (%ebx)
    call look
    CHECK(area + 160, $0x12345678)
    /* the x87 registers, and their tags are in it all the same */
    fld1
    fstl d1
    call fill
    fxsave area
    call look
    CHECKB(area + 4, $0x80)
    CHECK(area + 36, $0x80000000)
    CHECKW(area + 40, $0x3fff)
    FAULTS(GP, 0, fxsave area + 8)
    FAULTS(GP, 0, fxrstor area + 8)
    PASS

fill:
    movl $area, %edi
    movl $128, %ecx
    movl $0x55555555, %eax
    cld
    rep stosl
    ret
look:
    movl $area + 288, %edi
    movl $56, %ecx
    movl $0x55555555, %eax
    cld
    repe scasl
    CHECK(%ecx, $0)
    CHECK(area + 508, $0x55555555)
    ret

    .data
    .balign 16
area: .space 528
d1: .space 8

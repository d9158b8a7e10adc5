/* A 16-byte store across two pages, the second missing or read-only: no byte of the first is
 * written; the same for MOVQ, FSTPT, FNSAVE's first bytes are not promised and not tested. */
#include "lib.inc"
#define P 0x400000
main:
    call paging_on
    CR4_SET CR4_OSFXSR
    movl $0x11111111, P + 0xff8
    movl $0x11111111, P + 0xffc
    pcmpeqd %xmm0, %xmm0
    pcmpeqd %mm0, %mm0
    movl $0, PTE(P + 0x1000)
    FLUSH
    movl $P + 0x1000, %ebx
    FAULTS(PF, 2, movups %xmm0, -8(%ebx))
    CHECK(exc_cr2, $P + 0x1000)
    CHECK(P + 0xff8, $0x11111111)
    FAULTS(PF, 2, movdqu %xmm0, -4(%ebx))
    FAULTS(PF, 2, movupd %xmm0, -15(%ebx))
    FAULTS(PF, 2, movq %mm0, -1(%ebx))
    FAULTS(PF, 2, movsd %xmm0, -4(%ebx))
    FAULTS(PF, 2, movss %xmm0, -2(%ebx))
    CHECK(P + 0xffc, $0x11111111)
    movl $(P + 0x1000) | 5, PTE(P + 0x1000)
    FLUSH
    FAULTS(PF, 3, movups %xmm0, -8(%ebx))
    CHECK(P + 0xff8, $0x11111111)
    CHECK(P + 0xffc, $0x11111111)
    emms
    PASS

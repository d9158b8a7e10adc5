/* Data across two pages where the second (or first) page faults: CR2 is the first byte that
 * faults, error code right, no byte of the other page changed, registers and flags unchanged;
 * then both pages on different frames in reverse order. */
#include "lib.inc"
#define P 0x400000
    .macro all cr2, rerr, werr
    FAULTS(PF, \rerr, movl -2(%ebx), %eax)
    CHECK(exc_cr2, \cr2)
    CHECK(%eax, $0xa0a0a0a0)
    FAULTS(PF, \werr, movl %eax, -2(%ebx))
    CHECK(exc_cr2, \cr2)
    FAULTS(PF, \werr, movw %ax, -1(%ebx))
    FAULTS(PF, \werr, movl $5, -3(%ebx))
    FAULTS(PF, -1, addl %eax, -2(%ebx))
    CHECK(exc_cr2, \cr2)
    FAULTS(PF, -1, lock addl %eax, -2(%ebx))
    CHECK(exc_cr2, \cr2)
    FAULTS(PF, -1, xchgl %eax, -1(%ebx))
    CHECK(%eax, $0xa0a0a0a0)
    FAULTS(PF, -1, cmpxchg8b -4(%ebx))
    FAULTS(PF, -1, shldl $4, %eax, -2(%ebx))
    FAULTS(PF, \rerr, pushl -2(%ebx))
    FAULTS(PF, \werr, popl -2(%ebx))
    FAULTS(PF, \rerr, fldl -4(%ebx))
    FAULTS(PF, \werr, fstpl -4(%ebx))
    FAULTS(PF, \rerr, movups -8(%ebx), %xmm0)
    FAULTS(PF, \rerr, cmpl %eax, -2(%ebx))
    CHECK(P + 0xffc, $0x11111111)
    CHECK(P + 0xff8, $0x11111111)
    CHECK(FRAMES, $0x22222222)
    CHECK(FRAMES + 4, $0x22222222)
    CHECK(%edx, $0x33)
    CHECK(%ecx, $0x44)
    CHECK(%esp, %ebp)
    .endm
main:
    call paging_on
    CR4_SET CR4_OSFXSR
    fninit
    fldz
    fldz
    movl $0x11111111, P + 0xffc
    movl $0x11111111, P + 0xff8
    movl $0x22222222, FRAMES
    movl $0x22222222, FRAMES + 4
    movl $0xa0a0a0a0, %eax
    movl $P + 0x1000, %ebx
    movl $0x44, %ecx
    movl $0x33, %edx
    movl %esp, %ebp
    /* second page missing */
    movl $0, PTE(P + 0x1000)
    FLUSH
    all $P + 0x1000, 0, 2
    /* second page maps FRAMES, first is missing */
    movl $FRAMES | 7, PTE(P + 0x1000)
    movl $0, PTE(P)
    movl $P | 7, PTE(0x500000)        /* a way to look at it: not used by `all` */
    FLUSH
    FAULTS(PF, 0, movl -2(%ebx), %eax)
    CHECK(exc_cr2, $P + 0xffe)
    FAULTS(PF, 2, movl %eax, -2(%ebx))
    CHECK(exc_cr2, $P + 0xffe)
    CHECK(FRAMES, $0x22222222)
    CHECK(0x500ffc, $0x11111111)
    /* both missing: the first one is reported */
    movl $0, PTE(P + 0x1000)
    FLUSH
    FAULTS(PF, 0, movl -1(%ebx), %eax)
    CHECK(exc_cr2, $P + 0xfff)
    /* second page read-only: loads work, stores fault with P=1 */
    movl $P | 7, PTE(P)
    movl $FRAMES | 5, PTE(P + 0x1000)
    FLUSH
    movl -2(%ebx), %eax
    CHECK(%eax, $0x22221111)
    FAULTS(PF, 3, movl %eax, -2(%ebx))
    CHECK(exc_cr2, $P + 0x1000)
    FAULTS(PF, 3, addl %eax, -2(%ebx))
    FAULTS(PF, 3, xchgl %eax, -3(%ebx))
    FAULTS(PF, 3, lock incl -2(%ebx))
    FAULTS(PF, 3, popl -2(%ebx))
    CHECK(P + 0xffc, $0x11111111)
    CHECK(FRAMES, $0x22222222)
    /* user, second page supervisor */
    movl $FRAMES | 3, PTE(P + 0x1000)
    FLUSH
    USER(PF, 5, movl -2(%ebx), %eax)
    CHECK(exc_cr2, $P + 0x1000)
    USER(PF, 7, movl %eax, -2(%ebx))
    CHECK(P + 0xffc, $0x11111111)
    /* two present pages with frames far apart and in reverse order */
    movl $FRAMES | 7, PTE(P + 0x1000)
    FLUSH
    movl $0x88776655, -2(%ebx)
    CHECK(P + 0xffc, $0x66551111)
    CHECK(FRAMES, $0x22228877)
    addl $0x11111111, -2(%ebx)
    CHECK(P + 0xffc, $0x77661111)
    CHECK(FRAMES, $0x22229988)
    movl $0x44, %eax
    lock xaddl %eax, -3(%ebx)
    CHECK(%eax, $0x88776611)
    CHECK(P + 0xffc, $0x77665511)
    PASS

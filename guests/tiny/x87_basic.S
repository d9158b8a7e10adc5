/* x87: state after FNINIT, arithmetic with exact bits, stack rotation, comparisons into flags,
 * integer and BCD stores, rounding and precision control, exceptions masked, FXAM, constants. */
#include "lib.inc"
main:
    fninit
    fnstcw w
    CHECKW(w, $0x37f)
    fnstsw %ax
    CHECKW(%ax, $0)
    fnstenv env
    movl env + 8, %eax
    andl $0xffff, %eax
    CHECK(%eax, $0xffff)              /* all empty */
    movl env + 4, %eax
    andl $0xffff, %eax
    CHECK(%eax, $0)
    fninit
    fld1
    fldpi
    faddp
    fstpl d
    CHECK(d, $0xaa22168c)
    CHECK(d + 4, $0x401090fd)
    /* TOP moves */
    fld1
    fldz
    fnstsw %ax
    andl $0x3800, %eax
    CHECK(%eax, $6 << 11)
    fxch
    fstps f
    CHECK(f, $0x3f800000)
    fstps f
    CHECK(f, $0)
    /* 80-bit */
    fldt t1
    fstpt t2
    CHECK(t2, $0x9abcdef0)
    CHECK(t2 + 4, $0x92345678)
    CHECKW(t2 + 8, $0x4001)
    /* fcom fcomi ftst fxam */
    fld1
    fldz
    fcomi %st(1), %st
    ASSERT(b)
    fcompp
    fnstsw %ax
    sahf
    ASSERT(b)
    fld1
    fld1
    fucomip %st(1), %st
    ASSERT(e)
    ftst
    fnstsw %ax
    sahf
    ASSERT(a)
    fxam
    fnstsw %ax
    andl $0x4700, %eax
    CHECK(%eax, $0x0400)              /* normal, positive */
    fstp %st(0)
    fxam
    fnstsw %ax
    andl $0x4500, %eax
    CHECK(%eax, $0x4100)              /* empty */
    /* integers: rounding modes */
    .macro round rc, src, want
    movw $0x37f | \rc, w
    fldcw w
    fldl \src
    fistpl i
    CHECK(i, $\want)
    .endm
    round 0x000, d2_5, 2
    round 0x400, d2_5, 2
    round 0x800, d2_5, 3
    round 0xc00, d2_5, 2
    round 0x000, dm2_5, -2
    round 0x400, dm2_5, -3
    round 0x800, dm2_5, -2
    round 0xc00, dm2_5, -2
    fninit
    fldl d1e20
    fistpl i
    CHECK(i, $0x80000000)             /* integer indefinite */
    fnstsw %ax
    testl $1, %eax
    ASSERT(nz)
    fnclex
    fildll q
    fistpll q2
    CHECK(q2, $0x89abcdef)
    CHECK(q2 + 4, $0x01234567)
    fbld bcd
    fbstp bcd2
    CHECK(bcd2, $0x90123456)
    CHECK(bcd2 + 4, $0x12345678)
    CHECKW(bcd2 + 8, $0x8000)
    /* precision control 24 bits */
    movw $0x007f, w
    fldcw w
    fld1
    fidivs three
    fstpl d
    CHECK(d, $0x60000000)
    CHECK(d + 4, $0x3fd55555)
    fninit
    fld1
    fidivs three
    fstpl d
    CHECK(d, $0x55555555)
    CHECK(d + 4, $0x3fd55555)
    /* masked exceptions: flags and default results */
    fnclex
    fld1
    fldz
    fdivrp %st, %st(1)
    fstps f
    CHECK(f, $0x7f800000)
    fnstsw %ax
    andl $0x3f, %eax
    CHECK(%eax, $4)
    fnclex
    fldz
    fldz
    fdivrp %st, %st(1)
    fstps f
    CHECK(f, $0xffc00000)
    fnstsw %ax
    andl $0x3f, %eax
    CHECK(%eax, $1)
    fnclex
    /* sqrt, abs, chs, rndint, scale, prem */
    fildl nine
    fsqrt
    fistpl i
    CHECK(i, $3)
    fld1
    fchs
    fabs
    fistpl i
    CHECK(i, $1)
    fildl nine
    fld1
    fscale
    fistpl i
    CHECK(i, $512)
    fstp %st(0)
    fildl seven
    fildl nine
    fprem
    fistpl i
    CHECK(i, $2)
    fstp %st(0)
    /* fincstp, fdecstp, ffree */
    fld1
    fincstp
    fdecstp
    ffree %st(0)
    fxam
    fnstsw %ax
    andl $0x4500, %eax
    CHECK(%eax, $0x4100)
    fninit
    /* fcmov */
    fldz
    fld1
    cmpl %eax, %eax
    fcmovne %st(1), %st
    fcmove %st(0), %st
    fcmove %st(1), %st
    fistpl i
    CHECK(i, $0)
    PASS
    .data
w: .long 0
i: .long 0
f: .long 0
three: .word 3, 0
nine: .long 9
seven: .long 7
    .balign 8
d: .quad 0
q: .quad 0x0123456789abcdef
q2: .quad 0
d2_5: .double 2.5
dm2_5: .double -2.5
d1e20: .double 1e20
t1: .long 0x9abcdef0, 0x92345678
    .word 0x4001, 0
t2: .long 0, 0, 0
bcd: .byte 0x56, 0x34, 0x12, 0x90, 0x78, 0x56, 0x34, 0x12, 0x00, 0x80
bcd2: .fill 10, 1, 0
env: .fill 28, 1, 0

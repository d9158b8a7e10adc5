/* FNSTENV FLDENV FNSAVE FRSTOR FXSAVE FXRSTOR: layouts, instruction and data pointers are the
 * guest's (not the code cache's), opcode, tag word in both forms, 16-bit layouts, FNSAVE
 * initializes, values come back. The host's signal between two instructions may lose the pointers
 * (docs/devices.md): technique trap is such a signal, on purpose,
 * and an instruction's first access to a watched page.
 * not-modes: trap,data
 */
#include "lib.inc"
/* A host that switches away in between makes the pointers 0, for its own processes as well (one in
 * 3000 tries of 6 us on a busy machine): then once more, but not for ever. */
.macro UNLESS_LOST pointer, again
    cmpl $0, \pointer
    jne .Lkept\@
    decl tries
    jnz \again
.Lkept\@:
.endm
main:
    CR4_SET CR4_OSFXSR
    movl $-1, env16 + 12
1:  fninit
    fld1
at: flds datum
    fnstenv env
    data16 fnstenv env16
    fnsave area                       /* what is lost before stays lost */
    UNLESS_LOST area + 12, 1b
    CHECKW(env, $0x037f)
    movl env + 4, %eax
    andl $0x3800, %eax
    CHECK(%eax, $6 << 11)
    CHECKW(env + 8, $0x0fff)          /* two valid, six empty */
    CHECK(env + 12, $at)
    CHECK(env + 20, $datum)
    /* 16-bit layout: 14 bytes */
    CHECKW(env16, $0x037f)
    CHECKW(env16 + 4, $0x0fff)
    CHECKW(env16 + 14, $0xffff)
    movl $at, %eax
    CHECKW(env16 + 6, %ax)
    /* fnsave: 108 bytes, registers in stack order, then initialized */
    CHECK(area + 12, $at)
    CHECK(area + 20, $datum)
    CHECK(area + 28 + 4, $0xc0000000) /* st0 = 3.0 */
    CHECKW(area + 28 + 8, $0x4000)
    CHECK(area + 38 + 4, $0x80000000) /* st1 = 1.0 */
    CHECKW(area + 38 + 8, $0x3fff)
    fnstcw w
    CHECKW(w, $0x37f)
    fnstsw %ax
    CHECKW(%ax, $0)
    frstor area
    fnstsw %ax
    andl $0x3800, %eax
    CHECK(%eax, $6 << 11)
    fstps w
    CHECK(w, $0x40400000)
    fstps w
    CHECK(w, $0x3f800000)
    /* fldenv brings control, status, tags and pointers back */
    fninit
    fldenv env
    fnstenv env2
    CHECKW(env2 + 8, $0x0fff)
    fninit
    /* fxsave: abridged tag, pointers, MXCSR, registers at 16-byte steps */
    fld1
at2: fildl nine
    movl $0x12345678, %eax
    movd %eax, %xmm5
    fxsave fx
    CHECKW(fx, $0x37f)
    CHECKB(fx + 4, $0xc0)
    CHECK(fx + 24, $0x1f80)
    CHECK(fx + 32 + 4, $0x90000000)
    CHECKW(fx + 32 + 8, $0x4002)
    CHECK(fx + 160 + 5 * 16, $0x12345678)
    pxor %xmm5, %xmm5
    fninit
    fxrstor fx
    movd %xmm5, %eax
    CHECK(%eax, $0x12345678)
    fistpl w
    CHECK(w, $9)
    /* non-control instructions set the pointers, control ones do not */
1:  fninit
at3: fildl nine
    fnstcw w
    fnstsw w
    fstp %st(0)
at4: fldl dbl
    fnclex
    fnstenv env
    UNLESS_LOST env + 12, 1b
    CHECK(env + 12, $at4)
    CHECK(env + 20, $dbl)
    /* MMX: tags all valid, TOP 0 */
    fninit
    movd %eax, %mm3
    fxsave fx
    CHECKB(fx + 4, $0xff)
    CHECKW(fx + 2, $0)
    fnstenv env
    movw env + 8, %ax
    movw %ax, %cx
    shrw $1, %cx
    andw %cx, %ax
    testw $0x5555, %ax                /* no register is empty (11) */
    ASSERT(z)
    emms
    fnstenv env
    CHECKW(env + 8, $0xffff)
    /* misaligned fxsave is #GP */
    FAULTS(GP, 0, fxsave fx + 4)
    FAULTS(GP, 0, fxrstor fx + 8)
    fninit
    PASS
    .data
tries: .long 10
    .balign 16
fx: .fill 512, 1, 0
area: .fill 112, 1, 0
env: .fill 28, 1, 0
env2: .fill 28, 1, 0
env16: .fill 16, 1, 0
datum: .float 3.0
nine: .long 9
dbl: .double 0.5
w: .long 0

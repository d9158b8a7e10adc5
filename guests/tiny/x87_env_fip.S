/* FLDENV and FRSTOR bring the instruction and data pointers back; FNSTENV after them shows what
 * was loaded. FNINIT zeroes them; FXSAVE has them too. Why not under data: x87_env.
 * not-modes: data
 */
#include "lib.inc"
main:
    fninit
    fnstenv env
    CHECK(env + 12, $0)
    CHECK(env + 20, $0)
at: flds datum
    fnstenv env
    fninit
    fnstenv env2
    CHECK(env2 + 12, $0)
    fldenv env
    fnstenv env2
    CHECK(env2 + 12, $at)
    CHECK(env2 + 20, $datum)
    fnsave area
    fninit
    frstor area
    fnsave area2
    CHECK(area2 + 12, $at)
    CHECK(area2 + 20, $datum)
    CR4_SET CR4_OSFXSR
    fninit
at2: fildl nine
    fxsave fx
    CHECK(fx + 8, $at2)
    CHECK(fx + 16, $nine)
    PASS
    .data
    .balign 16
fx: .fill 512, 1, 0
nine: .long 9
datum: .float 3.0
env: .fill 28, 1, 0
env2: .fill 28, 1, 0
area: .fill 108, 1, 0
area2: .fill 108, 1, 0

/* ICEBP (F1) is a trap to vector 1 with EIP after it, at CPL 0 and at CPL 3 even if the gate's
 * DPL is 0; CD 01 is checked against the DPL. */
#include "lib.inc"
main:
    TRAPS(DB, 0, .byte 0xf1)
    CHECK(exc_cs, $KCS)
    TRY 1f
    TO_USER u0
u0: .byte 0xf1
u1: ud2
1:  CHECK(exc_vec, $DB)
    CHECK(exc_eip, $u1)
    CHECK(exc_cs, $UCS)
    TRAPS(DB, 0, int $1)
    USER(GP, 1 * 8 + 2, int $1)
    PASS

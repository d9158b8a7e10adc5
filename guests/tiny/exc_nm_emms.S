/* EMMS is an MMX instruction: #NM with CR0.TS, #UD with CR0.EM. */
#include "lib.inc"
main:
    CR0_SET CR0_TS
    FAULTS(NM, 0, emms)
    CR0_CLEAR CR0_TS
    CR0_SET CR0_EM
    FAULTS(UD, 0, emms)
    CR0_CLEAR CR0_EM
    emms
    PASS

/* Conforming code segment, called and jumped to directly from CPL 3 and 0: CPL stays, RPL in CS
 * is the CPL, nothing becomes privileged. */
#include "lib.inc"
main:
    /* conforming code segment: called from CPL 3 it stays at CPL 3, by gate or directly */
    SETDESC T7, 0, 0xfffff, 0x9e, 0xc
    USER_OK(lcall $T7, $conf; movl %esp, %ecx)
    CHECK(%eax, $T7 + 3)
    lcall $T7, $conf
    CHECK(%eax, $T7)
    /* ... and is not privileged there */
    TRY 3f
    TO_USER 2f
2:  ljmp $T7, $conf_hlt
3:  CHECK(exc_vec, $GP)
    CHECK(exc_eip, $conf_hlt)
    CHECK(exc_cs, $T7 + 3)
    PASS
conf:
    movl %cs, %eax
    lret
conf_hlt:
    hlt

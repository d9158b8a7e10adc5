/* RET imm16 takes an unsigned immediate: ret $0xfffc pops 65532 bytes (QEMU 7.2 sign-extends it;
 * checked on silicon). */
#include "lib.inc"
main:
    movl $0x800000, %esp
    subl $0xfffc, %esp
    call 1f
    CHECK(%esp, $0x800000)
    subl $0x8000, %esp
    call 2f
    CHECK(%esp, $0x800000)
    PASS
1:  ret $0xfffc
2:  ret $0x8000

/* Undefined members of groups 1A and 11 (8F /1, C6 /1, C7 /1) are #UD; QEMU takes them for /0. */
#include "lib.inc"
    .macro ud bytes:vararg
    TRY 1f
0:  .byte \bytes
    .fill 12, 1, 0x90
    FAIL
1:  CHECK(exc_vec, $UD)
    CHECK(exc_eip, $0b)
    CHECK(%eax, $0x12345678)
    .endm
main:
    movl $0x12345678, %eax
    movl $mem, %ebx
    ud 0xc6, 0x48, 0, 0               /* group 11 /1 */
    ud 0xc7, 0x48, 0, 0, 0, 0, 0
    ud 0x8f, 0x08                     /* pop group /1 */
    PASS
    .data
mem: .fill 32, 1, 0

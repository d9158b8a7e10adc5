/* LOCK on a form that may not be locked is #UD: register destinations, loads, moves, compares,
 * pushes, strings, branches, system instructions; memory stays. */
#include "lib.inc"
    .macro ud bytes:vararg
    TRY 1f
0:  .byte 0xf0, \bytes
    .fill 10, 1, 0x90
    FAIL
1:  CHECK(exc_vec, $UD)
    CHECK(exc_eip, $0b)
    CHECK(mem, $0x77777777)
    CHECK(%esp, %ebp)
    .endm
main:
    movl $mem, %ebx
    movl $mem, %esi
    movl $mem, %edi
    movl %esp, %ebp
    ud 0x90
    ud 0x01, 0xc0                     /* add %eax, %eax */
    ud 0x03, 0x03                     /* add (%ebx), %eax */
    ud 0x0b, 0x03
    ud 0x39, 0x03                     /* cmp */
    ud 0x3b, 0x03
    ud 0x80, 0x3b, 1                  /* cmpb $1 */
    ud 0x81, 0xc0, 1, 0, 0, 0
    ud 0x40                           /* inc %eax */
    ud 0xff, 0xc0
    ud 0xf7, 0xd8                     /* neg %eax */
    ud 0x0f, 0xb1, 0xc8               /* cmpxchg of registers */
    /* 32-bit: mov %cr0 with LOCK is cr8 on some CPUs: not tested */
    PASS
    .data
mem: .long 0x77777777, 0, 0, 0

/* LOCK on a form that may not be locked is #UD: the forms that QEMU 7.2 lets through. */
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
    ud 0x85, 0x03                     /* test */
    ud 0xf7, 0x03, 1, 0, 0, 0
    ud 0x88, 0x03                     /* mov */
    ud 0x89, 0x03
    ud 0x8b, 0x03
    ud 0xc7, 0x03, 1, 0, 0, 0
    ud 0x8d, 0x03
    ud 0x87, 0xc1                     /* xchg of registers */
    ud 0xf7, 0x23                     /* mul (%ebx) */
    ud 0xd1, 0x23                     /* shl (%ebx) */
    ud 0xc1, 0x03, 4
    ud 0x50                           /* push */
    ud 0x58
    ud 0xff, 0x33                     /* push (%ebx) */
    ud 0x8f, 0x03
    ud 0xa4                           /* movsb */
    ud 0xaa
    ud 0xf3, 0xa5
    ud 0xeb, 0                        /* jmp */
    ud 0x74, 0
    ud 0xe8, 0, 0, 0, 0
    ud 0xc3
    ud 0x0f, 0xa3, 0x03               /* bt */
    ud 0x0f, 0xab, 0xc0               /* bts of a register */
    ud 0x0f, 0xba, 0x23, 1            /* bt $1, (%ebx) */
    ud 0x0f, 0xba, 0xe8, 1
    ud 0x0f, 0xc1, 0xc0               /* xadd of registers */
    ud 0x0f, 0xa4, 0x03, 1            /* shld */
    ud 0x0f, 0xaf, 0x03
    ud 0x0f, 0x90, 0x03               /* seto */
    ud 0x0f, 0xc8
    ud 0x0f, 0xa2                     /* cpuid */
    ud 0x0f, 0x31
    ud 0xf4
    ud 0xfa
    ud 0xcc
    ud 0xe4, 0x61
    ud 0x0f, 0x1f, 0x00
    ud 0xdd, 0x03                     /* fldl */
    ud 0x9c
    /* 32-bit: mov %cr0 with LOCK is cr8 on some CPUs: not tested */
    PASS
    .data
mem: .long 0x77777777, 0, 0, 0

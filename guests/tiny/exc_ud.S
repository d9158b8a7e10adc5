/* #UD with EIP at the instruction: UD0 UD1 UD2, undefined opcodes, register forms of memory-only
 * instructions, and no trouble from undefined bytes that are only looked at, never executed. */
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
    ud 0x0f, 0x0b                     /* ud2 */
    ud 0x0f, 0xb9, 0xc0               /* ud1 %eax, %eax */
    ud 0x0f, 0xff, 0xc0               /* ud0 */
    ud 0x0f, 0xb9, 0x03               /* ud1 (%ebx), %eax */
    ud 0x0f, 0x04
    ud 0x0f, 0x0a
    ud 0x0f, 0x0c
    ud 0x0f, 0x24, 0xc0               /* mov tr */
    ud 0x0f, 0x26, 0xc0
    ud 0x0f, 0x36
    ud 0x0f, 0x39
    ud 0x0f, 0x3b
    ud 0x0f, 0x3f
    ud 0x0f, 0xa6, 0xc0
    ud 0x0f, 0xa7, 0x00
    ud 0xfe, 0xd0                     /* group 4 /2 */
    ud 0xfe, 0xf8
    ud 0xff, 0xf8                     /* group 5 /7 */
    ud 0xff, 0xd8                     /* far call with a register */
    ud 0xff, 0xe8
    ud 0x8d, 0xc0                     /* lea of a register */
    ud 0x8c, 0xf0                     /* mov from segment register 6 */
    ud 0x8c, 0xf8
    ud 0x8e, 0xc8                     /* mov to CS */
    ud 0x8e, 0xf0
    ud 0x8e, 0xf8
    ud 0x0f, 0x20, 0xc8               /* mov %cr1 */
    ud 0x0f, 0x20, 0xe8               /* mov %cr5 */
    ud 0x0f, 0x22, 0xf8               /* cr7 */
    ud 0x0f, 0x01, 0xd0               /* xgetbv without CR4.OSXSAVE */
    ud 0x0f, 0x01, 0xe8               /* /5 register */
    ud 0x0f, 0xba, 0xc0, 1            /* group 8 /0../3 */
    ud 0x0f, 0xba, 0xd8, 1
    ud 0x0f, 0xc7, 0x00               /* group 9 /0 */
    ud 0x0f, 0xae, 0xc0               /* fxsave of a register */
    ud 0x0f, 0xb2, 0xc0               /* lss of a register */
    ud 0x0f, 0xb4, 0xc0
    ud 0x66, 0x0f, 0x0b
    ud 0xf3, 0x0f, 0x0b
    ud 0x0f, 0x71, 0xc0, 1            /* mmx shift group holes */
    ud 0x0f, 0xc3, 0xc0               /* movnti of a register */
    /* at CPL 3, undefined comes before privileged or #GP */
    USER(UD, 0, ud2)
    USER(UD, 0, .byte 0x0f; .byte 0xb9; .byte 0xc0)
    CHECK(exc_cs, $UCS)
    /* undefined bytes behind branches are data; behind a call that never returns too (BUG
     * tables) */
    xorl %eax, %eax
    jmp 1f
    .byte 0x0f, 0xff, 0xff, 0xff, 0x0f, 0x0b, 0xf0, 0x90, 0x8e, 0xc8
1:  cmpl $1, %eax
    jne 2f
    .byte 0x0f, 0x0b, 0xff, 0xff, 0xff, 0xff
2:  movl $hook, exc_hook
    ud2
    .long 0xffffffff, 0x0b0f0b0f      /* a table after ud2: the handler skips it */
    CHECK(%eax, $0)
    call skip
    .byte 0xff, 0xff, 0xff, 0xff
    CHECK(exc_count, $44)
    PASS
hook:
    addl $10, FR_EIP(%ebp)
    ret
skip:
    addl $4, (%esp)
    ret
    .data
mem: .fill 32, 1, 0

/* Address-size prefix 67: every 16-bit ModRM form, sums wrap at 64 KiB, upper halves ignored; lea
 * with it. */
#include "lib.inc"
    .macro form rm, want              /* mov disp16 form and lea */
    .byte 0x67, 0x8b, 0x80 | (2 << 3) | \rm
    .word 0x0100
    CHECK(%edx, $\want)
    .endm
main:
    /* words at 0x8000 + 2k... : fill 0x7000..0xd000 with their own address */
    cld
    movl $0x7000, %edi
1:  movl %edi, (%edi)
    addl $4, %edi
    cmpl $0xd000, %edi
    jb 1b
    movl $0xaaaa1000, %ebx
    movl $0xbbbb2000, %ebp
    movl $0xcccc7000, %esi
    movl $0xdddd8000, %edi
    form 0, 0x8100                    /* bx+si */
    form 1, 0x9100                    /* bx+di */
    form 2, 0x9100                    /* bp+si */
    form 3, 0xa100                    /* bp+di */
    form 4, 0x7100                    /* si */
    form 5, 0x8100                    /* di */
    movl $0x1234b000, %ebp
    form 6, 0xb100                    /* bp */
    movl $0x5678c000, %ebx
    form 7, 0xc100                    /* bx */
    .byte 0x67, 0x8b, 0x16            /* disp16 alone */
    .word 0xabc4
    CHECK(%edx, $0xabc4)
    /* disp8 sign-extended, mod 1 */
    .byte 0x67, 0x8b, 0x57, 0xfc      /* -4(%bx) */
    CHECK(%edx, $0xbffc)
    .byte 0x67, 0x8b, 0x56, 0x04      /* 4(%bp) */
    CHECK(%edx, $0xb004)
    /* wrap: bx + si + disp over 64 KiB */
    movl $0xf000, %ebx
    movl $0x8f00, %esi
    form 0, 0x8000
    movl $0xffffff00, %ebx
    movl $0x7f00, %esi
    .byte 0x67, 0x8b, 0x10            /* mod 0 */
    CHECK(%edx, $0x7e00)
    /* stores */
    movl $0x9000, %ebx
    movl $0xdeadbeef, %eax
    .byte 0x67, 0x89, 0x47, 0x10
    CHECK(0x9010, $0xdeadbeef)
    .byte 0x67, 0xc7, 0x47, 0x10
    .long 0x12345678
    CHECK(0x9010, $0x12345678)
    .byte 0x67, 0x66, 0xc7, 0x07
    .word 0x7777
    CHECK(0x9000, $0x7777)
    .byte 0x67, 0xff, 0x47, 0x10
    CHECK(0x9010, $0x12345679)
    /* moffs16 */
    .byte 0x67, 0xa1
    .word 0x9010
    CHECK(%eax, $0x12345679)
    .byte 0x67, 0xa3
    .word 0x9020
    CHECK(0x9020, $0x12345679)
    /* lea: result cut to 16 bits, zero-extended */
    movl $0x1fff0, %ebx
    movl $0x30, %esi
    movl $-1, %eax
    .byte 0x67, 0x8d, 0x00
    CHECK(%eax, $0x20)
    movl $-1, %eax
    .byte 0x67, 0x66, 0x8d, 0x00
    CHECK(%eax, $0xffff0020)
    /* push and pop through it: stack stays 32-bit */
    movl %esp, %ecx
    movl $0x9010, %ebx
    .byte 0x67, 0xff, 0x37
    CHECK((%esp), $0x12345679)
    .byte 0x67, 0x8f, 0x47, 0x30
    CHECK(0x9040, $0x12345679)
    CHECK(%esp, %ecx)
    /* jmp and call through it */
    movl $2f, 0x9050
    .byte 0x67, 0xff, 0x67, 0x40
    FAIL
2:  movl $3f, 0x9050
    .byte 0x67, 0xff, 0x57, 0x40
    CHECK(%eax, $0x99)
    jmp 4f
3:  movl $0x99, %eax
    ret
4:  /* a word that begins at 0xffff of a 16-bit address: bytes go on at 0x10000 (limit is 4 GiB,
     * no wrap within) */
    movl $0x44332211, 0xfffe
    movl $0xfffe, %ebx
    .byte 0x67, 0x8b, 0x07
    CHECK(%eax, $0x44332211)
    /* ah bh ch dh with 16-bit addresses */
    movl $0x9010, %ebx
    .byte 0x67, 0x8a, 0x27            /* mov (%bx), %ah */
    CHECKB(%ah, $0x79)
    .byte 0x67, 0x00, 0x67, 1         /* add %ah, 1(%bx) */
    CHECK(0x9010, $0x1234cf79)
    PASS

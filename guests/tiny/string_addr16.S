/* String instructions with address size 16: SI DI CX count, upper halves stay, offsets wrap at 64
 * KiB. */
#include "lib.inc"
#define A16 .byte 0x67;
main:
    cld
    movl $0x01020304, 0xfffc
    movl $0x05060708, 0x0000
    movl $0xaaaafffe, %esi
    movl $0xbbbb8000, %edi
    movl $0xcccc0004, %ecx
    A16 rep movsb                     /* bytes fffe ffff 0 1 */
    CHECK(%esi, $0xaaaa0002)
    CHECK(%edi, $0xbbbb8004)
    CHECK(%ecx, $0xcccc0000)
    CHECK(0x8000, $0x07080102)
    /* CX=0 with ECX != 0: nothing */
    movl $0x10000, %ecx
    A16 rep movsb
    CHECK(%edi, $0xbbbb8004)
    CHECK(%ecx, $0x10000)
    /* stos wraps */
    movl $0x1234fffc, %edi
    movl $2, %ecx
    movl $0x99887766, %eax
    A16 rep stosl
    CHECK(%edi, $0x12340004)
    CHECK(0xfffc, $0x99887766)
    CHECK(0, $0x99887766)
    /* DF=1 wraps the other way */
    std
    movl $0x12340001, %edi
    movb $0x11, %al
    A16 stosb
    A16 stosb
    A16 stosb
    cld
    CHECK(%edi, $0x1234fffe)
    CHECK(0, $0x99881111)
    CHECK(0xfffc, $0x11887766)
    /* scas, cmps, lods */
    movl $0x5555fffe, %edi
    movl $0x77770010, %ecx
    movb $0x99, %al
    A16 repne scasb                   /* 88 11 | 11 11 88 99 */
    ASSERT(e)
    CHECK(%edi, $0x55550004)
    CHECK(%ecx, $0x7777000a)
    movl $0x8000, %esi
    movl $0x8000, %edi
    movl $0xffff0004, %ecx
    A16 repe cmpsw
    ASSERT(e)
    CHECK(%ecx, $0xffff0000)
    CHECK(%esi, $0x8008)
    movl $0xffff8000, %esi
    A16 lodsl
    CHECK(%eax, $0x07080102)
    CHECK(%esi, $0xffff8004)
    /* 64 KiB through itself: CX = 0xffff */
    movl $0x8000, %edi
    movl $0xffff, %ecx
    movb $0x42, %al
    movl 0x7ffc, %edx
    A16 rep stosb                     /* 8000..ffff, 0..7ffe */
    CHECK(%edi, $0x7fff)
    CHECK(0xfffc, $0x42424242)
    andl $0xff000000, %edx
    orl $0x424242, %edx
    CHECK(0x7ffc, %edx)
    /* override with 16-bit addresses */
    SETDESC T0, 0x10000, 0xffff, 0x92, 0
    movl $T0, %eax
    movl %eax, %fs
    movl $0x12345678, 0x18000
    movl $0x8000, %esi
    .byte 0x67, 0x64
    lodsl
    CHECK(%eax, $0x12345678)
    PASS

/* MOVS STOS LODS CMPS SCAS: all sizes, both directions, with and without REP, ECX=0, overlap,
 * segment override on the source, REPE/REPNE stop conditions with exact ECX ESI EDI and flags. */
#include "lib.inc"
main:
    cld
    /* single steps of each size */
    movl $src, %esi
    movl $dst, %edi
    movsb
    movsw
    movsl
    CHECK(%esi, $src + 7)
    CHECK(%edi, $dst + 7)
    CHECK(dst, $0x04030201)
    CHECKW(dst+4, $0x0605)
    CHECK(dst+6, $0x07)
    /* DF=1 */
    std
    movsl
    movsw
    movsb
    cld
    CHECK(%esi, $src)
    CHECK(%edi, $dst)
    CHECK(dst+7, $0x0b0a0908)
    /* rep with every size; DF both ways */
    movl $src, %esi
    movl $dst, %edi
    movl $16, %ecx
    rep movsl
    CHECK(%ecx, $0)
    CHECK(%esi, $src + 64)
    CHECK(%edi, $dst + 64)
    CHECK(dst+60, $0x403f3e3d)
    std
    movl $src + 60, %esi
    movl $dst + 64, %edi
    movl $16, %ecx
    rep movsl
    CHECK(%esi, $src - 4)
    CHECK(%edi, $dst)
    CHECK(dst+64, $0x403f3e3d)
    CHECK(dst+4, $0x04030201)
    cld
    /* overlap forwards: the byte repeats (no memmove) */
    movl $dst, %esi
    movl $dst + 1, %edi
    movb $0xaa, dst
    movl $63, %ecx
    rep movsb
    CHECK(dst+60, $0xaaaaaaaa)
    /* overlap forwards by 4, dwords: pattern of one dword */
    movl $0x11223344, dst
    movl $dst, %esi
    movl $dst + 4, %edi
    movl $15, %ecx
    rep movsl
    CHECK(dst+60, $0x11223344)
    /* stos */
    movl $0xdeadbeef, %eax
    movl $dst, %edi
    stosb
    stosw
    stosl
    CHECK(%edi, $dst + 7)
    CHECK(dst, $0xefbeefef)
    CHECK(dst+4, $0x11deadbe)
    movl $5, %ecx
    rep stosl
    CHECK(%edi, $dst + 27)
    CHECK(dst+23, $0xdeadbeef)
    std
    movl $dst + 30, %edi
    movl $3, %ecx
    movb $0x5a, %al
    rep stosb
    cld
    CHECK(%edi, $dst + 27)
    CHECK(dst+28, $0x115a5a5a)
    /* lods */
    movl $src, %esi
    lodsl
    CHECK(%eax, $0x04030201)
    lodsw
    CHECK(%eax, $0x04030605)
    lodsb
    CHECK(%eax, $0x04030607)
    movl $9, %ecx
    rep lodsb
    CHECK(%eax, $0x04030610)
    CHECK(%ecx, $0)
    std
    lodsb
    CHECKB(%al, $0x11)
    CHECK(%esi, $src + 15)
    cld
    /* segment override on the source only */
    SETDESC T0, src, 0xfff, 0x92, 0x4
    movl $T0, %eax
    movl %eax, %fs
    movl $8, %esi
    movl $dst, %edi
    fs movsl
    CHECK(dst, $0x0c0b0a09)
    fs lodsl
    CHECK(%eax, $0x100f0e0d)
    xorl %esi, %esi
    movl $4, %ecx
    rep fs movsl
    CHECK(dst+16, $0x100f0e0d)
    /* ES base is used for the destination whatever the override */
    movl $T0, %eax
    movl %eax, %es
    movl $dst - src, %edi
    movl $src + 32, %esi
    movsl
    CHECK(dst, $0x24232221)
    movl $0x31323334, %eax
    es stosl
    CHECK(dst+4, $0x31323334)
    movl $KDS, %eax
    movl %eax, %es
    /* ECX=0: nothing moves */
    xorl %ecx, %ecx
    movl $1, %esi
    movl $2, %edi
    SETF (ARITH | 2)
    rep movsl
    rep stosb
    rep lodsw
    repe cmpsl
    repne scasb
    CHECKF(ARITH, ARITH)
    CHECK(%esi, $1)
    CHECK(%edi, $2)
    CHECK(%ecx, $0)

    /* cmps */
    movl $src, %esi
    movl $same, %edi
    movl $100, %ecx
    repe cmpsb                        /* differ at index 9 */
    ASSERT(ne)
    ASSERT(b)
    CHECK(%ecx, $90)
    CHECK(%esi, $src + 10)
    CHECK(%edi, $same + 10)
    movl $src, %esi
    movl $same, %edi
    movl $2, %ecx
    repe cmpsl
    ASSERT(e)
    CHECK(%ecx, $0)
    CHECK(%esi, $src + 8)
    movl $src + 1, %esi
    movl $same, %edi
    movl $20, %ecx
    repne cmpsb                       /* src[k+1] == same[k]: first at k = 9 (0x0b) */
    ASSERT(e)
    CHECK(%ecx, $10)
    std
    movl $src + 8, %esi
    movl $same + 8, %edi
    movl $9, %ecx
    repe cmpsb
    cld
    CHECK(%ecx, $0)
    CHECK(%esi, $src - 1)
    cmpsb                             /* flags of [esi]-[edi]: src[-1]=0 vs same[-1]=0x80 */
    ASSERT(b)
    /* scas */
    movl $src, %edi
    movl $100, %ecx
    movb $0x20, %al
    repne scasb
    ASSERT(e)
    CHECK(%edi, $src + 32)
    CHECK(%ecx, $68)
    movl $0x04030201, %eax
    movl $src, %edi
    movl $5, %ecx
    repe scasl
    ASSERT(ne)
    CHECK(%edi, $src + 8)
    CHECK(%ecx, $3)
    movl $src, %edi
    movb $0, %al
    scasb                             /* 0 - 1 */
    ASSERT(b)
    ASSERT(s)
    movl $src, %edi
    movl $3, %ecx
    movw $0x9999, %ax
    repne scasw
    ASSERT(ne)
    CHECK(%edi, $src + 6)
    CHECK(%ecx, $0)
    /* strlen idiom */
    movl $text, %edi
    orl $-1, %ecx
    xorl %eax, %eax
    repne scasb
    notl %ecx
    decl %ecx
    CHECK(%ecx, $13)
    /* big: 1 MiB filled and compared */
    movl $0x400000, %edi
    movl $0x40000, %ecx
    movl $0x5a5a1234, %eax
    rep stosl
    movl $0x400000, %esi
    movl $0x500000, %edi
    movl $0x100000, %ecx
    rep movsb
    movl $0x400000, %esi
    movl $0x500000, %edi
    movl $0x40000, %ecx
    repe cmpsl
    ASSERT(e)
    CHECK(%edi, $0x600000)
    PASS
    .data
    .byte 0, 0, 0, 0
src:
    .set i, 1
    .rept 64
    .byte i
    .set i, i + 1
    .endr
    .fill 64, 1, 0
    .byte 0x80
same:
    .byte 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x0b, 0x99
    .fill 64, 1, 0
text: .asciz "Hello, plex86"
    .balign 4
dst: .fill 128, 1, 0

/* REP strings whose pointers pass 0xFFFFFFFF -> 0, both directions, and huge ECX that ends in a
 * fault. */
#include "lib.inc"
main:
    call paging_on
    movl $PT3 | 7, PD + 1023 * 4
    movl $0x400007, PT3 + 1023 * 4
    movl $0x401007, PTE(0)
    FLUSH
    cld
    /* stosb over the edge */
    movl $-8, %edi
    movl $16, %ecx
    movb $0x61, %al
    rep stosb
    CHECK(%edi, $8)
    CHECK(0x400ffc, $0x61616161)
    CHECK(0x401004, $0x61616161)
    CHECK(0x401008, $0)
    /* stosl, unaligned on the edge */
    movl $-6, %edi
    movl $3, %ecx
    movl $0x44332211, %eax
    rep stosl
    CHECK(%edi, $6)
    CHECK(0x400ffc, $0x22114433)
    CHECK(0x401000, $0x22114433)
    CHECK(0x401004, $0x61614433)
    /* movs from over the edge and back */
    movl $-8, %esi
    movl $0x500000, %edi
    movl $4, %ecx
    rep movsl
    CHECK(%esi, $8)
    CHECK(0x500004, $0x22114433)
    std
    movl $4, %esi
    movl $0x500010, %edi
    movl $4, %ecx
    rep movsl
    CHECK(%esi, $-12)
    CHECK(0x500010, $0x61614433)
    CHECK(0x500004, $0x22116161)
    movl $3, %edi
    movb $0x7a, %al
    movl $8, %ecx
    rep stosb
    CHECK(%edi, $-5)
    CHECK(0x400ffc, $0x7a7a7a7a)
    CHECK(0x401000, $0x7a7a7a7a)
    cld
    /* scas finds over the edge */
    movb $0x33, 0x401002
    movl $-4, %edi
    movl $-1, %ecx
    movb $0x33, %al
    repne scasb
    ASSERT(e)
    CHECK(%edi, $3)
    CHECK(%ecx, $0xfffffff8)
    /* ECX of 4 GiB - 1 that runs into a missing page */
    movl $0, PTE(0x601000)
    FLUSH
    movl $0x600000, %edi
    movl $-1, %ecx
    xorl %eax, %eax
    FAULTS(PF, 2, rep stosl)
    CHECK(exc_cr2, $0x601000)
    CHECK(%ecx, $0xfffffbff)
    CHECK(%edi, $0x601000)
    PASS

/* One frame at several linear addresses: data written at one is read at all at once, page tables
 * included (they are mapped twice and changed through either), read-only at one and writable at
 * another. */
#include "lib.inc"
#define LIN 0x08000000
#define F 0x400000
main:
    call paging_on
    movl $PTA | 7, PD + (LIN >> 20)
    xorl %ecx, %ecx
1:  movl $F | 7, PTA(,%ecx,4)         /* 256 aliases of one frame */
    incl %ecx
    cmpl $256, %ecx
    jb 1b
    FLUSH
    xorl %ecx, %ecx
2:  movl %ecx, %ebx
    shll $12, %ebx
    movl %ecx, LIN(%ebx,%ecx,4)
    CHECK(F(,%ecx,4), %ecx)
    incl %ecx
    cmpl $256, %ecx
    jb 2b
    xorl %ecx, %ecx
3:  movl $255, %ebx
    subl %ecx, %ebx
    shll $12, %ebx
    CHECK(LIN(%ebx,%ecx,4), %ecx)
    incl %ecx
    cmpl $256, %ecx
    jb 3b
    /* immediate: store here, load there, in the next instruction; sub-word, overlapping */
    movl $0x11223344, LIN
    movb $0x99, LIN + 0x1001
    CHECK(LIN + 0x2000, $0x11229944)
    lock incl LIN + 0x3000
    CHECK(LIN + 0x4000, $0x11229945)
    movl $LIN, %esi
    movl $LIN + 0x5004, %edi
    movl $8, %ecx
    /* overlap through the alias: 8 bytes onto the next 8, forwards */
    rep movsb
    CHECK(F + 4, $0x11229945)
    CHECK(F + 8, $0x11229945)
    /* an access across the end: next page is the same frame again */
    movl $0xcafebabe, LIN + 0xffe
    CHECKW(F + 0xffe, $0xbabe)
    CHECKW(F, $0xcafe)
    CHECK(LIN + 0x1ffe, $0xcafebabe)
    /* rights differ per alias */
    movl $F | 5, PTA
    movl $F | 3, PTA + 4
    FLUSH
    FAULTS(PF, 3, movl %eax, LIN)
    movl $0x77, LIN + 0x1000
    CHECK(LIN, $0x77)
    USER(PF, 5, movl LIN + 0x1000, %eax)
    USER_OK(movl LIN, %eax)
    CHECK(%eax, $0x77)
    /* a page table seen as data twice: PTA at LIN+0x10000 and LIN+0x11000 */
    movl $PTA | 7, PTA + 16 * 4
    movl $PTA | 7, PTA + 17 * 4
    FLUSH
    movl $0x401007, LIN + 0x10000 + 20 * 4
    movl $0x5a5a5a5a, 0x401000
    invlpg LIN + 20 * 0x1000
    CHECK(LIN + 20 * 0x1000, $0x5a5a5a5a)
    CHECK(LIN + 0x11000 + 20 * 4, $0x401007 | PTE_A)
    movl $0, LIN + 0x11000 + 20 * 4
    invlpg LIN + 20 * 0x1000
    FAULTS(PF, 0, movl LIN + 20 * 0x1000, %eax)
    PASS

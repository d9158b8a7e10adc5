/* 100000 linear pages over 2000 frames in scattered order, so that no two neighbours are
 * neighbours in memory: more mappings than a host process may have; written, read back, and a
 * second pass.
 * timeout: 60
 */
#include "lib.inc"
#define TABLES 0x1000000              /* page tables at 16 MiB: 98 of them */
#define LIN 0x40000000
#define NT 98
#define FRAME0 0x800000               /* 2048 frames: 8..16 MiB */
main:
    call paging_on
    /* page tables are written before they are used: paging off for a moment gives access to them */
    CR0_CLEAR CR0_PG
    xorl %ecx, %ecx
1:  movl %ecx, %eax                   /* frame = (i * 1031 + (i >> 11) * 7) & 2047 */
    imull $1031, %eax, %eax
    movl %ecx, %edx
    shrl $11, %edx
    imull $7, %edx, %edx
    addl %edx, %eax
    andl $2047, %eax
    shll $12, %eax
    addl $FRAME0 | 7, %eax
    movl %eax, TABLES(,%ecx,4)
    incl %ecx
    cmpl $NT * 1024, %ecx
    jb 1b
    xorl %ecx, %ecx
2:  movl %ecx, %eax
    shll $12, %eax
    addl $TABLES | 7, %eax
    movl %eax, PDE(LIN)(,%ecx,4)
    incl %ecx
    cmpl $NT, %ecx
    jb 2b
    CR0_SET CR0_PG
    /* each linear page adds one to its frame's word */
    movl $2, %ebp
3:  xorl %ecx, %ecx
4:  movl %ecx, %eax
    shll $12, %eax
    incl LIN(%eax)
    incl %ecx
    cmpl $NT * 1024, %ecx
    jb 4b
    decl %ebp
    jnz 3b
    /* 100352 / 2048 = 49 per pass */
    CR0_CLEAR CR0_PG
    xorl %ecx, %ecx
5:  movl %ecx, %eax
    shll $12, %eax
    CHECK(FRAME0(%eax), $98)
    incl %ecx
    cmpl $2048, %ecx
    jb 5b
    /* A and D bits of every page */
    xorl %ecx, %ecx
6:  movl TABLES(,%ecx,4), %eax
    andl $PTE_A | PTE_D, %eax
    CHECK(%eax, $PTE_A | PTE_D)
    incl %ecx
    cmpl $NT * 1024, %ecx
    jb 6b
    PASS

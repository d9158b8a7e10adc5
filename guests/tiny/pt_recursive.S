/* The recursive page-directory slot (PD[1023] = PD): page tables appear at 0xFFC00000, the
 * directory at 0xFFFFF000; changes through it, in two address spaces, A and D bits seen through
 * it. */
#include "lib.inc"
#define LIN 0x08000000
#define SELF 0xfffff000
#define TAB(lin) (0xffc00000 + ((lin) >> 12) * 4)
#define A 0x400000
#define B 0x401000
main:
    call paging_on
    movl $PD | 3, PD + 1023 * 4
    movl PD, %eax
    movl %eax, PD2
    movl PD + 4, %eax
    movl %eax, PD2 + 4
    movl $PD2 | 3, PD2 + 1023 * 4
    movl $0xaaaaaaaa, A
    movl $0xbbbbbbbb, B
    FLUSH
    CHECK(SELF, $PT0 | 7 | PTE_A)
    movl SELF + 1023 * 4, %eax
    andl $0xfffff007, %eax
    CHECK(%eax, $PD | 3)
    movl TAB(0x300000), %eax
    andl $0xfffff007, %eax
    CHECK(%eax, $0x300007)
    FAULTS(PF, 0, movl TAB(LIN), %eax)
    CHECK(exc_cr2, $TAB(LIN))
    /* build a mapping through it, as a kernel without a linear map does */
    movl $PTA | 7, SELF + (LIN >> 22) * 4
    movl $A | 7, TAB(LIN)
    CHECK(LIN, $0xaaaaaaaa)
    CHECK(PTA, $A | 7 | PTE_A)
    movl TAB(LIN), %eax
    CHECK(%eax, $A | 7 | PTE_A)
    movl %eax, LIN + 4
    CHECK(TAB(LIN), $A | 7 | PTE_A | PTE_D)
    movl $B | 7, TAB(LIN)
    invlpg LIN
    CHECK(LIN, $0xbbbbbbbb)
    /* space 2: the same linear window shows its own tables */
    movl $PD2, %eax
    movl %eax, %cr3
    FAULTS(PF, 0, movl TAB(LIN), %eax)
    CHECK(SELF + (LIN >> 22) * 4, $0)
    movl $PTB | 7, SELF + (LIN >> 22) * 4
    movl $A | 7, TAB(LIN)
    CHECK(LIN, $0xaaaaaaaa)
    movl $500, %esi
1:  movl $PD, %eax
    movl %eax, %cr3
    CHECK(LIN, $0xbbbbbbbb)
    movl TAB(LIN), %eax
    andl $0xfffff000, %eax
    CHECK(%eax, $B)
    movl %esi, %eax
    shll $12, %eax
    orl $7, %eax
    movl %eax, TAB(LIN + 0x1000)
    CHECK(PTA + 4, %eax)
    movl $PD2, %eax
    movl %eax, %cr3
    CHECK(LIN, $0xaaaaaaaa)
    movl TAB(LIN), %eax
    andl $0xfffff000, %eax
    CHECK(%eax, $A)
    CHECK(TAB(LIN + 0x1000), $0)
    decl %esi
    jnz 1b
    /* remove: PDE zero and INVLPG of both the page and its window */
    movl $0, SELF + (LIN >> 22) * 4
    invlpg LIN
    invlpg TAB(LIN)
    FAULTS(PF, 0, movl LIN, %eax)
    FAULTS(PF, 0, movl TAB(LIN), %eax)
    /* CPL 3 may not look (supervisor entry) */
    USER(PF, 5, movl SELF, %eax)
    PASS

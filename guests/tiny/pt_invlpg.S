/* TLB rules for data: a new mapping of a missing page is seen at once; a changed one at the
 * latest after INVLPG (before, old or new, never anything else); a removed one faults after
 * INVLPG; other pages are not disturbed. */
#include "lib.inc"
#define LIN 0x00800000
#define A 0x400000
#define B 0x401000
main:
    call paging_on
    movl $PT2 | 7, PDE(LIN)
    movl $0xaaaaaaaa, A
    movl $0xbbbbbbbb, B
    FLUSH
    movl $200, %esi
1:  /* missing -> present: no INVLPG needed */
    movl $0, PT2
    invlpg LIN
    FAULTS(PF, 0, movl LIN, %eax)
    movl $A | 7, PT2
    CHECK(LIN, $0xaaaaaaaa)
    /* A -> B without INVLPG: old or new */
    movl $B | 7, PT2
    movl LIN, %eax
    cmpl $0xaaaaaaaa, %eax
    je 2f
    CHECK(%eax, $0xbbbbbbbb)
2:  invlpg LIN + 0xabc                /* any byte of the page */
    CHECK(LIN, $0xbbbbbbbb)
    /* write goes to the new frame */
    movl $0xb1b1b1b1, LIN + 4
    CHECK(B + 4, $0xb1b1b1b1)
    /* -> missing */
    movl $0, PT2
    invlpg LIN
    FAULTS(PF, 0, movl LIN, %eax)
    FAULTS(PF, 2, movl %eax, LIN)
    /* rights: RW -> RO must be seen after INVLPG */
    movl $A | 7, PT2
    movl $0xaaaaaaaa, LIN
    movl $A | 5, PT2
    invlpg LIN
    FAULTS(PF, 3, movl %eax, LIN)
    CHECK(LIN, $0xaaaaaaaa)
    movl $A | 7, PT2
    invlpg LIN
    movl $0xaaaaaaaa, LIN
    /* U -> S */
    USER_OK(movl LIN, %eax)
    movl $A | 3, PT2
    invlpg LIN
    USER(PF, 5, movl LIN, %eax)
    CHECK(LIN, $0xaaaaaaaa)
    /* a neighbour stays */
    movl $B | 7, PT2 + 4
    CHECK(LIN + 0x1000, $0xbbbbbbbb)
    decl %esi
    jnz 1b
    /* PDE changes: after INVLPG of an address in it, that address is fresh */
    movl $A | 7, PT2
    movl $B | 7, PT3
    movl LIN, %eax
    movl $PT3 | 7, PDE(LIN)
    invlpg LIN
    CHECK(LIN, $0xbbbbbbbb)
    movl $0, PDE(LIN)
    invlpg LIN
    FAULTS(PF, 0, movl LIN, %eax)
    movl $PT2 | 7, PDE(LIN)
    CHECK(LIN, $0xaaaaaaaa)
    /* the page tables themselves, mapped as pages: PT2 changed through its own mapping and
     * through an alias */
    movl $PT2 | 7, PT2 + 8            /* LIN + 0x2000 is PT2 */
    movl $B | 7, LIN + 0x2000
    invlpg LIN
    CHECK(LIN, $0xbbbbbbbb)
    movl $A | 7, LIN + 0x2000
    invlpg LIN
    CHECK(LIN, $0xaaaaaaaa)
    /* INVLPG of an unmapped address does nothing, no fault */
    invlpg 0xf0000000
    PASS

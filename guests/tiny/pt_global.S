/* Global pages: with CR4.PGE and G a CR3 load may leave them; INVLPG and a change of CR4.PGE do
 * not. Without PGE the G bit means nothing. Non-global neighbours are always fresh after CR3. */
#include "lib.inc"
#define LIN 0x00800000
#define A 0x400000
#define B 0x401000
main:
    call paging_on
    movl $PT2 | 7, PDE(LIN)
    movl $0xaaaaaaaa, A
    movl $0xbbbbbbbb, B
    movl $100, %esi
again:
    /* PGE=0: G ignored */
    movl $A | 7 | PTE_G, PT2
    FLUSH
    CHECK(LIN, $0xaaaaaaaa)
    movl $B | 7 | PTE_G, PT2
    FLUSH
    CHECK(LIN, $0xbbbbbbbb)
    /* PGE=1 */
    CR4_SET CR4_PGE
    movl $A | 7 | PTE_G, PT2
    movl $A | 7, PT2 + 4
    invlpg LIN
    invlpg LIN + 0x1000
    CHECK(LIN, $0xaaaaaaaa)
    CHECK(LIN + 0x1000, $0xaaaaaaaa)
    movl $B | 7 | PTE_G, PT2
    movl $B | 7, PT2 + 4
    FLUSH
    CHECK(LIN + 0x1000, $0xbbbbbbbb)  /* not global: fresh */
    movl LIN, %eax                    /* global: either */
    cmpl $0xaaaaaaaa, %eax
    je 1f
    CHECK(%eax, $0xbbbbbbbb)
1:  invlpg LIN
    CHECK(LIN, $0xbbbbbbbb)
    /* PGE toggle flushes all */
    movl $A | 7 | PTE_G, PT2
    CR4_CLEAR CR4_PGE
    CR4_SET CR4_PGE
    CHECK(LIN, $0xaaaaaaaa)
    movl $0, PT2
    CR4_CLEAR CR4_PGE
    CR4_SET CR4_PGE
    FAULTS(PF, 0, movl LIN, %eax)
    CR4_CLEAR CR4_PGE
    decl %esi
    jnz again
    /* kernel-like: everything below 8 MiB global, two spaces share it, CR3 switches keep
     * working; then a 4 MiB global page */
    CR4_SET (CR4_PGE | CR4_PSE)
    movl $PTE(0), %edi
    movl $2048, %ecx
2:  orl $PTE_G, (%edi)
    addl $4, %edi
    loop 2b
    movl PD, %eax
    movl %eax, PD2
    movl PD + 4, %eax
    movl %eax, PD2 + 4
    movl $0x00800000 | PTE_PS | PTE_G | 7, PDE(0x40000000)
    movl $PTA | 7, PD + 8
    movl $PTB | 7, PD2 + 8
    movl $A | 7, PTA
    movl $B | 7, PTB
    movl $1000, %esi
3:  movl $PD, %eax
    movl %eax, %cr3
    CHECK(LIN, $0xaaaaaaaa)
    movl $PD2, %eax
    movl %eax, %cr3
    CHECK(LIN, $0xbbbbbbbb)
    decl %esi
    jnz 3b
    movl $PD, %eax
    movl %eax, %cr3
    movl $0x1234, 0x40000010
    movl $0x00c00000 | PTE_PS | PTE_G | 7, PDE(0x40000000)
    invlpg 0x40200000
    CHECK(0x40000010, $0)
    PASS

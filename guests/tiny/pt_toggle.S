/* CR0.PG off and on while code runs on a page mapped one to one: data shows the linear, then the
 * physical view, 300 times; the tables change while paging is off; CR3 may be loaded while it is
 * off. */
#include "lib.inc"
#define LIN 0x00500000
main:
    call paging_on
    movl $0x11111111, 0x600000
    movl $0x22222222, 0x500000
    movl $0x33333333, 0x601000
    movl $300, %esi
1:  movl $0x600007, PTE(LIN)
    FLUSH
    CHECK(LIN, $0x11111111)
    CR0_CLEAR CR0_PG
    CHECK(LIN, $0x22222222)
    movl $0x601007, PTE(LIN)
    movl $PD, %eax
    movl %eax, %cr3
    CHECK(LIN, $0x22222222)
    incl LIN + 4
    CR0_SET CR0_PG
    CHECK(LIN, $0x33333333)
    CHECK(LIN + 4, $0)
    movl $0, PTE(LIN)
    CR0_CLEAR CR0_PG
    CR0_SET CR0_PG
    FAULTS(PF, 0, movl LIN, %eax)
    decl %esi
    jnz 1b
    CR0_CLEAR CR0_PG
    CHECK(LIN + 4, $300)
    /* code: another function at the same linear address with paging on */
    movl $0x000011b8, 0x500100
    movw $0xc300, 0x500104
    movl $0x000022b8, 0x600100
    movw $0xc300, 0x600104
    movl $0x600007, PTE(LIN)
    movl $100, %esi
2:  CR0_SET CR0_PG
    call LIN + 0x100
    CHECK(%eax, $0x22)
    CR0_CLEAR CR0_PG
    call LIN + 0x100
    CHECK(%eax, $0x11)
    decl %esi
    jnz 2b
    PASS

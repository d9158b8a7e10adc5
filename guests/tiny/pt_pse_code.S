/* INVLPG of any address in a 4 MiB page drops the translation of the code in it too. */
#include "lib.inc"
#define LIN 0x10000000
main:
    call paging_on
    CR4_SET CR4_PSE
    movl $0x00400000 | PTE_PS | 7, PDE(LIN)
    movl $0x00800000 | PTE_PS | 7, PDE(0x20000000)
    FLUSH
    movl $0x001133b8, 0x400100        /* mov $0x1133, %eax; ret */
    movw $0xc300, 0x400104
    movl $0x002244b8, 0x20000100
    movw $0xc300, 0x20000104
    movl $100, %esi
1:  movl $0x00400000 | PTE_PS | 7, PDE(LIN)
    invlpg LIN + 0x1000
    call LIN + 0x100
    CHECK(%eax, $0x1133)
    movl $0x00800000 | PTE_PS | 7, PDE(LIN)
    invlpg LIN + 0x300000
    call LIN + 0x100
    CHECK(%eax, $0x2244)
    decl %esi
    jnz 1b
    PASS

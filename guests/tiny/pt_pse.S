/* 4 MiB pages: translation, A and D bits in the PDE, rights, INVLPG of any address in it drops
 * all of it, and a slot that changes between a page table and a large page. */
#include "lib.inc"
#define LIN 0x10000000
#define M (PTE_A | PTE_D)
main:
    call paging_on
    CR4_SET CR4_PSE
    movl $0x00400000 | PTE_PS | 7, PDE(LIN)
    FLUSH
    movl $0x11111111, 0x400000
    movl $0x22222222, 0x7ffffc
    CHECK(LIN, $0x11111111)
    movl PDE(LIN), %eax
    andl $M, %eax
    CHECK(%eax, $PTE_A)
    CHECK(LIN + 0x3ffffc, $0x22222222)
    movl PDE(LIN), %eax
    andl $M, %eax
    CHECK(%eax, $PTE_A)
    movl $0x33333333, LIN + 0x123450
    CHECK(0x523450, $0x33333333)
    movl PDE(LIN), %eax
    CHECK(%eax, $0x00400000 | PTE_PS | 7 | M)
    /* INVLPG of one address drops all */
    movl LIN + 0x1000, %eax
    movl LIN + 0x200000, %eax
    movl $0x00800000 | PTE_PS | 7, PDE(LIN)
    movl $0x44444444, %ecx
    invlpg LIN + 0x3ff000
    movl $PT2, %eax                   /* look at 8 MiB through another slot */
    movl $0x00800000 | PTE_PS | 7, PDE(0x20000000)
    movl $0x55555555, 0x20000000
    movl $0x66666666, 0x20200000
    CHECK(LIN, $0x55555555)
    CHECK(LIN + 0x200000, $0x66666666)
    /* rights */
    movl $0x00400000 | PTE_PS | 5, PDE(LIN)
    invlpg LIN
    FAULTS(PF, 3, movl %ecx, LIN + 0x1234)
    CHECK(exc_cr2, $LIN + 0x1234)
    CHECK(LIN, $0x11111111)
    movl $0x00400000 | PTE_PS | 3, PDE(LIN)
    invlpg LIN
    USER(PF, 5, movl LIN + 4, %eax)
    USER(PF, 7, movl %eax, LIN + 4)
    usr PF, 5, __LINE__, 3, "jmp 0x10000010"
    CHECK(exc_eip, $LIN + 0x10)
    movl $0x00400000 | PTE_PS | 6, PDE(LIN)
    invlpg LIN
    FAULTS(PF, 0, movl LIN + 4, %eax)
    /* large -> small: other frames, only some present */
    movl $FRAMES | 7, PT2
    movl $0, PT2 + 4
    movl $PT2 | 7, PDE(LIN)
    invlpg LIN
    movl $0x77777777, FRAMES
    CHECK(LIN, $0x77777777)
    FAULTS(PF, 0, movl LIN + 0x1000, %eax)
    /* small -> large */
    movl $0x00400000 | PTE_PS | 7, PDE(LIN)
    invlpg LIN
    CHECK(LIN, $0x11111111)
    movl LIN + 0x1000, %eax
    /* code in a large page; then the slot moves to another frame with other code */
    movl $0x001133b8, 0x400100        /* mov $0x1133, %eax */
    movw $0xc300, 0x400104
    movl $0x002244b8, 0x20000100
    movw $0xc300, 0x20000104
    call LIN + 0x100
    CHECK(%eax, $0x1133)
    movl $0x00800000 | PTE_PS | 7, PDE(LIN)
    invlpg LIN + 0x100
    call LIN + 0x100
    CHECK(%eax, $0x2244)
    /* CR4.PSE=0: the PS bit is ignored, the entry is a page table */
    movl $PT2 | PTE_PS | 7, PDE(LIN)
    CR4_CLEAR CR4_PSE
    FLUSH
    CHECK(LIN, $0x77777777)
    PASS

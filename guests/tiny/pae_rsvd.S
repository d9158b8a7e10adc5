/* PAE: reserved bits set in a present entry give error code bit 3 together with P=1, W and U as
 * the access was; bit 63 is reserved while EFER.NXE=0. */
#include "lib.inc"
#define PDPT 0x208000                 /* 32 bytes */
#define PDA 0x209000
#define PTX 0x20a000
#define LIN 0x00800000
#define A 0x600000
#define M (PTE_A | PTE_D)
#define EFER 0xc0000080
main:
    NEED_CPUID 1, edx, 6
    cld
    movl $PDPT, %edi
    movl $0x3000 / 4, %ecx
    xorl %eax, %eax
    rep stosl
    movl $PDA | 1, PDPT
    /* 0..8 MiB: four 2 MiB pages, user, writable */
    movl $0x000000 | 0x87, PDA
    movl $0x200000 | 0x87, PDA + 8
    movl $0x400000 | 0x87, PDA + 16
    movl $0x600000 | 0x87, PDA + 24
    movl $PTX | 7, PDA + 4 * 8        /* LIN */
    movl $A | 7, PTX
    CR4_SET CR4_PAE
    movl $PDPT, %eax
    movl %eax, %cr3
    CR0_SET (CR0_PG | CR0_WP)
    /* reserved bits: 52..62 and above MAXPHYADDR; bit 62 for sure */
    movl $A | 7, PTX
    movl $0x40000000, PTX + 4
    invlpg LIN
    FAULTS(PF, 9, movl LIN, %eax)
    FAULTS(PF, 0xb, movl %eax, LIN)
    USER(PF, 0xd, movl LIN, %eax)
    USER(PF, 0xf, movl %eax, LIN)
    /* bit 63 is reserved while EFER.NXE=0 */
    movl $0x80000000, PTX + 4
    invlpg LIN
    FAULTS(PF, 9, movl LIN, %eax)
    movl $0, PTX + 4
    /* reserved bits of a 2 MiB entry: 13..20 */
    movl $0x600000 | 0x87 | 0x2000, PDA + 5 * 8
    FAULTS(PF, 9, movl LIN + 0x200000, %eax)
    CHECK(exc_cr2, $LIN + 0x200000)
    movl $0, PDA + 5 * 8
    FLUSH
    /* a PDE with bit 62 */
    movl $0x40000000, PDA + 4 * 8 + 4
    FLUSH
    FAULTS(PF, 9, movl LIN, %eax)
    movl $0, PDA + 4 * 8 + 4
    FLUSH
    PASS

/* PAE: translation, NX (error code 0x11 and 0x15), A and D bits, 2 MiB pages, frames above the 4
 * GiB line are not needed. */
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
    movl $0x12345678, A
    CHECK(LIN, $0x12345678)
    movl PTX, %eax
    andl $M, %eax
    CHECK(%eax, $PTE_A)
    movl $0x55, LIN + 4
    movl PTX, %eax
    andl $M, %eax
    CHECK(%eax, $M)
    movl PDA + 4 * 8, %eax
    andl $PTE_A, %eax
    CHECK(%eax, $PTE_A)
    movl PDA + 24, %eax
    andl $M, %eax
    CHECK(%eax, $M)                   /* the 2 MiB page was written at A */
    /* the ordinary faults */
    movl $A | 5, PTX
    invlpg LIN
    FAULTS(PF, 3, movl %eax, LIN)
    USER(PF, 7, movl %eax, LIN)
    movl $A | 3, PTX
    invlpg LIN
    USER(PF, 5, movl LIN, %eax)
    movl $0, PTX
    invlpg LIN
    FAULTS(PF, 0, movl LIN, %eax)
    FAULTS(PF, 0, movl 0x40000000, %eax) /* no PDPTE */
    CHECK(exc_cr2, $0x40000000)
    movl $A | 7, PTX
    invlpg LIN
    /* NX */
    movl $0x80000000, %eax
    cpuid
    cmpl $0x80000001, %eax
    jb done
    movl $0x80000001, %eax
    cpuid
    btl $20, %edx
    jnc done
    movl $EFER, %ecx
    rdmsr
    orl $0x800, %eax
    wrmsr
    movb $0xc3, A + 0x10
    movl $0x80000000, PTX + 4
    invlpg LIN
    movl LIN, %eax                    /* data is fine */
    movl %eax, LIN
    TRY 1f
    call LIN + 0x10
1:  CHECK(exc_vec, $PF)
    CHECK(exc_err, $0x11)
    CHECK(exc_eip, $LIN + 0x10)
    CHECK(exc_cr2, $LIN + 0x10)
    TRY 2f
    TO_USER 3f
3:  movl $LIN + 0x10, %eax
    jmp *%eax
2:  CHECK(exc_err, $0x15)
    /* not present fetch with NXE: I bit set too */
    movl $0, PTX
    invlpg LIN
    TRY 4f
    movl $LIN + 0x10, %eax
    jmp *%eax
4:  CHECK(exc_err, $0x10)
    FAULTS(PF, 0, movl LIN, %eax)
    /* NX in the PDE covers the table; in a 2 MiB page */
    movl $A | 7, PTX
    movl $0, PTX + 4
    movl $0x80000000, PDA + 4 * 8 + 4
    FLUSH
    TRY 5f
    movl $LIN + 0x10, %eax
    jmp *%eax
5:  CHECK(exc_err, $0x11)
    movl $0, PDA + 4 * 8 + 4
    FLUSH
    call LIN + 0x10
    /* X -> NX -> X of a page whose code has run, 50 rounds */
    movl $50, %esi
6:  call LIN + 0x10
    movl $0x80000000, PTX + 4
    invlpg LIN
    TRY 7f
    movl $LIN + 0x10, %eax
    jmp *%eax
7:  CHECK(exc_err, $0x11)
    movl $0, PTX + 4
    invlpg LIN
    decl %esi
    jnz 6b
    /* the second page of an instruction is NX */
    movl $0xb8909090, A + 0xffc       /* mov $imm, %eax begins in the last byte */
    movl $(A + 0x1000) | 7, PTX + 8
    movl $0x80000000, PTX + 12
    FLUSH
    TRY 8f
    movl $LIN + 0xffc, %eax
    jmp *%eax
8:  CHECK(exc_err, $0x11)
    CHECK(exc_eip, $LIN + 0xfff)
    CHECK(exc_cr2, $LIN + 0x1000)
done:
    /* PDPTEs are loaded with CR3: a change is seen after the load at the latest */
    movl $PDA | 1, PDPT + 8
    FLUSH
    CHECK(0x40000000 + A, $0x12345678)
    movl $0, PDPT + 8
    FLUSH
    FAULTS(PF, 0, movl 0x40000000 + A, %eax)
    PASS

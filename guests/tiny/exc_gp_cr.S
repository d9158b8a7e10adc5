/* #GP(0) for values that CR0, CR4 and CR3 (PAE) do not take, LTR of a null selector; the old
 * value stays. */
#include "lib.inc"
main:
    /* control registers */
    movl %cr0, %edx
    movl %edx, %eax
    andl $~1, %eax
    orl $0x80000000, %eax             /* PG without PE */
    FAULTS(GP, 0, movl %eax, %cr0)
    movl %edx, %eax
    orl $0x20000000, %eax             /* NW without CD */
    andl $~0x40000000, %eax
    FAULTS(GP, 0, movl %eax, %cr0)
    movl %cr0, %eax
    CHECK(%eax, %edx)
    movl %cr4, %edx
    movl %edx, %eax
    orl $0x80000000, %eax
    FAULTS(GP, 0, movl %eax, %cr4)
    movl %cr4, %eax
    CHECK(%eax, %edx)
    /* CR3 in PAE paging: reserved bits in a page-directory-pointer entry */
    movl $0x1 | 0x20, PD              /* bit 5 is reserved */
    movl $0, PD + 4
    movl $PD, %eax
    movl %eax, %cr3
    CR4_SET CR4_PAE
    movl %cr0, %eax
    orl $CR0_PG, %eax
    FAULTS(GP, 0, movl %eax, %cr0)
    movl %cr0, %eax
    andl $CR0_PG, %eax
    CHECK(%eax, $0)
    xorl %eax, %eax
    FAULTS(GP, 0, ltr %ax)
    PASS

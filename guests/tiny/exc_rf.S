/* EFLAGS image of faults has RF=1; of traps, software interrupts and hardware interrupts RF=0
 * (SDM vol. 3, Resume Flag). QEMU's TCG never sets it. */
#include "lib.inc"
main:
    FAULTS(UD, 0, ud2)
    andl $0x1f702, exc_eflags
    CHECK(exc_eflags, $0x10002)
    xorl %ecx, %ecx
    FAULTS(DE, 0, divl %ecx)
    andl $F_RF, exc_eflags
    CHECK(exc_eflags, $F_RF)
    movl $0x1000, %eax
    FAULTS(GP, 0x1000, movl %eax, %ds)
    andl $F_RF, exc_eflags
    CHECK(exc_eflags, $F_RF)
    SETF 2
    USER(GP, 0, hlt)
    andl $0x1f702, exc_eflags
    CHECK(exc_eflags, $0x10002)
    TRAPS(BP, 0, int3)
    andl $F_RF, exc_eflags
    CHECK(exc_eflags, $0)
    TRAPS(0x80, 0, int $0x80)
    andl $F_RF, exc_eflags
    CHECK(exc_eflags, $0)
    call paging_on
    movl $0, PTE(0x400000)
    FLUSH
    SETF (ARITH | 2)
    FAULTS(PF, 0, movl 0x400000, %eax)
    CHECK(exc_eflags, $0x108d7)
    PASS

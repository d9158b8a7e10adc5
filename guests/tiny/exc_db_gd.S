/* DR7.GD: an access to a debug register is #DB (fault) with DR6.BD, and GD is cleared on entry to
 * the handler. */
#include "lib.inc"
main:
    movl $0x2400, %eax
    movl %eax, %dr7
    FAULTS(DB, 0, movl %dr0, %ecx)
    movl exc_eflags, %eax             /* a fault: RF */
    testl $F_RF, %eax
    ASSERT(nz)
    movl %dr6, %eax
    andl $0xe00f, %eax
    CHECK(%eax, $0x2000)
    movl %dr7, %eax
    CHECK(%eax, $0x400)
    PASS

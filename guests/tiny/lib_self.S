/* The library's own words: CHECK in all operand shapes, FAULTS, USER, TRY, exc_hook; that a guest
 * with no trouble passes. Run this one first when all fail. */
#include "lib.inc"
main:
    movl $5, %eax
    CHECK(%eax, $5)
    CHECKW(%ax, $5)
    CHECKB(%al, $5)
    movl $5, v
    CHECK(v, $5)
    CHECK(v, %eax)
    CHECK(%eax, v)
    SETF (F_CF | 2)
    CHECKF(ARITH, F_CF)
    FAULTS(UD, 0, ud2)
    CHECK(%eax, $5)
    CHECK(exc_cs, $KCS)
    CHECK(exc_esp, %esp)
    USER(UD, 0, ud2)
    CHECK(exc_esp, $user_stack_top)
    USER_OK(nop)
    call paging_on
    USER_OK(nop)
    movl $0, PTE(0x400000)
    FLUSH
    FAULTS(PF, 0, movl 0x400000, %ecx)
    CHECK(exc_cr2, $0x400000)
    PASS
    .data
v: .long 0

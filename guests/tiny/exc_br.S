/* BOUND: inside both bounds passes, outside is #BR with EIP at it; 16-bit form; the register and
 * memory unchanged; register form is #UD. */
#include "lib.inc"
main:
    movl $10, %eax
    bound %eax, limits
    movl $20, %eax
    bound %eax, limits
    movl $9, %eax
    FAULTS(BR, 0, bound %eax, limits)
    CHECK(%eax, $9)
    movl $21, %eax
    FAULTS(BR, 0, bound %eax, limits)
    /* signed */
    movl $-5, %ecx
    bound %ecx, limits + 8
    movl $-11, %ecx
    FAULTS(BR, 0, bound %ecx, limits + 8)
    movl $0x80000000, %ecx
    FAULTS(BR, 0, bound %ecx, limits + 8)
    /* 16 bits: only the low half counts */
    movl $0x12340005, %edx
    boundw %dx, limits16
    movl $0x00000007, %edx
    FAULTS(BR, 0, boundw %dx, limits16)
    /* based on esp and with an index */
    pushl $3
    pushl $1
    movl $2, %ebx
    bound %ebx, (%esp)
    movl $4, %ebx
    FAULTS(BR, 0, bound %ebx, (%esp))
    movl $-4, %esi
    movl $15, %ebx
    bound %ebx, limits + 16(,%esi,4)
    FAULTS(UD, 0, .byte 0x62; .byte 0xc0)
    SETF (ARITH | 2)
    bound %ebx, limits
    CHECKF(ARITH, ARITH)
    USER(BR, 0, bound %ecx, limits)
    /* second half of the bounds on a missing page */
    call paging_on
    movl $0, PTE(0x401000)
    FLUSH
    FAULTS(PF, 0, bound %eax, 0x400ffc)
    CHECK(exc_cr2, $0x401000)
    PASS
    .data
limits: .long 10, 20, -10, 0
limits16: .word -3, 6

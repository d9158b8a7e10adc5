/* MOV SS and POP SS hold off the single-step trap for one instruction. */
#include "lib.inc"
main:
    movl $tracer, exc_hook
    movl %ss, %edx
    pushl $F_TF | 2
    popfl
a0: movl %edx, %ss
a1: nop
a2: nop
a3: CHECK(count, $2)
    CHECK(log, $a2)
    CHECK(log+4, $a3)
    PASS
tracer:
    movl count, %ecx
    movl FR_EIP(%ebp), %eax
    movl %eax, log(,%ecx,4)
    incl %ecx
    movl %ecx, count
    cmpl $a3, %eax
    jne 1f
    andl $~F_TF, FR_EFLAGS(%ebp)
1:  ret
    .data
count: .long 0
log: .fill 16, 4, 0

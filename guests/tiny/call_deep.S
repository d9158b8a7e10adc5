/* Recursion 200000 levels deep, then twice more with another depth: returns go home from far
 * below any return stack or shadow stack. */
#include "lib.inc"
#define DEPTH 200000
main:
    movl $0x1000000, %esp             /* room for 16 bytes a level */
    xorl %edi, %edi
    movl $DEPTH, %eax
    call down
    CHECK(%edi, $DEPTH)
    CHECK(%esp, $0x1000000)
    movl $DEPTH, %eax
    xorl %edx, %edx
    call sum
    CHECK(%eax, $(DEPTH * (DEPTH + 1) / 2) & 0xffffffff)
    CHECK(%esp, $0x1000000)
    /* mutual, indirect */
    movl $100000, %ecx
    xorl %edi, %edi
    call *even_vec
    CHECK(%edi, $100001)
    CHECK(%esp, $0x1000000)
    /* fib(20) */
    movl $20, %eax
    call fib
    CHECK(%eax, $6765)
    PASS
down:
    testl %eax, %eax
    jz 1f
    decl %eax
    call down
    incl %edi
1:  ret
sum:
    testl %eax, %eax
    jz 1f
    pushl %eax
    decl %eax
    call sum
    popl %ecx
    addl %ecx, %eax
1:  ret
even:
    incl %edi
    jecxz 1f
    decl %ecx
    call *odd_vec
1:  ret
odd:
    incl %edi
    jecxz 1f
    decl %ecx
    call *even_vec
1:  ret
fib:
    cmpl $2, %eax
    jb 1f
    pushl %eax
    decl %eax
    call fib
    xchgl %eax, (%esp)
    subl $2, %eax
    call fib
    popl %ecx
    addl %ecx, %eax
1:  ret
    .data
even_vec: .long even
odd_vec: .long odd

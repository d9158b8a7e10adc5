/* CALL and RET that do not pair: call/pop to get EIP, ret as a jump, dropped frames, longjmp out
 * of depth, a return address changed on the stack, the same return address used twice, returns
 * into the middle. */
#include "lib.inc"
main:
    movl %esp, %ebx
    movl $2000, %esi
round:
    /* call/pop */
    call 1f
1:  popl %eax
    CHECK(%eax, $1b)
    /* ret as a jump */
    pushl $2f
    ret
    FAIL
2:  /* change the return address */
    call patch
    FAIL
3:  CHECK(%eax, $0x33)
    /* drop a frame: inner returns straight to outer's caller */
    call outer
    CHECK(%eax, $0x44)
    CHECK(%esp, %ebx)
    /* longjmp from 100 levels */
    movl $jump_buf, %ebp
    movl %esp, (%ebp)
    movl $4f, 4(%ebp)
    movl $100, %ecx
    call dive
    FAIL
4:  CHECK(%esp, %ebx)
    CHECK(%ecx, $0)
    /* return twice to one call site through a saved slot */
    xorl %edi, %edi
    call twice
    incl %edi
    cmpl $2, %edi
    jb 5f
    jmp 6f
5:  pushl saved
    ret
6:  CHECK(%esp, %ebx)
    /* return to one byte after the call's return address: skips the one-byte inc */
    xorl %eax, %eax
    call skip1
    incl %eax
    CHECK(%eax, $0)
    /* calls never returned from, one ret with a big pop */
    call 7f
7:  call 8f
8:  call 9f
9:  CHECK((%esp), $9b)
    CHECK(4(%esp), $8b)
    CHECK(8(%esp), $7b)
    pushl $10f
    ret $12
10: CHECK(%esp, %ebx)
    /* ret chain: four addresses on the stack, no call at all */
    pushl $14f
    pushl $13f
    pushl $12f
    pushl $11f
    xorl %eax, %eax
    ret
11: addl $1, %eax
    ret
12: addl $2, %eax
    ret
13: addl $4, %eax
    ret
14: CHECK(%eax, $7)
    CHECK(%esp, %ebx)
    decl %esi
    jnz round
    PASS
patch:
    movl $0x33, %eax
    movl $3b, (%esp)
    ret
outer:
    call inner
    FAIL
inner:
    movl $0x44, %eax
    addl $4, %esp
    ret
dive:
    jecxz 1f
    decl %ecx
    call dive
    FAIL
1:  movl (%ebp), %esp
    jmp *4(%ebp)
twice:
    popl saved
    jmp *saved
skip1:
    incl (%esp)
    ret
    .data
jump_buf: .long 0, 0
saved: .long 0

/* Code that changes its own block before and behind, another block, its caller, its return site,
 * a loop body while it loops, a jump's target field, a call's target field. */
#include "lib.inc"
main:
    movl $500, %esi
again:
    /* earlier instruction of the same block, then run it again */
    xorl %edi, %edi
    movl $3, %ecx
1:  movl $0x11111111, %eax            /* imm at 1b+1 */
    addl %eax, %edi
    addl $0x11111111, 1b + 1
    decl %ecx
    jnz 1b
    CHECK(%edi, $0x66666666)
    movl $0x11111111, 1b + 1
    /* far behind in the same block */
    movl %esi, 2f + 1
    nop
    nop
    addl $0, %eax
    movl %eax, %edx
    imull $3, %edx, %edx
2:  movl $0, %ebx
    CHECK(%ebx, %esi)
    /* another function on this page */
    movl %esi, func + 1
    call func
    CHECK(%eax, %esi)
    /* a function changes its return site */
    call changes_return
3:  movl $0, %ecx
    CHECK(%ecx, %esi)
    /* loop body changes each iteration: immediate counts */
    xorl %edx, %edx
    movl $10, %ecx
    movb $0, 4f + 2
4:  addl $0, %edx                     /* 83 c2 ib */
    incb 4b + 2
    loop 4b
    CHECK(%edx, $45)
    /* call target */
    movl $f1 - 6f, 5f + 1
5:  call f2
6:  CHECK(%eax, $1)
    movl $f2 - 6b, 5b + 1
    movl $1, %ecx
    testl %esi, %esi
    call 7f
7:  addl $4, %esp
    cmpl $5, %ecx
    call f2
    CHECK(%eax, $2)
    /* conditional branch: je <-> jne and its displacement */
    xorl %ebx, %ebx
    xorb $1, 8f
    cmpl %eax, %eax
8:  je 9f                             /* toggles each round */
    incl %ebx
9:  movl %esi, %eax
    andl $1, %eax
    xorl $1, %eax
    CHECK(toggles, %ebx)
    xorl $1, toggles
    decl %esi
    jnz again
    PASS
func:
    movl $0, %eax
    ret
changes_return:
    movl %esi, 3b + 1
    ret
f1: movl $1, %eax
    ret
f2: movl $2, %eax
    ret
    .data
toggles: .long 1

/* Instructions whose constants are written again and again, until the engine reads them from elsewhere:
 * every form, flags included; then their opcodes, parts of the constant, stores that reach over its ends,
 * string stores, an alias, a single step; a loop that changes itself; neighbours on the page stay right. */
#include "lib.inc"
#define ALIAS 0x700000
#define ROUNDS 12
    .macro NEXT                       /* %esi: another number */
    imull $1103515245, %esi, %esi
    addl $12345, %esi
    .endm
    /* op with a constant that is written at 1f - 4 before, compared with op with %edx */
    .macro FORM op, reg
    movl $ROUNDS, rounds
8:  NEXT
    movl %esi, 1f - 4
    movl %esi, %edx
    movl $0x80000001, %\reg
    btl $0, rounds
    \op %edx, %\reg
    pushfl
    movl %\reg, want
    movl $0x80000001, %\reg
    btl $0, rounds
    jmp 7f
    .balign 64
7:  \op $0x12345678, %\reg
1:  pushfl
    cmpl %\reg, want
    jne bad
    popl %ebp
    popl %edi
    cmpl %ebp, %edi
    jne bad
    decl rounds
    jnz 8b
    .endm
    .macro MOVE reg
    movl $ROUNDS, rounds
8:  NEXT
    movl %esi, 7f + 1
    movl %esi, want
    jmp 7f
    .balign 64
7:  movl $0x12345678, %\reg
    cmpl %\reg, want
    jne bad
    decl rounds
    jnz 8b
    .endm
main:
    call paging_on
    movl $(code_page + 3), PTE(ALIAS)
    movl $(code_page + 0x1003), PTE(ALIAS) + 4
    FLUSH
    movl $1, %esi
    .irp op, addl, orl, adcl, sbbl, andl, subl, xorl, cmpl
    FORM \op, eax
    FORM \op, ecx
    FORM \op, ebx
    .endr
    .irp reg, eax, ecx, edx, ebx, ebp, edi
    MOVE \reg
    .endr
    /* mov to ESP and ESI, sub of ESP: other ways */
    movl %esp, keep
    movl $ROUNDS, rounds
1:  movl %esp, %eax
    subl rounds, %eax
    movl %eax, 7f + 1
    jmp 7f
    .balign 64
7:  movl $0x12345678, %esp
    CHECK(%esp, %eax)
    movl keep, %esp
    decl rounds
    jnz 1b
    /* push, inside a run of pushes too */
    movl $ROUNDS, rounds
1:  NEXT
    movl %esi, 7f - 4
    jmp 2f
    .balign 64
2:  pushl %ecx
    pushl $0x12345678
7:  pushl %ebx
    popl %eax
    CHECK(%eax, %ebx)
    popl %eax
    CHECK(%eax, %esi)
    popl %eax
    CHECK(%eax, %ecx)
    decl rounds
    jnz 1b
    /* call and jmp: to and fro */
    movl $ROUNDS, rounds
1:  movl $one - 7f, %eax
    testl $1, rounds
    jz 2f
    movl $two - 7f, %eax
2:  movl %eax, 7f - 4
    movl $3f - 4f, %eax
    testl $2, rounds
    jz 2f
    movl $5f - 4f, %eax
2:  movl %eax, 4f - 4
    jmp 2f
    .balign 64
2:  .byte 0xe8
    .long 0
7:  .byte 0xe9
    .long 0
4:  ud2
3:  xorl %ebx, %ebx
    jmp 6f
5:  movl $2, %ebx
6:  movl rounds, %ecx
    movl %ecx, %edx
    andl $1, %ecx
    incl %ecx
    CHECK(%eax, %ecx)
    andl $2, %edx
    CHECK(%ebx, %edx)
    decl rounds
    jnz 1b

    /* on a page of its own: now it is hot, all other ways to change it */
    movl $ROUNDS, rounds
1:  NEXT
    movl %esi, hot + 1
    call hot
    CHECK(%eax, %esi)
    call beside
    CHECK(%eax, $0x77)
    decl rounds
    jnz 1b
    movb $0x5a, hot + 2
    call hot
    movl %esi, %ecx
    andl $0xffff00ff, %ecx
    orl $0x5a00, %ecx
    CHECK(%eax, %ecx)
    movw $0x1234, hot + 3
    call hot
    CHECKW(%ax, %cx)
    shrl $16, %eax
    CHECK(%eax, $0x1234)
    /* over the front: opcode and constant at once; back again */
    movl $0x000111b9, hot             /* mov $..., %ecx */
    movb $0, hot + 4
    movl $9, %eax
    call hot
    CHECK(%eax, $9)
    CHECK(%ecx, $0x111)
    movl $0x000222b8, hot
    call hot
    CHECK(%eax, $0x222)
    /* over the end: the ret becomes inc %eax; ret */
    movl $0x00400000, hot + 2
    movb $0x40, hot + 5
    movb $0xc3, hot + 6
    call hot
    CHECK(%eax, $0x40000022 + 1)
    movb $0xc3, hot + 5
    call hot
    CHECK(%eax, $0x40000022)
    /* the opcode alone, again and again */
    movl $ROUNDS, rounds
1:  movb $0xb9, hot
    xorl %eax, %eax
    call hot
    CHECK(%eax, $0)
    CHECK(%ecx, $0x40000022)
    movb $0xb8, hot
    call hot
    CHECK(%eax, $0x40000022)
    decl rounds
    jnz 1b
    /* the alias; a string; locked; an FPU store */
    movl $ROUNDS, rounds
1:  NEXT
    movl %esi, ALIAS + (hot2 - code_page) + 1
    call hot2
    CHECK(%eax, %esi)
    incl hot2 + 1
    call hot2
    incl %esi
    CHECK(%eax, %esi)
    lock xaddl %eax, hot2 + 1
    call hot2
    leal (%esi,%esi), %ecx
    CHECK(%eax, %ecx)
    movl $hot2 + 1, %edi
    movl $4, %ecx
    movb $0x33, %al
    cld
    rep stosb
    call hot2
    CHECK(%eax, $0x33333333)
    fldpi
    fistpl hot2 + 1
    call hot2
    CHECK(%eax, $3)
    decl rounds
    jnz 1b
    /* one step */
    SETGATE DB, on_step
    movl $0, steps
    pushl $F_TF | 2
    popfl
    call hot2
    pushl $2
    popfl
    CHECK(%eax, $3)
    CHECK(steps, $5)
    /* a loop whose own body changes, constant and opcode */
    movl $40, %ecx
    xorl %eax, %eax
    xorl %edx, %edx
1:  movl %ecx, 2f + 1
    addl %ecx, %edx
2:  addl $0x12345678, %eax
    xorb $0x28, 3f + 1                /* add <-> sub */
3:  addl $7, %eax
    loop 1b
    CHECK(%eax, %edx)
    /* CHECK above: 20 times plus 7, 20 times minus 7 */
    /* data between the code of a page */
    movl $200, %ecx
1:  incl datum
    call beside
    loop 1b
    CHECK(datum, $200)
    PASS
bad: FAIL
one: movl $1, %eax
    ret
two: movl $2, %eax
    ret
on_step:
    incl steps
    iret

    .balign 4096
code_page:
    nop
hot: movl $0, %eax
    ret
    nop
    .balign 16
beside: movl $0x77, %eax
    ret
datum: .long 0
    .balign 16
hot2: movl $0, %eax
    ret
    .balign 4096
    .data
    .balign 4
rounds: .long 0
want: .long 0
keep: .long 0
steps: .long 0

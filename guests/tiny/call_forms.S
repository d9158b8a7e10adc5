/* Every near CALL/JMP/RET form: relative, register, memory, memory based on ESP, call *%esp-
 * relative, ret imm16, call through a register that it would overwrite on the stack. */
#include "lib.inc"
main:
    movl %esp, %ebx
    xorl %edi, %edi
    call f1
r1: CHECK(%edi, $1)
    movl $f1, %eax
    call *%eax
    CHECK(%edi, $2)
    call *vec
    CHECK(%edi, $3)
    movl $1, %ecx
    call *vec-4(,%ecx,4)
    CHECK(%edi, $4)
    movl $vec, %ebp
    call *(%ebp)
    CHECK(%edi, $5)
    /* memory based on ESP: the old ESP counts */
    pushl $f1
    pushl $f_bad
    call *4(%esp)
    CHECK(%edi, $6)
    addl $4, %esp
    call *(%esp)
    CHECK(%edi, $7)
    xorl %ecx, %ecx
    call *(%esp,%ecx,4)
    CHECK(%edi, $8)
    /* the slot the call itself overwrites: -4(%esp) is read before the push */
    movl $f1, -4(%esp)
    call *-4(%esp)
    CHECK(%edi, $9)
    addl $4, %esp
    CHECK(%esp, %ebx)
    /* return address is exact */
    call f_ret
here:
    CHECK(%eax, $here)
    /* call *%esp: code on the stack */
    pushl $0x90c347c3                 /* c3, 47 inc %edi, c3, 90 */
    leal 1(%esp), %eax
    call *%eax
    CHECK(%edi, $10)
    /* call *%esp itself runs what ESP pointed at before the push */
    movl $0xc3474790, (%esp)
    call *%esp
    CHECK(%edi, $12)
    addl $4, %esp
    /* jmp forms */
    jmp *vec2
    FAIL
j1: movl $j2, %eax
    jmp *%eax
    FAIL
j2: pushl $j3
    jmp *(%esp)
    FAIL
j3: movl $j4, (%esp)
    ret
    FAIL
j4: CHECK(%esp, %ebx)
    /* ret imm16 */
    pushl $1
    pushl $2
    call f_ret8
    CHECK(%esp, %ebx)
    CHECK(%eax, $3)
    /* flags survive */
    SETF (ARITH | 2)
    call f_nop
    CHECKF(ARITH, ARITH)
    SETF 2
    call *fnop_vec
    CHECKF(ARITH, 0)
    /* call +0 and jmp back over it */
    call 1f
1:  popl %eax
    CHECK(%eax, $1b)
    jmp 3f
2:  movl $7, %eax
    jmp 4f
3:  jmp 2b
4:  CHECK(%eax, $7)
    /* 66-free short and near of the same distance */
    .byte 0xe9, 5, 0, 0, 0
    .byte 0xb8, 1, 2, 3, 4
    .byte 0xeb, 5
    .byte 0xb8, 1, 2, 3, 4
    CHECK(%eax, $7)
    CHECK(%esp, %ebx)
    PASS
f1: incl %edi
    ret
f_bad:
    FAIL
f_ret:
    movl (%esp), %eax
f_nop:
    ret
f_ret8:
    movl 4(%esp), %eax
    addl 8(%esp), %eax
    ret $8
    .data
vec: .long f1
vec2: .long j1
fnop_vec: .long f_nop

/* push and pop whose operand is, or is based on, ESP (SDM: PUSH, POP).
 */
#include "lib.inc"
main:
    /* push %esp stores the value before */
    movl %esp, %ebx
    pushl %esp
    CHECK((%esp), %ebx)
    leal -4(%ebx), %ecx
    CHECK(%esp, %ecx)
    /* pop %esp: the value popped wins over the increment */
    popl %esp
    CHECK(%esp, %ebx)
    pushl $0x1234
    movl %esp, %ecx
    pushl %ecx
    popl %esp
    CHECK(%esp, %ecx)
    CHECK((%esp), $0x1234)
    movl %ebx, %esp

    /* push off(%esp) addresses with the old ESP */
    pushl $0x11111111
    pushl $0x22222222
    pushl 4(%esp)
    CHECK((%esp), $0x11111111)
    CHECK(4(%esp), $0x22222222)
    pushl (%esp)
    CHECK((%esp), $0x11111111)
    CHECK(4(%esp), $0x11111111)
    movl %ebx, %esp

    /* pop off(%esp) addresses with the new one */
    pushl $0xaaaaaaaa
    pushl $0xbbbbbbbb
    pushl $0xcccccccc
    popl 4(%esp)
    CHECK((%esp), $0xbbbbbbbb)
    CHECK(4(%esp), $0xcccccccc)
    leal -8(%ebx), %ecx
    CHECK(%esp, %ecx)
    popl (%esp)                       /* 0xbbbbbbbb over 0xcccccccc */
    CHECK((%esp), $0xbbbbbbbb)
    popl -4(%esp)                     /* onto the slot it came from */
    CHECK(-4(%esp), $0xbbbbbbbb)
    CHECK(%esp, %ebx)

    /* with index */
    movl $2, %eax
    pushl $1
    pushl $2
    pushl $3
    pushl (%esp,%eax,4)
    CHECK((%esp), $1)
    popl (%esp,%eax,4)                /* new ESP: slot of 1 */
    CHECK(8(%esp), $1)
    movl $1, %eax
    popl (%esp,%eax,4)
    CHECK((%esp), $2)
    CHECK(4(%esp), $3)
    movl %ebx, %esp

    /* absolute, immediate 8 and 32, sign extension */
    pushl word
    CHECK((%esp), $0xdeadbeef)
    popl word2
    CHECK(word2, $0xdeadbeef)
    .byte 0x6a, 0x80                  /* push $-128 */
    CHECK((%esp), $0xffffff80)
    popl %eax
    .byte 0x68, 0x80, 0, 0, 0x80
    popl %eax
    CHECK(%eax, $0x80000080)
    CHECK(%esp, %ebx)

    /* all registers, both encodings */
    movl $1, %eax
    movl $2, %ecx
    movl $3, %edx
    movl $6, %ebp
    movl $7, %esi
    movl $8, %edi
    pushl %eax
    pushl %ecx
    pushl %edx
    pushl %ebx
    pushl %ebp
    pushl %esi
    pushl %edi
    .byte 0xff, 0xf4                  /* push %esp, FF /6 */
    popl %eax
    leal -28(%ebx), %ecx
    CHECK(%eax, %ecx)
    CHECK((%esp), $8)
    CHECK(4(%esp), $7)
    CHECK(8(%esp), $6)
    CHECK(12(%esp), %ebx)
    CHECK(16(%esp), $3)
    CHECK(20(%esp), $2)
    CHECK(24(%esp), $1)
    .byte 0x8f, 0xc0                  /* pop %eax, 8F /0 */
    .byte 0x8f, 0xc1
    .byte 0x8f, 0xc2
    CHECK(%eax, $8)
    CHECK(%ecx, $7)
    CHECK(%edx, $6)
    movl %esp, %ebp
    .byte 0x8f, 0xc4                  /* pop %esp, 8F /4: ESP = old ebx */
    CHECK(%esp, %ebx)
    CHECK(12(%ebp), $1)
    PASS
    .data
word: .long 0xdeadbeef
word2: .long 0

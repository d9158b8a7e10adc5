/* ENTER with nesting levels, LEAVE, PUSHA, POPA: every slot and both registers. */
#include "lib.inc"
main:
    movl %esp, %ebx
    movl $0x1234567, %ebp
    enter $0x20, $0
    CHECK(-0(%ebp), $0x1234567)
    leal -4(%ebx), %eax
    CHECK(%ebp, %eax)
    leal -0x24(%ebx), %eax
    CHECK(%esp, %eax)
    movl $0x77, (%esp)
    leave
    CHECK(%ebp, $0x1234567)
    CHECK(%esp, %ebx)

    /* level 1: pushes ebp, then its own frame pointer */
    enter $8, $1
    leal -4(%ebx), %ecx
    CHECK(%ebp, %ecx)
    CHECK((%ebp), $0x1234567)
    CHECK(-4(%ebp), %ecx)
    leal -16(%ebx), %eax
    CHECK(%esp, %eax)
    leave
    CHECK(%esp, %ebx)

    /* level 3: pushes ebp, two display entries of the outer frame, then the frame pointer */
    movl $outer, %ebp                 /* outer-4, outer-8 are its display */
    enter $4, $3
    leal -4(%ebx), %ecx
    CHECK(%ebp, %ecx)
    CHECK((%ebp), $outer)
    CHECK(-4(%ebp), $0xd1)
    CHECK(-8(%ebp), $0xd2)
    CHECK(-12(%ebp), %ecx)
    leal -20(%ebx), %eax
    CHECK(%esp, %eax)
    CHECK(%esp, %eax)
    leave
    CHECK(%ebp, $outer)
    CHECK(%esp, %ebx)

    /* level is taken modulo 32 */
    movl $0x99, %ebp
    enter $0, $32
    CHECK((%esp), $0x99)
    leal -4(%ebx), %ecx
    CHECK(%esp, %ecx)
    leave
    /* level 31: 30 display entries */
    movl $display_top, %ebp
    enter $0x100, $31
    leal -(4 + 31 * 4 + 0x100)(%ebx), %eax
    CHECK(%esp, %eax)
    CHECK(-4(%ebp), $1)
    CHECK(-120(%ebp), $30)
    CHECK(-124(%ebp), %ebp)
    leave
    CHECK(%ebp, $display_top)
    CHECK(%esp, %ebx)

    /* leave from anywhere: esp comes from ebp alone */
    movl %esp, %edx
    movl $block + 8, %ebp
    leave
    CHECK(%ebp, $0x0badcafe)
    CHECK(%esp, $block + 12)
    movl %edx, %esp

    /* pusha and popa; popa skips ESP */
    movl $1, %eax
    movl $2, %ecx
    movl $3, %edx
    movl $4, %ebp
    movl $5, %esi
    movl $6, %edi
    pushal
    CHECK((%esp), $6)
    CHECK(4(%esp), $5)
    CHECK(8(%esp), $4)
    CHECK(12(%esp), %ebx)             /* ESP before */
    CHECK(16(%esp), %ebx)             /* EBX */
    CHECK(20(%esp), $3)
    CHECK(24(%esp), $2)
    CHECK(28(%esp), $1)
    movl $0xffffffff, 12(%esp)
    movl $0x66, (%esp)
    movl $0x11, 28(%esp)
    popal
    CHECK(%esp, %ebx)
    CHECK(%edi, $0x66)
    CHECK(%eax, $0x11)
    CHECK(%esi, $5)
    CHECK(%ebp, $4)
    CHECK(%edx, $3)
    CHECK(%ecx, $2)
    /* flags survive all of them */
    SETF (ARITH | F_DF | 2)
    pushal
    popal
    enter $16, $2
    leave
    CHECKF(0xcd5, 0xcd5)
    cld
    /* 16-bit pusha/popa keep upper halves */
    movl $0xaaaa0001, %eax
    movl $0xaaaa0002, %edi
    movl %esp, %edx
    pushaw
    leal -16(%edx), %ecx
    CHECK(%esp, %ecx)
    CHECKW((%esp), $2)
    CHECKW(14(%esp), $1)
    CHECKW(6(%esp), %dx)
    movw $0x5555, 14(%esp)
    movw $0x4444, (%esp)
    popaw
    CHECK(%eax, $0xaaaa5555)
    CHECK(%edi, $0xaaaa4444)
    CHECK(%esp, %ebx)
    /* the old display lies where the new one is pushed: each word is read after the push before */
    movl $0x11111111, -4(%esp)
    movl $0x22222222, -8(%esp)
    movl $0x33333333, -12(%esp)
    movl %esp, %ebp
    enter $0, $4
    movl %ebx, %ecx
    subl $20, %ecx
    CHECK(%esp, %ecx)
    CHECK((%esp), %ebp)
    CHECK(4(%esp), %ebx)
    CHECK(8(%esp), %ebx)
    CHECK(12(%esp), %ebx)
    CHECK(16(%esp), %ebx)
    leal -4(%ebx), %ecx
    CHECK(%ebp, %ecx)
    movl %ebx, %esp
    /* and two bytes beside */
    movl $0x44332211, -4(%esp)
    movl $0x12345678, -8(%esp)
    leal -2(%esp), %ebp
    enter $0, $2
    CHECK((%esp), %ebp)
    leal -2(%ebx), %ecx
    shll $16, %ecx
    movw $0x1234, %cx                 /* EBP is two above: its half and the word below it */
    CHECK(4(%esp), %ecx)
    movl %ebx, %esp
    PASS
    .data
    .long 0xd2, 0xd1
outer: .long 0
    .set i, 30
    .rept 30
    .long i
    .set i, i - 1
    .endr
display_top: .long 0
block: .long 1, 2, 0x0badcafe, 3

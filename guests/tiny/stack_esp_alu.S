/* ESP as an ordinary register: mov add sub lea and xchg cmp with it, memory based on it together
 * with the byte registers AH BH CH DH (they cannot be named beside a REX prefix). */
#include "lib.inc"
main:
    movl %esp, %ebx
    movl $0x00180000, %esp
    CHECK(%esp, $0x180000)
    addl $0x10, %esp
    CHECK(%esp, $0x180010)
    subl $0x110, %esp
    CHECK(%esp, $0x17ff00)
    leal 8(%esp), %esp
    CHECK(%esp, $0x17ff08)
    movl $3, %eax
    leal -4(%esp,%eax,8), %esp
    CHECK(%esp, $0x17ff1c)
    andl $-16, %esp
    CHECK(%esp, $0x17ff10)
    orl $0xf, %esp
    CHECK(%esp, $0x17ff1f)
    xorl $0xf, %esp
    incl %esp
    decl %esp
    CHECK(%esp, $0x17ff10)
    movl $0x17f000, %eax
    xchgl %eax, %esp
    CHECK(%eax, $0x17ff10)
    CHECK(%esp, $0x17f000)
    xchgl %esp, %eax
    movl %esp, %ecx
    CHECK(%ecx, $0x17ff10)
    leal (%esp), %edx
    CHECK(%edx, $0x17ff10)
    leal (%esp,%edx), %edx            /* esp as base, edx index */
    CHECK(%edx, $0x2ffe20)
    addl %esp, %ecx
    CHECK(%ecx, $0x2ffe20)
    cmpl %esp, %ecx
    ASSERT(a)
    cmpl %ecx, %esp
    ASSERT(b)
    testl %esp, %esp
    ASSERT(ne)
    negl %esp
    notl %esp
    CHECK(%esp, $0x17ff0f)
    incl %esp
    shll $1, %esp
    CHECK(%esp, $0x2ffe20)
    shrl $1, %esp
    bswap %esp
    CHECK(%esp, $0x10ff1700)
    bswap %esp
    CHECK(%esp, $0x17ff10)
    movl $0x180000, %edx
    cmpl %edx, %edx
    cmovel %edx, %esp
    CHECK(%esp, $0x180000)
    movl $0x17ff10, %ecx
    cmovnel %ecx, %esp
    CHECK(%esp, $0x180000)
    movl $-16, %ecx
    xaddl %ecx, %esp
    CHECK(%ecx, $0x180000)
    CHECK(%esp, $0x17fff0)
    imull $1, %esp, %esp
    CHECK(%esp, $0x17fff0)
    movw $0xff00, %sp                 /* 16-bit write keeps the upper half */
    CHECK(%esp, $0x17ff00)
    addw $0x200, %sp                  /* wraps inside 16 bits */
    CHECK(%esp, $0x170100)
    movl $0x17ff00, %esp
    movzwl %sp, %eax
    CHECK(%eax, $0xff00)

    /* ESP from and to memory */
    movl %esp, save
    CHECK(save, $0x17ff00)
    movl $0x17fe00, save
    movl save, %esp
    CHECK(%esp, $0x17fe00)
    addl save, %esp
    CHECK(%esp, $0x2ffc00)
    subl %esp, save
    CHECK(save, $-0x17fe00)
    movl $0x17ff00, save
    xchgl save, %esp
    CHECK(%esp, $0x17ff00)
    CHECK(save, $0x2ffc00)
    movl %esp, (%esp)
    CHECK((%esp), $0x17ff00)
    movl %esp, 4(%esp)
    movl 4(%esp), %esp
    CHECK(%esp, $0x17ff00)

    /* memory based on ESP, high byte registers */
    movl $0x11223344, (%esp)
    movl $0x55667788, 4(%esp)
    movb (%esp), %ah
    movb 1(%esp), %bh
    movb 2(%esp), %ch
    movb 3(%esp), %dh
    CHECKB(%ah, $0x44)
    CHECKB(%bh, $0x33)
    CHECKB(%ch, $0x22)
    CHECKB(%dh, $0x11)
    movb %ah, 4(%esp)
    movb %bh, 5(%esp)
    movb %ch, 6(%esp)
    movb %dh, 7(%esp)
    CHECK(4(%esp), $0x11223344)
    addb %ah, (%esp)
    subb 1(%esp), %bh
    CHECKB((%esp), $0x88)
    CHECKB(%bh, $0)
    xchgb %dh, 2(%esp)
    CHECKB(%dh, $0x22)
    CHECKB(2(%esp), $0x11)
    movl $1, %ecx
    movb $0x99, %ah
    movb %ah, (%esp,%ecx,2)
    CHECKB(2(%esp), $0x99)
    cmpb %ah, 2(%esp)
    ASSERT(e)
    movb $0x98, %al
    cmpb 2(%esp), %ah
    ASSERT(e)
    lock xaddb %ah, (%esp,%ecx,2)
    CHECKB(%ah, $0x99)
    CHECKB(2(%esp), $0x32)
    movb $0x32, %al
    movb $0x77, %ch
    cmpxchgb %ch, 2(%esp)
    ASSERT(e)
    CHECKB(2(%esp), $0x77)
    movzbl %ch, %edx
    CHECK(%edx, $0x77)
    movsbl 3(%esp), %edx
    CHECK(%edx, $0x11)
    movb $7, %dh
    shlb %cl, %dh
    CHECKB(%dh, $14)
    movb $0xf0, %bh
    testb %bh, 3(%esp)
    ASSERT(ne)
    setne %ah
    sete 3(%esp)
    CHECKB(%ah, $1)
    CHECKB(3(%esp), $0)
    movb $0x55, %bh
    xorb 2(%esp), %bh
    CHECKB(%bh, $0x22)
    mulb 5(%esp)
    incb 5(%esp)
    negb 5(%esp)
    movl $0x20, %eax
    mulb 4(%esp)                      /* 0x44 * 0x20 */
    CHECKW(%ax, $0x880)

    /* ebp as base and index, disp 0, and esp with every other register as index */
    movl %esp, %ebp
    movl $0xcafe0001, (%ebp)
    movl $4, %esi
    movl $0xcafe0002, (%esp,%esi)
    CHECK((%ebp,%esi), $0xcafe0002)
    movl $-2, %edi
    CHECK((%esp,%edi,2), $0)
    movl $0xcafe0003, 12(%esp,%edi,2)
    CHECK(8(%ebp), $0xcafe0003)
    xorl %ebp, %ebp
    CHECK(4(%esp,%ebp,8), $0xcafe0002)
    PASS
    .data
save: .long 0

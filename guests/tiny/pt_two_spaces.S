/* Two address spaces whose private slot maps other frames at the same linear addresses: code with
 * other constants and other lengths, data, stack; thousands of switches; code changed in one
 * space is not changed in the other; a shared frame at different linear addresses. */
#include "lib.inc"
#define LIN 0x08000000
#define FA 0x400000
#define FB 0x500000
main:
    call paging_on
    cld
    movl PD, %eax
    movl %eax, PD2
    movl PD + 4, %eax
    movl %eax, PD2 + 4
    movl $PTA | 7, PD + (LIN >> 20)
    movl $PTB | 7, PD2 + (LIN >> 20)
    xorl %ecx, %ecx
1:  movl %ecx, %eax
    shll $12, %eax
    leal FA + 7(%eax), %edx
    movl %edx, PTA(,%ecx,4)
    leal FB + 7(%eax), %edx
    movl %edx, PTB(,%ecx,4)
    incl %ecx
    cmpl $64, %ecx
    jb 1b
    movl $FA | 7, PTB + 64 * 4        /* frame FA is also at LIN + 0x40000 of space B */
    /* code */
    movl $code_a, %esi
    movl $FA, %edi
    movl $code_a_end - code_a, %ecx
    rep movsb
    movl $code_b, %esi
    movl $FB, %edi
    movl $code_b_end - code_b, %ecx
    rep movsb
    movl $PD, %eax
    movl %eax, %cr3
    movl $5000, %ebp
    xorl %edi, %edi
    movl $0, total
again:
    movl $PD, %eax
    movl %eax, %cr3
    call LIN
    CHECK(%eax, $0xa1)
    movl $LIN, %ebx
    call *%ebx
    CHECK(%eax, $0xa1)
    addl %ecx, total
    incl LIN + 0x5000
    movl $PD2, %eax
    movl %eax, %cr3
    call LIN
    CHECK(%eax, $0x1b2)
    call *%ebx
    CHECK(%eax, $0x1b2)
    addl %ecx, total
    addl $2, LIN + 0x5000
    decl %ebp
    jnz again
    CHECK(FA + 0x5000, $5000)
    CHECK(FB + 0x5000, $10000)
    CHECK(total, $5000 * (3 + 10))
    /* in B now: FA's code at its other address */
    call LIN + 0x40000
    CHECK(%eax, $0xa1)
    /* change B's code through B: A keeps its own */
    movl $0xb9, LIN + code_b_imm - code_b
    call LIN
    CHECK(%eax, $0x1b9)
    movl $PD, %eax
    movl %eax, %cr3
    call LIN
    CHECK(%eax, $0xa1)
    /* change A's frame through B's alias, seen in A */
    movl $PD2, %eax
    movl %eax, %cr3
    movl $0xa7, LIN + 0x40000 + code_a_imm - code_a
    call LIN + 0x40000
    CHECK(%eax, $0xa7)
    movl $PD, %eax
    movl %eax, %cr3
    call LIN
    CHECK(%eax, $0xa7)
    /* the same at CPL 3 with switches in the kernel, 500 rounds */
    movl $500, %esi
2:  movl $PD, %eax
    movl %eax, %cr3
    movl %esi, %ecx
    USER_OK(call LIN; movl %esi, LIN + 0x6000)
    CHECK(%eax, $0xa7)
    movl $PD2, %eax
    movl %eax, %cr3
    USER_OK(call LIN; negl %esi; movl %esi, LIN + 0x6000)
    CHECK(%eax, $0x1b9)
    negl %esi
    CHECK(FA + 0x6000, %esi)
    movl %esi, %ecx
    negl %ecx
    CHECK(FB + 0x6000, %ecx)
    decl %esi
    jnz 2b
    PASS
    /* position independent, the same entry, other shapes */
code_a:
    .byte 0xb8
code_a_imm:
    .long 0xa1
    movl $3, %ecx
    ret
code_a_end:
code_b:
    nop
    xorl %ecx, %ecx
    .byte 0xb8
code_b_imm:
    .long 0xb2
    orl $0x100, %eax
3:  incl %ecx
    cmpl $10, %ecx
    jb 3b
    ret
code_b_end:
    .data
total: .long 0

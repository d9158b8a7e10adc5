/* The same bytes at the same address run as 32-bit and as 16-bit code, at CPL 0 and 3, with and
 * without paging, in turn: each way its own meaning, 300 rounds. */
#include "lib.inc"
main:
    SETDESC T0, 0x100000, 0xfffff, 0x9a, 0 /* 16-bit code, base of the image */
    movl $300, %esi
1:  movl $0xffffffff, %eax
    xorl %ecx, %ecx
    movl $tail32, %edx
    movl $7f, back
    ljmp $KCS, $bytes
7:
    CHECK(%eax, $0x90401234)
    CHECK(%ecx, $0)
    movl $0xffffffff, %eax
    xorl %ecx, %ecx
    movl $tail16 - 0x100000, %edx
    movl $8f, back
    ljmp $T0, $bytes - 0x100000
8:
    CHECK(%eax, $0xffff1235)          /* mov $0x1234, %ax; inc %ax; nop */
    CHECK(%ecx, $0)
    testl $1, %esi
    jz 2f
    USER_OK(movl $9f, %ecx; jmp near_bytes; 9: nop)
    CHECK(%eax, $0x90401234)
2:  testl $3, %esi
    jnz 3f
    movl %cr0, %eax
    testl %eax, %eax
    js 4f
    call paging_on
    jmp 3f
4:  CR0_CLEAR CR0_PG
3:  decl %esi
    jnz 1b
    PASS
bytes:
    /* 32: mov $0x90401234, %eax; 16: mov $0x1234, %ax; inc %ax; nop */
    .byte 0xb8, 0x34, 0x12, 0x40, 0x90
    /* same bytes and same meaning in both: 16-bit tests ECX by 67 only; CX is 0 too */
    jecxz 6f
6:  .byte 0x66, 0x90
    .byte 0x50, 0x58                  /* push, pop */
    jmp *%edx
tail32:
    jmp *back
    .code16
tail16:
    ljmpl $KCS, $tail32
    .code32
near_bytes:
    movl $bytes, %edi
    movl %ecx, %edx
    xorl %ecx, %ecx
    jmp *%edi
    .data
back: .long 0

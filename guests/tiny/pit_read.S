/* 8254: latch and read-back commands, count order, mode and status byte, a counter that counts
 * down by 1 in mode 2 and by 2 in mode 3, port 61h gate and output of channel 2, access modes,
 * the divisor read never exceeds the reload. */
#include "lib.inc"
#include "irq.inc"
    .macro latch0                     /* eax = count of channel 0 */
    movb $0, %al
    outb %al, $0x43
    inb $0x40, %al
    movb %al, %ah
    inb $0x40, %al
    xchgb %al, %ah
    movzwl %ax, %eax
    .endm
main:
    /* mode 2, 1000: counts within 1..1000, goes down, wraps */
    PIT0 2, 1000
    movl $20000000, %ecx
    xorl %edi, %edi                   /* wraps seen */
    movl $0xffff, %ebx
    call settle
1:  latch0
    cmpl $1000, %eax
    ASSERT(be)
    testl %eax, %eax
    ASSERT(ne)
    cmpl %ebx, %eax
    jbe 2f
    incl %edi
    cmpl $10, %edi
    ja 21f
2:  movl %eax, %ebx
    decl %ecx
    jnz 1b
    FAIL
21:
    /* read-back of status: latched count not touched, status = mode and access bits */
    movb $0xe2, %al                   /* read back: status of channel 0 */
    outb %al, $0x43
    inb $0x40, %al
    andb $0x3f, %al
    CHECKB(%al, $0x34)                /* lobyte/hibyte, mode 2, binary */
    /* read-back of status and count: status first, then two count bytes */
    movb $0xc2, %al
    outb %al, $0x43
    inb $0x40, %al
    andb $0x3f, %al
    CHECKB(%al, $0x34)
    inb $0x40, %al
    movb %al, %ah
    inb $0x40, %al
    xchgb %al, %ah
    movzwl %ax, %eax
    cmpl $1000, %eax
    ASSERT(be)
    /* a latched count stays until read, a second latch is ignored */
    movb $0, %al
    outb %al, $0x43
    movl $1000, %ecx
3:  loop 3b
    outb %al, $0x43
    inb $0x40, %al
    inb $0x40, %al
    /* mode 3: even counts only */
    PIT0 3, 1000
    call settle
    movl $1000, %ecx
4:  latch0
    testl $1, %eax
    ASSERT(z)
    cmpl $1000, %eax
    ASSERT(be)
    decl %ecx
    jnz 4b
    /* divisor 0 is 65536 */
    PIT0 2, 0
    call settle
    latch0
    movl %eax, %ebx
    movl $100000, %ecx
5:  latch0
    cmpl %ebx, %eax
    jb 6f
    decl %ecx
    jnz 5b
    FAIL
6:  /* channel 2: gate off holds it, gate on counts; output bit 5 of port 61h rises in mode 0 */
    inb $0x61, %al
    andb $0xfc, %al
    outb %al, $0x61
    movb $0xb0, %al                   /* channel 2, mode 0 */
    outb %al, $0x43
    movb $0x00, %al
    outb %al, $0x42
    movb $0x10, %al                   /* 4096 */
    outb %al, $0x42
    inb $0x61, %al
    testb $0x20, %al
    ASSERT(z)
    movl $10000, %ecx
7:  loop 7b
    inb $0x61, %al
    testb $0x20, %al
    ASSERT(z)                         /* gate off: not counting */
    orb $1, %al
    outb %al, $0x61
    movl $100000000, %ecx
8:  inb $0x61, %al
    testb $0x20, %al
    jnz 9f
    decl %ecx
    jnz 8b
    FAIL
9:  inb $0x61, %al
    andb $0x23, %al
    CHECKB(%al, $0x21)
    /* port 61h bit 4 toggles with the refresh clock */
    movl $100000000, %ecx
    inb $0x61, %al
    movb %al, %bl
10: inb $0x61, %al
    xorb %bl, %al
    testb $0x10, %al
    jnz 11f
    decl %ecx
    jnz 10b
    FAIL
11: PASS
settle:                               /* the first load takes a clock or two */
    pushl %ecx
    movl $20000, %ecx
12: inb $0x61, %al
    loop 12b
    popl %ecx
    ret

/* BT BTS BTR BTC with register and memory operands (memory bit offsets reach -2^31..2^31-1 bits),
 * BSF BSR, SHLD SHRD with counts 0..31 and above the operand size mod 32. */
#include "lib.inc"
main:
    /* memory bit offset, positive and negative, beyond the operand */
    movl $middle, %ebx
    movl $100, %eax                   /* bit 4 of byte 12 */
    btl %eax, (%ebx)
    ASSERT(nc)
    btsl %eax, (%ebx)
    ASSERT(nc)
    CHECK(middle+12, $0x10)
    btl %eax, (%ebx)
    ASSERT(c)
    btrl %eax, (%ebx)
    ASSERT(c)
    CHECK(middle+12, $0)
    movl $-1, %eax
    btcl %eax, (%ebx)
    ASSERT(nc)
    CHECK(middle-4, $0x80000000)
    movl $-33, %eax
    btsl %eax, (%ebx)
    CHECK(middle-8, $0x80000000)
    movl $-64, %eax
    lock btsl %eax, (%ebx)
    CHECK(middle-8, $0x80000001)
    movl $-17, %eax
    btsw %ax, (%ebx)                  /* 16-bit operand: word at -4, bit 15 */
    CHECK(middle-4, $0x80008000)
    movl $0xaaaa0011, %eax            /* 16-bit offset: AX only, 17 */
    btsw %ax, (%ebx)
    CHECK(middle, $0x00020000)
    CHECK(middle-4, $0x80008000)
    /* with index, disp and esp */
    movl $2, %ecx
    movl $37, %eax
    btsl %eax, middle(,%ecx,4)
    CHECK(middle+12, $0x20)
    pushl $0
    pushl $0
    movl $35, %eax
    btsl %eax, (%esp)
    CHECK(4(%esp), $8)
    btrl %eax, (%esp)
    CHECK(4(%esp), $0)
    addl $8, %esp
    /* immediates: modulo operand size, no reach beyond */
    btsl $33, middle+8
    CHECK(middle+8, $2)
    btcl $1, middle+8
    CHECK(middle+8, $0)
    btsw $17, middle+8
    CHECK(middle+8, $2)
    btrw $1, middle+8
    /* registers: offset modulo size */
    movl $0, %edx
    movl $67, %eax
    btsl %eax, %edx
    CHECK(%edx, $8)
    btw %ax, %dx
    ASSERT(c)
    btcl $31, %edx
    CHECK(%edx, $0x80000008)
    btrl $3, %edx
    ASSERT(c)
    CHECK(%edx, $0x80000000)
    /* ZF is untouched by bt (SDM) */
    SETF (F_ZF | 2)
    btl %eax, %edx
    CHECKF((F_ZF | F_CF), F_ZF)
    /* far away: +-4 MiB on a page of its own, and a fault with the right CR2 */
    movl $FRAMES, %ebx
    movl $0x2000000, %eax             /* bits: 4 MiB */
    movl $0, 0x700000
    btsl %eax, (%ebx)
    CHECK(0x700000, $1)
    call paging_on
    movl $0, PTE(0x700000)
    FLUSH
    FAULTS(PF, -1, btsl %eax, (%ebx))
    CHECK(exc_cr2, $0x700000)
    FAULTS(PF, 0, btl %eax, (%ebx))
    movl $0x700000, %ebx
    negl %eax
    movl $1, FRAMES
    btrl %eax, (%ebx)
    ASSERT(c)
    CHECK(FRAMES, $0)
    FAULTS(PF, -1, btcl $3, (%ebx))

    /* bsf bsr */
    movl $0x00080100, %eax
    bsfl %eax, %ecx
    CHECK(%ecx, $8)
    bsrl %eax, %ecx
    CHECK(%ecx, $19)
    movw $0x8000, middle
    bsfw middle, %cx
    CHECKW(%cx, $15)
    xorl %eax, %eax
    bsfl %eax, %edx
    ASSERT(z)
    bsrl middle+100, %edx
    ASSERT(z)
    movl $0x80000000, %eax
    bsrl %eax, %edx
    ASSERT(nz)
    CHECK(%edx, $31)

    /* shld shrd */
    movl $0x12345678, %eax
    movl $0x9abcdef0, %edx
    shldl $4, %edx, %eax
    CHECK(%eax, $0x23456789)
    shrdl $8, %edx, %eax
    ASSERT(c)                         /* 0x89's bit 7 went last */
    CHECK(%eax, $0xf0234567)
    movb $36, %cl                     /* count mod 32 */
    shldl %cl, %edx, %eax
    CHECK(%eax, $0x02345679)
    movb $32, %cl
    SETF (ARITH | 2)
    shldl %cl, %edx, %eax             /* nothing */
    CHECKF(ARITH, ARITH)
    CHECK(%eax, $0x02345679)
    movl %eax, middle
    movb $1, %cl
    shrdl %cl, %edx, middle
    CHECK(middle, $0x011a2b3c)
    movw $0x1234, middle
    movw $0xabcd, %dx
    shldw $8, %dx, middle
    CHECK(middle, $0x011a34ab)
    /* OF for a count of one: sign changed */
    movl $0x40000000, %eax
    shldl $1, %edx, %eax
    ASSERT(o)
    movl $0xc0000000, %eax
    shldl $1, %edx, %eax
    ASSERT(no)
    ASSERT(c)
    pushl $0x00ff00ff
    shldl $16, %edx, (%esp)
    popl %eax
    CHECK(%eax, $0x00ff9abc)
    PASS
    .bss
    .balign 64
    .skip 64
middle:
    .skip 128

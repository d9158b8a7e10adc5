/* Kernel code that reaches into private slots: one copy routine, used by two address spaces in
 * turn, sources and targets in shared and private slots, missing pages with an exception table,
 * copy-on-write with CR0.WP, zero-fill on demand. */
#include "lib.inc"
#define LIN 0x08000000
#define FA 0x400000
#define FB 0x500000
#define PAGES 16
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
    cmpl $PAGES, %ecx
    jb 1b
    FLUSH
    movl $2000, %ebp
again:
    /* space A: put (get_user/put_user like single moves) and copy in/out */
    movl $PD, %eax
    movl %eax, %cr3
    movl %ebp, kbuf
    notl kbuf
    movl %ebp, kbuf + 4
    movl $kbuf, %esi
    movl $LIN + 0xffc, %edi           /* crosses user pages */
    movl $2, %ecx
    call copy_words
    movl $kbuf, %esi
    movl $LIN + 0x2ff3, %edi
    movl $8, %ecx
    call copy_bytes
    movl $LIN + 0x123, %ebx
    movl %ebp, %edx
    call put_user
    call get_user
    CHECK(%eax, %ebp)
    /* kernel addresses through the same routines */
    movl $kbuf, %ebx
    call get_user
    CHECK(kbuf, %eax)
    movl $kbuf + 8, %ebx
    movl $0x99, %edx
    call put_user
    CHECK(kbuf + 8, $0x99)
    /* space B: copies from its own, which must not see A's */
    movl $PD2, %eax
    movl %eax, %cr3
    movl $LIN + 0x123, %ebx
    call get_user
    leal 1(%ebp), %ecx
    cmpl $2000, %ebp
    jne 2f
    xorl %ecx, %ecx
2:  negl %ecx
    CHECK(%eax, %ecx)
    movl %ebp, %edx
    negl %edx
    call put_user
    movl $LIN + 0xffc, %esi
    movl $kbuf2, %edi
    movl $2, %ecx
    call copy_words
    CHECK(kbuf2, $0)
    movl $PD, %eax
    movl %eax, %cr3
    movl $LIN + 0xffc, %esi
    movl $kbuf2, %edi
    movl $2, %ecx
    call copy_words
    CHECK(kbuf2 + 4, %ebp)
    movl $LIN + 0x2ff3, %esi
    movl $kbuf2, %edi
    movl $8, %ecx
    call copy_bytes
    CHECK(kbuf2 + 4, %ebp)
    /* user to user */
    movl $LIN + 0xffc, %esi
    movl $LIN + 0x4000, %edi
    movl $2, %ecx
    call copy_words
    CHECK(FA + 0x4004, %ebp)
    decl %ebp
    jnz again
    /* exception table: bytes not copied are returned */
    movl $fixup, exc_hook
    movl $LIN + PAGES * 0x1000 - 0x10, %edi
    movl $LIN, %esi
    movl $0x40, %ecx
    call copy_bytes
    CHECK(%ecx, $0x30)
    CHECK(exc_cr2, $LIN + PAGES * 0x1000)
    CHECK(exc_err, $2)
    movl $0x0a000000, %ebx
    call get_user
    CHECK(%eax, $-14)
    CHECK(exc_err, $0)
    movl $0, %ebx
    movl $1, %edx
    movl $0, PTE(0)
    invlpg 0
    call put_user
    CHECK(%eax, $-14)
    /* copy-on-write: both spaces share FA's page 8 read-only; the kernel writes in B */
    movl $0, exc_hook
    movl $0x12345678, FA + 0x8010
    movl $(FA + 0x8000) | 5, PTA + 32
    movl $(FA + 0x8000) | 5, PTB + 32
    FLUSH
    movl $LIN + 0x8010, %ebx
    FAULTS(PF, 3, movl %eax, (%ebx))
    movl $cow, exc_hook
    movl $PD2, %eax
    movl %eax, %cr3
    movl $0x1111, %edx
    call put_user
    call get_user
    CHECK(%eax, $0x1111)
    CHECK(FB + 0x8010, $0x1111)
    CHECK(FA + 0x8010, $0x12345678)
    movl $PD, %eax
    movl %eax, %cr3
    call get_user
    CHECK(%eax, $0x12345678)
    movl $0, exc_hook
    FAULTS(PF, 3, movl %eax, (%ebx))
    /* WP=0: the kernel writes straight through, the user still cannot */
    CR0_CLEAR CR0_WP
    movl $0x2222, %edx
    call put_user
    CHECK(FA + 0x8010, $0x2222)
    USER(PF, 7, movl %eax, (%ebx))
    CR0_SET CR0_WP
    FAULTS(PF, 3, movl %eax, (%ebx))
    /* supervisor page in the private slot */
    movl $(FA + 0x9000) | 3, PTA + 36
    invlpg LIN + 0x9000
    movl $LIN + 0x9004, %ebx
    movl $0x3333, %edx
    call put_user
    CHECK(FA + 0x9004, $0x3333)
    USER(PF, 5, movl (%ebx), %eax)
    PASS
copy_words:
    rep movsl
    ret
copy_bytes:
    rep movsb
    ret
get_user:
    movl (%ebx), %eax
    ret
put_user:
    movl %edx, (%ebx)
    xorl %eax, %eax
    ret
fixup:                                /* as an exception table would: leave the routine, -EFAULT */
    cmpl $PF, exc_vec
    jne lib_unexpected
    movl $-14, FR_EAX(%ebp)
    movl $just_ret, FR_EIP(%ebp)
    ret
just_ret:
    ret
cow:
    cmpl $PF, exc_vec
    jne lib_unexpected
    cmpl $3, exc_err
    jne lib_unexpected
    pushl %esi
    pushl %edi
    pushl %ecx
    movl $FA + 0x8000, %esi
    movl $FB + 0x8000, %edi
    movl $1024, %ecx
    rep movsl
    movl $(FB + 0x8000) | 7, PTB + 32
    invlpg LIN + 0x8000
    popl %ecx
    popl %edi
    popl %esi
    ret
    .data
    .balign 4
kbuf: .long 0, 0, 0, 0
kbuf2: .long 0, 0, 0, 0

/* Calls to "mov (%esp), %reg; ret", by which code learns where it is: every register, between
 * pushes, flags and the word below ESP; then the code there is written, its page is another one,
 * its page is missing, the stack is missing: the same call sites, which knew it before. */
#include "lib.inc"
#define LIN 0x08000000
#define F 0x400000
#define P 0x410000
    /* one call of each thunk; sites of their own, so that some are made when the thunk is known */
    .macro sites name
\name\():
    pushl %eax
    pushl %ecx
    pushl %edx
    pushl %ebx
    pushl %ebp
    pushl %esi
    pushl %edi
    site eax, 0
    site ecx, 1
    site edx, 2
    site ebx, 3
    site ebp, 5
    site esi, 6
    site edi, 7
    popl %edi
    popl %esi
    popl %ebp
    popl %ebx
    popl %edx
    popl %ecx
    popl %eax
    ret
    .endm
    .macro site reg, n
    movl $0x11111111, %ecx
    stc
    pushl %ecx
    pushl $\n
    call LIN + 16 * \n
1:  ASSERT(c)
    CHECK(%\reg, $1b)
    .ifnc \reg, ecx
    CHECK(%ecx, $0x11111111)
    .endif
    call LIN + 16 * \n
2:  movl -4(%esp), %ecx
    CHECK(%ecx, $2b)
    popl %ecx
    CHECK(%ecx, $\n)
    popl %ecx
    CHECK(%ecx, $0x11111111)
    .endm
    /* a call whose result may be something else; ebx says what */
    .macro probe name
\name\():
    movl $0x55, %ebx
    call LIN + 48
\name\()_back:
    ret
    .endm
main:
    call paging_on
    movl $PTA | 7, PD + (LIN >> 20)
    movl $F | 7, PTA
    FLUSH
    xorl %ecx, %ecx
1:  movl %ecx, %eax                   /* at 16 k: mov (%esp), %register k; ret */
    shll $4, %eax
    movb $0x8b, F(%eax)
    leal 4(,%ecx,8), %edx
    movb %dl, F + 1(%eax)
    movw $0xc324, F + 2(%eax)
    incl %ecx
    cmpl $8, %ecx
    jb 1b
    movl $20, %esi
2:  call first
    call second
    call third
    decl %esi
    jnz 2b
    movl $P + 0x1000, %edx            /* another frame, with other code */
    movl $0x000066bb, P + 48          /* mov $0x66, %ebx; ret */
    movw $0xc300, P + 52
    movl $20, %esi
3:  call look
    CHECK(%ebx, $look_back)
    call look_again
    CHECK(%ebx, $look_again_back)
    movl $P | 7, PTA
    invlpg LIN
    call look_again
    CHECK(%ebx, $0x66)
    movl $F | 7, PTA
    FLUSH
    call look_again
    CHECK(%ebx, $look_again_back)
    /* its bytes, by another address: mov (%esp), %edi */
    movb $4 + 7 * 8, F + 49
    call look_again
    CHECK(%ebx, $0x55)
    CHECK(%edi, $look_again_back)
    movb $4 + 3 * 8, F + 49
    call look_again
    CHECK(%ebx, $look_again_back)
    decl %esi
    jnz 3b
    /* the page is missing: the fault is the thunk's first instruction's, the call is done */
    movl $thunk_hook, exc_hook
    movl $10, %esi
4:  movl $0, PTA
    invlpg LIN
    call look_again
    CHECK(%ebx, $look_again_back)
    call look
    CHECK(%ebx, $look_back)
    decl %esi
    jnz 4b
    CHECK(exc_count, $10)
    /* the stack is missing: the fault is the call's */
    movl $10, %esi
5:  movl $stack_hook, exc_hook
    movl $0, PTE(P)
    invlpg P
    movl $0, got
    USER_OK(movl $P + 0x1004, %esp; movl $0x55, %ebx; call low; movl %ebx, got)
    CHECK(got, $low_back)
    CHECK(P + 0xffc, $low_back)
    decl %esi
    jnz 5b
    CHECK(n_low, $10)
    PASS
    sites first
    sites second
    sites third
    probe look
    probe look_again
low:
    call LIN + 48
low_back:
    ret
thunk_hook:
    CHECK(FR_EIP(%ebp), $LIN + 48)
    CHECK(FR_EBX(%ebp), $0x55)
    movl $F | 7, PTA
    ret
stack_hook:
    CHECK(FR_EIP(%ebp), $low)
    CHECK(FR_EBX(%ebp), $0x55)
    movl $P | 7, PTE(P)
    movl $0, exc_hook
    incl n_low
    ret
    .data
got: .long 0
n_low: .long 0

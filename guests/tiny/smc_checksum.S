/* What code sees of itself: a checksum of its own bytes before, while and after it runs, before
 * and after other code was changed, at CPL 0 and 3, by byte, word, dword, SSE reads and REPE CMPS
 * against a copy; call/pop addresses point at it. */
#include "lib.inc"
main:
    CR4_SET CR4_OSFXSR
    cld
    movl $main, %esi
    movl $FRAMES, %edi
    movl $image_end - main, %ecx
    rep movsb
    call sum
    movl %eax, %ebp
    movl $50, %edx
1:  call sum
    CHECK(%eax, %ebp)
    call work
    decl %edx
    jnz 1b
    USER_OK(call sum)
    CHECK(%eax, %ebp)
    movl $main, %esi
    movl $FRAMES, %edi
    movl $image_end - main, %ecx
    repe cmpsb
    ASSERT(e)
    /* byte by byte, word by word, sse */
    xorl %ecx, %ecx
2:  movb main(%ecx), %al
    cmpb FRAMES(%ecx), %al
    ASSERT(e)
    incl %ecx
    cmpl $image_end - main, %ecx
    jb 2b
    xorl %ecx, %ecx
3:  movups main(%ecx), %xmm0
    movups FRAMES(%ecx), %xmm1
    pcmpeqb %xmm1, %xmm0
    pmovmskb %xmm0, %eax
    CHECK(%eax, $0xffff)
    addl $16, %ecx
    cmpl $(image_end - main) & ~15, %ecx
    jb 3b
    /* get_eip and read, write, the next page: the program of the original announcement */
    call get_eip
get_eip:
    popl %eax
    CHECK(%eax, $get_eip)
    movl (%eax), %ebx
    CHECKB(%bl, $0x58)                /* pop %eax */
    movl %ebx, (%eax)
    addl $4096, %eax
    movl (%eax), %ebx
    movl %ebx, (%eax)
    call sum
    CHECK(%eax, %ebp)
    /* int3 in the code is seen as int3, and its own handler gets it */
    CHECKB(brk, $0xcc)
    TRY 4f
brk:
    int3
4:  CHECK(exc_vec, $BP)
    CHECK(exc_eip, $brk + 1)
    CHECKB(brk, $0xcc)
    movb $0x90, brk
    CHECKB(brk, $0x90)
    movl $0, exc_resume
    jmp 5f
5:  PASS
work:
    pushl %edx
    movl $100, %ecx
6:  call 7f
    jecxz 8f
    loop 6b
    jmp 8f
7:  testl $1, %ecx
    ret
8:  popl %edx
    ret
sum:
    pushl %ecx
    pushl %esi
    movl $main, %esi
    xorl %eax, %eax
9:  roll $5, %eax
    xorl (%esi), %eax
    addl $4, %esi
    cmpl $image_end - 4, %esi
    jb 9b
    popl %esi
    popl %ecx
    ret
    .balign 16
image_end:

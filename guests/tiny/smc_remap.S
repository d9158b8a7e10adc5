/* The code at a linear address changes because the mapping changes: 16 frames with other code
 * turn up at the same page (INVLPG, CR3 load), a page is given back and reused, a frame moves to
 * another linear page; a jump from another page leads to the new code. */
#include "lib.inc"
#define LIN 0x08000000
#define F 0x400000
main:
    call paging_on
    movl $PTA | 7, PD + (LIN >> 20)
    FLUSH
    xorl %ecx, %ecx
1:  movl %ecx, %eax                   /* frame k: mov $k, %eax; k nops; ret */
    shll $12, %eax
    movb $0xb8, F(%eax)
    movl %ecx, F + 1(%eax)
    leal F + 5(%eax), %edi
    pushl %ecx
    movb $0x90, %al
    rep stosb
    popl %ecx
    movb $0xc3, (%edi)
    incl %ecx
    cmpl $16, %ecx
    jb 1b
    movl $2000, %esi
2:  movl %esi, %ecx
    imull $7, %ecx, %ecx
    shrl $1, %ecx
    andl $15, %ecx
    movl %ecx, %eax
    shll $12, %eax
    addl $F | 7, %eax
    movl %eax, PTA
    testl $1, %esi
    jz 3f
    invlpg LIN
    jmp 4f
3:  FLUSH
4:  call LIN
    CHECK(%eax, %ecx)
    call stub                         /* a direct jump from this page */
    CHECK(%eax, %ecx)
    movl $LIN, %ebx
    call *%ebx
    CHECK(%eax, %ecx)
    decl %esi
    jnz 2b
    /* the page goes away: the stub's jump faults there; another frame with other code comes
     * back by demand */
    movl $500, %esi
    movl $hook, exc_hook
5:  movl $0, PTA
    invlpg LIN
    movl %esi, %ecx
    andl $15, %ecx
    movl %ecx, wanted
    call stub
    CHECK(wanted, %eax)
    decl %esi
    jnz 5b
    CHECK(exc_count, $500)
    /* page reuse: the frame's contents are replaced while it is not mapped at LIN */
    movl $0, exc_hook
    movl $300, %esi
6:  movl $0, PTA
    invlpg LIN
    movl %esi, F + 1
    movl $F | 7, PTA
    call stub
    CHECK(%eax, %esi)
    /* and while it is mapped, written by its identity address */
    negl %esi
    movl %esi, F + 1
    pushal
    cpuid
    popal
    call LIN
    CHECK(%eax, %esi)
    negl %esi
    decl %esi
    jnz 6b
    PASS
stub:
    jmp LIN
hook:
    movl wanted, %eax
    shll $12, %eax
    addl $F | 7, %eax
    movl %eax, PTA
    ret
    .data
wanted: .long 0

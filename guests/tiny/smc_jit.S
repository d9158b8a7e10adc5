/* A just-in-time compiler: 3000 functions generated into a ring of buffers, each called several
 * times, patched (an inline cache's immediate and its call target), then overwritten by the next
 * generation.
 * timeout: 40
 */
#include "lib.inc"
#define RING 0x400000
#define SLOTS 64
main:
    cld
    movl $3000, %ebp
    movl $12345, %esi
again:
    imull $1103515245, %esi, %esi
    addl $12345, %esi
    /* slot and length of a nop sled depend on the random number */
    movl %esi, %eax
    shrl $16, %eax
    andl $SLOTS - 1, %eax
    imull $200, %eax, %edi
    addl $RING, %edi
    movl %edi, %ebx
    movl %esi, %ecx
    shrl $8, %ecx
    andl $31, %ecx
    movb $0x90, %al
    rep stosb
    /* push %ecx; mov $imm, %eax; call helper; pop %ecx; ret */
    movb $0x51, %al
    stosb
    movb $0xb8, %al
    stosb
    movl %edi, patch
    movl %esi, %eax
    stosl
    movb $0xe8, %al
    stosb
    movl %edi, patch2
    movl $helper1 - 4, %eax
    subl %edi, %eax
    stosl
    movw $0xc359, %ax
    stosw
    call *%ebx
    leal 1(%esi), %ecx
    CHECK(%eax, %ecx)
    call *%ebx
    CHECK(%eax, %ecx)
    /* patch the immediate */
    movl patch, %edx
    notl (%edx)
    call *%ebx
    movl %esi, %ecx
    notl %ecx
    incl %ecx
    CHECK(%eax, %ecx)
    /* patch the call */
    movl patch2, %edx
    movl $helper2 - 4, %eax
    subl %edx, %eax
    movl %eax, (%edx)
    call *%ebx
    incl %ecx
    CHECK(%eax, %ecx)
    decl %ebp
    jnz again
    PASS
helper1:
    incl %eax
    ret
helper2:
    addl $2, %eax
    ret
    .data
patch: .long 0
patch2: .long 0

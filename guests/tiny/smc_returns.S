/* Returns into code that was changed, moved away or replaced while the call was in flight: the
 * return site patched 50 levels deep, every return finds the new code; the caller's page
 * rewritten by a callee; many new functions generated in between so that a small code cache turns
 * over. */
#include "lib.inc"
#define BUF 0x400000
main:
    cld
    movl $50, %ebp
again:
    /* recursion with one return site; the bottom patches it */
    movb $1, site_imm
    xorl %edi, %edi
    movl $50, %ecx
    call rec
    CHECK(%edi, $150)
    movb $3, site_imm
    xorl %edi, %edi
    movl $10, %ecx
    movb $1, bottom_value
    call rec
    CHECK(%edi, $10)
    movb $3, bottom_value
    /* generated caller: call churn; mov $1, %eax; ret  -- churn changes the 1 and generates 100
     * functions */
    movl $BUF, %edi
    movb $0xe8, %al
    stosb
    movl $churn - BUF - 5, %eax
    stosl
    movb $0xb8, %al
    stosb
    movl %ebp, %eax
    stosl
    movb $0xc3, %al
    stosb
    call BUF
    movl %ebp, %ecx
    notl %ecx
    CHECK(%eax, %ecx)
    /* callee replaces its caller's whole page by nops and a ret that skips to another function */
    movl $image, %esi
    movl $BUF + 0x1000, %edi
    movl $image_end - image, %ecx
    rep movsb
    call BUF + 0x1000
    CHECK(%eax, $0x5a)
    decl %ebp
    jnz again
    PASS
rec:
    testl %ecx, %ecx
    jz 1f
    decl %ecx
    call rec
    .byte 0x83, 0xc7                  /* addl $imm8, %edi */
site_imm:
    .byte 1
    ret
1:  .byte 0xb0                        /* movb $imm8, %al */
bottom_value:
    .byte 3
    movb %al, site_imm
    ret
churn:
    notl BUF + 6
    movl $100, %edx
2:  movl %edx, %edi
    shll $6, %edi
    addl $BUF + 0x2000, %edi
    movl %edi, %ebx
    movb $0x90, %al
    movl $40, %ecx
    rep stosb
    movb $0xc3, %al
    stosb
    call *%ebx
    decl %edx
    jnz 2b
    ret
image:                                /* runs at BUF + 0x1000 */
    movl $wipe, %eax
    call *%eax
    movl $0xbad, %eax
    ret
image_end:
wipe:
    movl $BUF + 0x1000, %edi
    movl $64, %ecx
    movb $0x90, %al
    rep stosb
    movb $0xb8, BUF + 0x1030
    movl $0x5a, BUF + 0x1031
    movb $0xc3, BUF + 0x1035
    ret

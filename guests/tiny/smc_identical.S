/* Writes of identical bytes over running code: nothing changes, 100000 of them finish quickly;
 * and a page of code copied onto itself.
 * timeout: 30
 */
#include "lib.inc"
main:
    cld
    movl $100000, %ecx
    xorl %edx, %edx
    movl func + 1, %esi
1:  movl %esi, func + 1
    call func
    addl %eax, %edx
    decl %ecx
    jnz 1b
    CHECK(%edx, $300000)
    movl $200, %ebp
2:  movl $func, %esi
    movl $func, %edi
    movl $256, %ecx
    rep movsb
    call func
    CHECK(%eax, $3)
    decl %ebp
    jnz 2b
    PASS
    .balign 4096
func:
    movl $3, %eax
    ret
    .fill 300, 1, 0x90

/* Jump tables: 256 targets through a register, memory forms, computed targets in the middle of
 * other units, the same indirect site with a target that changes every time. */
#include "lib.inc"
main:
    /* case k: adds k*k; 256 cases of equal size */
    xorl %esi, %esi
    xorl %edi, %edi
1:  jmp *table(,%esi,4)
next:
    incl %esi
    cmpl $256, %esi
    jb 1b
    CHECK(%edi, $5559680)             /* sum of k*k, k<256 */
    /* the same, target computed */
    xorl %esi, %esi
    xorl %edi, %edi
    movl $next2, back
2:  imull $(case_end - cases) / 256, %esi, %eax
    addl $cases, %eax
    jmp *%eax
next2:
    incl %esi
    cmpl $256, %esi
    jb 2b
    CHECK(%edi, $5559680)
    /* pseudo-random order, 20000 dispatches; an interpreter's loop */
    movl $12345, %ebp
    movl $20000, %ecx
    xorl %edi, %edi
3:  imull $1664525, %ebp, %ebp
    addl $1013904223, %ebp
    movl %ebp, %eax
    shrl $24, %eax
    movl $4f, back
    jmp *table(,%eax,4)
4:  decl %ecx
    jnz 3b
    CHECK(%edi, want)
    /* entering a block at each of its bytes: nop sled */
    movl $64, %esi
5:  movl $sled_end, %eax
    subl %esi, %eax
    xorl %edi, %edi
    call *%eax
    CHECK(%edi, %esi)
    decl %esi
    jns 5b
    PASS
    .rept 64
    incl %edi
    .endr
sled_end:
    ret
    .balign 16
cases:
    .set k, 0
    .rept 256
    .balign 16
    addl $k * k, %edi
    jmp *back
    .set k, k + 1
    .endr
    .balign 16
case_end:
    .data
back: .long next
table:
    .set k, 0
    .rept 256
    .long cases + k * 16
    .set k, k + 1
    .endr
want: .long 431167990

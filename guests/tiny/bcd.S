/* DAA DAS AAA AAS for all AL, CF, AF against a table computed from the SDM's pseudocode; AAM and
 * AAD with several bases; AAM 0 is #DE; SALC. */
#include "lib.inc"
    .macro all op, mask
    xorl %esi, %esi
1:  movl %esi, %eax
    shrl $2, %eax
    orl $0x55aa1200, %eax
    movl %esi, %ecx
    andl $1, %ecx                     /* CF */
    movl %esi, %edx
    andl $2, %edx
    shll $3, %edx                     /* AF */
    orl %edx, %ecx
    pushl %ecx
    popfl
    \op
    pushfl
    popl %ecx
    andl $\mask, %ecx
    shll $16, %ecx
    movzwl %ax, %edx
    orl %edx, %ecx
    CHECK(%ecx, \op\()_table(,%esi,4))
    shrl $16, %eax
    CHECK(%eax, $0x55aa)
    incl %esi
    cmpl $1024, %esi
    jb 1b
    .endm
main:
    all daa, 0xd5
    all das, 0xd5
    all aaa, 0x11
    all aas, 0x11
    /* aam: AH = AL / base, AL = AL % base; SF ZF PF from AL */
    .irp base, 1, 2, 10, 16, 100, 127, 255
    xorl %esi, %esi
1:  movl %esi, %eax
    movb $0x77, %ah
    .byte 0xd4, \base
    pushfl
    popl %ebx
    andl $0xc4, %ebx
    movl %eax, %edi
    movl %esi, %eax
    movl $\base, %ecx
    xorl %edx, %edx
    divl %ecx
    movb %al, %dh
    CHECK(%edi, %edx)
    testb %dl, %dl
    pushfl
    popl %ecx
    andl $0xc4, %ecx
    CHECK(%ebx, %ecx)
    incl %esi
    cmpl $256, %esi
    jb 1b
    .endr
    FAULTS(DE, 0, .byte 0xd4; .byte 0)
    /* aad: AL = AL + AH * base, AH = 0 */
    .irp base, 0, 1, 10, 16, 255
    movl $0xff, %esi
2:  imull $0x0193, %esi, %eax
    andl $0xffff, %eax
    movl %eax, %edi
    .byte 0xd5, \base
    pushfl
    popl %ebx
    andl $0xc4, %ebx
    movl %edi, %edx
    shrl $8, %edx
    imull $\base, %edx, %edx
    addl %edi, %edx
    movzbl %dl, %edx
    CHECK(%eax, %edx)
    testb %al, %al
    pushfl
    popl %ecx
    andl $0xc4, %ecx
    CHECK(%ebx, %ecx)
    decl %esi
    jnz 2b
    .endr
    /* salc */
    movl $0x12345678, %eax
    SETF (ARITH | 2)
    .byte 0xd6
    CHECKF(ARITH, ARITH)
    CHECK(%eax, $0x123456ff)
    SETF (2 | ARITH & ~F_CF)
    .byte 0xd6
    CHECKF(ARITH, 0x8d4)
    CHECK(%eax, $0x12345600)
    PASS
    .data
#include "bcd_table.inc"

/* A CR3 load drops everything that is not global: changed, removed, new PTEs and PDEs, also for
 * the page that runs and for the stack. MOV from CR3 gives back what was loaded. */
#include "lib.inc"
#define LIN 0x00800000
#define A 0x400000
#define B 0x401000
main:
    call paging_on
    movl %cr3, %eax
    CHECK(%eax, $PD)
    movl $PT2 | 7, PDE(LIN)
    movl $0xaaaaaaaa, A
    movl $0xbbbbbbbb, B
    movl $1000, %esi
1:  movl $A | 7, PT2
    FLUSH
    CHECK(LIN, $0xaaaaaaaa)
    movl $B | 7, PT2
    FLUSH
    CHECK(LIN, $0xbbbbbbbb)
    movl $0, PT2
    FLUSH
    FAULTS(PF, 0, movl LIN, %eax)
    decl %esi
    jnz 1b
    /* many pages: reversed mapping of 512 pages */
    xorl %ecx, %ecx
2:  movl %ecx, %eax
    shll $12, %eax
    addl $0x400007, %eax
    movl %eax, PT2(,%ecx,4)
    movl %ecx, -7(%eax)
    incl %ecx
    cmpl $512, %ecx
    jb 2b
    FLUSH
    movl $20, %esi
3:  xorl %ecx, %ecx
4:  movl %ecx, %eax
    shll $12, %eax
    CHECK(LIN(%eax), %ecx)
    incl %ecx
    cmpl $512, %ecx
    jb 4b
    xorl %ecx, %ecx
5:  movl $511, %eax
    subl %ecx, %eax
    shll $12, %eax
    addl $0x400007, %eax
    movl %eax, PT2(,%ecx,4)
    incl %ecx
    cmpl $512, %ecx
    jb 5b
    FLUSH
    xorl %ecx, %ecx
6:  movl %ecx, %eax
    shll $12, %eax
    movl $511, %edx
    subl %ecx, %edx
    CHECK(LIN(%eax), %edx)
    incl %ecx
    cmpl $512, %ecx
    jb 6b
    xorl %ecx, %ecx
7:  movl %ecx, %eax
    shll $12, %eax
    addl $0x400007, %eax
    movl %eax, PT2(,%ecx,4)
    incl %ecx
    cmpl $512, %ecx
    jb 7b
    FLUSH
    decl %esi
    jnz 3b
    /* the page that runs changes frame across the CR3 load: same code, one constant differs */
    movl $code, %esi
    movl $A, %edi
    movl $(code_end - code), %ecx
    rep movsb
    movl $code, %esi
    movl $B, %edi
    movl $(code_end - code), %ecx
    rep movsb
    movl $0x22, B + code_imm - code
    movl $A | 7, PT2
    FLUSH
    movl $LIN, %eax
    call *%eax
    CHECK(%ecx, $0x22)
    movl $A | 7, PT2
    FLUSH
    movl $LIN, %eax
    call *%eax
    CHECK(%ecx, $0x22)
    /* PCD and PWT bits of CR3 are kept, low bits are not checked */
    movl $PD | 0x18, %eax
    movl %eax, %cr3
    movl %cr3, %ecx
    CHECK(%ecx, $PD | 0x18)
    PASS
code:
    movl $B | 7, PT2
    movl %cr3, %eax
    movl %eax, %cr3
    .byte 0xb9                        /* movl $0x11, %ecx */
code_imm:
    .long 0x11
    ret
code_end:

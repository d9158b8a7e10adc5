/* Code on one page changes code on the next and the one before; an instruction across two pages
 * is changed in either half; units that span pages notice a write to any of them. */
#include "lib.inc"
main:
    movl $cross_edge, %eax
    testl $0xfff, %eax
    ASSERT(z)
    movl $300, %esi
again:
    movl %esi, next_page + 1
    call next_page
    CHECK(%eax, %esi)
    call *vec
    CHECK(%eax, %esi)
    /* crossing: movl $imm32, %eax with 2 bytes on the first page */
    movl $0x44332211, %ecx
    addl %esi, %ecx
    movl %ecx, cross + 1
    call cross
    CHECK(%eax, %ecx)
    movb $0x99, cross_edge            /* first byte on the second page */
    call cross
    movl %ecx, %edx
    andl $0xffff00ff, %edx
    orl $0x9900, %edx
    CHECK(%eax, %edx)
    movb $0x88, cross_edge - 1        /* last byte of the first */
    call cross
    movb $0x88, %dl
    CHECK(%eax, %edx)
    /* opcode on the first page: mov %eax -> mov %ecx register (b8 -> b9) and back */
    movb $0xb9, cross
    movl $7, %eax
    call cross
    CHECK(%eax, $7)
    CHECK(%ecx, %edx)
    movb $0xb8, cross
    /* code on the later page changes the earlier one */
    call changer
    call prev_page
    CHECK(%eax, %esi)
    decl %esi
    jnz again
    PASS
    .data
vec: .long next_page
    .text
    .balign 4096
prev_page:
    movl $0, %eax
    ret
    .balign 4096
next_page:
    movl $0, %eax
    ret
changer:
    movl %esi, prev_page + 1
    ret
    .balign 4096
    .skip 4096 - 2 - 3, 0x90
    nop
    nop
    nop
cross:
    .byte 0xb8, 0x11                  /* | page edge | */
cross_edge:
    .byte 0x22, 0x33, 0x44
    ret

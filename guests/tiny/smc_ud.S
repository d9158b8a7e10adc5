/* An undefined instruction that a later byte of it makes a defined one: each of its bytes counts, also
 * where stores to code are looked at byte by byte. Found by random code. */
#include "lib.inc"
main:
    movl $4, %esi
again:
    TRY 1f
    jmp bytes
1:  CHECK(exc_vec, $UD)
    CHECK(exc_eip, $bytes)
    movb $0xc8, bytes + 1             /* BSWAP EAX */
    movl $0x11223344, %eax
    call bytes
    CHECK(%eax, $0x44332211)
    movb $0x04, bytes + 1
    decl %esi
    jnz again
    PASS
    .section .text.bytes, "awx"
    .balign 64
bytes: .byte 0x0f, 0x04
    ret

/* A store changes the instruction right behind it: one byte, an immediate, an opcode, a longer
 * one; 1000 rounds with a value that changes each time. */
#include "lib.inc"
main:
    movl $1000, %esi
    xorl %edi, %edi
1:  movl %esi, 2f + 1
2:  movl $0, %eax
    CHECK(%eax, %esi)
    /* opcode: inc <-> dec by flipping bit 3 */
    xorl %ecx, %ecx
    xorb $8, 3f
3:  incl %ecx
    addl %ecx, %edi
    /* one byte of the immediate */
    movl %esi, %eax
    movb %al, 4f + 1
4:  movb $0, %bl
    CHECKB(%bl, %al)
    /* a nop becomes a jump, and back */
    movw $0x05eb, 5f
5:  nop
    nop
    movl $0xbad, %eax
    movw $0x9090, 6f
6:  jmp 7f
    movl $0x600d, %eax
7:  CHECK(%eax, $0x600d)
    movw $0x9090, 5b
    movw $0x05eb, 6b
    decl %esi
    jnz 1b
    CHECK(%edi, $0)
    /* the store replaces its own first byte: c6 05 addr32 42 becomes 42 (inc %edx), 05 addr32
     * (add $addr, %eax), 42 */
    xorl %edx, %edx
    movl $2, %ecx
    xorl %eax, %eax
8:  movb $0x42, 8b
    decl %ecx
    jnz 8b
    CHECK(%edx, $2)
    CHECK(%eax, $8b)
    PASS

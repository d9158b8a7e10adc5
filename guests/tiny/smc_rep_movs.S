/* REP MOVS that copies code over code: over the function it will call, over the bytes right
 * behind itself, over itself (the running instruction goes on as it began), and a memcpy'd
 * function that runs at once, 300 times at the same place.
 * counts 900: f3 a4
 */
#include "lib.inc"
main:
    cld
    movl $300, %ebp
again:
    /* a generated function at the same place each time, two shapes */
    movl $shape_a, %esi
    testl $1, %ebp
    jz 1f
    movl $shape_b, %esi
1:  movl $buffer, %edi
    movl $16, %ecx
    rep movsb
    movl $buffer, %eax
    call *%eax
    movl $0xa, %ecx
    testl $1, %ebp
    jz 2f
    movl $0xb, %ecx
2:  CHECK(%eax, %ecx)
    /* overwrite what stands behind the REP MOVSB: nops become inc %edx */
    movl $incs, %esi
    movl $behind, %edi
    movl $8, %ecx
    xorl %edx, %edx
    rep movsb
behind:
    .fill 8, 1, 0x90
    CHECK(%edx, $8)
    movl $0x90909090, behind
    movl $0x90909090, behind + 4
    xorl %edx, %edx
    jmp 3f
3:  call 4f
    /* over itself: the copy writes identical bytes first, then changes what is behind, then
     * wraps its own bytes with nops */
    movl $image, %esi
    movl $itself, %edi
    movl $image_end - image, %ecx
    xorl %edx, %edx
    jmp itself
    .balign 16
itself:
    rep movsb                         /* f3 a4 */
    nop
    nop
    nop
    nop
    CHECK(%edx, $4)
    CHECKW(itself, $0xa4f3)
    movl $0x90909090, itself + 2
    decl %ebp
    jnz again
    PASS
4:  ret
    .data
    .balign 16
shape_a:
    movl $0xa, %eax
    ret
    .fill 16, 1, 0xcc
shape_b:
    xorl %eax, %eax
    nop
    addl $0xb, %eax
    ret
    .fill 16, 1, 0xcc
incs: .fill 8, 1, 0x42
image:
    rep movsb
    .fill 4, 1, 0x42
image_end:
buffer: .fill 64, 1, 0

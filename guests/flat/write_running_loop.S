/* Writes to its own running page 1000 times, beside the code and into it.
 * expect: hlt stop
 */
    .code32
    .globl _start
_start:
    movl $1000, %ecx
    xorl %edx, %edx
again:
    incl counter
    .byte 0x81, 0xc2                  /* addl $imm32, %edx */
imm:
    .long 0
    movl %ecx, imm
    decl %ecx
    jnz again
    cmpl $1000, counter
    jne bad
stop:
    hlt
bad:
    hlt
counter:
    .long 0

/* The second program of the 2000 announcement, with the write in place of the read. Only -split trap
 * keeps it from destroying the HLT that would end it.
 * expect: stop write
 * modes: split-trap
 */
    .code32
    .globl _start
_start:
    push %ss
    pop %ds
    call get_eip
get_eip:
    pop %eax
write:
    movl %ebx, (%eax)
    hlt

/* The second program of the 2000 announcement, byte for byte: reads its own code page. -split trap
 * stops it at 00100008, otherwise it runs to its HLT.
 * expect: hlt stop
 */
    .code32
    .globl _start
_start:
    push %ss
    pop %ds
    call get_eip
get_eip:
    pop %eax
    movl (%eax), %ebx
stop:
    hlt

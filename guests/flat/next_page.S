/* The third program of the 2000 announcement, byte for byte: reads and writes the next page, which
 * is not virtualized, and runs to its HLT at 00100011 under every split policy.
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
    add $4096, %eax
    movl (%eax), %ebx
    movl %ebx, (%eax)
stop:
    hlt

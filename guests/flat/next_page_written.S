/* The third program with a look at what it wrote: reads and writes on the next page, which holds no code.
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
    movl $0x5a5a5a5a, (%eax)
    cmpl $0x5a5a5a5a, (%eax)
    jne bad
stop:
    hlt
bad:
    hlt

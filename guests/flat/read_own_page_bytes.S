/* The second program with a look at what it reads: EAX and EBX must be
 * the address and the original bytes: else it stops elsewhere.
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
    cmpl $get_eip, %eax
    jne bad
    cmpl $0x3d188b58, %ebx            /* pop %eax; mov (%eax), %ebx; cmp */
    jne bad
stop:
    hlt
bad:
    hlt

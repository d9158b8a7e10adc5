/* Reads and writes its own page: the write goes through, the code it changes runs in its new form.
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
    movl %ebx, (%eax)
    movl $2, target - get_eip + 1(%eax)
target:
    movl $1, %ecx
    cmpl $2, %ecx
    jne bad
stop:
    hlt
bad:
    hlt

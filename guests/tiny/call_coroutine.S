/* Two coroutines on two stacks, and a scheduler of three threads which switches stacks inside a
 * call: each ret belongs to another call. */
#include "lib.inc"
main:
    movl %esp, %ebx
    /* a: pushes even numbers, b: odd */
    movl $stack_b_top, %eax
    subl $4, %eax
    movl $co_b, (%eax)
    movl %eax, other
    xorl %edi, %edi
    xorl %ecx, %ecx
1:  movl %edi, log(,%ecx,4)
    incl %ecx
    addl $2, %edi
    call yield
    cmpl $1000, %ecx
    jb 1b
    CHECK(%esp, %ebx)
    xorl %ecx, %ecx
2:  CHECK(log(,%ecx,4), %ecx)
    incl %ecx
    cmpl $1000, %ecx
    jb 2b

    /* three threads, round robin, each doing nested calls; sums are known */
    movl $threads, %esi
    movl $stack_b_top, %eax
    movl $3, %ecx
3:  movl $thread, -4(%eax)
    subl $20, %eax                    /* ebx ebp esi edi below the start address */
    movl %eax, (%esi)
    movl $0, 4(%eax)                  /* its edi.. do not matter, its number goes in ebx */
    movl %ecx, 12(%eax)
    addl $4, %esi
    addl $20 + 4096, %eax
    loop 3b
    movl %esp, main_esp
    movl $0, current
    movl threads, %esp
    popl %edi
    popl %esi
    popl %ebp
    popl %ebx
    ret
done:
    movl main_esp, %esp
    movl $3, %ecx
4:  CHECK(sums(,%ecx,4), $500500)
    loop 4b
    PASS

co_b:
    leal 1(%edi), %eax
    subl $2, %eax
    movl %eax, log(,%ecx,4)
    incl %ecx
    call yield
    jmp co_b
yield:
    xchgl %esp, other
    ret

thread:                               /* ebx = number */
    movl $1000, %ebp
5:  movl %ebp, %eax
    movl $3, %edx
    call nest
    addl %eax, sums(,%ebx,4)
    decl %ebp
    jnz 5b
    incl n_done
    cmpl $3, n_done
    je done
6:  call switch
    jmp 6b
nest:                                 /* switches at the bottom */
    decl %edx
    jz 7f
    call nest
    ret
7:  call switch
    ret
switch:
    pushl %ebx
    pushl %ebp
    pushl %esi
    pushl %edi
    movl current, %ecx
    movl %esp, threads(,%ecx,4)
    incl %ecx
    cmpl $3, %ecx
    jb 8f
    xorl %ecx, %ecx
8:  movl %ecx, current
    pushl %eax
    popl %edx
    movl threads(,%ecx,4), %esp
    popl %edi
    popl %esi
    popl %ebp
    popl %ebx
    movl %ebp, %eax                   /* eax is per thread: the round's value */
    ret
    .data
other: .long 0
current: .long 0
main_esp: .long 0
n_done: .long 0
threads: .long 0, 0, 0
sums: .long 0, 0, 0, 0
    .bss
log: .skip 4096
    .balign 16
    .skip 4096
stack_b_top:
    .skip 4096
    .skip 4096

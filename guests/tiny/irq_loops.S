/* An interrupt gets into the tightest loops: jmp to itself, loop to itself, a loop of loads only,
 * mutual jumps across pages, an indirect jump to itself, a loop of pushf/popf, user mode
 * spinning.
 * timeout: 30
 */
#include "lib.inc"
#include "irq.inc"
    .macro until_tick
    movl $2, left
    sti
    .endm
main:
    call paging_on
    SETGATE IRQ0, isr
    PIT0 2, 2000
    UNMASK 0
    movl $1f, escape
    until_tick
0:  jmp 0b
    FAIL
1:  cli
    movl $2f, escape
    until_tick
0:  movl $-1, %ecx
    loop .
    jmp 0b
2:  cli
    movl $3f, escape
    until_tick
0:  movl flag, %eax
    testl %eax, %eax
    jz 0b
    FAIL
3:  cli
    movl $4f, escape
    until_tick
    jmp far1
4:  cli
    movl $5f, escape
    movl $0f, %ebx
    until_tick
0:  jmp *%ebx
5:  cli
    movl $6f, escape
    until_tick
0:  pushfl
    popfl
    jmp 0b
6:  cli
    movl $7f, escape
    until_tick
0:  call 8f
    jmp 0b
8:  ret
7:  cli
    movl %esp, %ebx
    movl $9f, escape
    until_tick
    /* return address dropped each time: no host stack may overflow */
90: call 91f
91: addl $4, %esp
    jmp 90b
    ud2
9:  cli
    movl %ebx, %esp
    /* interrupts flag off and on all the time */
    movl $10f, escape
    until_tick
0:  cli
    incl %eax
    sti
    incl %eax
    jmp 0b
10: cli
    /* user mode */
    movl $0x202, user_eflags
    movl $11f, escape
    movl $2, left
    TO_USER 0f
0:  jmp 0b
11: cli
    movl %cs, %eax
    CHECK(%eax, $KCS)
    PASS
isr:
    pushl %eax
    movb $0x20, %al
    outb %al, $0x20
    popl %eax
    decl left
    jnz 12f
    testl $3, 4(%esp)
    jnz 13f
    pushl %eax
    movl escape, %eax
    movl %eax, 4(%esp)
    popl %eax
    iret
12: iret
13: addl $20, %esp
    movl $KDS, %eax
    movl %eax, %ds
    movl %eax, %es
    movl $stack_top, %esp
    jmp *escape
    .balign 4096
far1:
    nop
    jmp far2
    .balign 4096
far2:
    nop
    jmp far1
    .data
left: .long 0
flag: .long 0
escape: .long 0

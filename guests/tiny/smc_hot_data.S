/* Data that is written all the time on the same page as running code: counters beside code, a
 * stack on a code page, GDT, IDT and a page table on a code page; 100000 rounds each must finish
 * quickly.
 * timeout: 30
 */
#include "lib.inc"
main:
    movl $100000, %ecx
    call hot
    CHECK(counter, $100000)
    CHECK(counter2, $50000)
    /* user code with hot data at CPL 3 */
    movl $0, counter
    movl $0, counter2
    movl $100000, %ecx
    USER_OK(call hot)
    CHECK(counter, $100000)
    /* stack on the code page */
    movl %esp, %ebx
    movl $page_stack_top, %esp
    movl $100000, %ecx
    call hot_stack
    movl %ebx, %esp
    CHECK(%edx, $100000)
    /* IDT and GDT on a code page: gates are rewritten while the page runs */
    movl $1000, %esi
1:  movl $isr_a, %eax
    testl $1, %esi
    jz 2f
    movl $isr_b, %eax
2:  call set_gate
    int $0x10
    movl %esi, %ecx
    andl $1, %ecx
    CHECK(%edx, %ecx)
    decl %esi
    jnz 1b
    lidt lib_idtr
    PASS

    .balign 4096
hot:
    incl counter
    testl $1, %ecx
    jz 3f
    addl $1, counter2
3:  decl %ecx
    jnz hot
    ret
    .balign 64
counter: .long 0
counter2: .long 0
hot_stack:
    xorl %edx, %edx
4:  pushl %ecx
    call 5f
    popl %ecx
    decl %ecx
    jnz 4b
    ret
5:  incl %edx
    ret
    .skip 256
page_stack_top:
    .long 0
    .balign 4096
set_gate:
    movw %ax, idt2 + 0x80
    movw $KCS, idt2 + 0x82
    movw $0x8e00, idt2 + 0x84
    shrl $16, %eax
    movw %ax, idt2 + 0x86
    lidt idtr2
    ret
isr_a:
    movl $0, %edx
    iret
isr_b:
    movl $1, %edx
    iret
    .balign 8
idt2: .fill 0x11 * 8, 1, 0
idtr2: .word 0x11 * 8 - 1
    .long idt2
    .balign 4096

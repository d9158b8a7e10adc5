/* machine_guest.S - the guest's handlers: every exception goes on at another place of the random
 * code, with other registers, until the limit; then HLT for good. Copied to AT_HANDLER. */
#include "machine_layout.h"

    .section .rodata
    .globl fuzz_guest_begin, fuzz_guest_end, fuzz_guest_df, fuzz_guest_real
    .balign 16
fuzz_guest_begin:
    .code32
    movl $GDT_KDATA, %eax
    movl %eax, %ds
    movl %eax, %ss
resume:
    movl $(AT_STACK + 0x1000), %esp
    incl P_COUNT
    movl P_COUNT, %edx
    cmpl P_LIMIT, %edx
    ja 9f
    pushl $2
    popfl                       /* NT of a task's start */
    movl P_STEP, %eax
    imull %edx, %eax
    andl P_MASK, %eax
    addl P_BASE, %eax
    movl %eax, P_FRAME
    pushl P_FRAME + 32
    pushl P_FRAME + 28
    pushl P_FRAME + 24
    pushl P_FRAME + 20
    pushl P_FRAME + 16
    pushl P_FRAME + 12
    pushl P_FRAME + 8
    pushl P_FRAME + 4
    pushl P_FRAME
    shll $5, %edx
    andl $0xfe0, %edx
    addl $AT_VALUES, %edx
    pushl P_ES
    popl %es
    pushl P_DS
    popl %ds
    movl %ss:(%edx), %eax
    movl %ss:4(%edx), %ecx
    movl %ss:12(%edx), %ebx
    movl %ss:20(%edx), %ebp
    movl %ss:24(%edx), %esi
    movl %ss:28(%edx), %edi
    movl %ss:8(%edx), %edx
    iret
9:  cli
    hlt
    jmp 9b

fuzz_guest_df:                  /* entered by a task gate: both tasks are fit for use again */
    movl $GDT_KDATA, %eax
    movl %eax, %ds
    movl %eax, %ss
    movb $0x89, AT_GDT + GDT_TSS + 5
    movl $GDT_TSS, %eax
    ltr %ax
    movb $0x89, AT_GDT + GDT_TSSDF + 5
    jmp resume

    .code16
fuzz_guest_real:
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %ss
    movw $(AT_STACK + 0x1000), %sp
    incl P_COUNT
    movl P_COUNT, %edx
    cmpl P_LIMIT, %edx
    ja 9f
    movl P_STEP, %eax
    imull %edx, %eax
    andl P_MASK, %eax
    addl P_BASE, %eax
    pushw P_FRAME + 8
    pushw P_FRAME + 4
    pushw %ax
    shll $5, %edx
    andl $0xfe0, %edx
    addw $AT_VALUES, %dx
    movw %dx, %bp
    movw P_ES, %es
    movw P_DS, %ds
    movl (%bp), %eax
    movl 4(%bp), %ecx
    movl 8(%bp), %edx
    movl 12(%bp), %ebx
    movl 24(%bp), %esi
    movl 28(%bp), %edi
    movl 20(%bp), %ebp
    iretw
9:  cli
    hlt
    jmp 9b
fuzz_guest_end:
    .section .note.GNU-stack, "", @progbits

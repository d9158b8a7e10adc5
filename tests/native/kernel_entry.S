/* kernel_entry.S - the guest kernel's first instructions, its way to CPL 3 and back. */
#include "kernel.h"

    .section .head, "a"
    .balign 4
    .long 0x1badb002, 1, -(0x1badb002 + 1) /* multiboot: modules on page boundaries */

    .text
    .globl _start
_start:
    mov $stack_top, %esp
    push %ebx /* multiboot information */
    push %eax
    call kernel_main
    ud2

/* void run_case(const struct test_case *): returns through the next exception. */
    .globl run_case
run_case:
    push %ebp
    push %ebx
    push %esi
    push %edi
    mov 20(%esp), %ebx
    mov %esp, kernel_esp
    mov %esp, kernel_tss + 4 /* ESP0: the frame of the exception goes right below */
    fxrstor CASE_FX(%ebx)
    movzwl CASE_SEL + 4(%ebx), %eax
    push %eax /* SS ESP EFLAGS CS EIP, for IRET */
    push CASE_GPR + 4 * 4(%ebx)
    push CASE_EFLAGS(%ebx)
    movzwl CASE_SEL + 2(%ebx), %eax
    push %eax
    push CASE_EIP(%ebx)
    push CASE_GPR + 0(%ebx) /* for POPA */
    push CASE_GPR + 4(%ebx)
    push CASE_GPR + 8(%ebx)
    push CASE_GPR + 12(%ebx)
    push $0
    push CASE_GPR + 20(%ebx)
    push CASE_GPR + 24(%ebx)
    push CASE_GPR + 28(%ebx)
    movw CASE_SEL + 8(%ebx), %fs
    movw CASE_SEL + 10(%ebx), %gs
    movzwl CASE_SEL + 6(%ebx), %eax
    movw CASE_SEL + 0(%ebx), %es
    movw %ax, %ds
    popa
    iret

/* One stub per vector; those without an error code push 0. */
    .balign 16
    .globl vector_stubs
vector_stubs:
    vector = 0
    .rept 32
    .balign 16
    .if (vector != 8) && (vector < 10 || vector > 14) && (vector != 17)
    push $0
    .endif
    push $vector
    jmp exception
    vector = vector + 1
    .endr

/* ESP at: vector, error, EIP, CS, EFLAGS, ESP, SS. kernel_exception() wants all of it. */
exception:
    pusha
    push %gs
    push %fs
    push %ds
    push %es
    mov $KERNEL_DATA_SEL, %eax
    mov %eax, %ds
    mov %eax, %es
    cld
    mov %esp, %eax
    push %eax
    call kernel_exception
    mov kernel_esp, %esp
    pop %edi
    pop %esi
    pop %ebx
    pop %ebp
    ret

    .bss
    .balign 16
    .skip 16384
stack_top:
    .globl kernel_esp
kernel_esp:
    .skip 4
    .section .note.GNU-stack, "", @progbits

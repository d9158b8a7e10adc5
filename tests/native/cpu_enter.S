/* cpu_enter.S - from 64-bit code into a case in compatibility mode, and the first instructions of
 * the signal handler that takes it back. The state goes through cpu_entry; no stack is used once
 * the case's ESP is loaded. Far JMP, and IRET only for TF: from 64-bit mode IRET to a 16-bit stack
 * would mix two stack pointers. */

    .globl cpu_enter, cpu_resume, cpu_handler
    .text

/* void cpu_enter(void); returns when cpu_handle() has sent the handler to cpu_resume. */
cpu_enter:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, cpu_rsp(%rip)
    lea cpu_entry(%rip), %rbx
    fxrstor 64(%rbx)
    movzwl 44(%rbx), %eax
    mov %eax, %es
    movzwl 50(%rbx), %eax
    mov %eax, %ds
    movzwl 52(%rbx), %eax
    mov %eax, %fs
    movzwl 54(%rbx), %eax
    mov %eax, %gs
    testl $0x100, 8(%rbx)
    jnz single_step
    mov 8(%rbx), %eax
    push %rax
    movzwl 48(%rbx), %eax
    mov %eax, %ss
    popfq
    mov cpu_entry+12(%rip), %eax
    mov cpu_entry+16(%rip), %ecx
    mov cpu_entry+20(%rip), %edx
    mov cpu_entry+24(%rip), %ebx
    mov cpu_entry+28(%rip), %esp
    mov cpu_entry+32(%rip), %ebp
    mov cpu_entry+36(%rip), %esi
    mov cpu_entry+40(%rip), %edi
    ljmp *cpu_target(%rip)
/* TF must come with the jump. generate.c sets it with 32-bit stacks only. */
single_step:
    movzwl 48(%rbx), %eax
    push %rax
    mov 28(%rbx), %eax
    push %rax
    mov 8(%rbx), %eax
    push %rax
    movzwl cpu_target+4(%rip), %eax
    push %rax
    mov cpu_target(%rip), %eax
    push %rax
    mov cpu_entry+12(%rip), %eax
    mov cpu_entry+16(%rip), %ecx
    mov cpu_entry+20(%rip), %edx
    mov cpu_entry+24(%rip), %ebx
    mov cpu_entry+32(%rip), %ebp
    mov cpu_entry+36(%rip), %esi
    mov cpu_entry+40(%rip), %edi
    iretq
cpu_resume:
    mov cpu_rsp(%rip), %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret

/* Linux leaves EFLAGS.AC, NT and all data segments as the case had them: C code comes only when they
 * are off and FS has its base (thread-local storage) again. */
cpu_handler:
    cmp $14, %edi /* SIGALRM: the first one says nothing, and must not touch FS */
    jne 1f
    incl cpu_ticks(%rip)
    cmpl $2, cpu_ticks(%rip)
    jae 1f
    ret
1:
    pushfq
    andl $~0x44500, (%rsp)
    popfq
    mov %es, cpu_segments+0(%rip)
    mov %ds, cpu_segments+2(%rip)
    mov %fs, cpu_segments+4(%rip)
    mov %gs, cpu_segments+6(%rip)
    push %rdi
    push %rsi
    push %rdx
    mov $158, %eax /* arch_prctl(ARCH_SET_FS) */
    mov $0x1002, %edi
    mov cpu_fs_base(%rip), %rsi
    syscall
    pop %rdx
    pop %rsi
    pop %rdi
    jmp cpu_handle

    .section .note.GNU-stack, "", @progbits

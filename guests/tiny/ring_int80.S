/* INT 80h from CPL 3 to 0 and back: TSS stack, the five-word frame, registers through, DS ES kept
 * or nulled, ESP0 changed between calls, IF by gate type, nested interrupts on the kernel stack,
 * 2000 system calls. */
#include "lib.inc"
main:
    SETGATE 0x80, syscall, 0xee
    movl $2000, %esi
    movl $0x202, user_eflags
1:  movl %esi, %ebx
    movl $stack_a_top, lib_tss + 4
    testl $1, %esi
    jz 2f
    movl $stack_b_top, lib_tss + 4
2:  movl $0x1111, %eax
    movl $0x2222, %ecx
    movl $0x3333, %edx
    USER_OK(int $0x80; movl %esp, %ebp)
    CHECK(%eax, %ebx)
    CHECK(%ecx, $0x2222)
    CHECK(%edx, $0x3333 + 1)
    CHECK(%ebp, $user_stack_top)
    movl lib_tss + 4, %eax
    subl $20, %eax
    CHECK(seen_esp, %eax)
    CHECK(frame + 4, $UCS)
    CHECK(frame + 12, $user_stack_top)
    CHECK(frame + 16, $UDS)
    movl frame + 8, %eax
    andl $0x3302, %eax
    CHECK(%eax, $0x202)
    CHECK(seen_if, $0)                /* interrupt gate */
    decl %esi
    jnz 1b
    /* trap gate keeps IF */
    SETGATE 0x80, syscall, 0xef
    USER_OK(int $0x80)
    CHECK(seen_if, $F_IF)
    /* DS with DPL 0 is nulled on the way out, UDS is kept */
    movl $KDS, %eax
    SETGATE 0x80, sys_ds, 0xee
    USER_OK(int $0x80; movl %ds, %eax; movl %es, %ecx; movl %fs, %edx; movl %gs, %ebx)
    CHECK(%eax, $0)
    CHECK(%ecx, $UDS)
    CHECK(%edx, $UDS)
    CHECK(%ebx, $0)
    pushl $UDS
    popl %fs
    pushl $UDS
    popl %gs
    /* SS:ESP in the frame can be changed by the kernel; EFLAGS too */
    SETGATE 0x80, sys_esp, 0xee
    USER_OK(int $0x80; movl %esp, %eax; pushfl; popl %ecx)
    CHECK(%eax, $user_stack_top - 0x100)
    andl $(ARITH | F_IF | F_ID), %ecx
    CHECK(%ecx, $F_IF | F_ID | F_CF)
    /* an exception inside the system call: same ring, three-word frame on the same stack */
    SETGATE 0x80, sys_nested, 0xee
    movl $hook, exc_hook
    USER_OK(int $0x80)
    CHECK(%eax, $0x77)
    movl lib_tss + 4, %eax
    subl $20, %eax
    CHECK(nested_esp, %eax)
    PASS
syscall:
    movl %esp, seen_esp
    pushfl
    popl seen_if
    andl $F_IF, seen_if
    movl (%esp), %eax
    movl %eax, frame
    movl 4(%esp), %eax
    movl %eax, frame + 4
    movl 8(%esp), %eax
    movl %eax, frame + 8
    movl 12(%esp), %eax
    movl %eax, frame + 12
    movl 16(%esp), %eax
    movl %eax, frame + 16
    movl %ebx, %eax
    incl %edx
    iret
sys_ds:
    movl $KDS, %eax
    movl %eax, %ds
    movl %eax, %gs
    iret
sys_esp:
    subl $0x100, 12(%esp)
    orl $F_ID | F_CF, 8(%esp)
    iret
sys_nested:
    movl $0x77, %eax
    ud2
    iret
hook:
    cmpl $SYS, exc_vec
    je 3f
    movl exc_esp, %eax
    movl %eax, nested_esp
    addl $2, FR_EIP(%ebp)
    ret
3:  movl $0, exc_hook
    movl exc_eax, %eax
    movl exc_resume_esp, %esp
    jmp *exc_resume
    .data
seen_esp: .long 0
seen_if: .long 0
nested_esp: .long 0
frame: .fill 5, 4, 0
    .bss
    .skip 1024
stack_a_top:
    .skip 1024
stack_b_top:
    .skip 16

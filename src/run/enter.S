/* enter.S - in and out of guest code. The only place where guest registers meet the host's ABI.
 *
 * Going in:  run_guest(cpu, host)  loads everything from struct cpu and jumps to host, or, if host is
 *            0, to what the I-view says for cpu->eip.
 * Coming out: by a stub (miss, step, cross), by a light call that asks for it, or by a signal handler
 *            that sets RIP to run_exit_signal. Then struct cpu is the truth (INV-2) and the guest's
 *            x87/SSE state is still live in the host's registers.
 * Must not: touch vector registers, or use the guest's call stack beyond a few words.
 */
#include "run/offsets.h"

#define FLAGS_ARITH 0xcd5

        .text

/* Guest registers -> struct cpu; rflags -> arith. Clobbers rax, rcx. LAHF, SETO and the copy of DF
 * take half as long as PUSHFQ. Not inside CLD, STD: between the host's flag and the copy there is no
 * boundary, and neither can fault. */
        .macro save_guest
        mov     %rax, CPU_GPR+0(%r15)
        mov     %rcx, CPU_GPR+8(%r15)
        mov     %rdx, CPU_GPR+16(%r15)
        mov     %rbx, CPU_GPR+24(%r15)
        mov     %rbp, CPU_GPR+40(%r15)
        mov     %rsi, CPU_GPR+48(%r15)
        mov     %rdi, CPU_GPR+56(%r15)
        mov     $0, %eax
        lahf
        seto    %al
        mov     %r12d, %ecx
        mov     %rcx, CPU_GPR+32(%r15)
        movzbl  %ah, %ecx
        movzbl  %al, %eax
        and     $FLAGS_ARITH & 0xff, %ecx
        shl     $11, %eax
        or      CPU_DF(%r15), %ecx
        or      %ecx, %eax
        mov     %eax, CPU_ARITH(%r15)
        test    $0x400, %eax
        jz      770f
        cld
770:
        .endm

/* struct cpu -> guest registers except rax (r12 too); rax must be loaded last by the caller. */
        .macro load_guest
        mov     CPU_GPR+32(%r15), %r12d
        mov     CPU_GPR+8(%r15), %rcx
        add     %r13, %r12
        mov     CPU_GPR+16(%r15), %rdx
        mov     CPU_GPR+24(%r15), %rbx
        mov     CPU_GPR+40(%r15), %rbp
        mov     CPU_GPR+48(%r15), %rsi
        mov     CPU_GPR+56(%r15), %rdi
        .endm

/* arith -> df. Clobbers rax, which becomes arith, and r11; ZF if DF is clear. */
        .macro load_df
        mov     CPU_ARITH(%r15), %eax
        mov     %eax, %r11d
        and     $0x400, %r11d
        mov     %r11d, CPU_DF(%r15)
        .endm

/* arith -> rflags without popfq (9 ns): OF by an addition, the rest by sahf, DF by std. Clobbers rax
 * and r11. */
        .macro load_flags
        load_df
        jz      771f
        std
771:    mov     %eax, %r11d
        shr     $11, %r11d
        and     $1, %r11d
        add     $0x7f, %r11b
        mov     %al, %ah
        sahf
        .endm

/* r8d = linear address of cpu->eip, r10 = where the I-view leads from there. */
        .macro find_code
        cmpl    $0, CPU_EXIT_REQUEST(%r15)
        jne     run_bail
        mov     CPU_EIP(%r15), %r8d
        add     CPU_CS_BASE(%r15), %r8d
        mov     CPU_DIR(%r15), %r14
        mov     %r8d, %r9d
        shr     $12, %r9d
        mov     (%r14,%r9,8), %r10
        mov     (%r10,%r8,4), %r10d
        add     CPU_SCRATCH_AT(SCRATCH_CACHE_EXEC)(%r15), %r10
        .endm

/* All that guest code needs; r8 and r10 stay. */
        .macro load_all
        cmpl    $0, CPU_EXIT_REQUEST(%r15)
        jne     run_bail
        mov     CPU_DIR(%r15), %r14
        mov     CPU_WINDOW(%r15), %r13
        cmp     %r13, CPU_SCRATCH_AT(SCRATCH_FS)(%r15)
        je      772f
        cmp     %r13, CPU_SCRATCH_AT(SCRATCH_GS)(%r15)
        je      772f
        wrgsbase %r13
        mov     %r13, CPU_SCRATCH_AT(SCRATCH_GS)(%r15)
772:    load_guest
        load_flags
        mov     CPU_GPR+0(%r15), %rax
        .endm

        .globl  run_guest
        .type   run_guest, @function
run_guest:
        push    %rbp
        push    %rbx
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        sub     $8, %rsp
        mov     %rdi, %r15
        mov     %rsi, %r10
        mov     %rsp, CPU_HOST_RSP(%r15)
        mov     CPU_STACK_NOW(%r15), %r11
        mov     (%r11), %rsp
        test    %r10, %r10
        jnz     resume_at

/* A signal between here and run_resume_end finds all truth in struct cpu: it sends us to run_bail. */
        .globl  run_resume_begin
run_resume_begin:
resume:
        find_code
resume_at:
        load_all
        jmp     *%r10
/* rbx: behind the call that came here, where "jmp *%r10" stands. */
resume_by_return:
        push    %rbx
        find_code
        load_all
        ret
        .globl  run_resume_end
run_resume_end:

/* light_dispatch(cpu, r8 = struct insn, r9d = operation) on the monitor's stack; eax = its answer.
 * The return address waits in rbx, which C keeps: C may empty the stack it came on, or take another
 * for the guest's calls. */
        .macro call_dispatch tells_return=0
        save_guest
        pop     %rbx
        mov     CPU_STACK_NOW(%r15), %rax
        mov     %rsp, (%rax)
        .if     \tells_return
        mov     %rbx, CPU_SCRATCH_AT(SCRATCH_RETURN)(%r15)
        .endif
        mov     CPU_HOST_RSP(%r15), %rsp
        mov     %r15, %rdi
        mov     %r8, %rsi
        mov     %r9d, %edx
        call    light_dispatch
        mov     CPU_STACK_NOW(%r15), %rcx
        mov     (%rcx), %rsp
        .endm

/* call *helper[HELPER_TARGET](%r15): an indirect branch to r8d, which it is behind the call too. */
        .globl  run_target
        .type   run_target, @function
run_target:
        mov     %r8, CPU_SCRATCH_AT(SCRATCH_TARGET)(%r15)
        mov     %r10, %r8
        mov     $OP_TARGET_NUMBER, %r9d

/* call *helper[HELPER_LIGHT](%r15): r8 = struct insn, r9d = operation. General registers only. */
        .globl  run_light
        .type   run_light, @function
run_light:
        call_dispatch 1
        test    %eax, %eax
        jnz     2f
        push    %rbx
        mov     CPU_SCRATCH_AT(SCRATCH_TARGET)(%r15), %r8
        .globl  run_reload_begin
run_reload_begin:
        cmpl    $0, CPU_EXIT_REQUEST(%r15)
        jne     3f
        load_guest
        load_flags
        mov     CPU_GPR+0(%r15), %rax
        ret
        .globl  run_reload_end
run_reload_end:
/* Somebody wants us out: go on one host instruction at a time to the next boundary (signals.c). */
3:      load_guest
        load_df
        or      $0x102, %eax
        push    %rax
        mov     CPU_GPR+0(%r15), %rax
        popfq
        ret
2:      cmp     $1, %eax        /* LIGHT_JUMP */
        je      resume
        jmp     leave

/* call *helper[HELPER_LIGHT_END](%r15); jmp *%r10: the same for what never goes on behind it. The
 * CPU predicts returns by a stack of its own: a call that nobody returns from puts all returns of
 * the guest that are due out by one. And each such place has its own jump to be predicted by. */
        .globl  run_light_end
        .type   run_light_end, @function
run_light_end:
        call_dispatch
        cmp     $1, %eax        /* LIGHT_JUMP */
        ja      2b
        jb      7f
        jmp     resume_by_return
7:      ud2                     /* LIGHT_NEXT: there is no next */

/* jmp *helper[HELPER_BRIDGE](%r15), behind a call from a closed bridge: C may build it, and says in
 * struct cpu where it leads. */
        .globl  run_bridge
        .type   run_bridge, @function
run_bridge:
        save_guest
        pop     %rsi
        mov     CPU_STACK_NOW(%r15), %rax
        mov     %rsp, (%rax)
        mov     CPU_HOST_RSP(%r15), %rsp
        mov     %r15, %rdi
        call    light_bridge
        mov     CPU_STACK_NOW(%r15), %rcx
        mov     (%rcx), %rsp
        mov     %rax, %r10
        test    %rax, %rax
        jnz     resume_at
        jmp     resume

/* jmp *helper[HELPER_MISS/STEP/CROSS](%r15): r8d = linear address where the guest goes on. */
        .globl  run_exit_miss, run_exit_step, run_exit_cross
run_exit_miss:
        movl    $EXIT_MISS_NUMBER, CPU_EXIT_REASON(%r15)
        jmp     4f
run_exit_step:
        movl    $EXIT_STEP_NUMBER, CPU_EXIT_REASON(%r15)
        jmp     4f
run_exit_cross:
        movl    $EXIT_CROSS_NUMBER, CPU_EXIT_REASON(%r15)
4:      mov     %r8d, CPU_SCRATCH_AT(SCRATCH_LIN)(%r15)
        save_guest
        mov     CPU_SCRATCH_AT(SCRATCH_LIN)(%r15), %eax
        sub     CPU_CS_BASE(%r15), %eax
        mov     %eax, CPU_EIP(%r15)
        jmp     5f

/* Signal handlers come here with guest registers live, eip and exit_reason already in struct cpu. */
        .globl  run_exit_signal
run_exit_signal:
        save_guest
5:      mov     CPU_STACK_NOW(%r15), %rax
        mov     %rsp, (%rax)
leave:
        mov     CPU_HOST_RSP(%r15), %rsp
        mov     CPU_EXIT_REASON(%r15), %eax
        add     $8, %rsp
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbx
        pop     %rbp
        cld
        ret
        .globl  run_bail
run_bail:
        /* a signal may have come between wrgsbase and the note of it: believe neither */
        movq    $-1, CPU_SCRATCH_AT(SCRATCH_GS)(%r15)
        movl    $EXIT_REQUEST_NUMBER, CPU_EXIT_REASON(%r15)
        jmp     leave

/* All signal handlers. Nothing of C may run while FS.base is a window's: those, and nothing else,
 * have 32 low zeros. Then this is the alternate stack, which lies at a multiple of its size, and its
 * first word is FS.base of the thread. */
        .globl  run_signal_entry
        .type   run_signal_entry, @function
run_signal_entry:
        rdfsbase %rax
        test    %eax, %eax
        jnz     run_on_signal
        push    %rax
        mov     %rsp, %rcx
        and     $-ALTERNATE_STACK_BYTES, %rcx
        mov     (%rcx), %rcx
        wrfsbase %rcx
        call    run_on_signal
        pop     %rax
        wrfsbase %rax
        ret

/* Guest memory for C (view/acc.c): value in eax; rdx = 0, or 1 if the handler gave up: then rax is
 * what was left of the count in rdx. */
        .globl  acc_host_begin, acc_host_end, acc_host_fail
        .globl  acc_host_load1, acc_host_load2, acc_host_load4
        .globl  acc_host_load8, acc_host_match, acc_host_load_words, acc_host_store_words
        .globl  acc_host_store1, acc_host_store2, acc_host_store4
        .globl  acc_host_move1, acc_host_move2, acc_host_move4
        .globl  acc_host_fill1, acc_host_fill2, acc_host_fill4
acc_host_begin:
acc_host_load1:
        movzbl  (%rdi), %eax
        xor     %edx, %edx
        ret
acc_host_load2:
        movzwl  (%rdi), %eax
        xor     %edx, %edx
        ret
acc_host_load4:
        mov     (%rdi), %eax
        xor     %edx, %edx
        ret
acc_host_load8:
        mov     (%rdi), %rax
        xor     %edx, %edx
        ret
/* rdi struct acc_same, rsi how many, at least one, rdx guest */
acc_host_match:
1:      mov     (%rdi), %rax
        mov     (%rax), %rax
        cmp     8(%rdi), %rax
        jne     acc_host_fail
        add     $16, %rdi
        dec     %esi
        jnz     1b
        mov     (%rdx), %rax
        xor     %edx, %edx
        ret
/* rdi guest, rsi ours, rdx words, at least one; the last first, which leaves no doubt about the rest
 * while both ends lie in one page */
acc_host_load_words:
1:      mov     -4(%rdi,%rdx,4), %eax
        mov     %eax, -4(%rsi,%rdx,4)
        dec     %edx
        jnz     1b
        ret
acc_host_store_words:
2:      mov     -4(%rsi,%rdx,4), %eax
        mov     %eax, -4(%rdi,%rdx,4)
        dec     %edx
        jnz     2b
        ret
acc_host_store1:
        mov     %sil, (%rdi)
        xor     %edx, %edx
        ret
acc_host_store2:
        mov     %si, (%rdi)
        xor     %edx, %edx
        ret
acc_host_store4:
        mov     %esi, (%rdi)
        xor     %edx, %edx
        ret
acc_host_move1:
        mov     %rdx, %rcx
        rep movsb
        xor     %edx, %edx
        ret
acc_host_move2:
        mov     %rdx, %rcx
        rep movsw
        xor     %edx, %edx
        ret
acc_host_move4:
        mov     %rdx, %rcx
        rep movsl
        xor     %edx, %edx
        ret
acc_host_fill1:
        mov     %esi, %eax
        mov     %rdx, %rcx
        rep stosb
        xor     %edx, %edx
        ret
acc_host_fill2:
        mov     %esi, %eax
        mov     %rdx, %rcx
        rep stosw
        xor     %edx, %edx
        ret
acc_host_fill4:
        mov     %esi, %eax
        mov     %rdx, %rcx
        rep stosl
        xor     %edx, %edx
        ret
acc_host_end:
acc_host_fail:
        mov     %rcx, %rax
        mov     $1, %edx
        ret

        .section .note.GNU-stack,"",@progbits

/* Hardware task switching: JMP and CALL to a TSS, IRET back by NT, task gate by CALL and by INT,
 * busy bits, back link, TS, registers and CR3 saved and loaded, LDT, error code on the new stack.
 */
#include "lib.inc"
main:
    call paging_on
    SETDESC T0, tss2, 103, 0x89, 0
    movl %cr3, %eax
    movl %eax, tss2 + 0x1c
    movl %eax, lib_tss + 0x1c
    call init
    /* call: nested, iret comes back */
    movl $0x1234, %ebx
    movl $0x5678, %esi
    lcall $T0, $0
    CHECK(%ebx, $0x1234)
    CHECK(%esi, $0x5678)
    CHECK(in_ebx, $0xb0b0)
    CHECK(in_eflags_nt, $F_NT)
    CHECK(in_link, $TSS_SEL)
    CHECK(in_tr, $T0)
    CHECK(in_ts, $CR0_TS)
    CHECKB(busy_old, $0x8b)           /* the caller stays busy */
    CHECKB(lib_gdt + T0 + 5, $0x89)   /* not busy any more */
    CHECKB(lib_gdt + TSS_SEL + 5, $0x8b)
    str %eax
    CHECKW(%ax, $TSS_SEL)
    CHECKF(F_NT, 0)
    CHECK(lib_tss + 0x34, $0x1234)    /* EBX saved */
    movl %cr0, %eax
    testl $CR0_TS, %eax
    ASSERT(nz)
    clts
    /* second call goes on behind its iret */
    lcall $T0, $0
    CHECK(n_in, $2)
    /* jmp: not nested; old one becomes available */
    movl $2, how
    ljmp $T0, $0
back_from_jmp:
    CHECK(n_in, $3)
    CHECK(in_eflags_nt, $0)
    CHECKB(busy_old, $0x89)
    clts
    /* task gate */
    movl $0, how
    call init
    movl $0, lib_gdt + T1
    movw $T0, lib_gdt + T1 + 2
    movl $0x8500, lib_gdt + T1 + 4
    lcall $T1, $0
    CHECK(n_in, $4)
    clts
    /* task gate in the IDT, INT n from CPL 3 */
    call init
    movw $T0, lib_idt + 0x90 * 8 + 2
    movb $0xe5, lib_idt + 0x90 * 8 + 5
    USER_OK(movl $0x7777, %ebp; int $0x90; movl %cs, %eax)
    CHECK(%ebp, $0x7777)
    CHECK(%eax, $UCS)
    CHECK(n_in, $5)
    CHECK(in_link, $TSS_SEL)
    clts
    /* exception with an error code: pushed on the new task's stack */
    call init
    movl $3, how
    movw $T0, lib_idt + 13 * 8 + 2
    movb $0x85, lib_idt + 13 * 8 + 5
    movl $0x1000, %eax
bad:
    movl %eax, %ds
    CHECK(in_error, $0x1000)
    CHECK(n_in, $6)
    CHECK(in_old_eip, $bad)
    clts
    /* busy TSS: #GP(sel) */
    movb $0x8b, lib_gdt + T0 + 5
    SETGATE 13, lib_stubs_gp
    FAULTS(GP, T0, ljmp $T0, $0)
    FAULTS(GP, T0, lcall $T0, $0)
    /* too short: #TS(sel) */
    SETDESC T0, tss2, 102, 0x89, 0
    FAULTS(TS, T0, ljmp $T0, $0)
    USER(GP, T0, ljmp $T0, $0)        /* DPL */
    PASS
lib_stubs_gp = lib_stubs + 13 * 16
init:
    movl $task, tss2 + 0x20
    movl $2, tss2 + 0x24
    movl $0xb0b0, tss2 + 0x34
    movl $lib_stack2_top, tss2 + 0x38
    movl $KDS, tss2 + 0x48
    movl $KCS, tss2 + 0x4c
    movl $KDS, tss2 + 0x50
    movl $KDS, tss2 + 0x54
    movl $0, tss2 + 0x58
    movl $0, tss2 + 0x5c
    movl $0, tss2 + 0x60
    movb $0x89, lib_gdt + T0 + 5
    ret
task:
    pushfl
    popl in_eflags_nt
    andl $F_NT, in_eflags_nt
    movl %cr0, %eax
    andl $CR0_TS, %eax
    movl %eax, in_ts
    movl %ebx, in_ebx
    movzwl tss2, %eax
    movl %eax, in_link
    str %eax
    movzwl %ax, %eax
    movl %eax, in_tr
    movb lib_gdt + TSS_SEL + 5, %al
    movb %al, busy_old
    incl n_in
    cmpl $2, how
    je 1f
    cmpl $3, how
    je 2f
    iret
    jmp task
1:  ljmp $TSS_SEL, $0
    jmp task
2:  popl in_error
    movl lib_tss + 0x20, %eax
    movl %eax, in_old_eip
    addl $2, lib_tss + 0x20           /* skip the instruction */
    iret
    .data
in_eflags_nt: .long 0
in_ts: .long 0
in_ebx: .long 0
in_link: .long 0
in_tr: .long 0
in_error: .long 0
in_old_eip: .long 0
busy_old: .long 0
n_in: .long 0
how: .long 0
    .balign 128
tss2: .fill 104, 1, 0

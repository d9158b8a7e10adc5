/* 16-bit TSS: call, iret and jump between 16 and 32-bit tasks, what of each register is saved and
 * loaded, FS GS and LDT, the limit; stacks of inner rings out of it; no I/O map; no T bit. */
#include "lib.inc"
#define LOW 0x8000                    /* 16-bit IP reaches only this */
main:
    SETDESC T0, tss16, 43, 0x81, 0
    SETDESC T1, stk16, 0xfff, 0x92, 0 /* 16-bit stack */
    cld
    movl $task, %esi
    movl $LOW, %edi
    movl $task_end - task, %ecx
    rep movsb
    movl $0xcafe0001, %ebx
    call init
    movl $UDS, %eax
    movl %eax, %fs
    /* call */
    lcall $T0, $0
    CHECK(%ebx, $0xcafe0001)
    CHECK(n_in, $1)
    CHECK(in_eax, $0xffffa0a0)        /* the upper halves are ones */
    CHECK(in_edi, $0xffffd1d1)
    CHECK(in_esp, $0xffff0800)
    CHECKW(in_fs, $0)
    CHECKW(in_gs, $0)
    CHECKW(in_ldt, $0)
    CHECK(in_eflags, $(F_NT | F_CF | 2))
    CHECKW(tss16, $TSS_SEL)
    CHECKB(lib_gdt + T0 + 5, $0x81)
    CHECKB(lib_gdt + TSS_SEL + 5, $0x8b)
    movl %fs, %eax
    CHECK(%eax, $UDS)
    /* what iret saved: 16 bits of each, NT clear; FS GS have no place, nothing behind 0x2a */
    CHECKW(tss16 + 0x0e, $LOW + task_iret - task + 1)
    movw tss16 + 0x10, %ax
    andw $F_NT | F_CF, %ax
    CHECKW(%ax, $F_CF)
    CHECKW(tss16 + 0x12, $0x5566)     /* ax */
    CHECKW(tss16 + 0x1a, $0x0800)     /* sp */
    CHECKW(tss16 + 0x22, $KDS)
    CHECKW(tss16 + 0x26, $T1)
    CHECKW(tss16 + 0x28, $KDS)
    CHECKW(tss16 + 0x2c, $0x9999)
    clts
    /* jump there and back */
    call init
    movl $2, how
    ljmp $T0, $0
    CHECK(n_in, $2)
    CHECK(in_eflags, $(F_CF | 2))
    CHECKB(lib_gdt + T0 + 5, $0x81)
    clts
    /* the limit is 2B */
    SETDESC T0, tss16, 42, 0x81, 0
    FAULTS(TS, T0, ljmp $T0, $0)
    /* busy */
    SETDESC T0, tss16, 43, 0x83, 0
    FAULTS(GP, T0, ljmp $T0, $0)
    FAULTS(GP, T0, ltr lib_sel_t0)
    /* as the current one: stack for ring 0 out of words 2 and 4, ring 1 out of 6 and 8 */
    SETDESC T0, tss16, 43, 0x81, 0
    movw $0x9f00, tss16 + 2
    movw $KDS, tss16 + 4
    movl $T0, %eax
    ltr %ax
    CHECKB(lib_gdt + T0 + 5, $0x83)
    USER_OK(movl $0x77, %esi)
    CHECK(%esi, $0x77)
    CHECKW(0x9f00 - 4, $UDS)
    CHECK(0x9f00 - 8, $user_stack_top)
    CHECKW(0x9f00 - 16, $UCS)
    /* IOPL 0 and no map */
    USER(GP, 0, inb $0x61, %al)
    CHECKW(0x9f00 - 4, $UDS)
    /* beyond the limit: ring 2's SS ends at 0d, so a limit of 0c is #TS */
    movw $0x0800, tss16 + 10
    movw $DS2, tss16 + 12
    SETGATE 0x90, lib_fail, 0xee, CS2
    SETDESC T0, tss16, 12, 0x81, 0
    movl $T0, %eax
    ltr %ax
    TRY 1f
    TO_USER 2f
2:  int $0x90
1:  CHECK(exc_vec, $TS)
    CHECK(exc_err, $T0)
    CHECK(exc_eip, $2b)
    PASS
init:
    movw $LOW, tss16 + 0x0e
    movw $F_CF | 2, tss16 + 0x10
    movw $0xa0a0, tss16 + 0x12
    movw $0x0800, tss16 + 0x1a
    movw $0xd1d1, tss16 + 0x20
    movw $KDS, tss16 + 0x22
    movw $KCS, tss16 + 0x24
    movw $T1, tss16 + 0x26
    movw $KDS, tss16 + 0x28
    movw $0, tss16 + 0x2a
    movl $0x99999999, tss16 + 0x2c
    ret
task:
    movl %eax, in_eax
    movl %edi, in_edi
    movl %esp, in_esp
    movw %fs, in_fs
    movw %gs, in_gs
    pushfl
    popl in_eflags
    sldt in_ldt
    incl n_in
    movl $0x44335566, %eax
    cmpl $2, how
    je 1f
    stc
task_iret:
    iret
1:  ljmp $TSS_SEL, $0
task_end:
    .data
lib_sel_t0: .word T0
how: .long 0
n_in: .long 0
in_eax: .long 0
in_edi: .long 0
in_esp: .long 0
in_eflags: .long 0
in_fs: .word 7
in_gs: .word 7
in_ldt: .word 7
    .balign 128
tss16: .fill 64, 1, 0
    .balign 4096
stk16: .skip 4096

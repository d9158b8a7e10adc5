/* What goes wrong once the new task is current is the new task's fault: its registers, its stack,
 * TR; error codes with EXT when an event caused the switch. The T bit of the TSS. RF in the EFLAGS
 * image that a fault's task gate saves. Back links that lead nowhere. */
#include "lib.inc"
#define BT 0x8000
    /* the new task runs at CPL 3, so its faults have a good stack: SS0:ESP0 of its TSS */
    .macro set_field off, value
    call init
    movl $(\value), tss2 + \off
    .endm
    .macro back
    movb $0x89, lib_gdt + TSS_SEL + 5
    movl $TSS_SEL, %eax
    ltr %ax
    xorl %eax, %eax
    lldt %ax
    clts
    .endm
    .macro faults_in vec, err, line
    TRY 1f
    ljmp $T0, $0
    fail_at \line
1:  ck exc_vec, $\vec, \line
    ck exc_err, "$(\err)", \line
    str %eax
    ckw %ax, $T0, \line
    movl tss2 + 0x20, %eax
    ck exc_eip, %eax, \line
    ck exc_ebx, $0xb0b0, \line
    ckb lib_gdt+TSS_SEL+5, $0x89, \line
    movl %cr0, %eax
    testl $CR0_TS, %eax
    asrt nz, \line
    back
    .endm
#define IN_TASK(off, value, vec, err) set_field off, value; faults_in vec, err, __LINE__
main:
    SETDESC T0, tss2, 103, 0x89, 0
    SETDESC T1, 0, 0xfffff, 0x7b, 0xc /* code, DPL 3, not present */
    SETDESC T2, 0, 0xfffff, 0x73, 0xc /* data, DPL 3, not present */
    SETDESC T3, 0, 0xff, 0x02, 0      /* LDT, not present */
    SETDESC T4, 0, 0xfffff, 0xf9, 0xc /* execute-only, DPL 3 */
    SETDESC T5, main, 0xf, 0xfb, 0x4  /* short code, DPL 3 */
    SETDESC T6, 0, 0xfffff, 0xff, 0xc /* conforming code, DPL 3 */
    /* LDT */
    IN_TASK(0x60, KDS, TS, KDS)
    IN_TASK(0x60, (T0+4), TS, (T0+4))
    IN_TASK(0x60, T3, TS, T3)
    IN_TASK(0x60, 0x1000, TS, 0x1000)
    /* CS */
    IN_TASK(0x4c, (UDS), TS, (UDS&~3))
    IN_TASK(0x4c, (KCS+3), TS, KCS)
    IN_TASK(0x4c, (T1+3), NP, T1)
    IN_TASK(0x4c, (0x1000+3), TS, 0x1000)
    IN_TASK(0x4c, 3, TS, 0)
    /* SS */
    IN_TASK(0x50, KDS, TS, KDS)
    IN_TASK(0x50, (UDS&~3), TS, (UDS&~3))
    IN_TASK(0x50, (KDS+3), TS, KDS)
    IN_TASK(0x50, (T2+3), SS, T2)
    IN_TASK(0x50, UCS, TS, (UCS&~3))
    IN_TASK(0x50, 0, TS, 0)
    /* DS and the others */
    IN_TASK(0x54, (KDS), TS, KDS)
    IN_TASK(0x48, (T2+3), NP, T2)
    IN_TASK(0x58, (T4+3), TS, T4)
    IN_TASK(0x5c, (0x1000+3), TS, 0x1000)
    IN_TASK(0x54, TSS_SEL, TS, TSS_SEL)
    /* EIP beyond CS */
    call init
    movl $T5 + 3, tss2 + 0x4c
    movl $0x10, tss2 + 0x20
    faults_in GP, 0, __LINE__
    /* a virtual-8086 task too */
    call init
    movl $(F_VM | 2), tss2 + 0x24
    movl $0x10000, tss2 + 0x20
    faults_in GP, 0, __LINE__
    /* a call nests before it faults */
    set_field 0x54, KDS
    TRY 1f
    lcall $T0, $0
    FAIL
1:  CHECK(exc_vec, $TS)
    CHECKW(tss2, $TSS_SEL)
    CHECKB(lib_gdt + TSS_SEL + 5, $0x8b)
    movl exc_eflags, %eax
    testl $F_NT, %eax
    ASSERT(nz)
    back
    /* EXT: INT n has none, a fault has */
    .macro gate vec, dpl
    movw $T0, lib_idt + 8 * \vec + 2
    movb $0x85 | \dpl << 5, lib_idt + 8 * \vec + 5
    .endm
    .macro ungate vec
    movw $KCS, lib_idt + 8 * \vec + 2
    movb $0x8e, lib_idt + 8 * \vec + 5
    .endm
    gate 0x90, 3
    set_field 0x54, KDS
    TRY 1f
    int $0x90
    FAIL
1:  CHECK(exc_vec, $TS)
    CHECK(exc_err, $KDS)
    back
    gate UD, 0
    set_field 0x54, KDS
    TRY 1f
2:  ud2
    FAIL
1:  CHECK(exc_vec, $TS)
    CHECK(exc_err, $KDS + 1)
    CHECK(lib_tss + 0x20, $2b)
    /* RF in the image of a fault, also of one without an error code; not of a software interrupt */
    movl lib_tss + 0x24, %eax
    testl $F_RF, %eax
    ASSERT(nz)
    back
    set_field 0x54, KDS
    TRY 1f
    int $0x90
1:  movl lib_tss + 0x24, %eax
    testl $F_RF, %eax
    ASSERT(z)
    back
    ungate UD
    /* T bit: a trap in the new task before its first instruction */
    movl $0, %eax
    movl %eax, %dr6
    call init
    movw $1, tss2 + 0x64
    movl $0xffff0155, %eax
    movl %eax, %dr7
    TRY 1f
    ljmp $T0, $0
    FAIL
1:  CHECK(exc_vec, $DB)
    CHECK(exc_eip, $task)
    CHECK(exc_cs, $UCS)
    CHECK(exc_ebx, $0xb0b0)
    movl %dr6, %eax
    andl $0xe00f, %eax
    CHECK(%eax, $BT)
    movl %dr7, %eax                   /* L0-L3 and LE are the old task's */
    CHECK(%eax, $0xffff0400 & ~0xdc00 | 0x400)
    xorl %eax, %eax
    movl %eax, %dr7
    movl %eax, %dr6
    back
    /* the T bit of the task that handles #DF */
    gate DF, 0
    call init
    movw $1, tss2 + 0x64
    movb $0x0e, lib_idt + 8 * NP + 5  /* #NP of the missing #NP gate */
    TRY 1f
    movl $T2, %eax
    movl %eax, %ds
    FAIL
1:  CHECK(exc_vec, $DB)
    CHECK(exc_eip, $task)
    movl %dr6, %eax
    andl $0xe00f, %eax
    CHECK(%eax, $BT)
    movb $0x8e, lib_idt + 8 * NP + 5
    ungate DF
    back
    /* the old task finds no room in its own TSS: the switch has not begun */
    .macro old_limit limit, acc, vec, err, line
    call init
    SETDESC TSS_SEL, lib_tss, \limit, \acc, 0
    movl $TSS_SEL, %eax
    ltr %ax
    TRY 1f
2:  ljmp $T0, $0
1:  ck exc_vec, $\vec, \line
    ck exc_err, "$(\err)", \line
    .if \vec == TS
    ck exc_eip, $2b, \line
    ckb lib_gdt+T0+5, $0x89, \line
    ckb lib_gdt+TSS_SEL+5, $(\acc + 2), \line
    .endif
    .endm
#define OLD_LIMIT(limit, acc, vec, err) old_limit limit, acc, vec, err, __LINE__
    OLD_LIMIT(0x4f, 0x89, TS, TSS_SEL)
    OLD_LIMIT(0x28, 0x81, TS, TSS_SEL)
    SETDESC TSS_SEL, lib_tss, 103, 0x89, 0
    movl $TSS_SEL, %eax
    ltr %ax
    /* IRET with NT: the back link */
    .macro link_faults sel, vec, err, line
    movw $\sel, lib_tss
    TRY 1f
    SETF (F_NT | 2)
2:  iret
    fail_at \line
1:  ck exc_vec, $\vec, \line
    ck exc_err, "$(\err)", \line
    ck exc_eip, $2b, \line
    .endm
#define LINK(sel, vec, err) link_faults sel, vec, err, __LINE__
    movb $0x89, lib_gdt + T0 + 5
    LINK(0, TS, 0)
    LINK(T0, TS, T0)                  /* not busy */
    LINK((T0+4), TS, (T0+4))
    LINK(0x1000, TS, 0x1000)
    LINK(KDS, TS, KDS)
    movb $0x0b, lib_gdt + T0 + 5      /* busy, not present */
    LINK(T0, NP, T0)
    SETDESC T0, tss2, 102, 0x8b, 0
    LINK(T0, TS, T0)
    PASS
init:
    cld
    movl $tss2, %edi
    xorl %eax, %eax
    movl $26, %ecx
    rep stosl
    movl $lib_stack2_top, tss2 + 4
    movl $KDS, tss2 + 8
    movl $task, tss2 + 0x20
    movl $2, tss2 + 0x24
    movl $0xb0b0, tss2 + 0x34
    movl $user_stack_top, tss2 + 0x38
    movl $UDS, tss2 + 0x48
    movl $UCS, tss2 + 0x4c
    movl $UDS, tss2 + 0x50
    movl $UDS, tss2 + 0x54
    movb $0x89, lib_gdt + T0 + 5
    ret
task:
    FAIL
    .data
    .balign 128
tss2: .fill 104, 1, 0

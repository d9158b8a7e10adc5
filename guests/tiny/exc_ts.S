/* #TS: bad inner stack in the TSS when a gate changes the ring (the handler of #TS runs at CPL 3
 * itself, through a gate to a ring 3 segment), IRET with NT and a bad back link. */
#include "lib.inc"
    .macro bad_ss0 sel, err, vec=TS
    movl $\sel, lib_tss + 8
    movl $-1, seen_vec
    TRY 1f
    TO_USER 0f
0:  int $0x80
    ud2
1:      CHECK(seen_vec, $\vec)
    CHECK(seen_err, $\err)
    CHECK(seen_eip, $0b)
    .endm
main:
    /* vectors 10 and 12 go to ring 3 code */
    SETGATE 10, ts3, 0xee, UCS
    SETGATE 12, ss3, 0xee, UCS
    SETGATE 13, gp3, 0xee, UCS
    movb $0xee, lib_idt + 0x80 * 8 + 5
    bad_ss0 0, 0                      /* null */
    bad_ss0 0x1000, 0x1000            /* beyond the GDT */
    bad_ss0 (KDS + 3), KDS            /* RPL is not the new CPL */
    bad_ss0 UDS, (UDS & ~3)           /* RPL and DPL are 3 */
    bad_ss0 (UDS & ~3), (UDS & ~3)    /* DPL 3 */
    bad_ss0 KCS, KCS                  /* code */
    SETDESC T0, 0, 0xfffff, 0x90, 0xc /* read-only data */
    bad_ss0 T0, T0
    movl $KDS, lib_tss + 8
    /* IRET with NT at CPL 0: back link null, data segment, available TSS: #TS(back link) */
    SETGATE 10, lib_stubs_ts
    SETGATE 13, lib_stubs_gp
    movw $0, lib_tss
    .irp link, 0, KDS, KCS, 0x1000
    movw $\link, lib_tss
    TRY 2f
    pushfl
    orl $F_NT, (%esp)
    popfl
1:  iret
    FAIL
2:  CHECK(exc_vec, $TS)
    CHECK(exc_err, $\link)
    CHECK(exc_eip, $1b)
    CHECKF(F_NT, 0)
    .endr
    SETDESC T0, lib_tss, 103, 0x89, 0 /* available, not busy */
    movw $T0, lib_tss
    TRY 4f
    pushfl
    orl $F_NT, (%esp)
    popfl
3:  iret
4:  CHECK(exc_vec, $TS)
    CHECK(exc_err, $T0)
    SETDESC T0, lib_tss, 102, 0x8b, 0 /* busy, too short */
    TRY 6f
    pushfl
    orl $F_NT, (%esp)
    popfl
5:  iret
6:  CHECK(exc_vec, $TS)
    CHECK(exc_err, $T0)
    CHECK(exc_eip, $5b)
    PASS
    .balign 16
ts3:
    movl $10, seen_vec
    jmp 1f
ss3:
    movl $12, seen_vec
    jmp 1f
gp3:
    movl $13, seen_vec
1:  popl seen_err
    popl seen_eip
    addl $8, %esp                     /* CS, EFLAGS: no stack change, no ESP, SS */
    cmpl $user_stack_top, %esp
    jne 2f
    movl $KDS, lib_tss + 8
    int $SYS
2:  ud2
lib_stubs_ts = lib_stubs + 10 * 16
lib_stubs_gp = lib_stubs + 13 * 16
    .data
seen_vec: .long 0
seen_err: .long 0
seen_eip: .long 0

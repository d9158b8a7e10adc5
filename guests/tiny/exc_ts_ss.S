/* Inner stack segment of the TSS not present: #SS(selector), not #TS. */
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
    SETDESC T0, 0, 0xfffff, 0x12, 0xc /* not present: #SS */
    bad_ss0 T0, T0, 12
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

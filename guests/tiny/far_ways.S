/* Far CALL and JMP, each way it may fail, with its error code, nothing changed: direct, through
 * pointers in memory, through 32- and 16-bit call gates, inner stacks that are bad or full, in the
 * order the manual checks them; gates in the LDT; selectors' RPL that does not matter. */
#include "lib.inc"
    .macro GATE sel, eip, cs, count, acc
    movl $\eip, %eax
    movw %ax, lib_gdt + \sel
    shrl $16, %eax
    movw %ax, lib_gdt + \sel + 6
    movw $\cs, lib_gdt + \sel + 2
    movb $\count, lib_gdt + \sel + 4
    movb $\acc, lib_gdt + \sel + 5
    .endm
    /* the four instructions; nothing has changed but what the recorder has */
    .macro fails_one insn, vec, err, line
    TRY 2f
    movl %esp, %ebx
1:  \insn
    fail_at \line
2:  ck exc_vec, $\vec, \line
    ck exc_err, "$(\err)", \line
    ck exc_eip, $1b, \line
    ck exc_cs, $KCS, \line
    ck %esp, %ebx, \line
    .endm
    .macro fails sel, eip, vec, err, line
    movl $\eip, pointer
    movw $\sel, pointer + 4
    fails_one "lcall $\sel, $\eip", \vec, \err, \line
    fails_one "ljmp $\sel, $\eip", \vec, \err, \line
    fails_one "lcall *pointer", \vec, \err, \line
    fails_one "ljmp *pointer", \vec, \err, \line
    .endm
    /* CPL 3; CALL only, or both */
    .macro user_fails insn, vec, err, line
    TRY 2f
    TO_USER 1f
1:  \insn
    fail_at \line
2:  ck exc_vec, $\vec, \line
    ck exc_err, "$(\err)", \line
    ck exc_eip, $1b, \line
    ck exc_cs, $UCS, \line
    ck exc_esp, $user_stack_top, \line
    ck exc_ss, $UDS, \line
    .endm
#define BOTH(sel, eip, vec, err) fails (sel), eip, vec, (err), __LINE__
#define UCALL(sel, vec, err) user_fails LSTR(lcall $(sel), $0x5555), vec, (err), __LINE__
#define UJMP(sel, vec, err) user_fails LSTR(ljmp $(sel), $0x5555), vec, (err), __LINE__
#define UBOTH(sel, vec, err) UCALL(sel, vec, err); UJMP(sel, vec, err)
main:
    SETDESC T0, 0, 0xfffff, 0x1a, 0xc /* code, DPL 0, not present */
    SETDESC T1, main, 0xff, 0x9a, 0x4 /* short code */
    SETDESC T2, 0, 0xfffff, 0x9e, 0xc /* conforming code, DPL 0 */
    SETDESC T3, 0, 0xfffff, 0xfe, 0xc /* conforming code, DPL 3 */
    SETDESC T4, 0, 0xfffff, 0x82, 0   /* LDT */
    /* ---- direct ---- */
    BOTH(0, 0, GP, 0)
    BOTH(3, 0, GP, 0)
    BOTH(0x1000, 0, GP, 0x1000)
    BOTH(0x8f, 0, GP, 0x8c)           /* no LDT */
    BOTH(KDS, 0, GP, KDS)
    BOTH(T4, 0, GP, T4)
    BOTH(TSS_SEL, 0, GP, TSS_SEL)     /* busy */
    BOTH(UCS, 0, GP, UCS&~3)
    BOTH(CS1, 0, GP, CS1&~3)
    BOTH(KCS+3, 0, GP, KCS)           /* RPL above CPL */
    BOTH(T3, 0, GP, T3)               /* conforming, DPL above CPL */
    BOTH(T0, 0, NP, T0)
    BOTH(T1, 0x100, GP, 0)
    BOTH(T1, 0xffffffff, GP, 0)
    UBOTH(KCS, GP, KCS)
    UBOTH(KCS+3, GP, KCS)
    /* rights before presence, presence before the limit */
    SETDESC T0, 0, 0xff, 0x7a, 0x4
    BOTH(T0, 0x100, GP, T0)
    SETDESC T0, 0, 0xff, 0x1a, 0x4
    BOTH(T0, 0x100, NP, T0)
    /* RPL does not matter to conforming code; it becomes CPL */
    lcall $T2 + 3, $store_cs
    CHECK(%eax, $T2)
    USER_OK(lcall $T2, $store_cs)
    CHECK(%eax, $T2 + 3)
    USER_OK(lcall $UCS & ~3, $store_cs)
    CHECK(%eax, $UCS)
    USER_OK(lcall $T3 + 1, $store_cs)
    CHECK(%eax, $T3 + 3)
    /* 16-bit operands: 16 bits of offset, words pushed */
    SETDESC T1, store_cs16, 0xffff, 0x9a, 0
    movl %esp, %ebp
    movl $0xeeee0000, pointer
    movw $T1, pointer + 2
    data16 lcall *pointer
far16:
    FAIL
from_16:
    CHECK(%eax, $T1)
    addl $4, %esp
    CHECK(%ebp, %esp)
    movl $far16, %ecx
    CHECKW(-4(%esp), %cx)
    CHECKW(-2(%esp), $KCS)
    leal -4(%ebp), %ecx
    CHECK(%ebx, %ecx)

    /* ---- gates; the offset in the instruction is ignored ---- */
    .irp acc, 0x8c, 0x84
    GATE T5, 0, 0, 0, \acc            /* null code segment */
    BOTH(T5, 0x5555, GP, 0)
    GATE T5, 0, 3, 0, \acc
    BOTH(T5, 0x5555, GP, 0)
    GATE T5, 0, 0x1000, 0, \acc
    BOTH(T5, 0x5555, GP, 0x1000)
    GATE T5, 0, KDS, 0, \acc
    BOTH(T5, 0x5555, GP, KDS)
    GATE T5, 0, T5, 0, \acc           /* a gate to a gate */
    BOTH(T5, 0x5555, GP, T5)
    GATE T5, 0, TSS_SEL, 0, \acc
    BOTH(T5, 0x5555, GP, TSS_SEL)
    GATE T5, 0, UCS, 0, \acc          /* outwards */
    BOTH(T5, 0x5555, GP, UCS&~3)
    GATE T5, 0, T3, 0, \acc
    BOTH(T5, 0x5555, GP, T3)
    GATE T5, 0, T0, 0, \acc
    BOTH(T5, 0x5555, NP, T0)
    .endr
    SETDESC T1, main, 0xff, 0x9a, 0x4
    GATE T5, 0x100, T1, 0, 0x8c
    BOTH(T5, 0, GP, 0)
    /* the gate: rights before presence */
    GATE T5, store_cs, KCS, 0, 0x0c
    BOTH(T5, 0, NP, T5)
    BOTH(T5+3, 0, GP, T5)
    UBOTH(T5, GP, T5)
    GATE T5, store_cs, KCS, 0, 0x6c
    UBOTH(T5, NP, T5)
    /* CPL 3: JMP cannot go inwards, CALL can; RPL of the gate's code selector does not matter */
    GATE T5, store_cs, KCS + 3, 0, 0xec
    UJMP(T5, GP, KCS)
    USER_OK(lcall $T5, $0x5555)
    CHECK(%eax, $KCS)
    USER_OK(lcall $T5 + 3, $0x5555)
    lcall $T5, $0x5555
    CHECK(%eax, $KCS)
    /* the inner stack */
    .macro bad_stack sel, vec, err, line
    movl $(\sel), lib_tss + 8
    /* the fault's own delivery needs a stack: the handler is at CPL 3 */
    movl $-1, seen_vec
    TRY 3f
    TO_USER 1f
1:  lcall $T5, $0x5555
3:  ck seen_vec, $\vec, \line
    ck seen_err, "$(\err)", \line
    ck seen_eip, $1b, \line
    .endm
#define BAD_STACK(sel, vec, err) bad_stack (sel), vec, (err), __LINE__
    SETGATE 10, ts3, 0xee, UCS
    SETGATE 12, ss3, 0xee, UCS
    SETGATE 13, gp3, 0xee, UCS
    SETDESC T6, 0, 0xfffff, 0x12, 0xc /* data, not present */
    BAD_STACK(0, TS, 0)
    BAD_STACK(3, TS, 0)
    BAD_STACK(0x1000, TS, 0x1000)
    BAD_STACK(7, TS, 4)
    BAD_STACK(KDS+1, TS, KDS)
    BAD_STACK(UDS, TS, UDS&~3)
    BAD_STACK(UDS&~3, TS, UDS&~3)
    BAD_STACK(KCS, TS, KCS)
    BAD_STACK(TSS_SEL, TS, TSS_SEL)
    BAD_STACK(T6, SS, T6)
    /* no room: the SS of the inner stack is named */
    SETDESC T6, 0, 0xff, 0x92, 0x4
    movl $15, lib_tss + 4
    BAD_STACK(T6, SS, T6)
    movl $0x200, lib_tss + 4
    BAD_STACK(T6, SS, T6)
    /* room is looked at before EIP */
    SETDESC T1, main, 0xff, 0x9a, 0x4
    GATE T5, 0x100, T1, 0, 0xec
    BAD_STACK(T6, SS, T6)
    movl $lib_kstack_top, lib_tss + 4
    BAD_STACK(KDS, GP, 0)
    GATE T5, store_cs, KCS, 0, 0xec
    /* the TSS ends in the middle of SS1 */
    GATE T5, store_cs, CS1, 0, 0xec
    SETDESC TSS_SEL, lib_tss, 16, 0x89, 0
    movl $TSS_SEL, %eax
    ltr %ax
    BAD_STACK(KDS, TS, TSS_SEL)
    SETDESC TSS_SEL, lib_tss, 19, 0x89, 0
    movl $TSS_SEL, %eax
    ltr %ax
    USER_OK(lcall $T5, $0x5555)
    CHECK(%eax, $CS1)
    PASS

store_cs:
    movl %cs, %eax
    lret
store_cs16:
    .code16
    movl %cs, %eax
    movl %esp, %ebx
    ljmpl $KCS, $from_16              /* the return address has lost its upper half */
    .code32
    /* at CPL 3 themselves: on the stack of the fault, error code on top */
ts3:
    movl $TS, seen_vec
    jmp 4f
ss3:
    movl $SS, seen_vec
    jmp 4f
gp3:
    movl $GP, seen_vec
4:  popl seen_err
    popl seen_eip
    movl $KDS, lib_tss + 8
    movl $lib_kstack_top, lib_tss + 4
    int $SYS

    .data
    .balign 4
pointer: .long 0, 0
seen_vec: .long 0
seen_err: .long 0
seen_eip: .long 0

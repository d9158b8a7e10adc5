/* PUSHF POPF CLI STI at CPL 0, at CPL 3, with IOPL 0 and 3: what changes silently, what faults. */
#include "lib.inc"
#define SYSF (F_IF | F_IOPL | F_NT | F_AC | F_ID)
main:
    SETGATE 0x91, get_flags, 0xee
    /* CPL 0: everything can be set; bit 1 is 1, bits 3 5 15 22..31 are 0 */
    SETF 0xffffffff & ~(F_TF | F_VM | F_RF | F_IF | 0x180000)
    pushfl
    popl %eax
    SETF 2
    CHECK(%eax, $0x00247cd7)
    /* IF by popf at CPL 0 */
    SETF 0x202
    CHECKF(F_IF, F_IF)
    cli
    CHECKF(F_IF, 0)
    sti
    CHECKF(F_IF, F_IF)
    SETF 2
    CHECKF(F_IF, 0)
    /* RF and VM never come out of pushf; popf cannot set VM, clears RF */
    SETF (F_VM | F_RF | 2)
    pushfl
    popl %eax
    CHECK(%eax, $2)
    /* IOPL change at CPL 0 */
    SETF 0x3002
    CHECKF(F_IOPL, F_IOPL)
    SETF 2
    /* CPL 3, IOPL 0: IF and IOPL do not change, silently; cli/sti #GP(0) */
    movl $0x202, user_eflags
    USER_OK(pushl $0x3002; popfl; pushfl; popl %eax)
    CHECK(%eax, $0x202)
    movl $2, user_eflags
    USER_OK(pushl $0x3202; popfl; pushfl; popl %eax)
    CHECK(%eax, $2)
    USER(GP, 0, cli)
    USER(GP, 0, sti)
    /* others do change */
    USER_OK(pushl $(0x3202 | F_NT | F_AC | F_ID | ARITH | F_DF); popfl; pushfl; popl %eax)
    CHECK(%eax, $(F_NT | F_AC | F_ID | ARITH | F_DF | 2))
    /* ... and show in the frame the handler gets */
    CHECK(exc_eflags, $(F_NT | F_AC | F_ID | ARITH | F_DF | 2))
    /* CPL 3, IOPL 3: IF changes, IOPL does not */
    movl $0x3202, user_eflags
    USER_OK(pushl $0x0002; popfl; pushfl; popl %eax)
    CHECK(%eax, $0x3002)
    USER_OK(cli; pushfl; popl %eax; sti; pushfl; popl %ebx)
    CHECK(%eax, $0x3002)
    CHECK(%ebx, $0x3202)
    USER_OK(pushfl; popl %eax)
    CHECK(%eax, $0x3202)
    /* IOPL 1, 2 are not enough for CPL 3 */
    movl $0x2202, user_eflags
    USER(GP, 0, cli)
    andl $~F_RF, exc_eflags           /* exc_rf looks at that one */
    CHECK(exc_eflags, $0x2202)
    USER_OK(pushl $0x0002; popfl; pushfl; popl %eax)
    CHECK(%eax, $0x2202)
    /* popfw: low half only */
    movl $2, user_eflags
    SETF (F_ID | F_AC | 2)
    pushw $0x0003
    popfw
    pushfl
    popl %eax
    SETF 2
    CHECK(%eax, $(F_ID | F_AC | 3))
    USER_OK(pushw $0x3203; popfw; pushfl; popl %eax)
    CHECK(%eax, $3)
    /* iret at CPL 3 to CPL 3: same rule as popf */
    USER_OK(pushl $0x3202 | F_NT; pushl $UCS; pushl $9f; iret; 9:; pushfl; popl %eax)
    CHECK(%eax, $(2 | F_NT))
    /* the handler of an interrupt gate has IF=0, of a trap gate the old IF; TF NT RF VM are
     * cleared */
    SETF (0x202 | F_NT | F_AC | ARITH)
    int $0x91
    cli
    CHECK(seen, $(F_AC | ARITH | 2))
    CHECK(pushed, $(0x202 | F_NT | F_AC | ARITH))
    SETGATE 0x91, get_flags, 0xef
    SETF (0x202 | F_NT | F_AC)
    int $0x91
    pushfl
    popl %eax
    SETF 2
    CHECK(seen, $(0x202 | F_AC))
    CHECK(pushed, $(0x202 | F_NT | F_AC))
    CHECK(%eax, $(0x202 | F_NT | F_AC))
    PASS
get_flags:
    pushfl
    popl seen
    pushl 8(%esp)
    popl pushed
    pushfl
    andl $~F_NT, (%esp)
    popfl
    iret
    .data
seen: .long 0
pushed: .long 0

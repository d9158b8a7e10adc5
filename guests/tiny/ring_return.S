/* Far RET and IRET, each way it may fail, in the manual's order and with its error code, nothing
 * changed: the code segment, the outer stack, EIP; conforming segments; data segments that the outer
 * ring may not keep; both stacks of RET n; 16-bit outer stacks. */
#include "lib.inc"
    /* the frame of the return; what faults leaves ESP and the segments alone */
    .macro lret_fails cs, eip, ss, esp, vec, err, line
    pushl $\ss
    pushl $\esp
    pushl $\cs
    pushl $\eip
    ret_fails lret, \vec, \err, 16, \line
    .endm
    .macro iret_fails cs, eip, ss, esp, vec, err, line
    pushl $\ss
    pushl $\esp
    pushl $2
    pushl $\cs
    pushl $\eip
    ret_fails iret, \vec, \err, 20, \line
    .endm
    .macro ret_fails insn, vec, err, bytes, line
    TRY 2f
    movl %esp, %ebx
1:  \insn
    fail_at \line
2:  ck exc_vec, $\vec, \line
    ck exc_err, "$(\err)", \line
    ck exc_eip, $1b, \line
    ck exc_cs, $KCS, \line
    ck %esp, %ebx, \line
    addl $\bytes, %esp
    .endm
#define BOTH(cs, eip, ss, esp, vec, err) lret_fails cs, eip, ss, esp, vec, err, __LINE__; \
    iret_fails cs, eip, ss, esp, vec, err, __LINE__
main:
    SETDESC T0, 0, 0xfffff, 0x7b, 0xc /* code, DPL 3, not present */
    SETDESC T1, 0, 0xfffff, 0x73, 0xc /* data, DPL 3, not present */
    SETDESC T2, 0, 0xfffff, 0x9f, 0xc /* conforming code, DPL 0 */
    SETDESC T3, 0, 0xfffff, 0xff, 0xc /* conforming code, DPL 3 */
    SETDESC T4, main, 0xff, 0xfb, 0x4 /* short code, DPL 3 */
    SETDESC T5, 0, 0xfffff, 0xf1, 0xc /* read-only data, DPL 3 */
    SETDESC T6, 0x90000, 0xffff, 0xf3, 0 /* 16-bit stack, DPL 3 */
    SETDESC T7, 0, 0xfffff, 0x82, 0
    /* the code segment */
    BOTH(0, 0, UDS, 0, GP, 0)
    BOTH(3, 0, UDS, 0, GP, 0)
    BOTH(0x1003, 0, UDS, 0, GP, 0x1000)
    BOTH(7, 0, UDS, 0, GP, 4)         /* no LDT */
    BOTH(UDS, 0, UDS, 0, GP, UDS&~3)
    BOTH(T7+3, 0, UDS, 0, GP, T7)
    BOTH(UCS&~3, 0, UDS, 0, GP, UCS&~3) /* DPL 3, RPL 0 */
    BOTH(KCS+3, 0, UDS, 0, GP, KCS)
    BOTH(T3, 0, UDS, 0, GP, T3)       /* conforming, DPL above RPL */
    BOTH(T0+3, 0, UDS, 0, NP, T0)
    /* the outer stack */
    BOTH(UCS, 0, 0, 0, GP, 0)
    BOTH(UCS, 0, 3, 0, GP, 0)
    BOTH(UCS, 0, 0x1003, 0, GP, 0x1000)
    BOTH(UCS, 0, UDS&~3, 0, GP, UDS&~3)
    BOTH(UCS, 0, KDS+3, 0, GP, KDS)
    BOTH(UCS, 0, UCS, 0, GP, UCS&~3)
    BOTH(UCS, 0, T5+3, 0, GP, T5)
    BOTH(UCS, 0, T1+3, 0, SS, T1)
    /* the stack is looked at before EIP */
    BOTH(T4+3, 0x100, T1+3, 0, SS, T1)
    BOTH(T4+3, 0x100, UDS, 0, GP, 0)
    /* conforming code of DPL 0 with RPL 3: to ring 3 */
    .macro to_outer insn, cs, ss, esp, flags
    TRY 2f
    pushl $\ss
    pushl $\esp
    .ifnb \flags
    pushl $\flags
    .endif
    pushl $\cs
    pushl $1f
    \insn
1:  movl %esp, %ebx
    movl %ds, %ecx
    movl %es, %edx
    movl %fs, %esi
    movl %gs, %edi
    int $SYS
2:  CHECK(exc_vec, $SYS)
    CHECK(exc_cs, $(\cs))
    CHECK(exc_ss, $(\ss))
    .endm
    to_outer lret, (T2+3), UDS, 0x183000
    CHECK(%ebx, $0x183000)
    to_outer iret, (T2+3), UDS, 0x183000, 2
    /* data segments: too privileged or null become 0; conforming code and DPL 3 stay */
    .macro load_data
    movl $T2, %eax
    movl %eax, %es
    movl $UDS, %eax
    movl %eax, %fs
    movl $3, %eax
    movl %eax, %gs
    .endm
    load_data
    to_outer lret, UCS, UDS, 0x183000
    CHECK(%ecx, $0)
    CHECK(%edx, $T2)
    CHECK(%esi, $UDS)
    CHECK(%edi, $0)
    load_data
    to_outer iret, UCS, UDS, 0x183000, 2
    CHECK(%ecx, $0)
    CHECK(%edx, $T2)
    CHECK(%esi, $UDS)
    CHECK(%edi, $0)
    /* a 16-bit stack: SP alone; the upper half stays the kernel's */
    to_outer lret, UCS, (T6+3), 0x12348000
    movl %esp, %eax
    movw $0x8000, %ax
    CHECK(%ebx, %eax)
    to_outer iret, UCS, (T6+3), 0x12348000, 2
    CHECK(%ebx, %eax)
    /* RET n: from both stacks; the second wraps in 16 bits */
    movl %esp, %ebp
    pushl $T6 + 3
    pushl $0x1230fffe
    pushl $0xaaaa
    pushl $0xbbbb
    pushl $UCS
    pushl $1f
    TRY 2f
    lret $8
1:  movl %esp, %ebx
    int $SYS
2:  movl %ebp, %eax
    movw $6, %ax
    CHECK(%ebx, %eax)
    movl %ebp, %esp
    /* inside the ring: RPL is CPL, a conforming segment too; RET n */
    pushl $0xaaaa
    pushl $T2
    pushl $1f
    lret $4
1:  movl %cs, %eax
    CHECK(%eax, $T2)
    CHECK(%esp, %ebp)
    pushl $2
    pushl $KCS
    pushl $1f
    iret
1:  movl %cs, %eax
    CHECK(%eax, $KCS)
    /* from ring 3: inwards never */
    TRY 1f
    TO_USER 2f
2:  pushl $KCS
    pushl $0
3:  lret
1:  CHECK(exc_vec, $GP)
    CHECK(exc_err, $KCS)
    CHECK(exc_eip, $3b)
    CHECK(exc_esp, $user_stack_top - 8)
    PASS

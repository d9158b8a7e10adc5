/* IRET to rings 1, 2, 3 and back through gates with the inner stacks of the TSS; RPL in SS and
 * CS; ring 1 to 2 to 3; IRET at the same ring with 32 and 16-bit frames; the ESP after; what
 * EFLAGS bits each ring can set. */
#include "lib.inc"
    .macro go ring, cs, ss, esp
    pushl $UDS
    popl %ds
    pushl $UDS
    popl %es
    TRY 2f
    pushl $\ss
    pushl $\esp
    pushl $0x243ad7
    pushl $\cs
    pushl $1f
    iret
1:  movl %cs, %eax
    movl %ss, %ebx
    movl %esp, %ecx
    pushfl
    popl %edx
    int $SYS
    ud2
2:  CHECK(exc_vec, $SYS)
    CHECK(exc_cs, $\cs)
    CHECK(exc_ss, $\ss)
    CHECK(exc_esp, $\esp)
    CHECK(%eax, $\cs)
    CHECK(%ebx, $\ss)
    CHECK(%ecx, $\esp)
    andl $0x243ed7, %edx
    CHECK(%edx, $0x243ad7)
    .endm
main:
    /* same ring, 32-bit: ESP is not taken from the frame */
    movl %esp, %ebx
    pushl $0xdead
    pushl $0xbeef
    pushl $ARITH | 2
    pushl $KCS
    pushl $3f
    iret
3:  CHECKF(ARITH, ARITH)
    popl %eax
    CHECK(%eax, $0xbeef)
    popl %eax
    CHECK(%esp, %ebx)
    /* iretw: 6 bytes, EIP & 0xffff: the target is below 64 KiB */
    movl $0xe9, 0x8000
    movl $4f - 0x8005, 0x8001
    pushw $F_CF | 2
    pushw $KCS
    pushw $0x8000
    iretw
4:  CHECKF(ARITH, F_CF)
    CHECK(%esp, %ebx)
    go 1, CS1, DS1, 0x181000
    go 2, CS2, DS2, 0x182000
    go 3, UCS, UDS, 0x183000
    /* the flat program of ring 1 cannot use ring 0's segments, can use its own and 3's */
    TRY 6f
    pushl $DS1
    pushl $0x181000
    pushl $2
    pushl $CS1
    pushl $5f
    iret
5:  movl $UDS & ~3, %eax
    movl %eax, %ds
    movl $DS1, %eax
    movl %eax, %es
    movl %es:user_eflags, %ecx
    movl $DS2, %eax
    movl %eax, %es                    /* DPL 2 >= CPL 1 */
    movl $KDS, %eax
7:  movl %eax, %es
6:  CHECK(exc_vec, $GP)
    CHECK(exc_err, $KDS)
    CHECK(exc_eip, $7b)
    CHECK(exc_cs, $CS1)
    CHECK(exc_ecx, $2)
    /* ring 1 -> ring 3 by iret in ring 1, then back to 0 */
    TRY 9f
    pushl $DS1
    pushl $0x181000
    pushl $2
    pushl $CS1
    pushl $8f
    iret
8:  pushl $UDS
    pushl $0x183000
    pushl $2
    pushl $UCS
    pushl $10f
    iret
10: movl %cs, %eax
    int $SYS
9:  CHECK(exc_vec, $SYS)
    CHECK(%eax, $UCS)
    CHECK(exc_esp, $0x183000)
    /* ring 3 cannot iret to ring 0 or 1 */
    TRY 12f
    TO_USER 11f
11: pushl $2
    pushl $KCS
    pushl $0x1234
13: iret
12: CHECK(exc_vec, $GP)
    CHECK(exc_err, $KCS)
    CHECK(exc_eip, $13b)
    CHECK(exc_esp, $user_stack_top - 12)
    TRY 15f
    TO_USER 14f
14: pushl $2
    pushl $CS1
    pushl $0x1234
16: iret
15: CHECK(exc_vec, $GP)
    CHECK(exc_err, $CS1 & ~3)
    /* ring 1 interrupt handlers: a gate to a ring 1 segment from ring 3 uses ESP1/SS1 */
    SETGATE 0x90, r1_handler, 0xee, CS1
    TRY 18f
    TO_USER 17f
17: int $0x90
    movl %cs, %ebx
    int $SYS
18: CHECK(exc_vec, $SYS)
    CHECK(exc_eax, $CS1)
    CHECK(exc_ebx, $UCS)
    CHECK(exc_ecx, $lib_stack1_top - 20)
    CHECK(exc_edx, $DS1)
    CHECK(exc_esp, $user_stack_top)
    PASS
r1_handler:
    movl %cs, %eax
    movl %esp, %ecx
    movl %ss, %edx
    iret

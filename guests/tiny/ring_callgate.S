/* Call gates: CPL 3 to 0 with 0, 3 and 31 parameters copied, LRET imm back with both stacks
 * adjusted, to ring 1, same-ring gate, gate DPL and RPL, JMP through a gate. */
#include "lib.inc"
    .macro GATE sel, label, cs, count, acc
    movl $\label, %eax
    movw %ax, lib_gdt + \sel
    shrl $16, %eax
    movw %ax, lib_gdt + \sel + 6
    movw $\cs, lib_gdt + \sel + 2
    movb $\count, lib_gdt + \sel + 4
    movb $\acc, lib_gdt + \sel + 5
    .endm
main:
    GATE T0, g0, KCS, 0, 0xec
    GATE T1, g3, KCS, 3, 0xec
    GATE T2, g31, KCS, 31, 0xec
    GATE T3, g0, KCS, 0, 0x8c         /* DPL 0 */
    GATE T4, g1, CS1, 0, 0xec
    /* from CPL 3, no parameters */
    USER_OK(lcall $T0, $0xdeadbeef; movl %esp, %ecx)
    CHECK(%eax, $KCS)
    CHECK(%ebx, $lib_kstack_top - 16)
    CHECK(%ecx, $user_stack_top)
    CHECK(seen_cs, $UCS)
    CHECK(seen_esp, $user_stack_top)
    CHECK(seen_ss, $UDS)
    /* 3 parameters */
    USER_OK(pushl $0x33; pushl $0x22; pushl $0x11; lcall $T1, $0; movl %esp, %ecx)
    CHECK(%eax, $0x11 + 0x2200 + 0x330000)
    CHECK(%ecx, $user_stack_top)      /* lret $12 drops them on both stacks */
    CHECK(seen_esp, $user_stack_top - 12)
    /* 31 */
    USER_OK(movl $31, %ecx; 8: pushl %ecx; loop 8b; lcall $T2, $0; movl %esp, %ecx)
    CHECK(%eax, $496)
    CHECK(%ecx, $user_stack_top)
    /* DPL: gate DPL 0 from CPL 3; RPL 3 on a DPL 0... */
    USER(GP, T3, lcall $T3, $0)
    FAULTS(GP, T3, lcall $T3 + 3, $0)
    /* at CPL 0 through a gate: no stack switch */
    movl %esp, %ebp
    lcall $T3, $0x1234
    CHECK(%eax, $KCS)
    leal -8(%ebp), %ecx
    CHECK(%ebx, %ecx)
    CHECK(%esp, %ebp)
    /* jmp through a gate: same ring only */
    movl $1f, %eax
    GATE T5, jmp_target, KCS, 0, 0xec
    ljmp $T5, $0x9999
jmp_target:
    movl %cs, %eax
    CHECK(%eax, $KCS)
    USER(GP, KCS, ljmp $T5, $0)
1:  /* to ring 1 */
    USER_OK(lcall $T4, $0; movl %esp, %ecx)
    CHECK(%eax, $CS1)
    CHECK(%ebx, $lib_stack1_top - 16)
    CHECK(%edx, $DS1)
    CHECK(%ecx, $user_stack_top)
    /* ring 0 code cannot be called through a gate to an outer ring */
    FAULTS(GP, CS1 & ~3, lcall $T4, $0)
    /* gate to a data segment, null, beyond the table */
    GATE T6, g0, KDS, 0, 0xec
    FAULTS(GP, KDS, lcall $T6, $0)
    USER(GP, KDS, lcall $T6, $0)
    GATE T6, g0, 0, 0, 0xec
    USER(GP, 0, lcall $T6, $0)
    GATE T6, g0, 0x1000, 0, 0xec
    USER(GP, 0x1000, lcall $T6, $0)
    /* the parameters' page is missing on the outer stack: #PF at the call */
    call paging_on
    movl $0, PTE(0x400000)
    FLUSH
    TRY 5f
    TO_USER 4f
4:  movl $0x400000, %esp
6:  lcall $T1, $0
5:  CHECK(exc_vec, $PF)
    CHECK(exc_eip, $6b)
    CHECK(exc_esp, $0x400000)
    andl $0xfffff000, exc_cr2         /* which parameter is read first is not defined */
    CHECK(exc_cr2, $0x400000)
    PASS
g0:
    movl %cs, %eax
    movl %esp, %ebx
    movl 4(%esp), %edx
    movl %edx, seen_cs
    movl 8(%esp), %edx
    movl %edx, seen_esp
    movl 12(%esp), %edx
    movl %edx, seen_ss
    lret
g3:
    movl 8(%esp), %eax
    movl 12(%esp), %ecx
    shll $8, %ecx
    addl %ecx, %eax
    movl 16(%esp), %ecx
    shll $16, %ecx
    addl %ecx, %eax
    movl 20(%esp), %ecx
    movl %ecx, seen_esp
    lret $12
g31:
    xorl %eax, %eax
    movl $31, %ecx
7:  addl 4(%esp,%ecx,4), %eax
    loop 7b
    lret $124
g1:
    movl %cs, %eax
    movl %esp, %ebx
    movl %ss, %edx
    lret
    .data
seen_cs: .long 0
seen_esp: .long 0
seen_ss: .long 0

/* Task gates for everything that can come through one, as test kernels and DOS extenders use them:
 * INT n, INT3, INTO, #DE and #PF whose handler repairs the cause, NMI and interrupts from the local
 * APIC; handlers that loop around their IRET. A virtual-8086 task entered by IRET and left through a
 * task gate. Conforming code at another CPL. A gate in the LDT, CALL from a 16-bit operand. */
#include "lib.inc"
    .macro GATE_TASK vec, label, dpl=0
    movl $\label, tss2 + 0x20
    movw $T0, lib_idt + 8 * (\vec) + 2
    movb $(0x85 | \dpl << 5), lib_idt + 8 * (\vec) + 5
    .endm
    /* after each: TR, the busy bits, the link, NT, TS */
    .macro is_back n, line
    ck n_in, $\n, \line
    str %eax
    ckw %ax, $TSS_SEL, \line
    ckb lib_gdt + T0 + 5, $0x89, \line
    ckb lib_gdt + TSS_SEL + 5, $0x8b, \line
    ckw tss2, $TSS_SEL, \line
    ckf F_NT, 0, \line
    movl %cr0, %eax
    testl $CR0_TS, %eax
    asrt nz, \line
    clts
    movl $0, n_in
    .endm
#define BACK(n) is_back n, __LINE__
main:
    call paging_on
    movl $PT3 | 3, PD + 0x3fb * 4     /* the local APIC */
    movl $0xfee00013, PT3 + 0x200 * 4
    SETDESC T0, tss2, 103, 0x89, 0
    movl %cr3, %eax
    movl %eax, tss2 + 0x1c
    movl %eax, lib_tss + 0x1c
    movl %eax, tss86 + 0x1c
    movl $2, tss2 + 0x24
    movl $lib_stack2_top, tss2 + 0x38
    movw $KDS, tss2 + 0x48
    movw $KCS, tss2 + 0x4c
    movw $KDS, tss2 + 0x50
    movw $KDS, tss2 + 0x54
    /* CALL, twice: the second goes on behind the IRET; the offset is ignored */
    movl $plain, tss2 + 0x20
    movl $0x1111, %ebx
    lcall $T0, $0xf4f4f4f4
    BACK(1)
    CHECK(%ebx, $0x1111)
    lcall $T0, $0xf4f4f4f4
    BACK(2)                           /* one before its loop, one after */
    /* with a 16-bit operand, and through memory */
    movl $T0 << 16, pointer
    data16 lcall *pointer
    BACK(2)
    /* INT 2, INT3, INTO */
    GATE_TASK 2, plain
    int $2
    BACK(1)
    GATE_TASK 3, plain
    int3
    BACK(1)
    GATE_TASK 4, plain
    movb $127, %al
    addb $127, %al
    into
    BACK(1)
    xorl %eax, %eax
    into
    CHECK(n_in, $0)
    /* from CPL 3; the stack and the segments come back */
    GATE_TASK 3, plain, 3
    USER_OK(movl $0x5a5a, %ebp; int3; movl %esp, %ecx; movl %ds, %edx)
    CHECK(%ebp, $0x5a5a)
    CHECK(%ecx, $user_stack_top)
    CHECK(%edx, $UDS)
    BACK(1)
    GATE_TASK 3, plain
    USER(GP, 26, int3)                /* the gate of vector 3 */
    CHECK(n_in, $0)
    SETGATE 3, stub_bp, 0xee
    /* #DE: the handler changes the divisor; EIP in the old TSS is the instruction's */
    GATE_TASK 0, repair_de
    movl $1500, %eax
    xorl %edx, %edx
    movl $0, divisor
1:  divl divisor
    CHECK(%eax, $150)
    CHECK(old_eip, $1b)
    BACK(1)
    movl old_eflags, %eax
    testl $F_RF, %eax
    ASSERT(nz)
    /* #PF: error code on the task's stack, CR2 */
    GATE_TASK 14, repair_pf
    movl PTE(0x400000), %eax
    movl %eax, saved_pte
    movl $0, PTE(0x400000)
    FLUSH
    movl $0x12345678, 0x400000
    CHECK(0x400000, $0x12345678)
    CHECK(error, $2)
    CHECK(seen_cr2, $0x400000)
    BACK(1)
    movl $0, PTE(0x400000)
    FLUSH
    USER_OK(movl 0x400000, %eax)
    CHECK(%eax, $0x12345678)
    CHECK(error, $4)
    BACK(1)
    /* again: the stack of the task is where it was */
    CHECK(tss2 + 0x38, $lib_stack2_top)
    SETGATE 14, stub_pf
    /* NMI and an interrupt */
    movl $0x1ff, 0xfee000f0
    GATE_TASK 2, plain
    movl $0x44400, 0xfee00300
    jmp . + 2
    BACK(1)
    movl $0x44400, 0xfee00300         /* IRET has opened the door for it */
    jmp . + 2
    BACK(2)
    GATE_TASK 0xf0, irq
    sti
    movl $0x440f0, 0xfee00300
    jmp . + 2
    nop
    cli
    BACK(1)
    CHECK(in_eflags, $(F_NT | 2))
    movl lib_tss + 0x24, %eax         /* IF was set in the interrupted task */
    testl $F_IF, %eax
    ASSERT(nz)
    /* a virtual-8086 task: IRET to it, #UD brings us back through a task gate to a busy... */
    SETDESC T1, tss86, 103, 0x8b, 0
    SETDESC T2, tss_main, 103, 0x89, 0
    movl $T2, %eax
    ltr %ax
    movl %cr3, %eax
    movl %eax, tss_main + 0x1c
    movw $T1, tss_main
    movb $0x0f, 0x42000
    movb $0x0b, 0x42001
    movl $0x20002, tss86 + 0x24
    movl $0, tss86 + 0x20
    movw $0x4200, tss86 + 0x4c
    movw $0x1234, tss86 + 0x54
    movw $0x2345, tss86 + 0x48
    movw $T2, lib_idt + 8 * UD + 2
    movb $0x85, lib_idt + 8 * UD + 5
    movl $0x7007, %ebp
    SETF (F_NT | 2)
    iret
    /* an event nests: the link leads to the V86 task, NT is set here */
    CHECK(%ebp, $0x7007)
    CHECKF(F_NT, F_NT)
    CHECKW(tss_main, $T1)
    CHECK(tss86 + 0x20, $0)
    CHECKW(tss86 + 0x4c, $0x4200)
    CHECKW(tss86 + 0x54, $0x1234)
    CHECKW(tss86 + 0x48, $0x2345)
    movl tss86 + 0x24, %eax
    andl $F_VM | F_RF | F_NT, %eax
    CHECK(%eax, $F_VM | F_RF)
    CHECKB(lib_gdt + T1 + 5, $0x8b)
    CHECKB(lib_gdt + T2 + 5, $0x8b)
    str %eax
    CHECKW(%ax, $T2)
    movl %ds, %eax
    CHECK(%eax, $KDS)
    SETF 2
    SETGATE UD, stub_ud
    movb $0x89, lib_gdt + TSS_SEL + 5
    movl $TSS_SEL, %eax
    ltr %ax
    clts
    /* conforming code of DPL 0 with RPL 3 in the TSS: the task runs at CPL 3 */
    SETDESC T3, 0, 0xfffff, 0x9f, 0xc
    movl $conforming, tss2 + 0x20
    movl $F_IOPL | 2, tss2 + 0x24
    movw $T3 + 3, tss2 + 0x4c
    movl $user_stack_top, tss2 + 0x38
    movw $UDS, tss2 + 0x50
    movw $UDS, tss2 + 0x54
    movw $UDS, tss2 + 0x48
    lcall $T0, $0
    BACK(1)
    CHECK(in_cs, $T3 + 3)
    PASS

stub_bp = lib_stubs + 3 * 16
stub_ud = lib_stubs + 6 * 16
stub_pf = lib_stubs + 14 * 16
plain:
    incl n_in
    iret
    incl n_in                         /* the next time it goes on here */
    jmp plain
repair_de:
    movl $10, divisor
    movl lib_tss + 0x20, %eax
    movl %eax, old_eip
    movl lib_tss + 0x24, %eax
    movl %eax, old_eflags
    incl n_in
    iret
    jmp repair_de
repair_pf:
    popl error
    movl %cr2, %eax
    movl %eax, seen_cr2
    movl saved_pte, %eax
    movl %eax, PTE(0x400000)
    invlpg 0x400000
    incl n_in
    iret
    jmp repair_pf
irq:
    pushfl
    popl in_eflags
    movl $0, 0xfee000b0
    incl n_in
    iret
    jmp irq
conforming:
    movl %cs, %eax
    movl %eax, in_cs
    incl n_in
    cli                               /* IOPL 3 */
    iret
    .data
    .balign 128
tss2: .fill 104, 1, 0
    .balign 128
tss86: .fill 104, 1, 0
    .balign 128
tss_main: .fill 104, 1, 0
pointer: .long 0, 0
n_in: .long 0
divisor: .long 0
old_eip: .long 0
old_eflags: .long 0
saved_pte: .long 0
error: .long 0
seen_cr2: .long 0
in_eflags: .long 0
in_cs: .long 0

/* NMI, which the local APIC sends to its own CPU: taken with IF clear, once; held until the next
 * IRET, one of them, not two; after MOV SS; out of HLT; IRET that faults; through a task gate. */
#include "lib.inc"
#define REG(off) (0xfee00000 + (off))
/* the jump: QEMU looks at interrupts between blocks */
#define NMI movl $0x44400, REG(0x300); jmp . + 2
main:
    SETGATE 2, on_nmi
    movl $0x1ff, REG(0xf0)
    NMI
    CHECK(n_nmi, $1)
    CHECK(depth, $0)
    /* by destination */
    movl $0, REG(0x310)
    movl $0x4400, REG(0x300)
    jmp . + 2
    CHECK(n_nmi, $2)
    movl $0x05000000, REG(0x310)
    movl $0x4400, REG(0x300)
    jmp . + 2
    CHECK(n_nmi, $2)
    movl $0, REG(0x310)
    /* two while one is handled: one more */
    movl $2, again
    NMI
    CHECK(n_nmi, $4)
    CHECK(max_depth, $1)
    /* INT 2 is no NMI: nothing is held off in it */
    SETGATE 2, soft
    int $2
    CHECK(n_soft, $1)
    CHECK(n_nmi, $5)
    /* an IRET inside the handler opens the door, before the handler is over */
    SETGATE 2, inner_iret
    NMI
    CHECK(n_nmi, $7)
    CHECK(seen, $6)
    /* so does an IRET that faults */
    SETGATE 2, bad_iret
    movl $0, n_nmi
    NMI
    CHECK(n_nmi, $2)
    CHECK(seen, $1)
    /* a software-disabled APIC still passes it */
    SETGATE 2, on_nmi
    movl $0xff, REG(0xf0)
    movl $0, n_nmi
    NMI
    CHECK(n_nmi, $1)
    movl $0x1ff, REG(0xf0)
    /* through a task gate: as any interrupt, back by IRET with NT */
    SETDESC T0, tss2, 103, 0x89, 0
    movl $lib_stack2_top, tss2 + 0x38
    movl $nmi_task, tss2 + 0x20
    movl $2, tss2 + 0x24
    movw $KCS, tss2 + 0x4c
    movw $KDS, tss2 + 0x48
    movw $KDS, tss2 + 0x50
    movw $KDS, tss2 + 0x54
    SETGATE 2, 0, 0x85, T0
    movl $0, n_nmi
    NMI
    CHECK(n_nmi, $1)
    CHECKB(lib_gdt + T0 + 5, $0x89)
    CHECKW(tss2, $TSS_SEL)
    CHECKF(F_NT, 0)
    NMI
    CHECK(n_nmi, $2)
    PASS

on_nmi:
    incl n_nmi
    incl depth
    movl depth, %eax
    cmpl max_depth, %eax
    jbe 1f
    movl %eax, max_depth
1:  cmpl $0, again
    je 2f
    decl again
    NMI
    jmp 1b
2:  decl depth
    iret
soft:
    incl n_soft
    SETGATE 2, on_nmi
    NMI
    iret
inner_iret:
    SETGATE 2, on_nmi
    incl n_nmi
    NMI
    movl n_nmi, %eax
    movl %eax, seen
    pushfl
    pushl %cs
    pushl $1f
    iret
1:  CHECK(n_nmi, $7)
    iret
bad_iret:
    SETGATE 2, on_nmi
    incl n_nmi
    NMI
    movl n_nmi, %eax
    movl %eax, seen
    movl %esp, %ebp
    pushfl
    pushl $0x1000
    pushl $1f
    FAULTS(GP, 0x1000, iret)
1:  CHECK(n_nmi, $2)
    movl %ebp, %esp
    iret
nmi_task:
    incl n_nmi
    iret
    jmp nmi_task

    .data
    .balign 128
tss2: .fill 104, 1, 0
n_nmi: .long 0
n_soft: .long 0
depth: .long 0
max_depth: .long 0
again: .long 0
seen: .long 0

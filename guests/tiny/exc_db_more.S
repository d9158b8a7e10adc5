/* Port breakpoints (CR4.DE), a data breakpoint behind MOV SS (held until the next instruction is done), RF with REP, hits that
 * coincide with faults: what exc_db_dr leaves out. */
#include "lib.inc"
main:
    movl $hook, exc_hook
    CR4_SET CR4_DE
    /* port watch */
    movl $0x80, %eax
    movl %eax, %dr0
    movl $0x00020402, %eax
    movl %eax, %dr7
    xorl %eax, %eax
    outb %al, $0x81
    CHECK(n_db, $0)
    outb %al, $0x80
p1: CHECK(n_db, $1)
    CHECK(exc_eip, $p1)
    CHECK(dr6_seen, $1)
    inw $0x7f, %ax
    CHECK(n_db, $2)
    /* mov ss from watched memory: trap after the next instruction */
    movl $KDS, w
    movl $w, %eax
    movl %eax, %dr1
    movl $0x00f00408, %eax
    movl %eax, %dr7
    movl $0, n_db
    movw w, %ss
    nop
m1: CHECK(n_db, $1)
    CHECK(exc_eip, $m1)
    /* mov ss; int: at the handler's first instruction */
    SETGATE 0x91, isr
    movl $0, n_db
    movw w, %ss
    int $0x91
    CHECK(n_db, $1)
    CHECK(exc_eip, $isr)
    /* code breakpoint suppressed behind mov ss */
    movl $c1, %eax
    movl %eax, %dr2
    movl $0x00000420, %eax
    movl %eax, %dr7
    movl $0, n_db
    movl %ss, %edx
    movl %edx, %ss
c1: nop
    CHECK(n_db, $0)
    /* code breakpoint at the first instruction of an int handler, and jmp . three times */
    movl $isr, %eax
    movl %eax, %dr2
    int $0x91
    CHECK(n_db, $1)
    CHECK(exc_eip, $isr)
    movl $l1, %eax
    movl %eax, %dr2
    movl $0, n_db
    movl $5, %ecx
l1: loop l1
    CHECK(n_db, $5)
    /* same, RF back by IRET only once; bp on rep: once */
    movl $r1, %eax
    movl %eax, %dr2
    movl $0, n_db
    movl $w2, %edi
    movl $4, %ecx
    cld
r1: rep stosl
    CHECK(n_db, $1)
    /* rep with a data watch in its middle */
    movl $w2 + 8, %eax
    movl %eax, %dr3
    movl $0xd0000480, %eax
    movl %eax, %dr7
    movl $0, n_db
    movl $w2, %edi
    movl $4, %ecx
r2: rep stosl
    CHECK(n_db, $1)
    CHECK(exc_eip, $r2)
    CHECK(exc_ecx, $1)
    CHECK(dr6_seen, $8)
    /* what the delivery of an event pushes: at the first instruction of its handler. A fault */
    SETGATE 6, on_ud
    leal -8(%esp), %eax
    movl %eax, %dr0
    movl $0x000d0402, %eax
    movl %eax, %dr7
    movl $0, n_db
    ud2
    CHECK(n_db, $1)
    CHECK(exc_eip, $on_ud)
    CHECK(dr6_seen, $1)
    /* an interrupt */
    SETGATE 0x31, on_irq
    movl $0x1ff, 0xfee000f0
    movl $0, n_db
    sti
    movl $0x44031, 0xfee00300
    nop
    cli
    CHECK(n_db, $1)
    CHECK(exc_eip, $on_irq)
    /* INT n, on another stack */
    SETGATE 0x93, on_int, 0xee
    movl $lib_kstack_top - 4, %eax
    movl %eax, %dr0
    movl $0, n_db
    movl $0, exc_hook
    SETGATE 1, on_db
    USER_OK(int $0x93)
    CHECK(n_db, $1)
    CHECK(int_eip, $on_int)
    SETGATE 1, lib_stubs_db
    movl $hook, exc_hook
    /* code bp and TF together: trap of the former, then fault */
    movl $0x400, %eax
    movl %eax, %dr7
    /* hlt under TF */
    movl $0, n_db
    movl $0, clear_tf
    pushl $F_TF|2
    popfl
    hlt
h1: movl $1, clear_tf
    nop
    CHECK(dr6_seen, $0x4000)
    PASS
isr: incl %edx
    iret
on_ud:
    addl $2, (%esp)
    iret
on_irq:
    movl $0, 0xfee000b0
    iret
on_int:
    iret
on_db:
    pushl %eax
    xorl %eax, %eax
    movl %eax, %dr7
    movl 4(%esp), %eax
    movl %eax, int_eip
    incl n_db
    popl %eax
    iret
lib_stubs_db = lib_stubs + 16
hook:
    incl n_db
    movl %dr6, %eax
    andl $0xe00f, %eax
    movl %eax, dr6_seen
    xorl %eax, %eax
    movl %eax, %dr6
    cmpl $0, clear_tf
    je 1f
    andl $~F_TF, FR_EFLAGS(%ebp)
1:  movl FR_EIP(%ebp), %eax
    cmpb $0xc3, %al
    orl $F_RF, FR_EFLAGS(%ebp)
    ret
    .data
n_db: .long 0
int_eip: .long 0
clear_tf: .long 0
dr6_seen: .long 0
    .balign 16
    .skip 512
w: .long 0
   .balign 16
w2: .fill 16,4,0

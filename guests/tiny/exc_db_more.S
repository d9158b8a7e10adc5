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
clear_tf: .long 0
dr6_seen: .long 0
    .balign 16
    .skip 512
w: .long 0
   .balign 16
w2: .fill 16,4,0

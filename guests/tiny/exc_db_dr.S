/* Debug registers: execution breakpoint (fault, before), write and read/write watchpoints (trap,
 * after), lengths and overlap, DR6 bits, RF, general detect, DR4/DR5 aliases and CR4.DE,
 * privilege. */
#include "lib.inc"
main:
    movl %dr7, %eax
    CHECK(%eax, $0x400)
    xorl %eax, %eax
    movl %eax, %dr6
    movl %dr6, %eax
    andl $0xffffeff0, %eax
    CHECK(%eax, $0xffff0ff0 & 0xffffeff0)
    /* DR0-3 keep values */
    movl $0x12345678, %eax
    movl %eax, %dr3
    movl %dr3, %ecx
    CHECK(%ecx, $0x12345678)
    /* execution breakpoint at target: fault with EIP there, RF in the image lets it go on */
    movl $target, %eax
    movl %eax, %dr0
    movl $0x402, %eax                 /* G0, RW=0 LEN=0 */
    movl %eax, %dr7
    movl $hook, exc_hook
    xorl %edx, %edx
    call target
    CHECK(n_db, $1)
    CHECK(exc_vec, $DB)
    CHECK(exc_eip, $target)
    CHECK(dr6_seen, $1)
    CHECK(edx_seen, $0)
    CHECK(%edx, $1)
    call target
    CHECK(n_db, $2)
    /* disabled: nothing */
    movl $0x400, %eax
    movl %eax, %dr7
    call target
    CHECK(n_db, $2)
    CHECK(%edx, $3)
    /* write watchpoint, 4 bytes, DR1 */
    movl $0, n_db
    movl $watched, %eax
    movl %eax, %dr1
    movl $0x00d00408, %eax            /* G1, RW1=1, LEN1=3 */
    movl %eax, %dr7
    movl watched, %eax
    CHECK(n_db, $0)
    movl $0x1111, watched
w1: CHECK(n_db, $1)
    CHECK(exc_eip, $w1)
    CHECK(dr6_seen, $2)
    CHECK(watched, $0x1111)
    movb $5, watched + 3              /* any byte of it */
    CHECK(n_db, $2)
    movl $0, watched - 3              /* overlap from below */
    CHECK(n_db, $3)
    movl $0, watched + 4
    movl $0, watched - 4
    CHECK(n_db, $3)
    incl watched
    CHECK(n_db, $4)
    movl $watched, %edi
    movl $1, %eax
    stosl
    CHECK(n_db, $5)
    pushl %eax
    CHECK(n_db, $5)
    movl %esp, %ebx
    movl $watched + 4, %esp
    pushl $0x77
    movl %ebx, %esp
    CHECK(n_db, $6)
    CHECK(watched, $0x77)
    /* read/write watchpoint of 1 byte, DR2 */
    movl $0, n_db
    movl $watched + 1, %eax
    movl %eax, %dr2
    movl $0x03000420, %eax            /* G2, RW2=3, LEN2=0 */
    movl %eax, %dr7
    movl watched, %eax
    CHECK(n_db, $1)
    CHECK(dr6_seen, $4)
    movb watched, %al
    CHECK(n_db, $1)
    movb %al, watched + 1
    CHECK(n_db, $2)
    /* the handler of a user's watchpoint: local enable bit L3 */
    movl $0, n_db
    movl $watched, %eax
    movl %eax, %dr3
    movl $0xd0000440, %eax            /* L3, RW3=1, LEN3=3 */
    movl %eax, %dr7
    movl $3, watched
    CHECK(n_db, $1)
    CHECK(dr6_seen, $8)
    movl $0x400, %eax
    movl %eax, %dr7
    movl $0, exc_hook
    /* at CPL 3: mov dr is #GP(0) */
    USER(GP, 0, movl %dr0, %eax)
    USER(GP, 0, movl %eax, %dr7)
    /* DR4, DR5: aliases of 6 and 7 while CR4.DE=0, else #UD */
    movl %dr7, %ecx
    .byte 0x0f, 0x21, 0xe8            /* mov %dr5, %eax */
    CHECK(%eax, %ecx)
    CR4_SET CR4_DE
    FAULTS(UD, 0, .byte 0x0f; .byte 0x21; .byte 0xe8)
    FAULTS(UD, 0, .byte 0x0f; .byte 0x23; .byte 0xe0)
    CR4_CLEAR CR4_DE
    PASS
hook:
    incl n_db
    movl %dr6, %eax
    andl $0xe00f, %eax
    movl %eax, dr6_seen
    movl FR_EDX(%ebp), %eax
    movl %eax, edx_seen
    xorl %eax, %eax
    movl %eax, %dr6
    orl $F_RF, FR_EFLAGS(%ebp)
    ret
target:
    incl %edx
    ret
    .data
n_db: .long 0
dr6_seen: .long 0
edx_seen: .long 0
    .balign 16
    .skip 512                         /* room for a frame below */
watched: .long 0, 0, 0

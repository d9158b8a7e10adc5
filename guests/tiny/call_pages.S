/* Direct branches from page to page (CALL, JMP, Jcc, LOOP, several to one target), again and again: flags, ECX and all
 * that they must leave as it is; while the target's page is mapped elsewhere, written, taken away, and while
 * its first instruction ends in a page that changes. */
#include "lib.inc"
#define LIN 0x08000000
#define F 0x400000
.macro LEAVES flags, count               /* by each of the ways, what the target sees and what comes back */
    movl $\count, %ecx
    pushl $\flags
    popfl
    call seen
    pushfl
    popl %eax
    andl $ARITH | F_DF, %eax
    cld
    CHECK(%eax, $\flags)
    CHECK(%ecx, $\count)
    CHECK(saw_flags, $\flags)
    CHECK(saw_ecx, $\count)
    movl $0, saw_ecx
    pushl $1f
    pushl $\flags
    popfl
    jmp seen
1:  cld
    CHECK(%ecx, $\count)
    CHECK(saw_flags, $\flags)
    CHECK(saw_ecx, $\count)
    movl $0, saw_ecx
    pushl $3f
    pushl $\flags
    popfl
    jc seen                              /* one of the two goes there */
    jnc seen
3:  cld
    CHECK(%ecx, $\count)
    CHECK(saw_flags, $\flags)
    CHECK(saw_ecx, $\count)
.endm
main:
    call paging_on
    movl $PTA | 7, PD + (LIN >> 20)
    movl $F | 7, PTA
    movl $F + 0x2007, PTA + 4
    FLUSH
    movl $200, %esi
1:  LEAVES 0, 0
    LEAVES ARITH, 1
    LEAVES (F_CF | F_ZF), -1
    LEAVES (F_OF | F_DF), 0x80000000
    LEAVES (F_SF | F_PF | F_AF), 2
    decl %esi
    jnz 1b
    movl $5, %ecx                        /* LOOP, to a page's last bytes */
    call looped
    CHECK(%ecx, $0)
    CHECK(%eax, $5)
    /* two frames at one page in turn, each written now and then by its identity address */
    movb $0xb8, F
    movb $0xb8, F + 0x1000
    movl $0x00c3, F + 5
    movl $0x00c3, F + 0x1005
    movl $400, %esi
2:  movl %esi, %ebx
    andl $1, %ebx
    movl %ebx, %eax
    shll $12, %eax
    leal F + 1(%eax), %edi
    addl $F | 7, %eax
    movl %eax, PTA
    invlpg LIN
    testl $6, %esi
    jnz 3f
    movl %esi, (%edi)
3:  movl (%edi), %edx
    call LIN
    CHECK(%eax, %edx)
    call LIN
    CHECK(%eax, %edx)
    call stub
    CHECK(%eax, %edx)
    decl %esi
    jnz 2b
    /* mov $imm32, %eax whose last two bytes are in the next page, of which there are two */
    movl $F | 7, PTA
    invlpg LIN
    movw $0xb890, F + 0xffc
    movw $0x2211, F + 0xffe
    movl $0xc3003333, F + 0x2000
    movw $0xc3c3, F + 0x2002
    movl $0xc3c34444, F + 0x3000
    movl $100, %esi
4:  movl $F + 0x2007, PTA + 4
    invlpg LIN + 0x1000
    call LIN + 0xffd
    CHECK(%eax, $0x33332211)
    call LIN + 0xffd
    CHECK(%eax, $0x33332211)
    movl $F + 0x3007, PTA + 4
    invlpg LIN + 0x1000
    call LIN + 0xffd
    CHECK(%eax, $0x44442211)
    call LIN + 0xffd
    CHECK(%eax, $0x44442211)
    decl %esi
    jnz 4b
    /* gone: the branch has been made when its target's fetch faults */
    movl $100, %esi
5:  movl $0, PTA
    invlpg LIN
    TRY 6f
    call LIN
    FAIL
6:  CHECK(exc_vec, $PF)
    CHECK(exc_eip, $LIN)
    CHECK(exc_cr2, $LIN)
    movl $F | 7, PTA
    call LIN
    CHECK(%eax, F + 1)
    decl %esi
    jnz 5b
    PASS
    .balign 4096
stub:
    jmp LIN
    .balign 4096
seen:
    movl %ecx, saw_ecx
    pushfl
    popl saw_flags
    pushfl
    andl $ARITH | F_DF, saw_flags
    popfl
    ret
    .balign 4096
    .skip 4092
looped:
    xorl %eax, %eax
7:  incl %eax
    nop
    loop 7b                              /* from one page to the other */
    ret
    .data
saw_flags: .long 0
saw_ecx: .long 0

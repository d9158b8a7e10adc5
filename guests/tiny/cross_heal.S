/* cross_heal.S - an instruction on two pages, in a loop that jumps to it, while what is mapped behind its first page
 * changes: the entry dropped and looked up again, no page, the same frame as another page's code, another frame, one and
 * the other in turn. EIP, CR2 and results are exact, and whatever was changed, the loop does not ask each time.
 *
 * at-most 400: exit CROSS
 */
#include "lib.inc"
#define LIN 0x08000000
#define A 0                      /* frames, from `frames` on: other ones for each ring, for what is written often
                                  * is translated differently */
#define B 0x1000
#define C 0x2000
#define P 16                     /* pages: code on P and P + 1; on Q and Q + 1 */
#define Q 40
#define AT(n) (LIN + (n) * 0x1000)
#define N 1000
#define ENTRY 16
#define CROSSES (crosses - code0)
#define IMM_B 0x12345678
#define IMM_C 0x99345678

.macro MAP page, frame
    movl frames, %eax
    addl $\frame + 7, %eax
    movl %eax, PTA + 4 * (\page)
.endm
.macro PUT byte, at
    movl frames, %eax
    movb $\byte, (\at)(%eax)
.endm
.macro GONE page
    movl $0, PTA + 4 * (\page)
    invlpg AT(\page)
.endm
/* The loop at `page`, in the ring that `user` says, until an exception. */
.macro GO page
    movl $N, %ecx
    movl $0, %edx
    movl $AT(\page) + ENTRY, %ebp
    TRY 9f
    cmpl $0, user
    jne 8f
    jmp *%ebp
8:  movl $UDS, %eax                     /* flat code is moved */
    movl %eax, %ds
    movl %eax, %es
    pushl $UDS
    pushl $user_stack_top
    pushl user_eflags
    pushl $UCS
    pushl %ebp
    iret
9:
.endm
.macro RUN page, imm
    GO \page
    CHECK(exc_vec, $UD)
    CHECK(exc_eip, $AT(\page + 1) + end - code1)
    CHECK(exc_ecx, $0)
    CHECK(exc_edx, $(\imm * N) & 0xffffffff)
.endm

main:
    call paging_on
    movl $PTA | 7, PD + (LIN >> 20)
again:
    cld
    movl $code0, %esi
    movl frames, %edi
    movl $2048, %ecx
    rep movsl
    movl $code1, %esi
    movl $1024, %ecx
    rep movsl
    PUT 0x99, (C + 1)
    MAP P, A
    MAP P + 1, B
    FLUSH
    RUN P, IMM_B

    /* the entry goes, the page stays */
    movl $20, count
1:  invlpg AT(P + 1)
    RUN P, IMM_B
    decl count
    jnz 1b
    movl $20, count
1:  FLUSH
    RUN P, IMM_B
    decl count
    jnz 1b

    /* no page, once with a handler that gives it */
    movl $20, count
1:  GONE P + 1
    GO P
    CHECK(exc_vec, $PF)
    CHECK(exc_cr2, $AT(P + 1))
    CHECK(exc_eip, $AT(P) + CROSSES)
    CHECK(exc_ecx, $N)
    CHECK(exc_edx, $0)
    movl user, %eax
    CHECK(exc_err, %eax)
    MAP P + 1, B
    RUN P, IMM_B
    GONE P + 1
    movl $0, exc_cr2
    movl $give, exc_hook
    RUN P, IMM_B
    CHECK(given, $1)
    decl count
    jnz 1b
    movl $20, count                     /* no page, and no page again */
1:  GONE P + 1
    GO P
    CHECK(exc_vec, $PF)
    CHECK(exc_cr2, $AT(P + 1))
    decl count
    jnz 1b

    /* the second frame is somewhere else meanwhile, and then at both places */
    movl $10, count
1:  GONE P + 1
    MAP Q, A
    MAP Q + 1, B
    FLUSH
    RUN Q, IMM_B
    MAP P + 1, B
    FLUSH
    RUN P, IMM_B
    RUN Q, IMM_B
    RUN P, IMM_B
    GONE Q
    GONE Q + 1
    decl count
    jnz 1b

    /* what the healed code was made of is written: by its other mapping, first byte behind the border */
    PUT 0x35, (B)
    RUN P, (IMM_B + 0x10000)
    PUT 0x34, (B)
    RUN P, IMM_B
    PUT 0xbe, (A + CROSSES)              /* to %esi */
    GO P
    CHECK(exc_vec, $UD)
    CHECK(exc_esi, $IMM_B)
    PUT 0xb8, (A + CROSSES)
    RUN P, IMM_B

    /* another frame, and each in turn */
    MAP P + 1, C
    FLUSH
    RUN P, IMM_C
    MAP P + 1, B
    FLUSH
    RUN P, IMM_B
    movl $10, count
1:  MAP P + 1, C
    invlpg AT(P + 1)
    RUN P, IMM_C
    RUN P, IMM_C
    MAP P + 1, B
    invlpg AT(P + 1)
    RUN P, IMM_B
    RUN P, IMM_B
    GONE P + 1
    GO P
    CHECK(exc_vec, $PF)
    CHECK(exc_cr2, $AT(P + 1))
    CHECK(exc_eip, $AT(P) + CROSSES)
    decl count
    jnz 1b
    MAP P + 1, C
    RUN P, IMM_C
    PUT 0x9a, (C + 1)                    /* the one that is there now, of two */
    RUN P, (IMM_C + 0x1000000)
    PUT 0x99, (C + 1)
    PUT 0x13, (B + 1)                    /* the one that is not */
    RUN P, IMM_C
    MAP P + 1, B
    invlpg AT(P + 1)
    RUN P, (IMM_B + 0x1000000)
    PUT 0x12, (B + 1)
    RUN P, IMM_B

    /* the first frame twice in a row: what lies behind it begins like itself */
    MAP P + 1, A
    invlpg AT(P + 1)
    GO P
    CHECK(exc_vec, $UD)
    CHECK(exc_eip, $AT(P + 1) + 2)
    CHECK(exc_eax, $0x90905678)
    MAP P + 1, B
    invlpg AT(P + 1)
    RUN P, IMM_B

    GONE P
    GONE P + 1
    movl $4, user
    addl $0x10000, frames
    incl rounds
    cmpl $2, rounds
    jb again
    PASS

give:
    movl %cr2, %eax
    CHECK(%eax, $AT(P + 1))
    CHECK(FR_EIP(%ebp), $AT(P) + CROSSES)
    MAP P + 1, B
    movl $1, given
    movl $0, exc_hook
    ret

    .data
frames: .long 0x400000
user: .long 0                            /* or the error code's bit */
rounds: .long 0
count: .long 0
given: .long 0
    .text
    .balign 4096
code0:
    nop
    nop
    ud2
    .org code0 + ENTRY
    jmp back
    .org code0 + 4096 - 16
back:
    xorl %ebx, %ebx
    jmp crosses
    .org code0 + 4096 - 3
crosses:
    movl $IMM_B, %eax                    /* B8 78 56 | 34 12 */
code1 = crosses + 3
    addl %eax, %edx
    decl %ecx
    jnz back
end:
    ud2
    .org code0 + 8192

/* What a call comes back to is no longer what was called from: another frame by CR3, by INVLPG, in
 * another space; no frame at all; bytes changed through another mapping; at one level and at many.
 * The ring is another one; a trap or a breakpoint waits at the return address. */
#include "lib.inc"
#define LIN 0x00800000
#define A 0x400000
#define B 0x401000
#define IMM 7 /* of the constant in image */
    .macro stale act, want, line
    movl $A | 7, PT2
    movl $PD, %eax
    movl %eax, %cr3
    movl $\act, action
    call LIN
    ck %eax, $\want, \line
    .endm
#define STALE(act, want) stale act, want, __LINE__
main:
    cld
    call paging_on
    movl PD, %eax
    movl %eax, PD2
    movl PD + 4, %eax
    movl %eax, PD2 + 4
    movl $PT2 | 7, PDE(LIN)
    movl $PT3 | 7, PD2 + (LIN >> 20)
    movl $B | 7, PT3
    movl $image, %esi
    movl $A, %edi
    movl $image_end - image, %ecx
    rep movsb
    movl $image, %esi
    movl $B, %edi
    movl $image_end - image, %ecx
    rep movsb
    movl $0xb, B + IMM
    movl $60, %ebp
again:
    STALE(act_none, 0xa)              /* both have been run, both are known */
    movl $act_none, action
    movl $PD2, %eax
    movl %eax, %cr3
    call LIN
    CHECK(%eax, $0xb)
    STALE(act_cr3, 0xb)
    STALE(act_invlpg, 0xb)
    STALE(act_space, 0xb)
    STALE(act_there_and_back, 0xa)
    STALE(act_alias, 0x1a)
    STALE(act_alias_back, 0xa)
    STALE(act_deep, 0xb)
    TRY 1f
    STALE(act_gone, 0)
    FAIL
1:  CHECK(exc_vec, $PF)
    CHECK(exc_eip, $LIN + IMM - 1)
    CHECK(exc_cr2, $LIN + IMM - 1)
    movl $A | 7, PT2
    FLUSH
    /* rings: the user's call, ended in the kernel; and the other way round */
    movl $u_end, next
    movl $u_return, u_action
    USER_OK(call u_main)
    CHECKW(exc_eax, $UCS)
    movl $u_end, u_action
    USER_OK(call u_main)
    movl $2f, next
    pushl $back
    ret
2:  CHECKW(%ax, $KCS)
    movl $3f, next
    movl $u_return, u_action
    call u_main                       /* the same code in ring 0 */
3:  CHECKW(%ax, $KCS)
    addl $4, %esp
    movl $u_end, next
    movl $to_user, u_action
    movl %esp, %ebx
    TRY 4f
    call u_main
    FAIL
4:  CHECK(exc_vec, $SYS)
    CHECKW(exc_eax, $UCS)
    CHECK(%esp, %ebx)
    /* traps */
    TRY 5f
    call tf
traced:
    FAIL
5:  CHECK(exc_vec, $DB)
    CHECK(exc_eip, $traced)
    movl $breaks, %eax
    movl %eax, %dr0
    TRY 6f
    call arm
breaks:
    FAIL
6:  CHECK(exc_vec, $DB)
    CHECK(exc_eip, $breaks)
    xorl %eax, %eax
    movl %eax, %dr7
    decl %ebp
    jnz again
    PASS

image:                                /* runs at LIN */
    call *action
    movl $0xa, %eax
    ret
image_end:
act_none:
    ret
act_cr3:
    movl $B | 7, PT2
    FLUSH
    ret
act_invlpg:
    movl $B | 7, PT2
    invlpg LIN
    ret
act_space:
    movl $PD2, %eax
    movl %eax, %cr3
    ret
act_there_and_back:
    movl $PD2, %eax
    movl %eax, %cr3
    movl $act_none, action
    call LIN
    CHECK(%eax, $0xb)
    movl $PD, %eax
    movl %eax, %cr3
    ret
act_alias:
    movl $0x1a, A + IMM
    ret
act_alias_back:
    movl $0xa, A + IMM
    ret
act_gone:
    movl $0, PT2
    invlpg LIN
    ret
act_deep:                             /* thirty callers in frame A, and then it is B */
    movl $30, %ecx
    movl $act_deeper, action
    call LIN
    CHECK(%eax, $0xb)
    ret
act_deeper:
    decl %ecx
    jz 1f
    call LIN
    CHECK(%eax, $0xb)
    ret
1:  movl $B | 7, PT2
    FLUSH
    ret

    .balign 4096
u_main:
    call u_sub
back:
    movl %cs, %eax
    jmp *next
u_sub:
    jmp *u_action
u_return:
    ret
u_end:
    int $SYS
    FAIL
to_user:                              /* the return address of ring 0, taken in ring 3 */
    TO_USER 7f
7:  pushl $back
    ret
tf:
    pushfl
    orl $F_TF, (%esp)
    popfl
    ret
arm:
    movl $0x402, %eax
    incl %eax                         /* global and local enable of breakpoint 0: execution */
    movl %eax, %dr7
    ret
    .data
action: .long 0
next: .long 0
u_action: .long 0

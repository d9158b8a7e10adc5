/* Everything is planted, and the guest looks for it: its own bytes by loads, REPNE SCAS and a
 * checksum, its return addresses, single steps, x87 instruction pointers, flags images, faults,
 * code it changes itself, its own INT3, and the time it all takes.
 * not-modes: call,trap,data
 * (with every branch on call or trap its loop takes the time that these take: that can be measured)
 * plex86-args: -map-rule all:count -map-rule nop|pushf|pushfd|cli|in|cmc:trap -map-rule clc|movzx:call
 */
#include "lib.inc"
main:
    call sum
    movl %eax, %ebp
    /* planted instructions as data: the original bytes, no INT3 anywhere */
    CHECKB(planted, $0x90)
    CHECKB(planted + 1, $0x9c)
    CHECKB(planted + 2, $0x9d)
    CHECKB(planted + 3, $0xf8)
    CHECK(planted + 4, $0xccb60ff5)
    movl $planted, %edi
    movl $planted_end - planted, %ecx
    movb $0xcc, %al
    cld
    repne scasb
    ASSERT(e)
    CHECK(%edi, $planted + 8)         /* the one CC is an operand of the guest's own */
    repne scasb
    ASSERT(ne)
    /* what they do, at CPL 0 and 3; the flags image is the guest's */
    movl $50, %edx
1:  call planted
    CHECK(%ebx, $F_ZF | F_PF)
    decl %edx
    jnz 1b
    movl $F_IOPL | 2, user_eflags
    USER_OK(call planted)
    movl $2, user_eflags
    call sum
    CHECK(%eax, %ebp)
    /* return addresses: on the stack, and by call/pop */
    call where
after_call:
    CHECK(%eax, $after_call)
    call here
here:
    popl %eax
    CHECK(%eax, $here)
    /* single steps see each instruction once, at its own address */
    movl $tracer, exc_hook
    movl $0, n_steps
    pushl $F_TF | 2
    popfl
s0: nop
s1: pushfl
s2: popl %eax
s3: call where
s4: cmc
s5: pushl $2
    popfl
s6: nop
    movl $0, exc_hook
    CHECK(n_steps, $9)
    CHECK(steps, $s1)
    CHECK(steps + 4, $s2)
    CHECK(steps + 8, $s3)
    CHECK(steps + 12, $where)
    CHECK(steps + 16, $where + 3)
    CHECK(steps + 20, $s4)
    CHECK(steps + 24, $s5)
    CHECK(steps + 28, $s5 + 2)
    CHECK(steps + 32, $s6)
    /* x87: where the last instruction was */
    fninit
x0: flds one
    fnstenv env
    CHECK(env + 12, $x0)
    CHECK(env + 20, $one)
    fninit
    /* faults at planted instructions are charged to them */
    xorl %ecx, %ecx
    FAULTS(DE, 0, divl %ecx)
    FAULTS(UD, 0, ud2)
    TRAPS(BP, 0, int3)
    USER(GP, 0, cli)
    USER(GP, 0, inb $0x21, %al)
    call paging_on
    movl $0, PTE(FRAMES)
    invlpg FRAMES
    FAULTS(PF, 0, movl FRAMES, %eax)
    CHECK(exc_cr2, $FRAMES)
    FAULTS(PF, 2, movl %eax, FRAMES)
    FAULTS(PF, 0, movzbl FRAMES, %eax)
    /* code that changes planted instructions, one of them under its own feet */
    movl $3, %edx
2:  movb $0x40, patch                 /* nop -> inc %eax */
    xorl %eax, %eax
patch:
    nop
    CHECK(%eax, $1)
    CHECKB(patch, $0x40)
    movb $0x90, patch
    decl %edx
    jnz 2b
    /* coarse time: a counted loop takes no longer than some cycles a turn */
    movl $8, %edi
3:  movl $100000, %ecx
    rdtsc
    movl %eax, %esi
4:  addl $1, %ebx
    decl %ecx
    jnz 4b
    rdtsc
    subl %esi, %eax
    cmpl $100000 * 60, %eax
    jb 5f
    decl %edi                         /* the host was busy: eight tries */
    jnz 3b
    FAIL
5:  call sum
    CHECK(%eax, %ebp)
    PASS
where:
    movl (%esp), %eax
    ret
planted:
    nop                               /* 90 */
    pushfl                            /* 9c */
    popfl                             /* 9d */
    clc                               /* f8 */
    cmc                               /* f5 */
    movzbl %ah, %ecx                  /* 0f b6 cc: a CC that is the guest's own */
    xorl %ebx, %ebx
    cmc
    cmc
    pushfl
    popl %ebx
    andl $ARITH, %ebx
    in $0x21, %al
    ret
planted_end:
tracer:
    movl n_steps, %eax
    movl FR_EIP(%ebp), %ebx
    movl %ebx, steps(,%eax,4)
    incl n_steps
    ret
sum:
    pushl %ecx
    pushl %esi
    movl $main, %esi
    xorl %eax, %eax
9:  roll $5, %eax
    xorl (%esi), %eax
    addl $4, %esi
    cmpl $tracer, %esi
    jb 9b
    popl %esi
    popl %ecx
    ret
    .data
    .balign 4
n_steps: .long 0
steps: .fill 16, 4, 0
one: .float 1.0
env: .fill 28, 1, 0

/* Single step: the trap comes after the instruction that follows the POPF which set TF, EIP of
 * each trap is exact, REP traps per iteration, INT clears TF for its handler, DR6.BS, a fault
 * under TF, at CPL 3 too. */
#include "lib.inc"
main:
    movl $tracer, exc_hook
    /* popf; three nops; stop after the third trap */
    movl $4, limit
    movl $0, count
    pushl $F_TF | 2
    popfl
a0: nop
a1: addl $1, %eax
a2: jmp a3
    nop
a3: nop
a4: nop
    CHECK(count, $4)
    CHECK(log, $a1)
    CHECK(log+4, $a2)
    CHECK(log+8, $a3)
    CHECK(log+12, $a4)
    CHECK(vectors, $DB)
    movl %dr6, %eax
    andl $0xe00f, %eax
    CHECK(%eax, $0x4000)              /* BS */
    CHECKF(F_TF, 0)
    CHECK(flags, $F_TF)               /* TF was in the image */
    /* pushf sees TF; popf clears it: one more trap after that popf */
    movl $100, limit
    movl $0, count
    pushl $F_TF | 2
    popfl
b0: pushfl
b1: pushl $2
b2: popfl
b3: nop
    CHECK(count, $3)
    CHECK(log, $b1)
    CHECK(log+4, $b2)
    CHECK(log+8, $b3)
    popl %eax
    andl $F_TF, %eax
    CHECK(%eax, $F_TF)
    /* rep: after each iteration, EIP at the instruction until it is done */
    movl $0, count
    movl $4, limit
    movl $src, %esi
    movl $dst, %edi
    movl $3, %ecx
    pushl $F_TF | 2
    popfl
c0: rep movsb
c1: nop
c2: nop
    CHECK(count, $4)
    CHECK(log, $c0)
    CHECK(log+4, $c0)
    CHECK(log+8, $c1)
    CHECK(log+12, $c2)
    CHECK(ecxs, $2)
    CHECK(ecxs+4, $1)
    CHECK(ecxs+8, $0)
    CHECK(dst, $0x00030201)
    /* rep with ECX = 0 traps once */
    movl $0, count
    movl $2, limit
    xorl %ecx, %ecx
    pushl $F_TF | 2
    popfl
d0: rep stosb
d1: nop
d2: CHECK(count, $2)
    CHECK(log, $d1)
    CHECK(log+4, $d2)
    /* int n: its handler runs untraced; iret brings TF back, trap after the instruction that
     * follows */
    SETGATE 0x91, isr
    movl $0, count
    movl $2, limit
    pushl $F_TF | 2
    popfl
e0: nop
e1: int $0x91
e2: nop
e3: nop
    CHECK(count, $2)
    CHECK(log, $e1)
    CHECK(log+4, $e3)
    CHECK(isr_flags, $0)
    /* call, ret, conditional branches, push/pop under TF */
    movl $0, count
    movl $6, limit
    pushl $F_TF | 2
    popfl
f0: call sub1
f1: pushl $3
f2: popl %eax
f3: cmpl $3, %eax
f4: je f5
    nop
f5: nop
    CHECK(count, $6)
    CHECK(log, $sub1)
    CHECK(log+4, $f1)
    CHECK(log+8, $f2)
    CHECK(log+12, $f3)
    CHECK(log+16, $f4)
    CHECK(log+20, $f5)
    /* a fault under TF: its frame has TF, no extra #DB for the instruction that did not complete */
    movl $0, count
    movl $100, limit
    pushl $F_TF | 2
    popfl
g0: nop
g1: ud2                               /* hook skips it and clears TF */
g2: CHECK(count, $2)
    CHECK(vectors, $DB)
    CHECK(vectors+4, $UD)
    CHECK(log, $g1)
    CHECK(log+4, $g1)
    andl $F_TF, flags+4
    CHECK(flags+4, $F_TF)
    /* 1000 steps through a loop */
    movl $0, count
    movl $2001, limit
    xorl %edi, %edi
    movl $1000, %ecx
    pushl $F_TF | 2
    popfl
h0: incl %edi
h1: loop h0
h2: nop
h3: CHECK(count, $2001)
    CHECK(%edi, $1000)
    /* at CPL 3 */
    movl $0, count
    movl $2, limit
    movl $F_TF | 2, user_eflags
    TRY u3
    TO_USER u0
u0: nop
u1: movl $5, %edx
u2: nop
    int $SYS
u3: CHECK(count, $3)                  /* two steps and the system call */
    CHECK(log, $u1)
    CHECK(log+4, $u2)
    CHECK(%edx, $5)
    PASS
sub1:
    ret
isr:
    pushfl
    popl isr_flags
    andl $F_TF, isr_flags
    iret
tracer:
    movl count, %ecx
    cmpl $16, %ecx
    jae 1f
    movl FR_EIP(%ebp), %eax
    movl %eax, log(,%ecx,4)
    movl FR_ECX(%ebp), %eax
    movl %eax, ecxs(,%ecx,4)
    movl FR_VEC(%ebp), %eax
    movl %eax, vectors(,%ecx,4)
    movl FR_EFLAGS(%ebp), %eax
    testl %ecx, %ecx
    jnz 3f
    andl $F_TF, %eax
3:  movl %eax, flags(,%ecx,4)
1:  incl %ecx
    movl %ecx, count
    cmpl limit, %ecx
    jb 2f
    andl $~F_TF, FR_EFLAGS(%ebp)
2:  cmpl $UD, FR_VEC(%ebp)
    jne 4f
    addl $2, FR_EIP(%ebp)
    andl $~F_TF, FR_EFLAGS(%ebp)
4:  cmpl $SYS, FR_VEC(%ebp)
    jne 5f
    movl $0, exc_hook                 /* home at CPL 0 */
    movl exc_edx, %edx
    movl $KDS, %eax
    movl %eax, %ss
    movl exc_resume_esp, %esp
    jmp *exc_resume
5:  ret
    .data
count: .long 0
limit: .long 0
isr_flags: .long -1
src: .long 0x04030201
dst: .long 0
log: .fill 16, 4, 0
ecxs: .fill 16, 4, 0
vectors: .fill 16, 4, 0
flags: .fill 16, 4, 0

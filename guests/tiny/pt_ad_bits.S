/* Accessed and dirty bits, 4 KiB pages: set by exactly the accesses that should, in PDE (A only)
 * and PTE; not by accesses that fault; cleared by software and set again after INVLPG; D set on
 * the first write after reads. */
#include "lib.inc"
#define LIN 0x00800000
#define FRAME 0x400000
#define M (PTE_A | PTE_D)
    .macro fresh flags=7
    movl $FRAME | \flags, PT2
    movl $PT2 | 7, PDE(LIN)
    FLUSH
    .endm
    .macro bits pde, pte
    movl PDE(LIN), %eax
    andl $M, %eax
    CHECK(%eax, $\pde)
    movl PT2, %eax
    andl $M, %eax
    CHECK(%eax, $\pte)
    .endm
main:
    call paging_on
    fresh
    bits 0, 0
    movl LIN, %eax
    bits PTE_A, PTE_A
    movl LIN, %eax
    bits PTE_A, PTE_A
    movl %eax, LIN + 0x10             /* write after read: D now */
    bits PTE_A, M
    fresh
    movl %eax, LIN
    bits PTE_A, M
    fresh
    incl LIN
    bits PTE_A, M
    fresh
    cmpl $0, LIN
    bits PTE_A, PTE_A
    /* execute */
    movb $0xc3, FRAME + 0x20
    fresh
    call LIN + 0x20
    bits PTE_A, PTE_A
    /* push, string, x87 */
    fresh
    movl %esp, %ebp
    movl $LIN + 0x100, %esp
    pushl $1
    movl %ebp, %esp
    bits PTE_A, M
    fresh
    movl $LIN, %esi
    lodsl
    bits PTE_A, PTE_A
    fresh
    movl $LIN, %edi
    movl $4, %ecx
    rep stosl
    bits PTE_A, M
    fresh
    fninit
    fldz
    fstps LIN
    bits PTE_A, M
    /* lea, prefetch, invlpg, not-taken: nothing */
    fresh
    leal LIN, %eax
    invlpg LIN
    xorl %ecx, %ecx
    movl $LIN, %edi
    rep stosl
    bits 0, 0
    /* failing compare of cmpxchg writes too */
    fresh
    movl $0x12345, %eax
    movl $0x777, LIN
    fresh
    cmpxchgl %ecx, LIN
    bits PTE_A, M
    /* a write that faults sets no D; A of the PDE may be set, D never */
    fresh 5
    FAULTS(PF, 3, movl %eax, LIN)
    movl PT2, %eax
    andl $PTE_D, %eax
    CHECK(%eax, $0)
    fresh 3
    USER(PF, 7, movl %eax, LIN)
    movl PT2, %eax
    andl $PTE_D, %eax
    CHECK(%eax, $0)
    /* WP=0: a supervisor write to a read-only page sets D */
    CR0_CLEAR CR0_WP
    fresh 5
    movl %eax, LIN
    bits PTE_A, M
    CR0_SET CR0_WP
    /* clear A and D, INVLPG: set again; 100 rounds, alternating */
    fresh
    movl $100, %esi
1:  andl $~M, PT2
    invlpg LIN
    movl LIN, %eax
    movl PT2, %eax
    andl $M, %eax
    CHECK(%eax, $PTE_A)
    movl %eax, LIN
    movl PT2, %eax
    andl $M, %eax
    CHECK(%eax, $M)
    andl $~PTE_D, PT2
    invlpg LIN
    movl LIN, %eax
    movl PT2, %eax
    andl $M, %eax
    CHECK(%eax, $PTE_A)
    movb $1, LIN + 0xfff
    movl PT2, %eax
    andl $M, %eax
    CHECK(%eax, $M)
    decl %esi
    jnz 1b
    /* user accesses */
    fresh
    USER_OK(movl LIN, %ecx)
    bits PTE_A, PTE_A
    USER_OK(movl %ecx, LIN)
    bits PTE_A, M
    /* across two pages: both get A, write both D */
    fresh
    movl $(FRAME + 0x1000) | 7, PT2 + 4
    movl LIN + 0xffe, %eax
    movl PT2 + 4, %eax
    andl $M, %eax
    CHECK(%eax, $PTE_A)
    movl %eax, LIN + 0xffe
    movl PT2 + 4, %eax
    andl $M, %eax
    CHECK(%eax, $M)
    bits PTE_A, M
    /* the available bits 9-11 and the frame stay as software put them */
    movl PT2, %eax
    andl $0xfffffe07, %eax
    CHECK(%eax, $FRAME | 7)
    fresh 0xe07
    incl LIN
    movl PT2, %eax
    CHECK(%eax, $FRAME | 0xe67)
    /* sixteen neighbours: a fault-around may map them but must not set their A bits */
    xorl %ecx, %ecx
2:  movl %ecx, %eax
    shll $12, %eax
    addl $FRAME | 7, %eax
    movl %eax, PT2(,%ecx,4)
    incl %ecx
    cmpl $64, %ecx
    jb 2b
    FLUSH
    movl LIN + 0x20000, %eax
    xorl %ecx, %ecx
3:  movl PT2(,%ecx,4), %eax
    andl $M, %eax
    cmpl $32, %ecx
    je 4f
    CHECK(%eax, $0)
4:  incl %ecx
    cmpl $64, %ecx
    jb 3b
    PASS

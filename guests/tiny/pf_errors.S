/* #PF for all 768 combinations of PDE P/W/U, PTE P/W/U, CPL 0/3, read/write/execute, CR0.WP:
 * fault or not, error code, CR2, and memory touched only when allowed. */
#include "lib.inc"
#define LIN 0x00800000
#define FRAME 0x400000
main:
    call paging_on
    xorl %esi, %esi                   /* bits 0-2 PDE, 3-5 PTE, 6 CPL 3, 7 WP */
next:
    movl $0, %edi                     /* access: 0 read, 1 write, 2 execute */
again:
    movl %esi, %eax
    andl $7, %eax
    orl $PT2, %eax
    movl %eax, PDE(LIN)
    movl %esi, %eax
    shrl $3, %eax
    andl $7, %eax
    orl $FRAME, %eax
    movl %eax, PT2
    CR0_CLEAR CR0_WP
    testl $0x80, %esi
    jz 1f
    CR0_SET CR0_WP
1:  FLUSH
    movl $0x9090c3, FRAME + 0x120
    /* expected */
    movl %esi, %eax
    movl %esi, %ecx
    shrl $3, %ecx
    andl %ecx, %eax                   /* effective P W U in bits 0 1 2 */
    xorl %ebp, %ebp                   /* error code; bit 31 = fault */
    cmpl $1, %edi
    jne 2f
    orl $2, %ebp
2:  testl $0x40, %esi
    jz 3f
    orl $4, %ebp
3:  testl $1, %eax
    jz is_fault                       /* not present: P=0 */
    orl $1, %ebp
    testl $0x40, %esi
    jz 4f
    testl $4, %eax
    jz is_fault
4:  cmpl $1, %edi
    jne no_fault
    testl $2, %eax
    jnz no_fault
    testl $0x40, %esi
    jnz is_fault
    testl $0x80, %esi
    jz no_fault
is_fault:
    orl $0x80000000, %ebp
no_fault:
    movl $LIN + 0x120, %ebx
    movl ops(,%edi,4), %edx
    movl $0x12345678, %ecx
    TRY result
    testl $0x40, %esi
    jnz user
    jmp *%edx
user:
    movl %edx, 5f + 1
    TO_USER 5f
5:  movl $0, %eax                     /* patched: entry in eax */
    jmp *%eax
op_read:
    movl (%ebx), %ecx
    int $SYS
op_write:
    movl %ecx, (%ebx)
    int $SYS
op_exec:
    call *%ebx
    int $SYS
result:
    testl $0x80000000, %ebp
    jz expect_ok
    CHECK(exc_vec, $PF)
    andl $0x7fffffff, %ebp
    CHECK(exc_err, %ebp)
    CHECK(exc_cr2, $LIN + 0x120)
    CHECK(FRAME + 0x120, $0x9090c3)
    cmpl $2, %edi
    je 6f
    movl ops(,%edi,4), %eax
    CHECK(exc_eip, %eax)
    jmp 7f
6:  CHECK(exc_eip, $LIN + 0x120)      /* the call is done: EIP is the target */
    jmp 7f
expect_ok:
    CHECK(exc_vec, $SYS)
    cmpl $1, %edi
    jne 7f
    CHECK(FRAME + 0x120, $0x12345678)
7:  incl %edi
    cmpl $3, %edi
    jb again
    incl %esi
    cmpl $0x100, %esi
    jb next
    PASS
    .data
ops: .long op_read, op_write, op_exec

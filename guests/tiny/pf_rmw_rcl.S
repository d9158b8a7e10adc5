/* RCL and RCR (whose flags QEMU changes too early): one that faults changes nothing: read-only
 * page, memory, registers and flags as before, at CPL 0 with WP and at CPL 3; then the handler
 * makes it writable and each happens exactly once. */
#include "lib.inc"
#define P 0x400000
    .macro once insn:vararg
    movl $P | 5, PTE(P)
    invlpg P
    movl $0, exc_count
    SETF (F_CF | 2)
    \insn
    pushfl
    popl flags
    CHECK(exc_count, $1)
    CHECK(exc_err, $3)
    andl $ARITH, exc_eflags
    CHECK(exc_eflags, $F_CF)
    .endm
    .macro never insn:vararg
    SETF (ARITH | 2)
    TRY 1f
0:  \insn
    FAIL
1:  CHECK(exc_vec, $PF)
    CHECK(exc_err, $3)
    CHECK(exc_eip, $0b)
    andl $ARITH, exc_eflags
    CHECK(exc_eflags, $ARITH)
    CHECK(P, $0x7fffffff)
    CHECK(%eax, $0x7fffffff)
    CHECK(%ecx, $1)
    CHECK(%edx, $0x55)
    .endm
main:
    call paging_on
    movl $0x7fffffff, P
    movl $P | 5, PTE(P)
    FLUSH
    movl $P, %ebx
    movl $0x7fffffff, %eax
    movl $1, %ecx
    movl $0x55, %edx
    never rcll $1, (%ebx)
    never rcrl $3, (%ebx)
    never rclb %cl, (%ebx)
    movl $hook, exc_hook
    movl $P | 7, PTE(P)
    FLUSH
    movl $0x80000001, P
    once rcll $1, (%ebx)
    CHECK(P, $3)
    andl $F_CF, flags
    CHECK(flags, $1)
    PASS
hook:
    movl $P | 7, PTE(P)
    movl $P, %eax
    invlpg (%eax)
    ret
    .data
flags: .long 0

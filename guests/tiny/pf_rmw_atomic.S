/* A read-modify-write that faults changes nothing: read-only page, memory, registers and flags as
 * before, at CPL 0 with WP and at CPL 3; then the handler makes it writable and each happens
 * exactly once. */
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
    never addl $1, (%ebx)
    never adcl %ecx, (%ebx)
    never sbbl %ecx, (%ebx)
    never incl (%ebx)
    never decb (%ebx)
    never negl (%ebx)
    never notl (%ebx)
    never shll %cl, (%ebx)
    never shrdl $3, %eax, (%ebx)
    never btsl $31, (%ebx)
    never btcl %ecx, (%ebx)
    never xchgl %ecx, (%ebx)
    never xaddl %ecx, (%ebx)
    never cmpxchgl %ecx, (%ebx)
    never lock cmpxchgl %ecx, (%ebx)
    never lock xaddl %ecx, (%ebx)
    never lock orl $0, (%ebx)
    never andl $-1, (%ebx)            /* writes the same value: still a write */
    never cmpxchg8b (%ebx)
    never setnz (%ebx)
    movl $hook, exc_hook
    once adcl $1, (%ebx)
    CHECK(P, $0x80000001)
    movl $3, P
    once sbbl %ecx, (%ebx)
    CHECK(P, $1)
    once incl (%ebx)
    CHECK(P, $2)
    once lock xaddl %ecx, (%ebx)
    CHECK(P, $3)
    CHECK(%ecx, $2)
    once xchgl %ecx, (%ebx)
    CHECK(P, $2)
    CHECK(%ecx, $3)
    movl $2, %eax
    once lock cmpxchgl %ecx, (%ebx)
    CHECK(P, $3)
    once btcl $4, (%ebx)
    CHECK(P, $0x13)
    movl %esp, %ebp
    pushl $0x77
    once popl (%ebx)
    CHECK(P, $0x77)
    CHECK(%esp, %ebp)
    PASS
hook:
    movl $P | 7, PTE(P)
    movl $P, %eax
    invlpg (%eax)
    ret
    .data
flags: .long 0

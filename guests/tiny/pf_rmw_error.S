/* #PF error code of read-modify-write instructions says write, also when the page is not present
 * (silicon; QEMU's TCG reports the read); reads say read. Memory and registers stay. */
#include "lib.inc"
#define BAD 0x400000
    .macro rmw insn:vararg
    TRY 1f
0:  \insn
    FAIL
1:  CHECK(exc_vec, $PF)
    CHECK(exc_err, $2)
    CHECK(exc_cr2, $BAD + 8)
    CHECK(exc_eip, $0b)
    CHECK(%eax, $0x11)
    CHECK(%ecx, $1)
    CHECK(%edx, $0x33)
    .endm
main:
    call paging_on
    movl $0, PTE(BAD)
    FLUSH
    movl $0x11, %eax
    movl $1, %ecx
    movl $0x33, %edx
    movl $BAD + 8, %ebx
    rmw addl $1, (%ebx)
    rmw adcl %eax, (%ebx)
    rmw xorb %ah, (%ebx)
    rmw incl (%ebx)
    rmw decw (%ebx)
    rmw notl (%ebx)
    rmw negb (%ebx)
    rmw lock addl %eax, (%ebx)
    rmw xchgl %eax, (%ebx)
    rmw xaddl %eax, (%ebx)
    rmw lock xaddl %eax, (%ebx)
    rmw cmpxchgl %ecx, (%ebx)
    rmw lock cmpxchgl %ecx, (%ebx)
    rmw cmpxchg8b (%ebx)
    rmw btsl $1, (%ebx)
    rmw btcl %ecx, (%ebx)
    rmw lock btrl %ecx, (%ebx)
    rmw shll $1, (%ebx)
    rmw shll %cl, (%ebx)
    rmw rcrl $3, (%ebx)
    rmw shldl $2, %eax, (%ebx)
    rmw setc (%ebx)
    rmw movl %eax, (%ebx)
    FAULTS(PF, 0, cmpl %eax, (%ebx))
    FAULTS(PF, 0, testl %eax, (%ebx))
    FAULTS(PF, 0, btl $1, (%ebx))
    FAULTS(PF, 0, pushl (%ebx))
    FAULTS(PF, 0, imull (%ebx), %eax)
    PASS

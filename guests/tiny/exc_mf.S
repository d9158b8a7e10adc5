/* #MF with CR0.NE: a pending unmasked x87 exception is reported at the next waiting instruction
 * (EIP there), not at the one that caused it; no-wait instructions do not report; FNCLEX clears.
 */
#include "lib.inc"
main:
    fninit
    movw $0x037b, cw                  /* ZM=0 (bit 2 clear), others masked */
    fldcw cw
    fld1
    fldz
    fdivrp %st, %st(1)                /* 1/0: sets ES, does not fault itself */
    fnstsw %ax
    andl $0x80ff, %eax
    CHECK(%eax, $0x8084)              /* B, ES, ZE */
    FAULTS(MF, 0, fwait)
    CHECK(exc_cs, $KCS)
    /* no-wait forms do not */
    fnstsw mem
    fnstcw mem
    fnclex
    fnstsw %ax
    testl $0x80ff, %eax
    ASSERT(z)
    fwait
    /* invalid operation */
    fninit
    movw $0x037e, cw                  /* IM=0 */
    fldcw cw
    fld1
    fchs
    fsqrt
    fnstsw %ax
    andl $0x80ff, %eax
    CHECK(%eax, $0x8081)
    FAULTS(MF, 0, fwait)
    /* no-wait: fninit and fnsave do not fault and clear */
    fnsave env
    fwait
    CHECKW(env, $0x037e)
    fldcw cw
    fld1
    fstp %st(0)
    fstps mem
    fninit
    fwait
    fld1
    fchs
    fldcw cw
    fsqrt
    /* from CPL 3 */
    USER(MF, 0, fwait)
    fninit
    PASS
    .data
cw: .long 0
mem: .long 0
env: .fill 108, 1, 0

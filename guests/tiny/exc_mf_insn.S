/* A pending unmasked x87 exception is reported by every waiting x87 and MMX instruction, before
 * it does anything. */
#include "lib.inc"
main:
    fninit
    movw $0x037b, cw                  /* ZM=0 */
    fldcw cw
    fld1
    fldz
    fdivrp %st, %st(1)
    FAULTS(MF, 0, fld1)
    FAULTS(MF, 0, fstps mem)
    FAULTS(MF, 0, fldcw cw)
    FAULTS(MF, 0, movd %eax, %mm0)
    FAULTS(MF, 0, fxch)
    FAULTS(MF, 0, faddp)
    FAULTS(MF, 0, fldz)
    FAULTS(MF, 0, fstpl mem)
    FAULTS(MF, 0, fnop)
    FAULTS(MF, 0, fldenv env)
    FAULTS(MF, 0, emms)
    CHECK(mem, $0)
    CHECK(mem+4, $0)
    fnstsw %ax
    andl $0xb8ff, %eax
    CHECK(%eax, $0xb084 & 0xb8ff)     /* still B ES ZE, TOP 6 */
    /* before the operand's #PF, after #NM */
    call paging_on
    movl $0, PTE(0x400000)
    FLUSH
    FAULTS(MF, 0, flds 0x400000)
    CR0_SET CR0_TS
    FAULTS(NM, 0, flds 0x400000)
    clts
    fnclex
    FAULTS(PF, 0, flds 0x400000)
    /* operands stay when the exception is unmasked: the stack still has 1 and 0 */
    fninit
    fldcw cw
    fld1
    fldz
    fdivrp %st, %st(1)
    fnclex
    fstps mem
    CHECK(mem, $0)
    fstps mem
    CHECK(mem, $0x3f800000)
    /* invalid operation: stack underflow */
    fninit
    movw $0x037e, cw                  /* IM=0 */
    fldcw cw
    fstps mem
    fnstsw %ax
    andl $0x82ff, %eax
    CHECK(%eax, $0x80c1)              /* B ES SF IE, C1=0: underflow */
    FAULTS(MF, 0, fwait)
    fninit
    /* unmasking a pending exception arms it at once */
    fld1
    fldz
    fdivrp %st, %st(1)                /* masked: result is infinity, ZE set */
    fwait
    fsts mem
    CHECK(mem, $0x7f800000)
    movw $0x037b, cw
    fldcw cw
    FAULTS(MF, 0, fwait)
    fninit
    PASS
    .data
cw: .long 0
mem: .long 0, 0
env: .fill 28, 1, 0

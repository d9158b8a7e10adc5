/* #NM: CR0.TS and CR0.EM against x87, WAIT with MP, MMX and SSE; CLTS; lazy switching as a kernel
 * does it; at CPL 3. */
#include "lib.inc"
main:
    CR4_SET CR4_OSFXSR
    /* TS: x87, MMX, SSE fault; WAIT only with MP */
    CR0_CLEAR (CR0_MP | CR0_EM)
    CR0_SET CR0_TS
    FAULTS(NM, 0, fld1)
    FAULTS(NM, 0, fninit)
    FAULTS(NM, 0, fnstsw %ax)
    FAULTS(NM, 0, fnstcw mem)
    FAULTS(NM, 0, flds mem)
    FAULTS(NM, 0, movq mem, %mm0)
    FAULTS(NM, 0, movups mem, %xmm0)
    FAULTS(NM, 0, addps %xmm0, %xmm0)
    FAULTS(NM, 0, fxsave mem)
    FAULTS(NM, 0, fnsave mem)
    FAULTS(NM, 0, ldmxcsr mem)
    fwait
    CR0_SET CR0_MP
    FAULTS(NM, 0, fwait)
    /* these do not: */
    movl $1, %eax
    movnti %eax, mem
    sfence
    prefetchnta mem
    pause
    CHECK(mem, $1)
    clts
    fwait
    fld1
    fninit
    /* MP alone: nothing */
    fwait
    /* EM: x87 is #NM, WAIT is not, SSE and MMX are #UD */
    CR0_CLEAR CR0_MP
    CR0_SET CR0_EM
    FAULTS(NM, 0, fld1)
    FAULTS(NM, 0, fninit)
    fwait
    FAULTS(UD, 0, movups mem, %xmm0)
    FAULTS(UD, 0, movq mem, %mm0)
    CR0_CLEAR CR0_EM
    /* CR4.OSFXSR=0: SSE is #UD, MMX and FXSAVE are not */
    CR4_CLEAR CR4_OSFXSR
    FAULTS(UD, 0, movups mem, %xmm0)
    FAULTS(UD, 0, ldmxcsr mem)
    movq mem, %mm0
    emms
    CR4_SET CR4_OSFXSR
    /* #NM comes before the page fault of the operand */
    call paging_on
    movl $0, PTE(0x400000)
    FLUSH
    CR0_SET (CR0_TS | CR0_MP)
    FAULTS(NM, 0, flds 0x400000)
    clts
    FAULTS(PF, 0, flds 0x400000)
    /* at CPL 3 */
    CR0_SET CR0_TS
    USER(NM, 0, fld1)
    USER(GP, 0, clts)
    /* lazy switch: two tasks with their own x87 and xmm0; owner changes in #NM, 100 rounds */
    clts
    fninit
    fxsave state_a
    fxsave state_b
    movl $state_a, owner
    movl $switcher, exc_hook
    movl $100, %esi
    xorl %edx, %edx
1:  movl $state_a, current
    CR0_SET CR0_TS
    fld1                              /* a: one more on its own count */
    fadds acc_zero
    movd %esi, %xmm0
    fstps tmp
    CHECK(tmp, $0x3f800000)
    movl $state_b, current
    CR0_SET CR0_TS
    movd %xmm1, %eax                  /* b counts in xmm1 */
    incl %eax
    movd %eax, %xmm1
    movl $state_a, current
    CR0_SET CR0_TS
    movd %xmm0, %eax
    CHECK(%eax, %esi)
    movd %xmm1, %eax
    CHECK(%eax, $0)
    decl %esi
    jnz 1b
    movl $state_b, current
    CR0_SET CR0_TS
    movd %xmm1, %eax
    CHECK(%eax, $100)
    PASS
switcher:
    cmpl $NM, exc_vec
    jne lib_unexpected
    clts
    movl owner, %eax
    fxsave (%eax)
    movl current, %eax
    movl %eax, owner
    fxrstor (%eax)
    ret
    .data
acc_zero: .long 0
tmp: .long 0
owner: .long 0
current: .long 0
    .balign 16
mem: .fill 512, 1, 0
state_a: .fill 512, 1, 0
state_b: .fill 512, 1, 0

/* What random code has found: ENTER writes where ESP will end; PUSHA fails at its first word;
 * alignment of SSE operands comes before the page tables; an x87 store with an unmasked exception
 * stores nothing. In every way to reach memory: the last two once more with a segment base. */
#include "lib.inc"
main:
    CR4_SET CR4_OSFXSR
    CR0_SET CR0_NE
    call paging_on
    movl $0, PTE(FRAMES)
    movl $0, PTE(FRAMES + 0x1000)
    FLUSH
    /* ESP would end on a page that is not there */
    movl $0x77, %ebp
    TRY 2f
    TO_USER 1f
1:  movl $FRAMES + 0x3000, %esp
3:  enter $0x1800, $0
2:  CHECK(exc_vec, $PF)
    CHECK(exc_err, $6)
    CHECK(exc_eip, $3b)
    CHECK(exc_esp, $FRAMES + 0x3000)
    CHECK(exc_cr2, $FRAMES + 0x3000 - 4 - 0x1800)
    CHECK(%ebp, $0x77)
    /* PUSHA across two missing pages, and inside one */
    TRY 2f
    TO_USER 1f
1:  movl $FRAMES + 0x1010, %esp
3:  pushal
2:  CHECK(exc_vec, $PF)
    CHECK(exc_cr2, $FRAMES + 0x100c)
    CHECK(exc_eip, $3b)
    TRY 2f
    TO_USER 1f
1:  movl $FRAMES + 0x1100, %esp
3:  pushal
2:  CHECK(exc_vec, $PF)
    CHECK(exc_cr2, $FRAMES + 0x10fc)
    call orders
    /* GS: a base, so that its accesses are computed or checked */
    movl $lib_gdt + T0, %eax
    movl $0x0010ffff, (%eax)
    movl $0x00cf9300, 4(%eax)
    movl $T0, %eax
    movl %eax, %gs
    FAULTS(GP, 0, movaps %xmm0, %gs:FRAMES + 4 - 0x10)
    FAULTS(GP, 0, paddd %gs:FRAMES + 4 - 0x10, %xmm0)
    FAULTS(GP, 0, fxsave %gs:FRAMES + 4 - 0x10)
    FAULTS(PF, 2, movups %xmm0, %gs:FRAMES + 4 - 0x10)
    FAULTS(PF, 0, movdqu %gs:FRAMES + 4 - 0x10, %xmm0)
    FAULTS(PF, 0, lddqu %gs:FRAMES + 4 - 0x10, %xmm0)
    FAULTS(PF, 2, movlps %xmm0, %gs:FRAMES + 4 - 0x10)
    call prepare
    fistpl %gs:mem - 0x10
    call look
    /* a pending #MF comes before what an MMX operand's page has to say */
    call prepare
    fistpl mem
    FAULTS(MF, 0, paddd FRAMES, %mm1)
    FAULTS(MF, 0, paddd %gs:FRAMES - 0x10, %mm1)
    FAULTS(MF, 0, pshufb %gs:FRAMES - 0x10, %mm1)
    FAULTS(MF, 0, movntq %mm1, %gs:FRAMES - 0x10)
    FAULTS(PF, 0, cvtpi2ps %gs:FRAMES - 0x10, %xmm1)
    FAULTS(PF, 0, paddd %gs:FRAMES - 0x10, %xmm1)
    PASS

orders:
    FAULTS(GP, 0, movaps %xmm0, FRAMES + 4)
    FAULTS(GP, 0, movaps FRAMES + 4, %xmm0)
    FAULTS(GP, 0, fxsave FRAMES + 4)
    FAULTS(PF, 2, movups %xmm0, FRAMES + 4)
    FAULTS(PF, 2, movaps %xmm0, FRAMES + 16)
    call prepare
    fistpl mem
    call look
    ret

/* ST0 = 1e30, invalid operation unmasked */
prepare:
    movl $0x55667788, mem
    fninit
    flds big
    movw $0x37e, w
    fldcw w
    ret
look:
    fnstsw %ax
    andl $0xb881, %eax
    CHECK(%eax, $0xb881)              /* ES, IE, busy; nothing popped: TOP = 7 */
    fnclex
    CHECK(mem, $0x55667788)
    fninit
    ret
    .data
    .balign 16
mem: .long 0, 0, 0, 0
big: .float 1e30
w:  .word 0

/* #DF with error code 0: a contributory exception while delivering one (#GP whose gate is
 * missing), and #PF followed by a contributory one. A benign first exception is delivered
 * serially: the second one arrives as itself. */
#include "lib.inc"
main:
    /* #GP with no gate: #NP(13*8+2) while delivering #GP -> #DF */
    movb $0x0e, lib_idt + 13 * 8 + 5
    movl $0x1000, %eax
    FAULTS(DF, 0, movl %eax, %ds)
    USER(DF, 0, hlt)
    movb $0x8e, lib_idt + 13 * 8 + 5
    /* #DE is contributory too */
    movb $0x0e, lib_idt + 0 * 8 + 5
    xorl %ecx, %ecx
    FAULTS(DF, 0, divl %ecx)
    movb $0x8e, lib_idt + 0 * 8 + 5
    /* #NP then #NP */
    movb $0x0e, lib_idt + 11 * 8 + 5
    movb $0x0e, lib_idt + 0x90 * 8 + 5
    FAULTS(DF, 0, int $0x90)
    movb $0x8e, lib_idt + 11 * 8 + 5
    /* gate with a bad code segment: #GP(sel) while delivering #GP */
    movw $KDS, lib_idt + 13 * 8 + 2
    movl $0x1000, %eax
    FAULTS(DF, 0, movl %eax, %ds)
    movw $KCS, lib_idt + 13 * 8 + 2
    /* benign (#UD) with no gate: #NP as itself */
    movb $0x0e, lib_idt + 6 * 8 + 5
    FAULTS(NP, -1, ud2)
    andl $~1, exc_err                 /* EXT: see exc_ext */
    CHECK(exc_err, $6 * 8 + 2)
    movb $0x8e, lib_idt + 6 * 8 + 5
    /* #PF, then #NP for its gate */
    call paging_on
    movl $0, PTE(0x400000)
    FLUSH
    movb $0x0e, lib_idt + 14 * 8 + 5
    FAULTS(DF, 0, movl 0x400123, %eax)
    CHECK(exc_cr2, $0x400123)
    movb $0x8e, lib_idt + 14 * 8 + 5
    PASS

/* The EXT bit: #NP, #GP, #TS that happen while an exception is being delivered have bit 0 of the
 * error code set; for INT n, INT3, INTO it is clear. */
#include "lib.inc"
main:
    movb $0x0e, lib_idt + 6 * 8 + 5
    FAULTS(NP, 6 * 8 + 3, ud2)
    movb $0x0e, lib_idt + 0x90 * 8 + 5
    FAULTS(NP, 0x90 * 8 + 2, int $0x90)
    movb $0x0e, lib_idt + 3 * 8 + 5
    FAULTS(NP, 3 * 8 + 2, int3)
    movb $0x8e, lib_idt + 6 * 8 + 5
    movw $KDS, lib_idt + 6 * 8 + 2
    FAULTS(GP, KDS + 1, ud2)
    PASS

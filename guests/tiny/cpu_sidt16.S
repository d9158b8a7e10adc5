/* SGDT and SIDT with 16-bit operands store all 32 bits of the base (SDM, "SGDT": "Full 32-bit base
 * address stored"); only the loads cut it to 24. */
#include "lib.inc"
main:
    movl $lib_idt + 0xab000000, mem + 2
    movw $0x7ff, mem
    lidtl mem
    movl $0, mem + 2
    sidtw mem
    CHECK(mem + 2, $lib_idt + 0xab000000)
    lidtl lib_idtr
    movl $lib_gdt + 0xcd000000, mem + 2
    lgdtl mem
    movl $0, mem + 2
    sgdtw mem
    CHECK(mem + 2, $lib_gdt + 0xcd000000)
    lgdtl lib_gdtr
    PASS
    .data
mem: .long 0, 0

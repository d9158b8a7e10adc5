/* Loading a segment register sets the accessed bit of the descriptor: data, stack, code; a load
 * that faults does not, LAR and VERR do not. (QEMU's TCG sets it for data only.) */
#include "lib.inc"
main:
    SETDESC T0, 0, 0xfffff, 0x92, 0xc
    SETDESC T1, 0, 0xfffff, 0x92, 0xc
    SETDESC T2, 0, 0xfffff, 0x9a, 0xc
    SETDESC T3, 0, 0xfffff, 0x9e, 0xc
    SETDESC T4, 0, 0xfffff, 0x12, 0xc
    SETDESC T5, 0, 0xfffff, 0x9a, 0xc
    movl $T0, %eax
    larl %eax, %ecx
    verr %ax
    verw %ax
    CHECKB(lib_gdt + T0 + 5, $0x92)
    movl %eax, %es
    CHECKB(lib_gdt + T0 + 5, $0x93)
    movl $T1, %eax
    movl %eax, %ss
    CHECKB(lib_gdt + T1 + 5, $0x93)
    movl $KDS, %eax
    movl %eax, %ss
    movl %eax, %es
    ljmp $T2, $1f
1:  CHECKB(lib_gdt + T2 + 5, $0x9b)
    lcall $T3, $2f
    CHECKB(lib_gdt + T3 + 5, $0x9f)
    pushl $T5
    pushl $3f
    lret
2:  lret
3:  CHECKB(lib_gdt + T5 + 5, $0x9b)
    ljmp $KCS, $4f
4:  movl $T4, %eax
    FAULTS(NP, T4, movl %eax, %ds)
    CHECKB(lib_gdt + T4 + 5, $0x12)
    /* busy bit of the TSS */
    SETDESC T6, lib_tss, 103, 0x89, 0
    movl $T6, %eax
    ltr %ax
    CHECKB(lib_gdt + T6 + 5, $0x8b)
    PASS

/* Control registers and system-register reads: CR0 ET reads 1, CR2 and CR3 keep values, LMSW can
 * set but not clear PE, SMSW forms, CLTS, SGDT SIDT contents, LGDT 16-bit operand takes 24 bits
 * of base, STR, MOV CR ignores mod. */
#include "lib.inc"
main:
    movl %cr0, %eax
    CHECK(%eax, $0x31)
    movl $0x12345678, %ecx
    movl %ecx, %cr2
    movl %cr2, %edx
    CHECK(%edx, $0x12345678)
    movl $0x00123000, %ecx
    movl %ecx, %cr3
    movl %cr3, %edx
    CHECK(%edx, $0x00123000)
    /* mod field ignored: 0f 20 with mod 0 is mov %cr0, %eax too */
    xorl %eax, %eax
    .byte 0x0f, 0x20, 0x00
    CHECK(%eax, $0x31)
    /* lmsw: bits 0..3, PE stays */
    movl $0x000e, %eax
    lmsw %ax
    movl %cr0, %eax
    CHECK(%eax, $0x3f)
    movl $0xfff0, %eax
    lmsw %ax
    movl %cr0, %eax
    CHECK(%eax, $0x31)
    movw $0x8, mem
    lmsw mem
    smsw %eax
    andl $0xffff, %eax
    CHECK(%eax, $0x39)
    movl $0x5a5a5a5a, mem
    smsw mem
    CHECK(mem, $0x5a5a0039)
    movl $0x5a5a5a5a, %ecx
    smsww %cx
    CHECK(%ecx, $0x5a5a0039)
    clts
    smsw %eax
    andl $0xffff, %eax
    CHECK(%eax, $0x31)
    /* sgdt, sidt: 6 bytes, not 8 */
    movl $-1, mem
    movl $-1, mem + 4
    sgdtl mem
    CHECKW(mem, $GDT_BYTES - 1)
    CHECK(mem + 2, $lib_gdt)
    CHECKW(mem + 6, $0xffff)
    sidtl mem
    CHECKW(mem, $256 * 8 - 1)
    CHECK(mem + 2, $lib_idt)
    /* lidt with operand size 16: base is 24 bits */
    movw $0x7ff, mem
    movl $lib_idt + 0xab000000, mem + 2
    lidtw mem
    sidtl mem
    CHECK(mem + 2, $lib_idt)
    TRAPS(BP, 0, int3)
    /* str, sldt with 32-bit registers zero-extend */
    movl $-1, %eax
    str %eax
    CHECK(%eax, $TSS_SEL)
    movl $-1, mem
    str mem
    CHECK(mem, $0xffff0000 | TSS_SEL)
    /* CR4: unknown bits off, known ones settable */
    movl %cr4, %eax
    CHECK(%eax, $0)
    CR4_SET (CR4_TSD | CR4_DE | CR4_PSE)
    movl %cr4, %eax
    CHECK(%eax, $0x1c)
    /* AM WP NE and the cache bits are kept */
    movl $0x00050031, %eax
    movl %eax, %cr0
    movl %cr0, %ecx
    CHECK(%ecx, $0x00050031)
    movl $0x60000031, %eax
    movl %eax, %cr0
    movl %cr0, %ecx
    CHECK(%ecx, $0x60000031)
    movl $0x31, %eax
    movl %eax, %cr0
    wbinvd
    PASS
    .data
mem: .long 0, 0, 0

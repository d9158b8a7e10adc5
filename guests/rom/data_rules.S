/* data_rules - rules of the map about data in real mode: linear addresses through segments, the IVT and
 * the stack.
 * counts 1: writes 0x20010+2
 * counts 1: mode real writes 0x20010+2
 * counts 0: mode prot writes 0x20010+2
 * counts 1: reads 0x20012
 * counts 4: lodsb reads 0x20020-0x20023
 * counts 1: int reads 0x84+4
 * counts 1: int writes 0x17ffe+2
 * counts 1: iret reads 0x17ffe+2
 * counts 1: push writes 0x17ffe+2
 * counts 2: touches phys 0x30001
 */
#include "rom.inc"
start:
    movw $0x2000, %ax
    movw %ax, %ds
    movw $0x1000, %ax
    movw %ax, %ss
    movw $0x8000, %sp
    movw $0x1234, 0x10
    movb 0x12, %al
    cld
    movw $0x20, %si
    movw $4, %cx
    rep lodsb
    pushw %ax
    popw %bx
    xorw %ax, %ax
    movw %ax, %es
    movw $handler, %es:0x84
    movw %cs, %es:0x86
    movw $0x8000, %sp
    int $0x21
    CHECK $0x55, %dl
    movw $0x2ff0, %ax
    movw %ax, %es
    movw $0x102, %bx
    movw $0xbeef, %es:-2(%bx)         /* 30000 */
    movw %es:-1(%bx), %ax             /* 30001 */
    CHECK $0xbe, %al
    jmp pass
handler:
    movb $0x55, %dl
    iret
    RESET_VECTOR
    ljmp $0xf000, $start
    .org 0x10000

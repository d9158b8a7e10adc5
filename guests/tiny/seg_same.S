/* Loads of the selector that a segment register has already, by MOV and POP, in ring 0: nothing changes while
 * the descriptor does not; what did change (base, limit, rights, presence, the accessed bit, the table, its
 * limit) is found; flags and the other registers stay; so does ESP where POP faults. */
#include "lib.inc"
#define GDT2 0x600000
    .macro ALL sreg
    SETDESC T0, data0, 0xfffff, 0x92, 0xc
    movl $T0, %eax
    movl $0x5a5a5a5a, %ecx
    movl %eax, %\sreg
    .rept 3
    stc
    movl %eax, %\sreg
    ASSERT(c)
    CHECK(%ecx, $0x5a5a5a5a)
    CHECK(%\sreg:0, $0x11111111)
    pushl $T0 + 0xabcd0000
    movl %esp, %ebx
    stc
    popl %\sreg
    ASSERT(c)
    addl $4, %ebx
    CHECK(%esp, %ebx)
    CHECK(%ecx, $0x5a5a5a5a)
    CHECK(%\sreg:0, $0x11111111)
    .endr
    /* another base; the accessed bit is set again */
    SETDESC T0, data1, 0xfffff, 0x92, 0xc
    movl %eax, %\sreg
    CHECK(%\sreg:0, $0x22222222)
    andb $~1, lib_gdt + T0 + 5
    pushl %eax
    popl %\sreg
    movzbl lib_gdt + T0 + 5, %edx
    CHECK(%edx, $0x93)
    /* a limit */
    SETDESC T0, data1, 3, 0x92, 4
    movl %eax, %\sreg
    CHECK(%\sreg:0, $0x22222222)
    FAULTS(GP, 0, movl %\sreg:4, %edx)
    /* not present, not data; ESP stays */
    SETDESC T0, data1, 0xfffff, 0x12, 0xc
    FAULTS(NP, T0, movl %eax, %\sreg)
    pushl %eax
    movl %esp, %ebx
    FAULTS(NP, T0, popl %\sreg)
    CHECK(%esp, %ebx)
    CHECK(%ecx, $0x5a5a5a5a)
    popl %edx
    movl $0, lib_gdt + T0
    movl $0, lib_gdt + T0 + 4
    FAULTS(GP, T0, movl %eax, %\sreg)
    CHECK(%\sreg:0, $0x22222222)
    /* the same selector in another table, then beyond that table's end */
    SETDESC T0, data0, 0xfffff, 0x92, 0xc
    movl %eax, %\sreg
    lgdt gdtr2
    movl %eax, %\sreg
    CHECK(%\sreg:0, $0x22222222)
    lgdt gdtr3
    FAULTS(GP, T0, movl %eax, %\sreg)
    lgdt lib_gdtr
    movl %eax, %\sreg
    CHECK(%\sreg:0, $0x11111111)
    /* null and back; another selector and back */
    xorl %edx, %edx
    movl %edx, %\sreg
    movl %eax, %\sreg
    CHECK(%\sreg:0, $0x11111111)
    movl %edx, %\sreg
    FAULTS(GP, 0, movl %\sreg:0, %edx)
    movl %eax, %\sreg
    movl $KDS, %edx
    movl %edx, %\sreg
    movl %edx, %\sreg
    CHECK(%\sreg:data1, $0x22222222)
    movl %eax, %\sreg
    CHECK(%\sreg:0, $0x11111111)
    /* ring 3 has lost it */
    USER_OK(movl %\sreg, %edx)
    CHECK(%edx, $0)
    movl $T0, %eax
    movl %eax, %\sreg
    CHECK(%\sreg:0, $0x11111111)
    movl $KDS, %edx
    movl %edx, %\sreg
    .endm
main:
    call paging_on
    movl $lib_gdt, %esi
    movl $GDT2, %edi
    movl $(GDT_BYTES / 4), %ecx
    cld
    rep movsl
    SETDESC T0, data1, 0xfffff, 0x92, 0xc
    movl lib_gdt + T0, %eax
    movl %eax, GDT2 + T0
    movl lib_gdt + T0 + 4, %eax
    movl %eax, GDT2 + T0 + 4
    ALL fs
    ALL gs
    /* DS and ES: flat ones of two selectors, and one that becomes another */
    SETDESC T1, 0, 0xfffff, 0x92, 0xc
    movl $T1, %eax
    movl $20, %ecx
1:  movl %eax, %ds
    movl %eax, %es
    movl %eax, %ds
    pushl %ds
    pushl %es
    popl %es
    popl %ds
    incl count
    movl $KDS, %edx
    movl %edx, %ds
    pushl %edx
    popl %es
    loop 1b
    CHECK(count, $20)
    movl %eax, %es
    SETDESC T1, data0, 0xfffff, 0x92, 0xc
    movl %eax, %es
    CHECK(%es:0, $0x11111111)
    pushl %es
    popl %es
    CHECK(%es:4, $0x33333333)
    movl $KDS, %edx
    movl %edx, %es
    PASS
    .data
    .balign 4
count: .long 0
data0: .long 0x11111111, 0x33333333
data1: .long 0x22222222, 0x44444444
    .balign 4
    .word 0
gdtr2: .word GDT_BYTES - 1
    .long GDT2
    .word 0
gdtr3: .word T0 - 1
    .long GDT2

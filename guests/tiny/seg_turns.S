/* seg_turns.S - FS and GS loaded with a selector, null and another selector in turn, as kernels do on each way in and out,
 * and ring 3 loading what it has already: what changed in the table in between (base, limit, rights, DPL, presence,
 * accessed bit, another table) is found, and null stays null. By MOV and by POP. */
#include "lib.inc"
#define GDT2 0x600000
#define WARM 10
    .macro TURN sreg /* leaves T0 */
    movl $WARM, %ebp
1:  xorl %edx, %edx
    movl %edx, %\sreg
    movl $T0, %eax
    movl %eax, %\sreg
    CHECK(%\sreg:0, $0x11111111)
    movl $T1, %eax
    pushl %eax
    movl %esp, %ebx
    stc
    popl %\sreg
    ASSERT(c)
    addl $4, %ebx
    CHECK(%esp, %ebx)
    CHECK(%\sreg:0, $0x22222222)
    pushl $3 /* null with an RPL */
    popl %\sreg
    movl %\sreg, %edx
    CHECK(%edx, $3)
    pushl $T0
    popl %\sreg
    decl %ebp
    jnz 1b
    .endm
    .macro ALL sreg
    SETDESC T0, data0, 0xfffff, 0x93, 0xc
    SETDESC T1, data1, 0xfffff, 0x93, 0xc
    TURN \sreg
    xorl %edx, %edx
    movl %edx, %\sreg
    FAULTS(GP, 0, movl %\sreg:0, %edx)
    /* base; then a limit; then rights, while another selector is there */
    SETDESC T0, data1, 0xfffff, 0x93, 0xc
    movl $T0, %eax
    movl %eax, %\sreg
    CHECK(%\sreg:0, $0x22222222)
    movl $T1, %edx
    movl %edx, %\sreg
    SETDESC T0, data0, 3, 0x93, 4
    movl $T0, %eax
    movl %eax, %\sreg
    CHECK(%\sreg:0, $0x11111111)
    FAULTS(GP, 0, movl %\sreg:1, %edx)
    movl $T1, %edx
    movl %edx, %\sreg
    CHECK(%\sreg:4, $0x33333333)
    movl %eax, %\sreg
    FAULTS(GP, 0, movl %\sreg:4, %edx)
    SETDESC T0, data0, 0xfffff, 0x91, 0xc /* read-only */
    movl $T1, %edx
    movl %edx, %\sreg
    movl $0x22222222, %\sreg:0
    movl $T0, %eax
    movl %eax, %\sreg
    CHECK(%\sreg:0, $0x11111111)
    FAULTS(GP, 0, movl %eax, %\sreg:0)
    movl %edx, %\sreg
    /* not present: the register keeps what it has, POP keeps ESP */
    SETDESC T0, data0, 0xfffff, 0x13, 0xc
    movl $T0, %eax
    FAULTS(NP, T0, movl %eax, %\sreg)
    CHECK(%\sreg:0, $0x22222222)
    pushl $T0
    movl %esp, %ebx
    FAULTS(NP, T0, popl %\sreg)
    CHECK(%esp, %ebx)
    popl %edx
    /* the accessed bit is set again */
    SETDESC T0, data0, 0xfffff, 0x92, 0xc
    movl %eax, %\sreg
    movzbl lib_gdt + T0 + 5, %edx
    CHECK(%edx, $0x93)
    TURN \sreg
    /* the table's end, another table */
    movl $T1, %edx
    movl %edx, %\sreg
    lgdt gdtr3
    movl $T0, %eax
    FAULTS(GP, T0, movl %eax, %\sreg)
    lgdt gdtr2
    movl %eax, %\sreg
    CHECK(%\sreg:4, $0x33333333)
    lgdt lib_gdtr
    movl %eax, %\sreg
    CHECK(%\sreg:0, $0x11111111)
    movl $KDS, %edx
    movl %edx, %\sreg
    .endm
    /* in ring 3: what is there already, until its DPL or presence changes under it */
    .macro RING3 sreg
    SETDESC T2, 0, 0xfffff, 0xf3, 0xc
    movl $WARM, %ebp
2:  USER_OK(movl $T2 + 3, %eax; movl %eax, %\sreg; movl %eax, %\sreg; movl %\sreg:data1, %ebx; pushl %eax; popl %\sreg; movl %\sreg, %ecx; movl %esp, %edx)
    CHECK(%ebx, $0x22222222)
    CHECK(%ecx, $(T2 + 3))
    CHECK(%edx, $user_stack_top)
    decl %ebp
    jnz 2b
    movl $(T2 + 3), %eax
    movl %eax, %\sreg
    SETDESC T2, 0, 0xfffff, 0x93, 0xc
    USER(GP, T2, movl %eax, %\sreg)
    SETDESC T2, 0, 0xfffff, 0x73, 0xc
    movl $(T2 + 3), %eax
    USER(NP, T2, movl %eax, %\sreg)
    SETDESC T2, data1, 0xfffff, 0xf3, 0xc
    .endm
main:
    movl $lib_gdt, %esi
    movl $GDT2, %edi
    movl $(GDT_BYTES / 4), %ecx
    rep movsl
    SETDESC T0, data1, 0xfffff, 0x93, 0xc
    movl lib_gdt + T0, %eax
    movl %eax, GDT2 + T0
    movl lib_gdt + T0 + 4, %eax
    movl %eax, GDT2 + T0 + 4
    ALL fs
    ALL gs
    RING3 fs
    RING3 gs
    RING3 es
    movl $UDS, %eax
    movl %eax, %fs
    movl %eax, %gs
    /* a selector of ring 0, loaded there, means nothing to ring 3 */
    movl $KDS, %eax
    movl %eax, %fs
    movl %eax, %es
    USER(GP, KDS, movl %eax, %fs)
    movl $KDS, %eax
    USER(GP, KDS, movl %eax, %es)
    PASS

    .data
    .balign 4
data0: .long 0x11111111, 0x44444444
data1: .long 0x22222222, 0x33333333
gdtr2:
    .word GDT_BYTES - 1
    .long GDT2
gdtr3:
    .word T0 + 6
    .long lib_gdt

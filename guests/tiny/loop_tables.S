/* Descriptor tables and the TSS at the ends of memory: GDT and IDT that wrap at 4 GiB or lie where
 * nothing answers, a TSS whose bytes wrap, page tables in ROM and in holes: each ends in an answer. */
#include "lib.inc"
main:
    /* a GDT that begins below 4 GiB and goes on at 0: KCS at 0, KDS at 8 */
    movl lib_gdt + KCS, %eax
    movl %eax, 0
    movl lib_gdt + KCS + 4, %eax
    movl %eax, 4
    movl lib_gdt + KDS, %eax
    movl %eax, 8
    movl lib_gdt + KDS + 4, %eax
    movl %eax, 12
    lgdt gdtr_wrap
    movl $KDS, %eax
    movl %eax, %fs
    movl %fs:magic, %eax
    CHECK(%eax, $0x600dbeef)
    ljmp $KCS, $1f
1:  lgdt lib_gdtr
    /* a descriptor that straddles 4 GiB: its first half is where nothing answers and reads as ones */
    movl $0x00cff3ff, 0
    lgdt gdtr_split
    movl $8, %eax
    lar %eax, %ecx
    ASSERT(z)
    andl $0x00f0ff00, %ecx
    CHECK(%ecx, $0x00c0f300)
    /* nothing answers: all ones: code, conforming, DPL 3, present */
    lgdt gdtr_hole
    larl %eax, %ecx
    ASSERT(z)
    andl $0x00f0ff00, %ecx
    CHECK(%ecx, $0x00f0ff00)
    lgdt lib_gdtr
    /* a TSS that wraps at 4 GiB: saved into the void and into the first bytes of memory */
    SETDESC T0, 0xffffffc0, 103, 0x89, 0
    SETDESC T1, tss2, 103, 0x89, 0
    movl $T0, %eax
    ltr %ax
    movl $task, tss2 + 0x20
    movl $2, tss2 + 0x24
    movl $lib_stack2_top, tss2 + 0x38
    movl $KDS, tss2 + 0x48
    movl $KCS, tss2 + 0x4c
    movl $KDS, tss2 + 0x50
    movl $KDS, tss2 + 0x54
    movl $0x5a5a5a5a, %edi
    ljmp $T1, $0
    FAIL
task:
    CHECK(4, $0x5a5a5a5a)             /* EDI: offset 44 */
    clts
    movl $TSS_SEL, %eax
    movb $0x89, lib_gdt + TSS_SEL + 5
    ltr %ax
    clts
    xorl %eax, %eax
    lldt %ax
    /* page directory where nothing answers, and in ROM: every bit set */
    call paging_on
    CR4_SET CR4_PSE
    movl $(0xa0000 | 7), PDE(0x40000000)
    FLUSH
    movl 0x40000000, %eax             /* PTE FFFFFFFF: frame FFFFF000 */
    CHECK(%eax, $-1)
    movl %eax, 0x40000000
    movl $(0xd0000000 | 7), PDE(0x40000000)
    FLUSH
    movl 0x40000000, %eax
    CHECK(%eax, $-1)
    /* the IDT where nothing answers: gates of ones have a type that is none, and so has #GP's, and
     * #DF's */
    CR0_CLEAR CR0_PG
    PUTC 'R'; PUTC 'E'; PUTC 'B'; PUTC 'O'; PUTC 'O'; PUTC 'T'
    lidt idtr_hole
    int3
    FAIL
    /* expect: reboot */
    .data
gdtr_wrap: .word 0x17
    .long 0xfffffff8
gdtr_split: .word 0x17
    .long 0xfffffff4
gdtr_hole: .word 0xffff
    .long 0xe0000000
idtr_hole: .word 0x7ff
    .long 0xe0000000
magic: .long 0x600dbeef
    .balign 128
tss2: .fill 104, 1, 0

/* Task switches under PAE: CR3 out of the TSS brings other PDPTEs; reserved bits in those are the
 * new task's #TS, and it goes on with the tables of the old one. */
#include "lib.inc"
#define PDPT 0x208000
#define PDA 0x209000
#define PDPT2 0x20a000
#define PDB 0x20b000
#define LIN 0x00800000
main:
    NEED_CPUID 1, edx, 6
    cld
    movl $PDPT, %edi
    movl $0x4000 / 4, %ecx
    xorl %eax, %eax
    rep stosl
    movl $PDA | 1, PDPT
    movl $PDB | 1, PDPT2
    .irp pd, PDA, PDB
    movl $0x000087, \pd
    movl $0x200087, \pd + 8
    movl $0x400087, \pd + 16
    movl $0x600087, \pd + 24
    .endr
    movl $0x400087, PDA + 32          /* LIN is 4 MiB in one, 6 MiB in the other */
    movl $0x600087, PDB + 32
    movl $0xaaaa, 0x400000
    movl $0xbbbb, 0x600000
    CR4_SET CR4_PAE
    movl $PDPT, %eax
    movl %eax, %cr3
    CR0_SET (CR0_PG | CR0_WP)
    SETDESC T0, tss2, 103, 0x89, 0
    movl $PDPT, lib_tss + 0x1c
    call init
    CHECK(LIN, $0xaaaa)
    lcall $T0, $0
    CHECK(seen, $0xbbbb)
    CHECK(LIN, $0xaaaa)
    movl %cr3, %eax
    CHECK(%eax, $PDPT)
    /* PDPTEs are loaded with CR3 only: changed in memory they change nothing before */
    movl $0, PDPT
    CHECK(LIN, $0xaaaa)
    movl $PDA | 1, PDPT
    /* a reserved bit in a present PDPTE, whichever of the four */
    .irp off, 0, 24
    call init
    movl PDPT2 + \off, %eax
    movl %eax, saved
    movl $PDB | 1 | 2, PDPT2 + \off   /* bit 1 */
    TRY 1f
    ljmp $T0, $0
    FAIL
1:  CHECK(exc_vec, $TS)
    CHECK(exc_eip, $task)
    str %eax
    CHECKW(%ax, $T0)
    movl %cr3, %eax
    CHECK(%eax, $PDPT)
    CHECK(LIN, $0xaaaa)
    CHECKB(lib_gdt + T0 + 5, $0x8b)
    CHECKB(lib_gdt + TSS_SEL + 5, $0x89)
    movl saved, %eax
    movl %eax, PDPT2 + \off
    movb $0x89, lib_gdt + TSS_SEL + 5
    movl $TSS_SEL, %eax
    ltr %ax
    clts
    .endr
    /* not in an absent one */
    call init
    movl $2, PDPT2 + 24
    lcall $T0, $0
    CHECK(seen, $0xbbbb)
    PASS
init:
    movl $0, seen
    movl $PDPT2, tss2 + 0x1c
    movl $task, tss2 + 0x20
    movl $2, tss2 + 0x24
    movl $lib_stack2_top, tss2 + 4    /* at CPL 3: the fault's handler has a good stack */
    movl $KDS, tss2 + 8
    movl $user_stack_top, tss2 + 0x38
    movl $UDS, tss2 + 0x48
    movl $UCS, tss2 + 0x4c
    movl $UDS, tss2 + 0x50
    movl $UDS, tss2 + 0x54
    movb $0x89, lib_gdt + T0 + 5
    ret
task:
    movl LIN, %eax
    movl %eax, seen
    iret
    .data
    .balign 128
tss2: .fill 104, 1, 0
seen: .long 0
saved: .long 0

/* The double-fault task, as kernels have it: the kernel stack is on a missing page, so #PF -> #PF
 * on delivery -> #DF through a task gate, whose TSS shows the state of the fault; CR2 is the
 * stack's. */
#include "lib.inc"
main:
    call paging_on
    SETDESC T0, tss2, 103, 0x89, 0
    movl $PD, tss2 + 0x1c
    movl $df, tss2 + 0x20
    movl $2, tss2 + 0x24
    movl $lib_stack2_top, tss2 + 0x38
    movl $KDS, tss2 + 0x48
    movl $KCS, tss2 + 0x4c
    movl $KDS, tss2 + 0x50
    movl $KDS, tss2 + 0x54
    movl $PD, lib_tss + 0x1c
    movw $T0, lib_idt + 8 * 8 + 2
    movb $0x85, lib_idt + 8 * 8 + 5
    movl $0, PTE(0x400000)
    movl $0, PTE(0x401000)
    FLUSH
    movl $0x401000, %esp
    movl $0xabc, %ebx
fault:
    pushl %ebx                        /* #PF at 0x400ffc; its frame too */
    FAIL
df: popl %eax
    CHECK(%eax, $0)                   /* error code */
    CHECK(lib_tss + 0x20, $fault)
    CHECK(lib_tss + 0x38, $0x401000)
    CHECK(lib_tss + 0x34, $0xabc)
    movl %cr2, %eax
    andl $0xfffff000, %eax
    CHECK(%eax, $0x400000)
    movzwl tss2, %eax
    CHECK(%eax, $TSS_SEL)
    /* mend it and go back: the push happens */
    movl $0x400007, PTE(0x400000)
    invlpg 0x400000
    movl $0x400800, %ecx
    clts
    movl $after, lib_tss + 0x20
    iret
after:
    CHECK(%esp, $0x401000)
    CHECK(%ebx, $0xabc)
    movl $stack_top, %esp
    PASS
    .data
    .balign 128
tss2: .fill 104, 1, 0

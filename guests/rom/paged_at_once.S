/* paged_at_once - as CPU test ROMs begin: PE and PG set by one MOV to CR0 from F000:xxxx, a far jump
 * to 32-bit code based at F0000, data based at 20000 with a limit, a 16-bit stack under 32-bit code,
 * an LDT, a 16-bit interrupt gate with garbage in its upper word, and back to real mode. */
#include "rom.inc"
    .set GDT, 0x600
    .set IDT, 0x400
    .macro DESC sel, lo, hi
    movl $\lo, GDT + \sel
    movl $\hi, GDT + \sel + 4
    .endm
start:
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw $0x7000, %sp
    /* one page table, 1 MiB one to one; directory at 1000 */
    cld
    movw $0x1000, %di
    movw $0x800, %cx
    xorl %eax, %eax
    rep stosl
    movl $0x2007, 0x1000
    movw $0x2000, %di
    movw $256, %cx
    movl $7, %eax
1:  stosl
    addl $0x1000, %eax
    loop 1b
    DESC 0x00, 0, 0
    DESC 0x08, 0x0000ffff, 0x00409a0f /* 32-bit code at F0000 */
    DESC 0x10, 0x0000ffff, 0x00009202 /* data at 20000 */
    DESC 0x18, 0x0000ffff, 0x00009201 /* 16-bit stack at 10000 */
    DESC 0x20, 0x0a00001f, 0x00008200 /* LDT at A00 */
    DESC 0x28, 0x0000ffff, 0x00009a0f /* 16-bit code at F0000 */
    DESC 0x30, 0x0000ffff, 0x00009200 /* data at 0 */
    movl $0x0000000f, 0xa08           /* LDT entry 1: 16 bytes at 20000, read-only */
    movl $0x00009002, 0xa0c
    .set isr_off, isr - _start
    movl $0x00080000 + isr_off, IDT + 0x21 * 8
    movl $0xffff8600, IDT + 0x21 * 8 + 4
    movl $0x00080000 + gp_off, IDT + 13 * 8
    .set gp_off, gp - _start
    movl $0x00008e00, IDT + 13 * 8 + 4
    lgdtl %cs:gdtr
    lidtl %cs:idtr
    movl $0x1000, %eax
    movl %eax, %cr3
    movl %cr0, %eax
    orl $0x80000001, %eax
    movl %eax, %cr0
    ljmp $8, $in_32 - _start
    .code32
in_32:
    movl $0x10, %eax
    movl %eax, %ds
    movl $0x18, %eax
    movl %eax, %ss
    movl $0xabcd8000, %esp
    movl $0x20, %eax
    lldt %ax
    movl $0x11223344, 0x100
    movl $0xc, %eax                   /* the LDT's: RPL 0, TI */
    movl %eax, %es
    xorl %ebp, %ebp
    pushl $0x77
    popl %ecx
    cmpl $0x77, %ecx
    jne out
    incl %ebp                         /* 1 */
    cmpl $0xabcd8000, %esp            /* the upper half stays */
    jne out
    incl %ebp                         /* 2 */
    int $0x21
    cmpl $0x1234, %edx
    jne out
    incl %ebp                         /* 3 */
    cmpl $0xabcd8000, %esp
    jne out
    incl %ebp                         /* 4 */
    movl %es:12, %eax
    xorl %edx, %edx
    movl %es:13, %eax                 /* beyond it: #GP, three bytes further on */
1:  cmpl $13, %edx
    jne out
    incl %ebp                         /* 5 */
    xorl %edx, %edx
    movl %eax, %es:0                  /* read-only */
    cmpl $13, %edx
    jne out
    incl %ebp                         /* 6 */
    xorl %edx, %edx
    movl $1, %esi
    arpl %si, %es:0                   /* would write */
    cmpl $13, %edx
    jne out
    incl %ebp                         /* 7 */
    xorl %edx, %edx
    xorl %esi, %esi
    arpl %si, %es:0                   /* writes nothing: no fault */
    cmpl $0, %edx
    jne out
    incl %ebp                         /* 8 */
out:
    movl $0x30, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    ljmp $0x28, $in_16 - _start
gp: addl $4, %esp
    movl $13, %edx
    movzwl %sp, %ebx
    movl %ss:(%ebx), %eax             /* EIP: on to the next CMP */
2:  incl %eax
    cmpb $0x83, %cs:(%eax)
    jne 2b
    movl %eax, %ss:(%ebx)
    iret
isr:
    movl $0x1234, %edx
    data16 iret                       /* the gate was a 16-bit one */
    .code16
in_16:
    movl %cr0, %eax
    andl $0x7ffffffe, %eax
    movl %eax, %cr0
    ljmp $0xf000, $in_real - _start
in_real:
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %ss
    movw $0x7000, %sp
    cmpw $8, %bp
    jne fail
    jmp pass
    .balign 4
gdtr: .word 0x37
    .long GDT
idtr: .word 0x14f
    .long IDT
    RESET_VECTOR
    ljmp $0xf000, $start
    .org 0x10000

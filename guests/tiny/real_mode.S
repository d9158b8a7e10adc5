/* Down to real mode and back: CR0.PE cleared with the old hidden parts in force until loads, far
 * jump, IVT interrupts, paragraphs, 64 KiB wrap of IP and SP, 32-bit operands, "unreal" 4 GiB
 * limits, back to protected mode with everything as it was. */
#include "lib.inc"
#define RM 0x8000                     /* real-mode code: segment 0x800 */
main:
    cld
    SETDESC T0, RM, 0xffff, 0x9a, 0   /* 16-bit code */
    SETDESC T1, 0, 0xffff, 0x92, 0    /* 64 KiB data */
    movl $rm, %esi
    movl $RM, %edi
    movl $rm_end - rm, %ecx
    rep movsb
    movl %esp, save_esp
    /* IVT: vector 0x40 -> 0x800:isr, vector 6 -> 0x800:ud, 0 -> de */
    movl $0x08000000 + (rm_isr - rm), 0x40 * 4
    movl $0x08000000 + (rm_ud - rm), 6 * 4
    movl $0x08000000 + (rm_de - rm), 0 * 4
    movl $0xcafebabe, 0x12340
    movl $0x600dd00d, 0x300000
    movw $0x3ff, rm_idt
    movl $0, rm_idt + 2
    lidt rm_idt
    movl $T1, %eax
    movl %eax, %ds
    movl %eax, %ss
    movl %eax, %fs
    ljmp $T0, $0
home:
    movl $KDS, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl save_esp, %esp
    lidt lib_idtr
    CHECK(0x9000, $0xcafebabe)        /* ds = 0x1234 */
    CHECK(0x9004, $0x600dd00d)        /* through the unreal ES */
    CHECK(0x9008, $0x41)              /* isr ran */
    CHECKW(0x900c, $0x0800)           /* cs pushed */
    CHECKW(0x9010, $rm_after - rm)
    CHECK(0x9014, $6)
    CHECK(0x9018, $0x7ffe)            /* sp after push from 0x8000 */
    CHECK(0x901c, $0x1)               /* de handler: ip is the div itself */
    CHECKW(0x9020, $0xfffe)           /* sp after a push at 0 */
    CHECKW(0x9024, $rm_near - rm)
    CHECK(0x9028, $0x12345678)
    CHECKW(0x902c, $0x0202)           /* flags pushed by the int: IF was 1 */
    CHECKW(0x9030, $0x0002)           /* flags in the handler: IF TF off */
    TRAPS(0x80, 0, int $0x80)
    PASS
    .code16
rm:
    movl %cr0, %eax
    andl $~1, %eax
    movl %eax, %cr0
    /* still the protected-mode hidden parts: CS base RM, 16-bit */
    nop
    jmp 1f
1:  ljmp $RM >> 4, $2f - rm
2:  xorw %ax, %ax
    movw %ax, %ss
    movw $0x8000, %sp
    movw %ax, %fs
    movw $0x1234, %ax
    movw %ax, %ds
    movl 0, %eax
    movl %eax, %fs:0x9000
    /* ES was not reloaded: base 0, 4 GiB */
    movl $0x300000, %ebx
    movl %es:(%ebx), %eax
    movl %eax, %fs:0x9004
    /* INT through the IVT */
    pushw %ax
    movw %sp, %fs:0x9018
    movw $0, %fs:0x901a
    sti
    int $0x40
rm_after:
    cli
    /* #UD through the IVT: no error code */
    ud2
rm_after_ud:
    /* #DE: IP is the instruction's */
    xorw %cx, %cx
rm_div:
    divw %cx
    /* SP wraps */
    xorw %sp, %sp
    pushw $0x55
    movw %sp, %fs:0x9020
    popw %ax
    movw $0x8000, %sp
    call 3f
rm_near:
3:  popw %fs:0x9024
    movl $0x12345678, %eax
    pushl %eax
    popl %fs:0x9028
    /* and back */
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $KCS, $home
rm_isr:
    pushw %bp
    movw %sp, %bp
    movl $0x41, %fs:0x9008
    movw 4(%bp), %ax
    movw %ax, %fs:0x900c
    movw 2(%bp), %ax
    movw %ax, %fs:0x9010
    movw 6(%bp), %ax
    andw $0x302, %ax
    movw %ax, %fs:0x902c
    pushfw
    popw %ax
    andw $0x302, %ax
    movw %ax, %fs:0x9030
    popw %bp
    iret
rm_ud:
    movl $6, %fs:0x9014
    pushw %bp
    movw %sp, %bp
    addw $2, 2(%bp)
    popw %bp
    iret
rm_de:
    pushw %bp
    movw %sp, %bp
    cmpw $rm_div - rm, 2(%bp)
    jne 4f
    movl $1, %fs:0x901c
4:  addw $2, 2(%bp)
    popw %bp
    iret
rm_end:
    .code32
    .data
save_esp: .long 0
rm_idt: .word 0, 0, 0

/* bochs-rom.S - a ROM of 64 KiB for tests/guest/run --bochs: from the reset vector to protected
 * mode, A20 open, and on to the multiboot guest that Bochs has put at 1 MiB (its entry is 12 bytes behind the header). */
    .code16
    .text
begin:
    cli
    movb $2, %al
    outb %al, $0x92
    movw $0xf000, %ax
    movw %ax, %ds
    lgdtl gdtr
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $8, $0xffff0000 + protected
gdtr:
    .word 23
    .long 0xffff0000 + gdt
    .balign 8
gdt:
    .quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff
    .code32
protected:
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $0x2badb002, %eax
    xorl %ebx, %ebx
    movl $0x10000c, %ecx
    jmp *%ecx
    .code16
    .org 0xfff0
    ljmp $0xf000, $begin
    .org 0x10000

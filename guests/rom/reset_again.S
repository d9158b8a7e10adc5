/* reset_again - every way to reset begins in the ROM again, with the chips as after power-on and
 * RAM as it was: keyboard controller, port 92, CF9, triple fault in real and in protected mode.
 *
 * reboots: yes */
#include "rom.inc"
    .set count, 0x500
first:
    movw %cs, %cx
    CHECK $0xf000, %cx
    CHECK $0, %ebx
    CHECK $0, %esp
    movl %cr0, %ecx
    CHECK $0x60000010, %ecx
    movw $0x7000, %sp
    ljmp $0xf000, $start
start:
    /* left by the last stage, gone by reset */
    inb $0x21, %al
    movb %al, %bl
    movw $0x3fb, %dx
    inb %dx, %al
    CHECK $0, %al               /* LCR of the serial port */
    FLAT_FS
    cmpl $0x52535421, count
    je 1f
    movl $0x52535421, count
    movw $0, count + 4
1:  movb $0xa5, %al
    outb %al, $0x21
    movb $0x1b, %al
    movw $0x3fb, %dx
    outb %al, %dx
    movl $0x11223344, %ebx
    movw count + 4, %si
    incw count + 4
    addw %si, %si
    jmp *%cs:stages(%si)
stages:
    .word keyboard, port_92, port_cf9, triple_real, triple_protected, last

keyboard:
    movb $0xfe, %al
    outb %al, $0x64
    jmp wait
port_92:
    inb $0x92, %al
    andb $0xfe, %al
    outb %al, $0x92
    orb $1, %al
    outb %al, $0x92
    jmp wait
port_cf9:
    movw $0xcf9, %dx
    movb $2, %al
    outb %al, %dx
    movb $6, %al
    outb %al, %dx
    jmp wait
triple_real:
    lidtl %cs:no_idt
    int3
    jmp wait
triple_protected:
    lidtl %cs:no_idt
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ud2
wait:                           /* a reset needs a moment on silicon */
    movl $50000000, %ecx
1:  addr32 loop 1b
    movw $0xee, %bp
    jmp fail
last:
    movw count + 4, %cx
    CHECK $6, %cx
    jmp pass
no_idt: .word 0
    .long 0
    RESET_VECTOR
    jmp first
    .org 0x10000

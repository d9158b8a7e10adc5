/* shadow - PAM of the i440FX: firmware copies itself into RAM and changes that copy, while code of
 * it runs; and the way back. Each step is checked by data and by running the changed code. */
#include "rom.inc"
    .macro PAM_F0000 bits
    movl $0x80000058, %eax
    movw $0xcf8, %dx
    outl %eax, %dx
    movw $0xcfd, %dx
    movb $\bits << 4, %al
    outb %al, %dx
    .endm
start:
    movw $0x7000, %sp
    movw $0xf000, %ax
    movw %ax, %ds
    call probe
    CHECK $1, %al
    /* reads from ROM, writes to RAM: copied upon itself */
    PAM_F0000 2
    xorw %si, %si
    movw %ds, %ax
    movw %ax, %es
    xorw %di, %di
    movw $0x4000, %cx
    cld
    rep movsl
    call probe
    CHECK $1, %al
    /* RAM alone: writable, and what is written runs */
    PAM_F0000 3
    call probe
    CHECK $1, %al
    movb $2, probe + 1
    call probe
    CHECK $2, %al
    movl $0xc0de, data
    /* RAM, read only */
    PAM_F0000 1
    movb $3, probe + 1
    movl $0, data
    call probe
    CHECK $2, %al
    movl data, %ecx
    CHECK $0xc0de, %ecx
    /* ROM again, RAM under it keeps what it has */
    PAM_F0000 0
    call probe
    CHECK $1, %al
    movl data, %ecx
    CHECK $0x11111111, %ecx
    PAM_F0000 3
    call probe
    CHECK $2, %al
    PAM_F0000 0
    /* C0000: nothing there, then RAM, 16 KiB of it */
    movw $0xc000, %ax
    movw %ax, %es
    movl %es:0, %ecx
    CHECK $0xffffffff, %ecx
    movl $0x80000058, %eax
    movw $0xcf8, %dx
    outl %eax, %dx
    movw $0xcfe, %dx
    movb $0x03, %al             /* 5A: C0000-C3FFF */
    outb %al, %dx
    movl $0x55aa55aa, %es:0
    movl %es:0, %ecx
    CHECK $0x55aa55aa, %ecx
    movl $0x55aa55aa, %es:0x4000
    movl %es:0x4000, %ecx
    CHECK $0xffffffff, %ecx
    jmp pass
    .balign 16
probe:
    movb $1, %al
    ret
    .balign 4
data: .long 0x11111111
    RESET_VECTOR
    ljmp $0xf000, $start
    .org 0x10000

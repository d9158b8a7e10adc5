/* config - what firmware asks the machine: memory in CMOS, fw_cfg's signature, RAM, CPUs and memory
 * map, and the host bridge by which it knows the machine. Run with -m 32. */
#include "rom.inc"
    .macro CMOS reg
    movb $\reg, %al
    outb %al, $0x70
    inb $0x71, %al
    .endm
    .macro SELECT key
    movw $0x510, %dx
    movw $\key, %ax
    outw %ax, %dx
    .endm
start:
    movw $0x7000, %sp
    CMOS 0x34                   /* above 16 MiB, in units of 64 KiB */
    CHECK $0, %al
    CMOS 0x35
    CHECK $1, %al
    CMOS 0x30                   /* above 1 MiB, in KiB */
    CHECK $0x00, %al
    CMOS 0x31
    CHECK $0x7c, %al
    CMOS 0x15
    CHECK $0x80, %al
    CMOS 0x5b
    CHECK $0, %al
    CMOS 0x5f                   /* CPUs but one */
    CHECK $0, %al
    SELECT 0
    call get4
    CHECK $0x554d4551, %ebx     /* QEMU */
    call get4
    CHECK $0, %ebx              /* behind the end */
    SELECT 1
    call get4
    andb $1, %bl
    CHECK $1, %bl               /* the traditional interface */
    SELECT 3
    call get4
    CHECK $0x2000000, %ebx
    call get4
    CHECK $0, %ebx
    SELECT 5
    call get2
    CHECK $1, %bx
    SELECT 0xf
    call get2
    CHECK $1, %bx
    /* the file etc/e820 */
    SELECT 0x19
    call get4
    bswap %ebx
    movl %ebx, %edi
next_file:
    testl %edi, %edi
    jz no_file
    decl %edi
    call get4
    bswap %ebx
    movl %ebx, 0x600            /* size */
    call get2
    xchgb %bl, %bh
    movw %bx, 0x604             /* key */
    call get2
    movw $0x608, %si
    movw $56, %cx
1:  inb %dx, %al
    movb %al, (%si)
    incw %si
    loop 1b
    cmpl $0x2f637465, 0x608     /* etc/ */
    jne next_file
    cmpl $0x30323865, 0x60c     /* e820 */
    jne next_file
    movb 0x610, %al
    CHECK $0, %al
    movl 0x600, %ecx
    movw 0x604, %ax
    movw $0x510, %dx
    outw %ax, %dx
    CHECK $20, %ecx
    call get4
    CHECK $0, %ebx
    call get4
    CHECK $0, %ebx
    call get4
    CHECK $0x2000000, %ebx
    call get4
    CHECK $0, %ebx
    call get4
    CHECK $1, %ebx
    movl $0x80000000, %ebx
    call pci
    CHECK $0x12378086, %eax
    movb $0x2c, %bl
    call pci
    CHECK $0x11001af4, %eax
    jmp pass
no_file:
    movw $0x99, %bp
    jmp fail
pci:
    movl %ebx, %eax
    movw $0xcf8, %dx
    outl %eax, %dx
    movw $0xcfc, %dx
    inl %dx, %eax
    ret
/* ebx: the next four bytes, low first; leaves dx at the data port */
get4:
    call get2
    pushw %bx
    call get2
    shll $16, %ebx
    popw %bx
    ret
get2:
    movw $0x511, %dx
    inb %dx, %al
    movb %al, %bl
    inb %dx, %al
    movb %al, %bh
    ret
    RESET_VECTOR
    ljmp $0xf000, $start
    .org 0x10000

/* reset_state - the first instruction: F000:FFF0 with CS base FFFF0000 (SDM vol. 3, "First
 * Instruction Executed"), registers after reset, the ROM's two places, stores to it vanish. */
#include "rom.inc"
first:
    CHECK $0, %eax
    CHECK $0, %ebx
    CHECK $0, %esp
    movw %cs, %cx
    CHECK $0xf000, %cx
    movw %ds, %cx
    CHECK $0, %cx
    movw %ss, %cx
    CHECK $0, %cx
    smsw %cx
    CHECK $0x10, %cx            /* ET; PE, MP, EM, TS clear */
    movl %cr0, %ecx
    CHECK $0x60000010, %ecx     /* CD, NW */
    movl %cr4, %ecx
    CHECK $0, %ecx
    movl %dr7, %ecx
    CHECK $0x400, %ecx
    pushfl
    popl %ecx
    andl $~0x8d5, %ecx          /* arithmetic flags: CHECK sets them */
    CHECK $2, %ecx
    sidt 0x600
    movw 0x600, %cx
    CHECK $0xffff, %cx
    movl 0x602, %ecx
    CHECK $0, %ecx
    /* RAM at F0000 instead of ROM: CS does not see it, as nobody has loaded CS */
    movl $0x80000058, %eax
    movw $0xcf8, %dx
    outl %eax, %dx
    movw $0xcfd, %dx
    movb $0x30, %al             /* 59: F0000 read and write RAM */
    outb %al, %dx
    movw $0xf000, %ax
    movw %ax, %ds
    movw $0x1234, word
    movw word, %cx
    CHECK $0x1234, %cx
    movw %cs:word, %cx
    CHECK $0x5678, %cx
    movb $0, %al
    outb %al, %dx
    movw word, %cx
    CHECK $0x5678, %cx
    ljmp $0xf000, $start
word: .word 0x5678

start:
    FLAT_FS
    /* the same bytes below 1 MiB and below 4 GiB */
    movl $0xffff0, %ebx
    movl %fs:(%ebx), %ecx
    movl $0xfffffff0, %ebx
    movl %fs:(%ebx), %edx
    CHECK %ecx, %edx
    CHECK $0xe9, %cl            /* the jmp at the reset vector */
    movl $0xdeadbeef, %eax
    movl $0xf8000, %ebx
    movl %eax, %fs:(%ebx)
    movl %fs:(%ebx), %ecx
    CHECK $0x90909090, %ecx
    movl $0xffff8000, %ebx
    movl %eax, %fs:(%ebx)
    movl %fs:(%ebx), %ecx
    CHECK $0x90909090, %ecx
    movl $0x9fffc, %ebx
    movl %eax, %fs:(%ebx)
    movl %fs:(%ebx), %ecx
    CHECK $0xdeadbeef, %ecx
    jmp pass
    .org 0x8000, 0x90
    .fill 16, 1, 0x90
    RESET_VECTOR
    jmp first
    .org 0x10000

/* Exceptions of real mode: #GP and #SS at the end of 64 KiB, 32-bit offsets beyond it, EIP beyond it
 * by every kind of transfer, vectors beyond the IDT's limit, instructions that protected mode alone
 * has, NT that means nothing, TF, #NM and #MF; frames of three words without an error code. */
#include "lib.inc"
#define RM 0x8000                     /* code: segment 0x800 */
#define R_VEC 0x9000
#define R_IP 0x9004
#define R_CS 0x9008
#define R_FLAGS 0x900c
#define R_SP 0x9010
#define R_RESUME 0x9014
#define R_LINE 0x9018
main:
    cld
    SETDESC T0, RM, 0xffff, 0x9a, 0
    SETDESC T1, 0, 0xffff, 0x92, 0
    movl $rm, %esi
    movl $RM, %edi
    movl $rm_end - rm, %ecx
    rep movsb
    movl %esp, save_esp
    movl $0, R_LINE
    xorl %edi, %edi
    movl $(RM << 12) + (stubs - rm), %eax
    movl $64, %ecx
1:  movl %eax, (%edi)
    addl $4, %edi
    addl $8, %eax
    loop 1b
    lidt rm_idtr
    movl $T1, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %eax, %fs
    movl %eax, %gs
    ljmp $T0, $0
home:
    movl $KDS, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl save_esp, %esp
    lidt lib_idtr
    movl R_LINE, %eax
    testl %eax, %eax
    jz 1f
    movl %eax, lib_line
    movl R_VEC, %eax
    movl %eax, lib_got
    movl R_IP, %eax
    movl %eax, lib_want
    jmp lib_fail
1:  PASS

    .balign 8
    .code16
    .macro expect vec, at, line
    movl $\line, %eax
    cmpw $\vec, %fs:R_VEC
    jne rm_fail
    cmpw $\at - rm, %fs:R_IP
    jne rm_fail
    cmpw $RM >> 4, %fs:R_CS
    jne rm_fail
    .endm
    .macro rfault vec, line, insn
    movw $.Lr\@ - rm, %fs:R_RESUME
    movl $\line, %ecx
    movl %ecx, %fs:R_LINE
.Li\@:
    \insn
    movl $\line, %eax
    jmp rm_fail
.Lr\@:
    expect \vec, .Li\@, \line
    .endm
#define RFAULT(vec, insn...) rfault vec, __LINE__, LSTR(insn)
#define ROK(insn...) movl $__LINE__, %fs:R_LINE; insn
    .balign 8
rm:
    movl %cr0, %eax
    andl $~1, %eax
    movl %eax, %cr0
    ljmp $RM >> 4, $2f - rm
2:  xorw %ax, %ax
    movw %ax, %ss
    movw %ax, %fs
    movw %ax, %gs
    movw $0x7c00, %sp
    movw $0x2000, %ax
    movw %ax, %ds
    movw %ax, %es
    movl $0, %fs:R_VEC
    /* the last byte of a segment */
    ROK(movb 0xffff, %al)
    ROK(movw 0xfffe, %ax)
    ROK(movl 0xfffc, %eax)
    RFAULT(13, movw 0xffff, %ax)
    RFAULT(13, movl 0xfffd, %eax)
    RFAULT(13, movl %eax, 0xfffe)
    RFAULT(13, incw 0xffff)
    RFAULT(12, movw %ss:0xffff, %ax)
    movw $0xffff, %bp
    RFAULT(12, movw (%bp), %ax)
    movw $0xffff, %si
    RFAULT(13, lodsw)
    movw $0xffff, %di
    RFAULT(13, stosw)
    RFAULT(13, fldl 0xfff9)
    /* 32-bit offsets */
    movl $0x10000, %ebx
    RFAULT(13, movb (%ebx), %al)
    RFAULT(13, movb %al, -1(%ebx,%ebx))
    RFAULT(12, movb %ss:(%ebx), %al)
    ROK(movb -1(%ebx), %al)
    /* the stack's end; the frame still has its place below */
    movw $0xffff, %sp
    RFAULT(12, popw %ax)
    movw $0xfffe, %sp
    RFAULT(12, popl %eax)
    /* EIP beyond 64 KiB */
    RFAULT(13, .byte 0x66; .byte 0xe9; .long 0x10000)
    RFAULT(13, .byte 0x66; .byte 0xe8; .long 0x10000)
    RFAULT(13, ljmpl $0, $0x10000)
    RFAULT(13, lcalll $0, $0x10000)
    pushl $0
    pushl $0
    pushl $0x10000
    RFAULT(13, retl)
    pushl $0
    pushl $0
    pushl $0x10000
    RFAULT(13, lretl)
    pushl $0
    pushl $0
    pushl $0x10000
    RFAULT(13, iretl)
    movw %fs:R_SP, %ax
    cmpw $0x7c00 - 12 - 6, %ax        /* nothing popped; three words pushed */
    movl $__LINE__, %eax
    jne rm_fail
    /* vectors beyond the limit, at INT; traps */
    RFAULT(13, int $0x40)
    movw $0x7fff, %ax
    addw $1, %ax
    movw $3f - rm, %fs:R_RESUME
    into
3:  expect 4, 3b, __LINE__
    movw $4f - rm, %fs:R_RESUME
    int $0x3f
4:  expect 0x3f, 4b, __LINE__
    movw $5f - rm, %fs:R_RESUME
    int3
5:  expect 3, 5b, __LINE__
    xorl %ecx, %ecx
    movw $6f - rm, %fs:R_RESUME
    xorw %cx, %cx
7:  divw %cx
6:  expect 0, 7b, __LINE__
    movl $0x00050002, 0
    movw $9, %ax
    RFAULT(5, boundw %ax, 0)
    /* what only protected mode has, and what nobody has */
    RFAULT(6, sldt %ax)
    RFAULT(6, str %ax)
    RFAULT(6, lldt %ax)
    RFAULT(6, ltr %ax)
    RFAULT(6, lar %ax, %cx)
    RFAULT(6, lsl %ax, %cx)
    RFAULT(6, verr %ax)
    RFAULT(6, verw %ax)
    RFAULT(6, arpl %ax, %ax)
    RFAULT(6, .byte 0x8e, 0xc8)       /* mov %ax, %cs */
    RFAULT(6, .byte 0xf0; nop)
    RFAULT(6, ud2)
    RFAULT(13, sysenter)
    RFAULT(13, sysexit)
    movl $0x80000010, %eax
    RFAULT(13, movl %eax, %cr0)
    ROK(smsw %ax)
    ROK(clts)
    ROK(sgdtw 0x10)
    /* NT is nothing to IRET here; 16 bits of flags */
    movw $8f - rm, %fs:R_RESUME
    movl $__LINE__, %fs:R_LINE
    pushw $0x7002
    popfw
    pushw $0x3002
    pushw %cs
    pushw $8f - rm
    iretw
8:  pushfw
    popw %ax
    cmpw $0x3002, %ax
    movl $__LINE__, %eax
    jne rm_fail
    /* 32-bit IRET: AC and ID, never VM VIF VIP; INT clears AC, its image is 16 bits */
    movl $__LINE__, %fs:R_LINE
    pushl $0x3e0002
    pushl $RM >> 4
    pushl $9f - rm
    iretl
9:  pushfl
    popl %eax
    cmpl $0x240002, %eax
    movl $__LINE__, %eax
    jne rm_fail
    movw $10f - rm, %fs:R_RESUME
    int $0x20
10: expect 0x20, 10b, __LINE__
    pushfl
    popl %eax
    andl $0x3e0002, %eax
    cmpl $0x200002, %eax
    movl $__LINE__, %eax
    jne rm_fail
    /* TF */
    movw $12f - rm, %fs:R_RESUME
    pushw $0x102
    popfw
    nop
11: nop
    movl $__LINE__, %eax
    jmp rm_fail
12: expect 1, 11b, __LINE__
    testw $0x100, %fs:R_FLAGS
    movl $__LINE__, %eax
    jz rm_fail
    pushfw
    popw %ax
    testw $0x100, %ax
    movl $__LINE__, %eax
    jnz rm_fail
    /* #NM, #MF */
    movl %cr0, %eax
    orb $8, %al
    movl %eax, %cr0
    RFAULT(7, fld1)
    clts
    fninit
    movw $0x33b, 0x20
    fldcw 0x20
    fld1
    fldz
    .byte 0xde, 0xf9
    RFAULT(16, fwait)
    fninit
    xorl %eax, %eax
    movl %eax, %fs:R_LINE
    jmp rm_home
rm_fail:
    movl %eax, %fs:R_LINE
rm_home:
    xorw %ax, %ax
    movw %ax, %ss
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $KCS, $home
    .balign 8
stubs:
    .set i, 0
    .rept 64
    pushw $i
    jmp 1f
    .balign 8
    .set i, i + 1
    .endr
1:  popw %fs:R_VEC
    movw %sp, %fs:R_SP
    popw %fs:R_IP
    popw %fs:R_CS
    popw %fs:R_FLAGS
    xorw %ax, %ax
    movw %ax, %ss
    movw $0x7c00, %sp
    jmp *%fs:R_RESUME
rm_end:
    .code32
    .data
save_esp: .long 0
rm_idtr: .word 0xff
    .long 0

/* Where 16-bit segments end, in real mode and with the 4 GiB limits that protected mode leaves behind:
 * words at FFFF, the stack at SP 0, 1 and 2, PUSHA and ENTER across the wrap, IP that wraps by JMP,
 * Jcc, LOOP, CALL and RET, offsets that wrap, base + offset beyond 4 GiB; CS overrides; CX loops. Each
 * site runs well first and then beyond its limit, and well again. */
#include "lib.inc"
#define RM 0x8000                     /* code: segment 0x800 */
#define VEC 0x600                     /* linear: vector of the last fault, then its IP, SP */
main:
    cld
    SETDESC T0, RM, 0xffff, 0x9a, 0
    SETDESC T1, 0, 0xffff, 0x92, 0
    movl $rm, %esi
    movl $RM, %edi
    movl $rm_end - rm, %ecx
    rep movsb
    /* another piece, at the end of the segment 0x2000 */
    movl $edge, %esi
    movl $0x2ffe0, %edi
    movl $edge_end - edge, %ecx
    rep movsb
    movl $low, %esi
    movl $0x20000, %edi
    movl $low_end - low, %ecx
    rep movsb
    movl %esp, save_esp
    movl $0x08000000 + (rm_fault6 - rm), 6 * 4
    movl $0x08000000 + (rm_fault12 - rm), 12 * 4
    movl $0x08000000 + (rm_fault13 - rm), 13 * 4
    movl $0x08000000 + (rm_int60 - rm), 0x60 * 4
    movl $0x11223344, 0x3fffc
    movl $0x55667788, 0x40000
    movl $0x99aabbcc, 0x30000
    movw $0x3ff, rm_idt
    movl $0, rm_idt + 2
    lidt rm_idt
    movl $T1, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %eax, %fs
    movl $KDS, %eax
    movl %eax, %gs                    /* base 0, 4 GiB: stays so in real mode */
    ljmp $T0, $0
home:
    movl $KDS, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl save_esp, %esp
    lidt lib_idtr
    movl %ebp, %eax                   /* line of the check that failed, or 0 */
    CHECK(%eax, $0)
    PASS

    .code16
    .macro want cc                    /* else the line goes home */
    j\cc 8f
    movl $line, %ebp
    jmp rm_home
8:
    .endm
#define WANT(cc) .set line, __LINE__; want cc
    .macro fault_ vec, insn:vararg
    movw $0, %fs:VEC
    movw $9f - rm, %fs:VEC + 8        /* where the handler goes on */
7:  \insn
9:  cmpw $\vec, %fs:VEC
    want e
    .if \vec
    cmpw $7b - rm, %fs:VEC + 2
    want e
    .endif
    .endm
#define FAULT16(vec, insn...) .set line, __LINE__; fault_ vec, insn
#define FINE(insn...) .set line, __LINE__; fault_ 0, insn

rm: movl %cr0, %eax
    andl $~1, %eax
    movl %eax, %cr0
    ljmp $RM >> 4, $1f - rm
1:  xorw %ax, %ax
    movw %ax, %fs                     /* linear 0, 64 KiB */
    movw %ax, %ss
    movw $0x7000, %sp
    movw $0x3000, %ax
    movw %ax, %ds                     /* 0x30000 */
    movw %ax, %es
    xorl %ebp, %ebp

    /* one site, many offsets: bytes may lie at FFFF, words not */
    movw $3, %cx
2:  movl $0xabcd0000, %ebx
    FINE(movw (%bx), %dx)
    cmpw $0xbbcc, %dx
    WANT(e)
    movl $0xabcdfffe, %ebx
    FINE(movw (%bx), %dx)
    cmpw $0x1122, %dx
    WANT(e)
    movl $0xabcdffff, %ebx
    FINE(movb (%bx), %dl)
    cmpb $0x11, %dl
    WANT(e)
    FAULT16(13, movw (%bx), %dx)
    FAULT16(13, movl -2(%bx), %edx)
    FAULT16(13, movw %dx, (%bx))
    FAULT16(13, addw %dx, (%bx))
    FAULT16(13, movl %edx, -3 + 1(%bx))
    FINE(movl -3(%bx), %edx)
    cmpl $0x11223344, %edx
    WANT(e)
    movw $0x8000, %si
    movw $0x8001, %bx
    FINE(movb -1(%bx,%si), %dl)       /* the sum wraps: offset 0 */
    cmpb $0xcc, %dl
    WANT(e)
    FAULT16(13, movw -2(%bx,%si), %dx)
    movl $0x10000, %ebx               /* 32-bit addresses do not */
    FAULT16(13, movb (%ebx), %dl)
    FAULT16(13, movb %dl, (%ebx))
    movl $0xffff, %ebx
    FINE(movb (%ebx), %dl)
    movl $-1, %ebx
    FAULT16(13, movb (%ebx), %dl)
    FINE(movb 1(%ebx), %dl)
    decw %cx
    jz 3f
    jmp 2b
3:  /* SS forms: #SS */
    movw $0xffff, %bp
    FAULT16(12, movw (%bp), %dx)
    FINE(movb (%bp), %dl)
    xorl %ebp, %ebp
    /* one access site through every kind of segment: the site that faulted is exact for good */
    movw $0xffff, %bx
    FINE(movw %gs:(%bx), %dx)         /* 4 GiB limit: no end at 64 KiB */
    movw %gs:0xffff, %ax
    cmpw %ax, %dx
    WANT(e)
    /* base + offset beyond 4 GiB wraps: GS with a base near the top needs protected mode; but
     * base 0 with an offset at the top does not fault inside the window */
    movl $0xfffffff0, %ebx
    FINE(movb %gs:(%ebx), %dl)
    /* LEA never faults */
    movw $0xffff, %bx
    FINE(leaw 3(%bx), %dx)
    cmpw $2, %dx
    WANT(e)

    /* ---- the stack ---- */
    movl $0x77770002, %esp
    movl %gs:0, %esi                  /* IVT entry 0: saved */
    movl %gs:0xfffc, %edi
    FINE(pushw %si)                   /* 2 -> 0 */
    cmpl $0x77770000, %esp
    WANT(e)
    FINE(pushw $0x4321)               /* 0 -> FFFE */
    cmpl $0x7777fffe, %esp
    WANT(e)
    cmpw $0x4321, %gs:0xfffe
    WANT(e)
    FINE(popw %dx)
    cmpl $0x77770000, %esp
    WANT(e)
    cmpw $0x4321, %dx
    WANT(e)
    FINE(pushl $0x87654321)           /* 0 -> FFFC */
    cmpl $0x7777fffc, %esp
    WANT(e)
    FINE(popl %edx)
    cmpl $0x77770000, %esp
    WANT(e)
    cmpl $0x87654321, %edx
    WANT(e)
    FINE(popw %dx)                    /* 0 -> 2 */
    cmpl $0x77770002, %esp
    WANT(e)
    FAULT16(12, pushl %edx)           /* 2 -> FFFE: half of it lies beyond */
    cmpl $0x77770002, %esp
    WANT(e)
    jmp 4f
4:  movl %esi, %gs:0
    movl %edi, %gs:0xfffc
    movl $0x12347000, %esp
    pushal
    cmpl $0x12346fe0, %esp
    WANT(e)
    cmpl $0x12347000, %gs:0x6ff0 - 4
    WANT(e)
    popal
    cmpl $0x12347000, %esp
    WANT(e)
    movl $0x44445555, %ebp
    enterw $0x20, $0
    cmpl $0x12346fde, %esp
    WANT(e)
    cmpl $0x44446ffe, %ebp
    WANT(e)
    leavew
    cmpl $0x12347000, %esp
    WANT(e)
    cmpl $0x44445555, %ebp
    WANT(e)
    xorl %ebp, %ebp
    movl $0x66666666, %edx
    pushw %sp
    popw %dx
    cmpl $0x66667000, %edx
    WANT(e)
    pushw $0x6f00
    popw %sp
    cmpl $0x12346f00, %esp
    WANT(e)
    movw $0x7000, %sp
    /* PUSHA word by word across the wrap, with a 4 GiB limit and with 64 KiB */
    movl %gs:0, %esi
    movl %gs:4, %edi
    movw $8, %sp
    movw $0xa1a1, %ax
    movw $0xb2b2, %bx
    FINE(pushaw)
    cmpl $0x1234fff8, %esp
    WANT(e)
    cmpw $0xa1a1, %gs:6
    WANT(e)
    cmpw $0xb2b2, %gs:0
    WANT(e)
    cmpw $8, %gs:0xfffe
    WANT(e)
    popaw
    cmpl $0x12340008, %esp
    WANT(e)
    movl %esi, %gs:0
    movl %edi, %gs:4
    /* an odd SP below 16: #GP, as PUSHA's own page says; above and even ones are well */
    .irp sp, 9, 11, 13, 15
    movw $\sp, %sp
    FAULT16(13, pushaw)
    cmpl $0x12340000 + \sp, %esp
    WANT(e)
    FAULT16(13, pushal)
    cmpl $0x12340000 + \sp, %esp
    WANT(e)
    .endr
    movl %gs:0, %esi
    movl %gs:4, %edi
    movw $17, %sp
    FINE(pushaw)
    movl %esi, %gs:0
    movl %edi, %gs:4
    movw $0x7000, %sp
    pushfw
    popw %ax
    testw $2, %ax
    WANT(nz)
    movl $0x12345678, 0x10
    pushl 0x10
    popw 0x14
    popw 0x16
    cmpl $0x12345678, 0x14
    WANT(e)
    pushw %ds
    popw %ax
    cmpw $0x3000, %ax
    WANT(e)

    /* ---- CX and ECX loops ---- */
    movl $0x55550003, %ecx
    xorw %dx, %dx
5:  incw %dx
    loop 5b
    cmpl $0x55550000, %ecx
    WANT(e)
    cmpw $3, %dx
    WANT(e)
    jcxz 6f
    WANT(o)
6:  loop 7f                           /* 0 - 1: taken */
    WANT(o)
7:  cmpl $0x5555ffff, %ecx
    WANT(e)
    movl $0x55550005, %ecx
8:  cmpw %cx, %cx
    loope 8b
    cmpl $0x55550000, %ecx
    WANT(e)
    movl $0x55550005, %ecx
    movw $3, %dx
9:  decw %dx
    loopne 9b
    cmpl $0x55550002, %ecx
    WANT(e)
    movl $0x10002, %ecx
    xorw %dx, %dx
5:  incw %dx
    .byte 0x67
    loop 6f                           /* ECX */
    WANT(o)
6:  cmpl $0x10001, %ecx
    WANT(e)

    /* ---- CS overrides: loads and stores in real mode ---- */
    movw $rm_word - rm, %bx
    FINE(movw %cs:(%bx), %dx)
    cmpw $0x1357, %dx
    WANT(e)
    FINE(movw %bx, %cs:(%bx))
    cmpw %bx, %cs:rm_word - rm
    WANT(e)
    movw $0xffff, %bx
    FAULT16(13, movw %cs:(%bx), %dx)
    FAULT16(13, movw %dx, %cs:(%bx))
    jmp *%cs:rm_table - rm
    WANT(o)
rm_indirect:
    movw $rm_sub - rm, %ax
    call *%ax
    cmpw $0x2468, %dx
    WANT(e)
    movw %sp, %bx
    pushw $0x9999
    call rm_sub2
    cmpw $0x1111, %dx
    WANT(e)
    cmpw %sp, %bx
    WANT(e)

    /* ---- IP wraps: segment 0x2000, see edge ---- */
    movl $0x20000 + (low_back - low), %eax
    movw $6, %cx
    lcall $0x2000, $0xffe0            /* comes back by lret */
    cmpw $0x7e7e, %dx
    WANT(e)
    cmpw $0, %cx
    WANT(e)
    /* a CALL whose return address is 0, from FFFD */
    lcall $0x2000, $edge_call - edge + 0xffe0
    cmpw $0x3c3c, %dx
    WANT(e)
    int $0x60
    xorl %ebp, %ebp
rm_home:
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $KCS, $home
rm_sub:
    movw $0x2468, %dx
    ret
rm_sub2:
    movw $0x1111, %dx
    ret $2
    .org rm + 0xe00
rm_fault6:
    pushw $6
    jmp rm_fault
rm_fault12:
    pushw $12
    jmp rm_fault
rm_fault13:
    pushw $13
rm_fault:
    popw %fs:VEC
    popw %fs:VEC + 2
    addw $4, %sp
    jmp *%fs:VEC + 8
rm_int60:
    iret
rm_word: .word 0x1357
rm_table: .word rm_indirect - rm
rm_end:

edge:                                 /* at 2000:FFE0 */
    jmp 1f
    .org edge + 8
1:  .byte 0xe9                        /* jmp 2000:0000 by a wrap */
    .word low_0 - low - (0xffe0 + 8 + 3)
    .org edge + 16
edge_call:
    jmp 2f
    .org edge + 0x1d
2:  .byte 0xe8                        /* FFFD: call; the next IP is 0 */
    .word low_sub - low
edge_end:
low:                                  /* at 2000:0000 */
low_0:
    jmp low_1
    .org low + 0x40
low_1:
    decw %cx
    .byte 0x0f, 0x85                  /* jnz to FFE0, backwards over 0 */
    .word 0xffe0 - (low_2 - low)
low_2:
    movw $0x7e7e, %dx
    lret
low_sub:
    popw %ax                          /* 0 */
    testw %ax, %ax
    jnz 3f
    movw $0x3c3c, %dx
3:  lret
low_back:
low_end:
    .code32
    .data
save_esp: .long 0
rm_idt: .word 0
    .long 0

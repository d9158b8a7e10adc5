/* Out of virtual-8086 mode and back: interrupts and exceptions need a nonconforming ring 0 segment
 * (#GP with its selector otherwise); 16-bit gates with nine words; task gates, a task that is a
 * virtual-8086 one; far transfers and IRET inside it, with IP beyond 64 KiB; I/O by the map alone. */
#include "lib.inc"
#include "v86.inc"
#define STOPPED(vec, err, ip) stopped vec, err, ip, __LINE__
    .macro stopped vec, err, ip, line
    ck exc_vec, $\vec, \line
    ck exc_err, "$(\err)", \line
    ck exc_cs, $V86_CS, \line
    ck exc_eip, $\ip, \line
    .endm
    .macro gate vec, sel, type
    movw $\sel, lib_idt + 8 * \vec + 2
    movb $\type, lib_idt + 8 * \vec + 5
    .endm
main:
    SETDESC T0, 0, 0xfffff, 0x9e, 0xc /* conforming, DPL 0 */
    SETDESC T1, 0, 0xfffff, 0x1a, 0xc /* ring 0, not present */
    SETDESC T2, 0, 0xfffff, 0xfe, 0xc /* conforming, DPL 3 */
    movw $0x90cd, V86_CODE            /* int $0x90 */
    gate 0x90, CS1, 0xee
    TO_V86 0x3000
    STOPPED(GP, (CS1&~3), 0)
    gate 0x90, T0, 0xee
    TO_V86 0x3000
    STOPPED(GP, T0, 0)
    gate 0x90, T2, 0xee
    TO_V86 0x3000
    STOPPED(GP, T2, 0)
    gate 0x90, UCS, 0xee
    TO_V86 0x3000
    STOPPED(GP, (UCS&~3), 0)
    gate 0x90, T1, 0xee
    TO_V86 0x3000
    STOPPED(NP, T1, 0)
    gate 0x90, 0, 0xee
    TO_V86 0x3000
    STOPPED(GP, 0, 0)
    gate 0x90, KCS, 0x8e              /* DPL 0 */
    TO_V86 0x3000
    STOPPED(GP, (0x90*8+2), 0)
    /* an exception is asked the same, with EXT */
    gate UD, CS1, 0x8e
    movw $0x0b0f, V86_CODE
    TO_V86 0
    STOPPED(GP, (CS1&~3)+1, 0)
    gate UD, KCS, 0x8e
    TO_V86 0
    STOPPED(UD, 0, 0)
    /* a page fault's error says user */
    call paging_on
    movl $0x22000 | 3, PTE(0x22000)
    FLUSH
    movl $0x900000a3, V86_CODE        /* mov %ax, 0 */
    TO_V86 0
    STOPPED(PF, 7, 0)
    CHECK(exc_cr2, $0x22220)
    CR0_CLEAR CR0_PG
    /* a 16-bit gate: nine words */
    cld
    movl $h16, %esi
    movl $0x8000, %edi
    movl $h16_end - h16, %ecx
    rep movsb
    movw $0x8000, lib_idt + 8 * 0x90
    movw $0, lib_idt + 8 * 0x90 + 6
    gate 0x90, KCS, 0xe6
    movw $0x90cd, V86_CODE
    movl %esp, save_esp
    movl $1f, resume
    TO_V86 0x3000
    FAIL
1:  CHECKW(frame, $2)
    CHECKW(frame + 2, $V86_CS)
    CHECKW(frame + 4, $0x3002)
    CHECKW(frame + 6, $V86_SP)
    CHECKW(frame + 8, $V86_SS)
    CHECKW(frame + 10, $0x1111)
    CHECKW(frame + 12, $0x2222)
    CHECKW(frame + 14, $0x3333)
    CHECKW(frame + 16, $0x4444)
    movl lib_tss + 4, %eax
    subl $18, %eax
    CHECK(in_esp, %eax)
    /* IRET to V86 wants IP in 64 KiB */
    TRY 2f
    pushl $0
    pushl $0
    pushl $0
    pushl $0
    pushl $V86_SS
    pushl $V86_SP
    pushl $(F_VM | 2)
    pushl $V86_CS
    pushl $0x10000
3:  iret
2:  CHECK(exc_vec, $GP)
    CHECK(exc_err, $0)
    CHECK(exc_eip, $3b)
    CHECK(exc_cs, $KCS)
    /* inside: far call, ret, jump are paragraphs; IRET with IOPL 3 */
    V86_LOAD c1
    TO_V86 (0x3000|F_IF)
    STOPPED(BP, 0, (c1_end-c1))
    movl exc_eflags, %eax
    andl $(F_VM | F_IOPL | F_IF | F_AC | F_ID | F_NT | F_VIF | F_VIP), %eax
    CHECK(%eax, $(F_VM | 0x3000 | F_IF | F_AC | F_ID))
    CHECKW(exc_eax, $0x55aa)
    CHECK(exc_esp, $V86_SP)
    /* EIP beyond 64 KiB */
    .macro far_ip name
    V86_LOAD \name
    TO_V86 0x3000
    .endm
    far_ip c2
    STOPPED(GP, 0, 0)
    far_ip c3
    STOPPED(GP, 0, 0)
    far_ip c4
    STOPPED(GP, 0, (c4_at-c4))
    far_ip c5
    STOPPED(GP, 0, (c5_at-c5))
    /* the stack's end */
    movl $0xa1665e5b, V86_CODE        /* pop %bx; pop %si; 66 a1: mov 0xfffe, %eax */
    movw $0xfffe, V86_CODE + 4
    TO_V86 0
    STOPPED(GP, 0, 2)
    /* a task gate; its task comes back by IRET */
    SETDESC T3, tss2, 103, 0x89, 0
    gate 0x90, T3, 0xe5
    movw $0x90cd, V86_CODE
    movb $0xcc, V86_CODE + 2
    movl $task, tss2 + 0x20
    movl $2, tss2 + 0x24
    movl $lib_stack2_top, tss2 + 0x38
    movl $KDS, tss2 + 0x48
    movl $KCS, tss2 + 0x4c
    movl $KDS, tss2 + 0x50
    movl $KDS, tss2 + 0x54
    TO_V86 0x3000
    STOPPED(BP, 0, 3)
    CHECK(exc_ss, $V86_SS)
    CHECK(lib_tss + 0x4c, $V86_CS)
    movl lib_tss + 0x24, %eax
    andl $(F_VM | F_IOPL), %eax
    CHECK(%eax, $(F_VM | 0x3000))
    clts
    PASS
task:
    movl lib_tss + 0x48, %eax         /* ES and the others as selectors */
    cmpw $0x1111, %ax
    je 1f
    FAIL
1:  iret
h16:
    movl $KDS, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %esp, in_esp
    movl %esp, %esi
    movl $frame, %edi
    movl $9, %ecx
    rep movsw
    movl save_esp, %esp
    jmp *resume
h16_end:
    .code16
c1: lcall $V86_CS, $1f - c1
    jmp 2f
1:  movw $0x55aa, %ax
    lret
2:  ljmp $V86_CS + 1, $3f - c1 - 16
3:  pushl $0x3e0202                   /* VM stays, VIP VIF IOPL do */
    pushl $V86_CS
    pushl $4f - c1
    iretl
4:  int3
c1_end:
c2: ljmpl $V86_CS, $0x10000
c2_end:
c3: lcalll $V86_CS, $0x10000
c3_end:
c4: pushl $V86_CS
    pushl $0x10000
c4_at:
    lretl
c4_end:
c5: pushl $2
    pushl $V86_CS
    pushl $0x10000
c5_at:
    iretl
c5_end:
    .code32
    .data
    .balign 4
frame: .fill 8, 4, 0
in_esp: .long 0
save_esp: .long 0
resume: .long 0
    .balign 128
tss2: .fill 104, 1, 0

/* 16-bit interrupt, trap and call gates: frames of words with 16-bit EIP and ESP, from the same and
 * from an outer ring, error codes, parameters, IRETW and LRETW to an outer ring; a 16-bit stack for
 * ring 0 and one for ring 3: which half of ESP moves. */
#include "lib.inc"
#define LOW 0x8000
#define USTACK 0x9000                 /* a 16-bit ESP reaches it */
main:
    cld
    movl $low, %esi
    movl $LOW, %edi
    movl $low_end - low, %ecx
    rep movsb
    movl %esp, %edi
    /* same ring, interrupt and trap gate */
    .macro gate16 vec, type, at
    movw $LOW + \at - low, lib_idt + 8 * \vec
    movw $KCS, lib_idt + 8 * \vec + 2
    movb $\type, lib_idt + 8 * \vec + 5
    movw $0, lib_idt + 8 * \vec + 6
    .endm
    gate16 0x90, 0xe6, h_note
    gate16 0x91, 0xe7, h_note
    gate16 GP, 0x86, h_error
    SETF (F_IF | F_CF | 2)
    pushl $0x12345678
    movl $1f, resume
    int $0x90
1:  CHECK(frame_bytes, $6)
    movl $1b, %eax
    CHECKW(frame, %ax)                /* 16 bits of it */
    CHECKW(frame + 2, $KCS)
    CHECKW(frame + 4, $(F_IF | F_CF | 2))
    CHECK(in_eflags, $(F_CF | 2))
    SETF (F_IF | F_CF | 2)
    movl $1f, resume
    int $0x91
1:  CHECK(in_eflags, $(F_IF | F_CF | 2))
    SETF 2
    /* an error code is a word too */
    movl $0x1230, %eax
    movl $3f, resume
2:  movl %eax, %ds
3:  CHECK(frame_bytes, $8)
    CHECKW(frame, $0x1230)
    movl $2b, %eax
    CHECKW(frame + 2, %ax)
    CHECKW(frame + 4, $KCS)
    SETGATE 13, (lib_stubs+13*16)
    /* from ring 3 and back by iretw: EIP, ESP of 16 bits */
    movl $0x12348765, %ebp
    TRY 4f
    TO_USER (LOW+u_int-low)
4:  CHECK(exc_vec, $SYS)
    CHECK(frame_bytes, $10)
    CHECKW(frame, $LOW + u_int_end - low)
    CHECKW(frame + 2, $UCS)
    CHECKW(frame + 6, $USTACK)
    CHECKW(frame + 8, $UDS)
    CHECK(exc_esp, $USTACK)           /* zero-extended: SS.B = 1 */
    CHECK(%esi, $0x4444)
    CHECK(%ebp, $0x12348765)
    /* call gate: 3 words of parameters */
    movl $(KCS << 16) | (LOW + h_call - low), lib_gdt + T0
    movl $0x0000e403, lib_gdt + T0 + 4
    TRY 5f
    TO_USER (LOW+u_call-low)
5:  CHECK(exc_vec, $SYS)
    CHECK(frame_bytes, $14)
    CHECKW(frame, $LOW + u_call_end - low)
    CHECKW(frame + 2, $UCS)
    CHECKW(frame + 4, $0x3333)
    CHECKW(frame + 6, $0x2222)
    CHECKW(frame + 8, $0x1111)
    CHECKW(frame + 10, $USTACK - 6)
    CHECKW(frame + 12, $UDS)
    CHECK(exc_esp, $USTACK)           /* lretw $6 took them */
    /* ring 0 on a 16-bit stack, through a 32-bit gate: only SP is loaded and moves */
    SETDESC T1, 0x90000, 0xffff, 0x92, 0
    SETDESC T2, 0x70000, 0xffff, 0xf2, 0
    movl $0xabcd0210, lib_tss + 4
    movl $T1, lib_tss + 8
    SETGATE 0x92, h_stack, 0xee
    TRY 6f
    pushl $T2 + 3
    pushl $0x55550008                 /* SS.B = 0: the upper half stays that of the kernel */
    pushl $2
    pushl $UCS
    pushl $7f
    iret
7:  movl %esp, %ebx
    int $0x92
    movl %esp, %ecx
    movl $UDS, %eax
    movl %eax, %ds
    movl $lib_kstack_top, lib_tss + 4
    movl $KDS, lib_tss + 8
    int $SYS
6:  CHECK(exc_vec, $SYS)
    movl %edi, %eax
    movw $8, %ax
    CHECK(%ebx, %eax)                 /* upper half of the ESP that did IRET */
    movw $0x1fc, %ax
    CHECK(h_esp, %eax)
    movw $8, %ax
    CHECKW(0x90000 + 0x20c, $T2 + 3)
    CHECK(0x90000 + 0x208, %eax)
    CHECKW(0x90000 + 0x200, $UCS)
    CHECK(%ecx, %eax)
    PASS
h_stack:
    movl $KDS, %eax
    movl %eax, %ds
    movl %esp, h_esp
    iret
low:                                  /* copied to LOW: no relative references out of it */
h_note:
    pushfl
    popl in_eflags
    movl %esp, %eax
    movl $frame, %edx
    .irp i, 0, 4, 8
    movl %ss:\i(%eax), %ebx
    movl %ebx, \i(%edx)
    .endr
    movl $6, frame_bytes
    testb $3, %ss:2(%eax)
    jz 1f
    movl $10, frame_bytes
    iretw
1:  addl $6, %esp                     /* EIP is only half there */
    jmp *resume
h_error:
    movl (%esp), %ebx
    movl %ebx, frame
    movl 4(%esp), %ebx
    movl %ebx, frame + 4
    movl $8, frame_bytes
    addl $8, %esp
    jmp *resume
h_call:
    movl $14, frame_bytes
    movl %esp, %eax
    movl $frame, %edx
    .irp i, 0, 4, 8, 12
    movl \i(%eax), %ebx
    movl %ebx, \i(%edx)
    .endr
    lretw $6
u_int:
    movl $UDS, %eax
    movl %eax, %ds
    movl $USTACK, %esp
    movl $0x4444, %esi
    int $0x90
u_int_end = .
    int $SYS
u_call:
    movl $UDS, %eax
    movl %eax, %ds
    movl $USTACK, %esp
    pushw $0x1111
    pushw $0x2222
    pushw $0x3333
    lcallw $T0 + 3, $0
u_call_end = .
    int $SYS
low_end:
    .data
    .balign 4
frame: .fill 8, 4, 0
frame_bytes: .long 0
in_eflags: .long 0
h_esp: .long 0
resume: .long 0

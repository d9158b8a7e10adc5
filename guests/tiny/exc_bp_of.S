/* CC, CD 03, INTO, INT n: trap frames, DPL checks with their error codes, gates beyond the limit
 * or not present. */
#include "lib.inc"
main:
    movl %esp, %ebx
    TRAPS(BP, 0, int3)
    leal (%ebx), %eax
    CHECK(exc_esp, %eax)
    TRAPS(BP, 0, .byte 0xcd; .byte 3)
    /* from CPL 3: allowed, gate DPL is 3 */
    TRY 1f
    TO_USER u0
u0: int3
u1: ud2
1:  CHECK(exc_vec, $BP)
    CHECK(exc_eip, $u1)
    CHECK(exc_cs, $UCS)
    CHECK(exc_esp, $user_stack_top)
    /* DPL 0: #GP(vector * 8 + 2), EIP at the INT3 */
    movb $0x8e, lib_idt + 3 * 8 + 5
    USER(GP, 3 * 8 + 2, int3)
    USER(GP, 3 * 8 + 2, .byte 0xcd; .byte 3)
    movb $0xee, lib_idt + 3 * 8 + 5
    /* into */
    SETF 2
    into
    SETF (F_OF | 2)
    TRAPS(OF, 0, into)
    movb $0x7f, %al
    incb %al
    TRAPS(OF, 0, into)
    movl $F_OF | 2, user_eflags
    TRY 2f
    TO_USER u2
u2: into
u3: ud2
2:  CHECK(exc_vec, $OF)
    CHECK(exc_eip, $u3)
    movb $0x8e, lib_idt + 4 * 8 + 5
    USER(GP, 4 * 8 + 2, into)
    movl $2, user_eflags
    USER_OK(into)                     /* OF=0: not even looked at */
    /* int n */
    TRAPS(0x80, 0, int $0x80)
    USER(GP, 0x90 * 8 + 2, int $0x90)
    USER(GP, 14 * 8 + 2, int $14)     /* an exception's gate is protected from INT n */
    USER(GP, 8 * 8 + 2, int $8)
    USER(GP, 0x20 * 8 + 2, int $0x20)
    /* INT n for a vector with error code pushes none: the frame has three words */
    SETGATE 13, raw_gp
    movl %esp, %ebx
    int $13
    CHECK(raw, $12)
    CHECK(%esp, %ebx)
    SETGATE 13, lib_stubs_gp
    /* not present: #NP(vector * 8 + 2) */
    movb $0x0e, lib_idt + 0x90 * 8 + 5
    FAULTS(NP, 0x90 * 8 + 2, int $0x90)
    /* DPL is checked before presence */
    USER(GP, 0x90 * 8 + 2, int $0x90)
    movb $0x6e, lib_idt + 0x90 * 8 + 5
    USER(NP, 0x90 * 8 + 2, int $0x90)
    /* wrong type of gate: #GP */
    movb $0x8c, lib_idt + 0x90 * 8 + 5
    FAULTS(GP, 0x90 * 8 + 2, int $0x90)
    movb $0x80, lib_idt + 0x90 * 8 + 5
    FAULTS(GP, 0x90 * 8 + 2, int $0x90)
    /* beyond the limit: #GP */
    movw $0x90 * 8 - 1 + 7, lib_idtr
    lidt lib_idtr
    FAULTS(GP, 0x90 * 8 + 2, int $0x90)
    FAULTS(GP, 0xff * 8 + 2, int $0xff)
    movw $0x90 * 8 + 7, lib_idtr
    movb $0x8e, lib_idt + 0x90 * 8 + 5
    lidt lib_idtr
    TRAPS(0x90, 0, int $0x90)
    /* gate whose code segment is null, a data segment, beyond the limit, not present */
    movw $0, lib_idt + 0x80 * 8 + 2
    FAULTS(GP, 0, int $0x80)
    movw $KDS, lib_idt + 0x80 * 8 + 2
    FAULTS(GP, KDS, int $0x80)
    movw $0x1000, lib_idt + 0x80 * 8 + 2
    FAULTS(GP, 0x1000, int $0x80)
    SETDESC T0, 0, 0xfffff, 0x1a, 0xc
    movw $T0, lib_idt + 0x80 * 8 + 2
    FAULTS(NP, T0, int $0x80)
    /* less privileged code segment than CPL */
    movw $UCS & ~3, lib_idt + 0x80 * 8 + 2
    FAULTS(GP, UCS & ~3, int $0x80)
    movw $KCS, lib_idt + 0x80 * 8 + 2
    /* 16-bit gate: 16-bit frame */
    SETGATE 0x80, gate16, 0x86
    movl %esp, %ebx
    movl $0xffff, raw
    pushfl
    popl flags
    /* the code must be below 64 KiB: put a jump there */
    movb $0xe9, 0x8000
    movl $gate16 - 0x8005, 0x8001
    movw $0x8000, lib_idt + 0x80 * 8
    movw $0, lib_idt + 0x80 * 8 + 6
    int $0x80
back:
    FAIL
gate16_home:
    CHECK(raw, $6)
    movl $back, %eax
    CHECKW(raw2, %ax)
    movl %ebx, %esp
    PASS
gate16:
    movl %ebx, %eax
    subl %esp, %eax
    movl %eax, raw
    movw (%esp), %ax
    movw %ax, raw2
    jmp gate16_home
raw_gp:
    movl %ebx, %eax
    subl %esp, %eax
    movl %eax, raw
    iret
lib_stubs_gp = lib_stubs + 13 * 16
    .data
raw: .long 0
raw2: .long 0
flags: .long 0

/* CR4.VME: CLI STI PUSHF POPF IRET of a virtual-8086 task with IOPL < 3 work on VIF, VIP makes the
 * setting of VIF a #GP, the 32-bit forms and TF stay #GP; INT n goes to the task's own IVT where the
 * redirection bitmap says so, with IOPL 3 too; INT3 never does. */
#include "lib.inc"
#include "v86.inc"
#define BITMAP (lib_tss + 104)        /* 32 bytes, then the I/O map, which is empty */
#define KEPT (F_VM | F_VIF | F_VIP | F_IOPL | F_IF | F_NT | F_TF)
#define STOPPED(vec, eip, flags) stopped vec, eip, flags, __LINE__
#define GP0(eip, flags) gp0 eip, flags, __LINE__
    /* flags of the task when it stopped */
    .macro stopped vec, eip, flags, line
    ck exc_vec, $\vec, \line
    ck exc_cs, $V86_CS, \line
    ck exc_eip, $(\eip), \line
    movl exc_eflags, %eax
    andl $KEPT, %eax
    ck %eax, $(F_VM|(\flags)), \line
    .endm
    .macro gp0 eip, flags, line
    stopped GP, \eip, (\flags), \line
    ck exc_err, $0, \line
    .endm
main:
    NEED_CPUID 1, edx, 1
    movw $136, lib_tss + 102
    SETDESC T7, lib_tss, 135, 0x89, 0
    movl $T7, %eax
    ltr %ax
    movl $-1, %eax
    movl $BITMAP, %edi
    movl $8, %ecx
    cld
    rep stosl
    CR4_SET 1
    /* pushf, cli, sti: a task's own view of IF; IF itself does not move */
    V86_LOAD c1
    TO_V86 0
    STOPPED(BP, (c1_end-c1), F_VIF)
    CHECKW(exc_eax, $0x3202)
    CHECKW(exc_ebx, $0x3002)
    TO_V86 (F_IF | F_NT | F_VIF | 0x1000)
    STOPPED(BP, (c1_end-c1), (F_VIF | F_IF | F_NT | 0x1000))
    CHECKW(exc_eax, $0x7202)
    CHECKW(exc_ebx, $0x7002)
    /* sti with VIP */
    movb $0xfb, V86_CODE
    TO_V86 F_VIP
    GP0(0, F_VIP)
    /* cli with VIP */
    movw $0xccfa, V86_CODE
    TO_V86 F_VIP
    STOPPED(BP, 2, F_VIP)
    /* 32-bit pushf, popf, iret */
    .irp op, 0x9c, 0x9d, 0xcf
    movb $0x66, V86_CODE
    movb $\op, V86_CODE + 1
    TO_V86 0
    GP0(0, 0)
    CHECK(exc_esp, $V86_SP)
    .endr
    /* popf: IF goes to VIF; IOPL and IF stay; NT changes */
    .macro popf_of image, eflags
    movw $\image, V86_STACK
    movw $0xcc9d, V86_CODE
    TO_V86 \eflags
    .endm
    popf_of 0x7202, 0
    STOPPED(BP, 2, (F_VIF | F_NT))
    CHECK(exc_esp, $V86_SP + 2)
    popf_of 0x0002, (F_VIF | F_NT | F_IF | 0x2000)
    STOPPED(BP, 2, (F_IF | 0x2000))
    popf_of 0x0002, F_VIP
    STOPPED(BP, 2, F_VIP)
    popf_of 0x0202, F_VIP
    GP0(0, F_VIP)
    CHECK(exc_esp, $V86_SP)
    popf_of 0x0102, 0
    GP0(0, 0)
    CHECK(exc_esp, $V86_SP)
    /* iret likewise */
    .macro iret_of image, eflags
    movw $1, V86_STACK
    movw $V86_CS, V86_STACK + 2
    movw $\image, V86_STACK + 4
    movw $0xcccf, V86_CODE
    TO_V86 \eflags
    .endm
    iret_of 0x7202, 0
    STOPPED(BP, 2, (F_VIF | F_NT))
    CHECK(exc_esp, $V86_SP + 6)
    iret_of 0x0002, (F_VIF | F_IF | 0x1000)
    STOPPED(BP, 2, (F_IF | 0x1000))
    iret_of 0x0202, F_VIP
    GP0(0, F_VIP)
    iret_of 0x0102, 0
    GP0(0, 0)
    CHECK(exc_esp, $V86_SP)
    /* int n, bit set: #GP with IOPL < 3, the gate with IOPL 3 */
    SETGATE 0x90, (lib_stubs+0x90*16), 0xee
    movw $0x90cd, V86_CODE
    movb $0xcc, V86_CODE + 2
    TO_V86 F_VIF
    GP0(0, F_VIF)
    TO_V86 0x3000
    STOPPED(0x90, 2, 0x3000)
    /* bit clear: through the IVT, IF of the image is VIF, IOPL 3; then VIF is clear */
    movl $V86_CS << 16 | 0x40, 0x90 * 4
    movb $0xcc, V86_CODE + 0x40
    btrl $0x90 & 31, BITMAP + 0x90 / 32 * 4
    TO_V86 (F_VIF | F_IF | 0x1000)
    STOPPED(BP, 0x41, (F_IF | 0x1000))
    CHECK(exc_esp, $V86_SP - 6)
    CHECKW(V86_STACK - 2, $0x3202)
    CHECKW(V86_STACK - 4, $V86_CS)
    CHECKW(V86_STACK - 6, $2)
    TO_V86 (F_IF | F_VIP)
    STOPPED(BP, 0x41, (F_IF | F_VIP))
    CHECKW(V86_STACK - 2, $0x3002)
    /* IOPL 3: the real IF is pushed and cleared, VIF stays */
    TO_V86 (0x3000 | F_VIF | F_IF)
    STOPPED(BP, 0x41, (0x3000 | F_VIF))
    CHECKW(V86_STACK - 2, $0x3202)
    /* the other vectors of that byte are not touched; the DPL of the gate does not matter */
    movw $0x91cd, V86_CODE
    TO_V86 0
    GP0(0, 0)
    SETGATE 0x90, (lib_stubs+0x90*16), 0x8e
    movw $0x90cd, V86_CODE
    TO_V86 0
    STOPPED(BP, 0x41, 0)
    /* CC is not redirected, CD 03 is */
    btrl $3, BITMAP
    movl $V86_CS << 16 | 0x50, 3 * 4
    movw $0x06cd, V86_CODE + 0x50
    movb $0xcc, V86_CODE
    TO_V86 0
    STOPPED(BP, 1, 0)
    movw $0x03cd, V86_CODE
    TO_V86 0
    GP0(0x50, 0)                       /* CD 06: its bit is set */
    /* the map ends before the byte: #GP(0) */
    movw $0xff00, lib_tss + 102
    movw $0x90cd, V86_CODE
    TO_V86 0
    GP0(0, 0)
    /* with VME off nothing of it is there */
    movw $136, lib_tss + 102
    CR4_CLEAR 1
    TO_V86 0
    GP0(0, 0)
    movb $0xfb, V86_CODE
    TO_V86 0
    GP0(0, 0)
    PASS
    .code16
c1:
    sti
    pushfw
    popw %ax
    cli
    pushfw
    popw %bx
    sti
    int3
c1_end:
    .code32

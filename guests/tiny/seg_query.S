/* LAR LSL VERR VERW ARPL over every descriptor type, from CPL 0 and 3, with RPL; ZF only; the
 * destination unchanged when ZF=0. */
#include "lib.inc"
main:
    /* LAR: data, code, system types; limit with and without granularity */
    SETDESC T0, 0x12345678, 0x54321, 0x92, 0x4
    SETDESC T1, 0, 0x54321, 0xfa, 0xc
    SETDESC T2, lib_tss, 103, 0x89, 0
    SETDESC T3, 0, 0, 0x8c, 0         /* call gate */
    SETDESC T4, 0, 0xff, 0x82, 0      /* LDT */
    SETDESC T5, 0, 0xfffff, 0x98, 0xc /* execute-only */
    SETDESC T6, 0, 0xfffff, 0x8e, 0xc /* interrupt gate: no LAR */
    SETDESC T7, 0, 0xfffff, 0x90, 0xc /* read-only data */
    .macro lar_ok sel, want
    movl $\sel, %eax
    movl $0x5a5a5a5a, %ecx
    SETF (ARITH & ~F_ZF | 2)
    larl %eax, %ecx
    CHECKF(ARITH, ARITH)
    andl $0xfff0ffff, %ecx            /* that digit is undefined (SDM, LAR) */
    CHECK(%ecx, $\want)
    .endm
    .macro lar_no sel
    movl $\sel, %eax
    movl $0x5a5a5a5a, %ecx
    SETF (ARITH | 2)
    larl %eax, %ecx
    CHECKF(ARITH, ARITH & ~F_ZF)
    CHECK(%ecx, $0x5a5a5a5a)
    .endm
    .macro lsl_ok sel, want
    movl $\sel, %eax
    movl $0x5a5a5a5a, %ecx
    lsll %eax, %ecx
    ASSERT(z)
    CHECK(%ecx, $\want)
    .endm
    .macro lsl_no sel
    movl $\sel, %eax
    movl $0x5a5a5a5a, %ecx
    lsll %eax, %ecx
    ASSERT(nz)
    CHECK(%ecx, $0x5a5a5a5a)
    .endm
    lar_ok T0, 0x00409200
    lar_ok T1, 0x00c0fa00
    lar_ok T2, 0x00008900
    lar_ok T3, 0x00008c00
    lar_ok T4, 0x00008200
    lar_no T6
    lar_no 0
    lar_no 0x1000
    lar_no 4
    lar_no (T0 + 3)                   /* RPL 3 > DPL 0 */
    lar_ok (T1 + 3), 0x00c0fa00
    lsl_ok T0, 0x54321
    lsl_ok T1, 0x54321fff
    lsl_ok T2, 103
    lsl_ok T4, 0xff
    lsl_no T3                         /* gates have no limit */
    lsl_no T6
    lsl_no 0
    lsl_no 0x1000
    lsl_no (T0 + 3)
    /* 16-bit forms */
    movl $T1, %eax
    movl $0x5a5a5a5a, %ecx
    larw %ax, %cx
    CHECK(%ecx, $0x5a5afa00)
    lslw %ax, %cx
    CHECK(%ecx, $0x5a5a1fff)
    larl sel_t0, %ecx
    andl $0xfff0ffff, %ecx
    CHECK(%ecx, $0x00409200)
    /* verr verw */
    .macro ver insn, sel, cc
    movl $\sel, %eax
    \insn %ax
    ASSERT(\cc)
    .endm
    ver verr, T0, z
    ver verw, T0, z
    ver verr, T1, z
    ver verw, T1, nz                  /* code is not writable */
    ver verr, T5, nz                  /* execute-only */
    ver verr, T7, z
    ver verw, T7, nz
    ver verr, T2, nz
    ver verw, T4, nz
    ver verr, 0, nz
    ver verr, 0x1000, nz
    ver verr, (T0 + 1), nz
    ver verw, UDS, z
    /* CPL 3 */
    movl $KDS, %eax
    movl $UDS & ~3, %ebx
    USER_OK(verr %ax; setz %cl; verr %bx; setz %ch; lar %eax, %edx; setz %al)
    CHECKW(%cx, $0x0100)
    CHECKB(%al, $0)
    USER_OK(lsl %ebx, %edx; larl %ebx, %ecx)
    CHECK(%edx, $0xffffffff)
    andl $0xf0fe00, %ecx
    CHECK(%ecx, $0xc0f200)
    /* not present descriptors answer all the same */
    SETDESC T0, 0, 0xfff, 0x12, 0x4
    lar_ok T0, 0x00401200
    lsl_ok T0, 0xfff
    ver verr, T0, z
    /* conforming code ignores DPL */
    SETDESC T0, 0, 0xfff, 0x9e, 0x4
    ver verr, (T0 + 3), z
    lar_ok (T0 + 3), 0x00409e00
    /* arpl */
    movl $0x00120010, %eax
    movl $0x00030003, %ecx
    SETF (ARITH & ~F_ZF | 2)
    arpl %cx, %ax
    CHECKF(ARITH, ARITH)
    CHECK(%eax, $0x00120013)
    movl $1, %ecx
    SETF (ARITH | 2)
    arpl %cx, %ax
    CHECKF(ARITH, ARITH & ~F_ZF)
    CHECK(%eax, $0x00120013)
    movl $0xfff8, mem
    movl $2, %ecx
    arpl %cx, mem
    ASSERT(z)
    CHECK(mem, $0xfffa)
    movl $T0, %eax
    movl $mem, %ebx
    movl $2, %esi
    arpl %cx, -8(%ebx,%esi,4)
    ASSERT(nz)
    PASS
    .data
sel_t0: .long T0
mem: .long 0

/* #GP with its many causes at CPL 0 and the error code of each: selectors beyond the table, wrong
 * types, bad DPL, null SS, far transfers, control register values, LLDT, LTR. Nothing changes. */
#include "lib.inc"
main:
    SETDESC T0, 0, 0xfffff, 0x98, 0xc /* execute-only code */
    SETDESC T1, 0, 0xfffff, 0x90, 0xc /* read-only data */
    SETDESC T2, lib_tss, 103, 0x89, 0 /* available TSS */
    SETDESC T3, 0, 0xfffff, 0xf2, 0xc /* data DPL 3 */
    SETDESC T4, 0, 0xff, 0x82, 0      /* LDT */
    movl $GDT_BYTES, %eax
    FAULTS(GP, GDT_BYTES, movl %eax, %ds)
    movl $0xfff8, %eax
    FAULTS(GP, 0xfff8, movl %eax, %es)
    movl $0xffff, %eax
    FAULTS(GP, 0xfffc, movl %eax, %fs)
    movl $4, %eax                     /* LDT, which is null */
    FAULTS(GP, 4, movl %eax, %gs)
    movl $T0, %eax
    FAULTS(GP, T0, movl %eax, %ds)    /* not readable */
    FAULTS(GP, T0, movl %eax, %ss)
    movl $T1, %eax
    FAULTS(GP, T1, movl %eax, %ss)    /* not writable */
    movl %eax, %ds
    movl $KDS, %ecx
    movl %ecx, %ds
    movl $T2, %eax
    FAULTS(GP, T2, movl %eax, %ds)    /* system segment */
    movl $T3, %eax
    FAULTS(GP, T3, movl %eax, %ss)    /* DPL 3 at CPL 0 */
    movl $T3 + 3, %eax
    FAULTS(GP, T3, movl %eax, %ss)
    movl $KDS + 1, %eax
    FAULTS(GP, KDS, movl %eax, %ss)   /* RPL 1 */
    movl $KDS + 3, %eax
    FAULTS(GP, KDS, movl %eax, %ds)   /* RPL 3 > DPL 0 */
    xorl %eax, %eax
    FAULTS(GP, 0, movl %eax, %ss)
    movl %ss, %ecx
    CHECK(%ecx, $KDS)
    movl $3, %eax
    FAULTS(GP, 0, movl %eax, %ss)
    movl %eax, %fs                    /* null with RPL 3 is fine for data */
    movl %fs, %ecx
    CHECK(%ecx, $3)
    /* far transfers */
    FAULTS(GP, 0, ljmp $0, $0x1234)
    FAULTS(GP, 0, ljmp $3, $0x1234)
    FAULTS(GP, KDS, ljmp $KDS, $0x1234)
    FAULTS(GP, 0x1000, ljmp $0x1000, $0x1234)
    FAULTS(GP, UCS & ~3, ljmp $UCS & ~3, $0x1234)
    FAULTS(GP, UCS & ~3, ljmp $UCS, $0x1234)
    FAULTS(GP, KCS, ljmp $KCS + 3, $0x1234)
    FAULTS(GP, T4, ljmp $T4, $0)
    movl %esp, %ebx
    FAULTS(GP, 0, lcall $0, $0x1234)
    FAULTS(GP, KDS, lcall $KDS, $0x1234)
    FAULTS(GP, UCS & ~3, lcall $UCS, $0x1234)
    CHECK(%esp, %ebx)
    .macro bad_ret sel, err
    pushl $2
    pushl $\sel
    pushl $0x1234
    FAULTS(GP, \err, lret)
    FAULTS(GP, \err, iret)
    addl $12, %esp
    .endm
    bad_ret 0, 0
    bad_ret 3, 0
    bad_ret KDS, KDS
    bad_ret 0x1000, 0x1000
    bad_ret (UCS & ~3), (UCS & ~3)    /* DPL 3, RPL 0 */
    bad_ret T2, T2
    CHECK(%esp, %ebx)
    /* iret to ring 3 with a bad SS */
    .macro bad_iret_ss sel, err
    pushl $\sel
    pushl $0x1000
    pushl $2
    pushl $UCS
    pushl $0x1234
    FAULTS(GP, \err, iret)
    addl $20, %esp
    .endm
    bad_iret_ss 0, 0
    bad_iret_ss 3, 0
    bad_iret_ss KDS, KDS
    bad_iret_ss UDS & ~3, (UDS & ~3)
    bad_iret_ss UCS, (UCS & ~3)
    bad_iret_ss 0x1003, 0x1000
    /* lldt, ltr */
    movl $T2, %eax
    FAULTS(GP, T2, lldt %ax)
    movl $KDS, %eax
    FAULTS(GP, KDS, lldt %ax)
    FAULTS(GP, KDS, ltr %ax)
    movl $0x1000, %eax
    FAULTS(GP, 0x1000, lldt %ax)
    FAULTS(GP, 0x1000, ltr %ax)
    movl $T4, %eax
    FAULTS(GP, T4, ltr %ax)
    movl $TSS_SEL, %eax               /* busy */
    FAULTS(GP, TSS_SEL, ltr %ax)
    movl $T4 + 4, %eax                /* TI set */
    FAULTS(GP, T4 + 4, ltr %ax)
    FAULTS(GP, T4 + 4, lldt %ax)
    xorl %eax, %eax
    lldt %ax
    sldt %eax
    CHECKW(%ax, $0)
    str %ecx
    CHECKW(%cx, $TSS_SEL)
    PASS

/* #NP(selector) and #SS(selector) for descriptors that are not present; type and DPL are checked
 * first. */
#include "lib.inc"
main:
    SETDESC T0, 0, 0xfffff, 0x12, 0xc /* data, P=0 */
    SETDESC T1, 0, 0xfffff, 0x1a, 0xc /* code, P=0 */
    SETDESC T2, 0, 0xfffff, 0x72, 0xc /* data DPL 3, P=0 */
    movl $T0, %eax
    FAULTS(NP, T0, movl %eax, %ds)
    FAULTS(NP, T0, movl %eax, %es)
    FAULTS(NP, T0, movl %eax, %fs)
    FAULTS(NP, T0, movl %eax, %gs)
    FAULTS(SS, T0, movl %eax, %ss)
    movl $T0 + 3, %eax
    FAULTS(GP, T0, movl %eax, %ss)    /* RPL first */
    pushl $T0
    FAULTS(NP, T0, popl %es)
    CHECK((%esp), $T0)
    FAULTS(SS, T0, popl %ss)
    CHECK((%esp), $T0)
    movl $0x55, %ebx
    FAULTS(NP, T0, lds far_t0, %ebx)
    CHECK(%ebx, $0x55)
    FAULTS(SS, T0, lss far_t0, %ebx)
    FAULTS(NP, T1, ljmp $T1, $0x1234)
    FAULTS(NP, T1, ljmp *far_t1)
    movl %esp, %ebx
    FAULTS(NP, T1, lcall $T1, $0x1234)
    CHECK(%esp, %ebx)
    pushl $T1
    pushl $0x1234
    FAULTS(NP, T1, lret)
    FAULTS(NP, T1, lret $8)
    pushl $T1
    pushl $0x1234
    movl 4(%esp), %eax
    pushl $2
    pushl $T1
    pushl $0x1234
    FAULTS(NP, T1, iret)
    /* LDT, TSS, gates */
    SETDESC T3, lib_tss, 103, 0x09, 0
    movl $T3, %eax
    FAULTS(NP, T3, ltr %ax)
    SETDESC T3, lib_tss, 103, 0x02, 0
    FAULTS(NP, T3, lldt %ax)
    SETDESC T4, 0, 0, 0x0c, 0         /* call gate, P=0 */
    FAULTS(NP, T4, lcall $T4, $0)
    FAULTS(NP, T4, ljmp $T4, $0)
    SETDESC T4, 0, 0, 0x05, 0         /* task gate, P=0 */
    FAULTS(NP, T4, lcall $T4, $0)
    SETDESC T4, lib_tss, 103, 0x09, 0 /* TSS, P=0 */
    FAULTS(NP, T4, ljmp $T4, $0)
    /* from CPL 3 */
    movl $T2 + 3, %eax
    USER(NP, T2, movl %eax, %ds)
    PASS
    .data
far_t0: .long 0x1111
    .word T0
far_t1: .long 0x1111
    .word T1

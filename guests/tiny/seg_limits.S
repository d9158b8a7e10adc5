/* Segment limits: byte-exact for data, stack and code, #GP(0) or #SS(0), expand-down, read-only,
 * execute-only CS reads, writes through CS, and the 4 GiB flat segment next to it untouched. */
#include "lib.inc"
main:
    SETDESC T0, data, 0xff, 0x92, 0x4 /* 256 bytes */
    movl $T0, %eax
    movl %eax, %fs
    movl $0x77, %fs:0xfc
    movb $0x78, %fs:0xff
    FAULTS(GP, 0, movb $1, %fs:0x100)
    FAULTS(GP, 0, movl %fs:0xfd, %ecx)
    FAULTS(GP, 0, movl $1, %fs:0xfd)
    FAULTS(GP, 0, movw %fs:0xff, %cx)
    FAULTS(GP, 0, incl %fs:0xfe)
    FAULTS(GP, 0, movl %fs:-4, %ecx)
    FAULTS(GP, 0, pushl %fs:0xfd)
    FAULTS(GP, 0, call *%fs:0xfd)
    FAULTS(GP, 0, fldl %fs:0xf9)
    clflush %fs:0xff /* checked as one byte, whatever the line is */
    FAULTS(GP, 0, clflush %fs:0x100)
    prefetchnta %fs:0x100
    CHECK(data + 0xfc, $0x78000077)
    CHECK(data + 0x100, $0x99999999)
    movl %fs:0xfc, %ecx
    /* string: stops at the limit with exact registers */
    xorl %esi, %esi
    movl $buf, %edi
    movl $0x200, %ecx
    FAULTS(GP, 0, rep fs movsb)
    CHECK(%ecx, $0x100)
    CHECK(%esi, $0x100)
    movl $T0, %eax
    movl %eax, %es
    movl $0xf0, %edi
    movl $8, %ecx
    FAULTS(GP, 0, rep stosl)
    CHECK(%ecx, $4)
    CHECK(%edi, $0x100)
    CHECK(data + 0x100, $0x99999999)
    movl $KDS, %eax
    movl %eax, %es
    /* granularity: limit 0 with G is 4095 */
    SETDESC T1, data, 0, 0x92, 0xc
    movl $T1, %eax
    movl %eax, %fs
    movb %fs:0xfff, %cl
    FAULTS(GP, 0, movb %fs:0x1000, %cl)
    /* expand-down: valid above the limit */
    SETDESC T2, data, 0xff, 0x96, 0x4
    movl $T2, %eax
    movl %eax, %fs
    FAULTS(GP, 0, movb %fs:0xff, %cl)
    movb %fs:0x100, %cl
    FAULTS(GP, 0, movl %fs:0xfd, %ecx)
    movb %fs:0xfff0, %cl
    /* expand-down with B=0 ends at 64 KiB */
    SETDESC T2, data, 0xff, 0x96, 0
    movl %eax, %fs
    movb %fs:0xffff, %cl
    FAULTS(GP, 0, movb %fs:0x10000, %cl)
    FAULTS(GP, 0, movw %fs:0xffff, %cx)
    /* stack segment, at CPL 3 so that the handler has a stack: #SS(0) for ESP and EBP forms,
     * pushes, enter, call */
    SETDESC T3, stk, 0xff, 0xf2, 0x4
    .macro ss_fault esp, insn
    TRY 2f
    pushl $UDS
    popl %ds
    pushl $UDS
    popl %es
    pushl $T3 + 3
    pushl $\esp
    pushl $2
    pushl $UCS
    pushl $1f
    iret
1:  \insn
    int $SYS
2:  CHECK(exc_vec, $SS)
    CHECK(exc_err, $0)
    CHECK(exc_eip, $1b)
    CHECK(exc_esp, $\esp)
    .endm
    movl $0x100, %ebp
    ss_fault 0x100, "popl %ecx"
    ss_fault 0xfd, "popl %ecx"
    ss_fault 0x104, "pushl %ecx"
    ss_fault 0x102, "pushl %ecx"
    ss_fault 2, "pushl %ecx"
    ss_fault 0, "call 1b"
    ss_fault 0x80, "movl (%ebp), %ecx"
    ss_fault 0x80, "incl -3(%ebp)"
    ss_fault 0x80, "movl 0x80(%esp), %ecx"
    ss_fault 16, "pushal"
    ss_fault 0xf0, "popal"
    ss_fault 0x100, "ret"
    ss_fault 0xff, "popfl"
    ss_fault 2, "pushfl"
    ss_fault 0x80, "leave"            /* EBP = 0x100 */
    ss_fault 0xfc, "iret"
    /* code segment: fetch beyond the limit is #GP(0) with EIP there; instruction across it too */
    SETDESC T4, main, (code_end - main - 1), 0x9a, 0x4
    TRY 4f
    ljmp $T4, $3f - main
3:  jmp code_end
4:  CHECK(exc_vec, $GP)
    CHECK(exc_err, $0)
    CHECK(exc_eip, $3b - main)        /* the jump itself faults */
    TRY 5f
    ljmp $T4, $code_last - main
5:  CHECK(exc_vec, $GP)
    CHECK(exc_eip, $code_end - main)  /* ran up to the limit, fetch there */
    TRY 6f
    ljmp $T4, $code_end - main
6:  CHECK(exc_vec, $GP)
    CHECK(exc_err, $0)
    /* rights: writes through a read-only segment and through CS, reads of execute-only */
    SETDESC T5, data, 0xfff, 0x90, 0x4
    movl $T5, %eax
    movl %eax, %fs
    movl %fs:0, %ecx
    FAULTS(GP, 0, movl %ecx, %fs:0)
    FAULTS(GP, 0, incl %fs:0)
    FAULTS(GP, 0, movl %ecx, %cs:data)
    movl %cs:data, %ecx
    SETDESC T6, 0, 0xfffff, 0x98, 0xc
    ljmp $T6, $7f
7:  FAULTS(GP, 0, movl %cs:data, %ecx)
    CHECK(exc_cs, $T6)
    PASS
    .balign 16
code_last:
    nop
    nop
code_end:
    nop
    PASS
    .data
    .balign 16
data: .fill 0x100, 1, 0
    .fill 0x20, 4, 0x99999999
buf: .fill 0x200, 1, 0
    .skip 0x1000
stk: .fill 0x200, 1, 0

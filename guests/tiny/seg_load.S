/* Segment registers: null loads, use of the hidden part after the descriptor changed in the
 * table, reload takes the new one; bases in effect for every kind of access; PUSH/POP/MOV/LDS
 * family; selectors visible; DS of another base for string, xlat, stack, code fetch with a base.
 */
#include "lib.inc"
main:
    /* hidden part: change the table, nothing changes until a load */
    SETDESC T0, data0, 0xfffff, 0x92, 0xc
    movl $T0, %eax
    movl %eax, %fs
    CHECK(%fs:0, $0x11111111)
    SETDESC T0, data1, 0xfffff, 0x92, 0xc
    CHECK(%fs:0, $0x11111111)
    movl %eax, %fs
    CHECK(%fs:0, $0x22222222)
    movl $0, lib_gdt + T0
    movl $0, lib_gdt + T0 + 4
    CHECK(%fs:0, $0x22222222)
    FAULTS(GP, T0, movl %eax, %fs)
    CHECK(%fs:4, $0x33333333)         /* the old one is still in force */
    movl $KDS, %eax
    movl %eax, %fs
    /* DS with a base: all kinds of access go through it (nothing of lib works meanwhile) */
    SETDESC T0, data0, 0xfffff, 0x92, 0xc
    movl $T0, %eax
    movl %eax, %ds
    movl 0, %ecx
    movl $4, %ebx
    movl (%ebx), %edx
    incl 8
    movb $0, %al
    movl $0, %ebx
    xlatb                             /* ds:[ebx+al] */
    movl $0, %esi
    movl $buf, %edi
    movl $2, %ebp
    xchgl %ebp, %ecx
    rep movsl                         /* ds:esi -> es:edi */
    pushl 4
    lodsl
    movl $12, %esi
    addl (%esi), %eax
    fninit
    flds 0
    fstps 16
    movl %ss:data0 + 16, %esi
    movl $KDS, %edi
    movl %edi, %ds
    CHECK(%ebp, $0x11111111)
    CHECK(%edx, $0x22222222)
    CHECK(data0 + 8, $0x33333334)
    CHECK(buf, $0x11111111)
    CHECK(buf + 4, $0x22222222)
    popl %edi
    CHECK(%edi, $0x22222222)
    CHECK(%eax, $0x33333334 + 0x44444444)
    CHECK(%esi, $0x11111111)
    /* override beats the default; bp/esp forms default to SS */
    movl $T0, %eax
    movl %eax, %fs
    CHECK(%fs:0, $0x11111111)
    movl $4, %ebp
    movl %fs:(%ebp), %ecx
    CHECK(%ecx, $0x22222222)
    movl $T0, %eax
    movl %eax, %ds
    movl $buf, %ebp
    movl (%ebp), %ecx                 /* ss:buf */
    movl %ds:4, %edx
    movl $KDS, %eax
    movl %eax, %ds
    CHECK(%ecx, $0x11111111)
    CHECK(%edx, $0x22222222)
    /* SS with a base: push, pop, call, ret, esp- and ebp-based operands */
    SETDESC T1, stk, 0xfffff, 0x92, 0xc
    movl %esp, %esi
    movl $T1, %eax
    movl %eax, %ss
    movl $0x100, %esp
    pushl $0x77
    call 1f
1:  popl %ecx
    movl (%esp), %edx
    movl %esp, %ebp
    addl $3, (%ebp)
    pushal
    popal
    enter $8, $0
    leave
    pushfl
    popfl
    movl %esp, %edi
    movl $KDS, %eax
    movl %eax, %ss
    movl %esi, %esp
    CHECK(%ecx, $1b)
    CHECK(%edx, $0x77)
    CHECK(%edi, $0xfc)
    CHECK(stk + 0xfc, $0x7a)
    /* CS with a base: EIP is an offset; call pushes it; a far jump comes home */
    SETDESC T2, main, 0xfffff, 0x9a, 0xc
    ljmp $T2, $2f - main
2:  call 3f
3:  popl %eax
    CHECK(%eax, $3b - main)
    movl %cs:4f - main, %ecx
    CHECK(%ecx, $0x13572468)
    ljmp $KCS, $5f
4:  .long 0x13572468
5:  /* faults there report the offset */
    TRY 7f
    ljmp $T2, $6f - main
6:  ud2
7:  CHECK(exc_eip, $6b - main)
    CHECK(exc_cs, $T2)
    /* null selectors load without a fault into ES DS FS GS */
    xorl %eax, %eax
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl $3, %eax
    movl %eax, %gs
    movl %gs, %ecx
    CHECK(%ecx, $3)
    movl $KDS, %eax
    movl %eax, %es
    /* selector of 32-bit register's upper half is ignored */
    movl $0xffff0000 | KDS, %eax
    movl %eax, %fs
    movl %fs, %ecx
    CHECK(%ecx, $KDS)
    /* pop of a selector that faults leaves ESP and the register */
    movl %esp, %ebx
    pushl $0x1000
    FAULTS(GP, 0x1000, popl %fs)
    leal -4(%ebx), %ecx
    CHECK(%esp, %ecx)
    movl %fs, %ecx
    CHECK(%ecx, $KDS)
    addl $4, %esp
    PASS
    .data
    .balign 4
data0: .long 0x11111111, 0x22222222, 0x33333333, 0x44444444, 0
data1: .long 0x22222222, 0x33333333
buf: .long 0, 0, 0
stk: .fill 0x110, 1, 0

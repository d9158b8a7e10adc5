/* Using a null ES DS FS GS is #GP(0) for any access, also with size 0 strings not at all; after a
 * privilege return too. */
#include "lib.inc"
main:
    xorl %eax, %eax
    movl %eax, %fs
    FAULTS(GP, 0, movl %fs:0, %ecx)
    FAULTS(GP, 0, movl %ecx, %fs:data)
    FAULTS(GP, 0, movb %fs:data, %cl)
    FAULTS(GP, 0, incl %fs:data)
    FAULTS(GP, 0, pushl %fs:data)
    movl %eax, %es
    movl $data, %edi
    FAULTS(GP, 0, stosl)
    xorl %eax, %eax
    movl %eax, %es
    movl $2, %ecx
    FAULTS(GP, 0, rep movsb)
    CHECK(%ecx, $2)
    xorl %eax, %eax
    movl %eax, %es
    xorl %ecx, %ecx
    rep stosb                         /* nothing is accessed */
    movl $KDS, %eax
    movl %eax, %es
    CHECK(data, $0x1234)
    TRY 1f
    xorl %eax, %eax
    movl %eax, %ds
0:  movl data, %ecx
1:  CHECK(exc_vec, $GP)
    CHECK(exc_eip, $0b)
    /* lea and esp-based accesses do not care */
    xorl %eax, %eax
    movl %eax, %ds
    leal data, %eax
    pushl %eax
    movl (%esp), %ecx
    movl %ss:data, %edx
    popl %eax
    movl $KDS, %eax
    movl %eax, %ds
    CHECK(%edx, $0x1234)
    PASS
    .data
data: .long 0x1234

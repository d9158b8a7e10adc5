/* Results and all defined flags of the ALU operations in three sizes, from a table made by
 * tests/guest/make-tables out of the definitions: op, size, a, b, flags before, result, flags
 * after, mask of defined flags. */
#include "lib.inc"
/* every case: eax op ecx. The table's first word selects the code. */
main:
    movl $cases, %esi
    xorl %edi, %edi
again:
    movl (%esi), %ebx
    cmpl $-1, %ebx
    je done
    movl 4(%esi), %eax
    movl 8(%esi), %ecx
    pushl 12(%esi)
    movl ops(,%ebx,4), %edx
    popfl
    call *%edx
    pushfl
    popl %edx
    CHECK(%eax, 16(%esi))
    movl 24(%esi), %ebx
    andl %ebx, %edx
    CHECK(%edx, 20(%esi))
    addl $28, %esi
    incl %edi
    jmp again
done:
    CHECK(%edi, $N_CASES)
    PASS
#define BIN(name) .balign 4; name##_b: name##b %cl, %al; ret; name##_w: name##w %cx, %ax; ret; \
    name##_l: name##l %ecx, %eax; ret
#define UN(name) name##_b: name##b %al; ret; name##_w: name##w %ax; ret; name##_l: name##l %eax; ret
    BIN(add)
    BIN(or)
    BIN(adc)
    BIN(sbb)
    BIN(and)
    BIN(sub)
    BIN(xor)
    BIN(cmp)
    BIN(test)
    UN(inc)
    UN(dec)
    UN(neg)
    UN(not)
#define SH(name) name##_b: name##b %cl, %al; ret; name##_w: name##w %cl, %ax; ret; \
    name##_l: name##l %cl, %eax; ret
    SH(rol)
    SH(ror)
    SH(rcl)
    SH(rcr)
    SH(shl)
    SH(shr)
    SH(sar)
    .data
ops:
#define O3(name) .long name##_b, name##_w, name##_l
    O3(add); O3(or); O3(adc); O3(sbb); O3(and); O3(sub); O3(xor); O3(cmp); O3(test)
    O3(inc); O3(dec); O3(neg); O3(not)
    O3(rol); O3(ror); O3(rcl); O3(rcr); O3(shl); O3(shr); O3(sar)
cases:
#include "flags_table.inc"

/* LOOP LOOPE LOOPNE JCXZ JECXZ with CX and ECX: which register counts, upper half kept, flags
 * untouched. */
#include "lib.inc"
    .macro j16 op, target             /* 67 prefix forms */
    .byte 0x67, \op, \target - . - 1
    .endm
main:
    movl $5, %ecx
    xorl %eax, %eax
1:  incl %eax
    loop 1b
    CHECK(%eax, $5)
    CHECK(%ecx, $0)
    /* ECX=0 wraps: first iteration decrements to 0xffffffff and goes on */
    xorl %ecx, %ecx
    loop 2f
    FAIL
2:  CHECK(%ecx, $0xffffffff)
    /* 67 loop: CX only */
    movl $0xabcd0003, %ecx
    xorl %eax, %eax
3:  incl %eax
    j16 0xe2, 3b
    CHECK(%eax, $3)
    CHECK(%ecx, $0xabcd0000)
    j16 0xe2, 4f                      /* CX 0 -> ffff, taken */
    FAIL
4:  CHECK(%ecx, $0xabcdffff)
    movl $0x10000, %ecx
    xorl %eax, %eax
5:  incl %eax
    j16 0xe2, 5b
    CHECK(%eax, $0x10000)
    CHECK(%ecx, $0x10000)
    /* loope, loopne */
    movl $10, %ecx
    xorl %eax, %eax
6:  incl %eax
    cmpl $4, %eax
    loopne 6b
    CHECK(%eax, $4)
    CHECK(%ecx, $6)
    movl $3, %ecx
7:  cmpl %eax, %eax
    loope 7b
    CHECK(%ecx, $0)
    movl $3, %ecx
    cmpl $0, %ecx
    loope 8f
    CHECK(%ecx, $2)
    jmp 9f
8:  FAIL
9:  movl $0x55550002, %ecx
    cmpl %eax, %eax
    j16 0xe1, 10f
    FAIL
10: CHECK(%ecx, $0x55550001)
    cmpl %eax, %eax
    j16 0xe1, 11f                     /* CX becomes 0: falls through */
    jmp 12f
11: FAIL
12: CHECK(%ecx, $0x55550000)
    movl $0x55550002, %ecx
    cmpl %eax, %eax
    j16 0xe0, 13f                     /* loopne with ZF=1: not taken, still counts */
    jmp 14f
13: FAIL
14: CHECK(%ecx, $0x55550001)
    /* jecxz, jcxz */
    movl $0x10000, %ecx
    jecxz 15f
    j16 0xe3, 16f
15: FAIL
16: xorl %ecx, %ecx
    jecxz 17f
    FAIL
17: movl $1, %ecx
    j16 0xe3, 18f
    jecxz 18f
    jmp 19f
18: FAIL
    /* flags untouched by all of them */
19: movl $3, %ecx
    SETF (ARITH | F_DF | 2)
20: loop 20b
    jecxz 21f
21: CHECKF(0xcd5, 0xcd5)
    movl $3, %ecx
    SETF 2
22: loop 22b
    j16 0xe3, 23f
23: CHECKF(0xcd5, 0)
    /* backwards jecxz, at the limits of rel8 */
    movl $2, %eax
    xorl %ecx, %ecx
    jmp 25f
24: movl $9, %eax
    jmp 26f
    .fill 116, 1, 0x90
25: jecxz 24b
    FAIL
26: CHECK(%eax, $9)
    /* 66 loop: EIP is cut to 16 bits when taken; not taken it goes on here */
    movl $1, %ecx
    .byte 0x66, 0xe2, 0
    CHECK(%ecx, $0)
    PASS

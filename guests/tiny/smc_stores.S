/* Every kind of store changes code: mov of all sizes, x87, MMX, SSE, movnti, push, call's return
 * address, pusha, enter, stos, movs, xchg, cmpxchg, xadd, lock or, bts, setcc, fnstcw, fnstenv,
 * sgdt, movs by REP over many functions. */
#include "lib.inc"
    /* target: mov $imm32, %eax; ret, the immediate aligned at 16 */
    .macro reset
    movl $0xdddddddd, imm
    call target
    CHECK(%eax, $0xdddddddd)
    .endm
    .macro now value
    call target
    CHECK(%eax, \value)
    reset
    .endm
main:
    CR4_SET CR4_OSFXSR
    fninit
    movl $200, %ebp
again:
    reset
    movl %ebp, imm
    now %ebp
    movw $0x1234, imm
    now $0xdddd1234
    movb $0x56, imm + 3
    now $0x56dddddd
    movb $0x57, %ah
    movb %ah, imm + 1
    now $0xdddd57dd
    fld1
    fstps imm
    now $0x3f800000
    fldl dvalue
    fstpl imm
    now $0x13572468
    fld1
    fistpl imm
    now $1
    fldz
    fistps imm
    now $0xdddd0000
    movd %ebp, %mm0
    movd %mm0, imm
    emms
    now %ebp
    movl %ebp, %eax
    movd %eax, %xmm0
    movd %xmm0, imm
    now %ebp
    movss %xmm0, imm
    now %ebp
    movl $0x0badf00d, %eax
    movd %eax, %xmm0
    movl $0xc3, %eax
    movd %eax, %xmm1
    punpckldq %xmm1, %xmm0
    movq %xmm0, imm
    now $0x0badf00d
    movups %xmm0, imm
    now $0x0badf00d
    movaps %xmm0, imm
    now $0x0badf00d
    movl %ebp, %eax
    movnti %eax, imm
    now %ebp
    movl %esp, %ebx
    movl $imm + 4, %esp
    pushl $0x7777
    movl %ebx, %esp
    now $0x7777
    movl $imm + 4, %esp
    call 1f
1:  movl %ebx, %esp
    now $1b
    movl $imm + 32, %esp
    movl $0x00c30abc, %edi            /* pusha: EDI lands in imm, ESI behind */
    movl $0xc3, %esi
    pushal
    movl %ebx, %esp
    now $0x00c30abc
    movl $imm + 4, %esp
    pushfl
    movl %ebx, %esp
    call target
    andl $0xffe02002, %eax
    CHECK(%eax, $2)
    reset
    movl $0x4242, %eax
    movl $imm, %edi
    stosl
    now $0x4242
    movl $value, %esi
    movl $imm, %edi
    movsl
    now $0x5eed5eed
    movl $value, %esi
    movl $imm, %edi
    movl $4, %ecx
    rep movsb
    now $0x5eed5eed
    std
    movl $value + 3, %esi
    movl $imm + 3, %edi
    movl $4, %ecx
    rep movsb
    cld
    now $0x5eed5eed
    movl $imm, %edi
    movl $2, %ecx
    movw $0x6161, %ax
    rep stosw
    now $0x61616161
    movl $0x99, %eax
    xchgl %eax, imm
    CHECK(%eax, $0xdddddddd)
    now $0x99
    movl $0xdddddddd, %eax
    lock cmpxchgl %ebp, imm
    ASSERT(z)
    now %ebp
    movl $1, %eax
    lock xaddl %eax, imm
    now $0xddddddde
    lock orl $0x22, imm
    now $0xddddddff
    incl imm
    now $0xddddddde
    negl imm
    now $0x22222223
    shll $4, imm
    now $0xddddddd0
    btrl $31, imm
    now $0x5ddddddd
    movl $3, %eax
    lock btcl %eax, imm
    now $0xddddddd5
    SETF 3
    setc imm
    now $0xdddddd01
    reset
    fnstcw imm
    now $0xdddd037f
    movw %ds, imm
    now $0xdddd0010
    str imm
    now $0xdddd0028
    movl $0x12345678, %eax
    .byte 0xa3                        /* moffs */
    .long imm
    now $0x12345678
    pushl $0x8888
    popl imm
    now $0x8888
    movl $0xdddddddd, %eax
    movl $0xc3, %edx
    movl $0x1001, %ebx
    movl $0xc3, %ecx
    movl imm + 4, %edx
    movl %edx, %ecx
    lock cmpxchg8b imm
    ASSERT(z)
    now $0x1001
    decl %ebp
    jnz again
    PASS
    .text
    .balign 4096
    .skip 15, 0x90
target:
    .byte 0xb8
imm:
    .long 0xdddddddd
    ret
    .skip 64, 0x90
    .data
    .balign 16
value: .long 0x5eed5eed, 0
dvalue: .long 0x13572468, 0x400000c3
scratch: .fill 32, 1, 0

/* 16-bit operand size on a 32-bit stack: push, pop, call, ret, leave move ESP by 2; EIP is cut to
 * 16 bits. And segment pushes: 32-bit push of a selector moves ESP by 4. */
#include "lib.inc"
main:
    movl %esp, %ebx
    movl $0x11112222, %eax
    pushw %ax
    leal -2(%ebx), %ecx
    CHECK(%esp, %ecx)
    CHECKW((%esp), $0x2222)
    pushw $0x3344
    .byte 0x66, 0x6a, 0xfe            /* pushw $-2 */
    CHECK((%esp), $0x3344fffe)
    popw %dx
    CHECKW(%dx, $0xfffe)
    movl $0x99990000, %edx
    popw %dx
    CHECK(%edx, $0x99993344)
    popw mem
    CHECK(mem, $0xeeee2222)
    CHECK(%esp, %ebx)
    /* pushw %sp, popw %sp */
    movl $0x17f000, %esp
    pushw %sp
    CHECKW((%esp), $0xf000)
    CHECK(%esp, $0x17effe)
    popw %sp
    CHECK(%esp, $0x17f000)
    pushw $0x8000
    popw %sp
    CHECK(%esp, $0x178000)
    movl %ebx, %esp
    /* popw off(%esp) */
    pushw $0x1111
    pushw $0x2222
    pushw $0x3333
    popw 2(%esp)
    CHECK((%esp), $0x33332222)
    addl $4, %esp
    CHECK(%esp, %ebx)
    /* pushfw popfw */
    SETF (ARITH | 2)
    pushfw
    CHECKW((%esp), $0x8d7)
    popfw
    CHECKF(ARITH, ARITH)
    pushw $(F_CF | 2)
    popfw
    CHECKF(ARITH, F_CF)
    CHECK(%esp, %ebx)
    /* selectors */
    movl $-1, -4(%esp)
    pushl %ds
    leal -4(%ebx), %ecx
    CHECK(%esp, %ecx)
    CHECKW((%esp), $KDS)
    popl %ds
    CHECK(%esp, %ebx)
    .byte 0x66; push %ds              /* pushw %ds */
    leal -2(%ebx), %ecx
    CHECK(%esp, %ecx)
    CHECKW((%esp), $KDS)
    .byte 0x66; pop %es
    CHECK(%esp, %ebx)
    pushl %fs
    popl %eax
    CHECKW(%ax, $UDS)
    movl $0xffffffff, %eax
    movl %ds, %eax                    /* zero-extends */
    CHECK(%eax, $KDS)
    movl $0xffffffff, %eax
    movw %ds, %ax
    CHECK(%eax, $0xffff0010)
    movl $-1, mem
    movw %ds, mem                     /* 16 bits whatever the operand size */
    CHECK(mem, $0xffff0010)

    /* near transfers with 16-bit operand size: copy a little program below 64 KiB */
    cld
    movl $low, %esi
    movl $0x8000, %edi
    movl $(low_end - low), %ecx
    rep movsb
    movl $0x8000, %eax
    xorl %edx, %edx
    call *%eax
    CHECK(%edx, $0x1234)
    CHECK(%esp, %ebx)
    PASS
    /* runs at 0x8000 */
low:
    .byte 0x66, 0xe8                  /* callw low+0x60: pushes 2 bytes of IP */
    .word 0x60 - 4
    cmpl $0x8004, saved_ret
    jne 1f
    movl $0x1234, %edx
1:  pushl $0x8000 + low_jmp - low
    .byte 0x66
    ret                               /* pops IP, the high half stays */
low_jmp:
    addl $2, %esp
    .byte 0x66, 0xeb, 0               /* jmpw short: EIP & 0xffff */
    pushl $low_ret - low + 0x8000
    .byte 0x66, 0xc2, 2, 0            /* retw $2 */
    .byte 0x0f, 0x0b
low_ret:
    ret
    .org low + 0x60
    movzwl (%esp), %eax
    movl %eax, saved_ret
    .byte 0x66
    ret
low_end:
    .data
mem: .long 0xeeeeeeee
saved_ret: .long 0

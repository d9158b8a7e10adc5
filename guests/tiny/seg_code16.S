/* 16-bit protected-mode code and stack segments: default sizes, SP wraps at 64 KiB and ESP's
 * upper half stays, IP wraps, 66 and 67 turn to 32 bits, far calls between 16 and 32-bit code,
 * B=0 stack under 32-bit code. */
#include "lib.inc"
main:
    SETDESC T0, 0x100000, 0xffff, 0x9a, 0 /* code of this image, 16-bit */
    SETDESC T1, 0x180000, 0xffff, 0x92, 0 /* stack, B=0 */
    movl %esp, save_esp
    movl $0x12340100, %eax
    movl $0xabcd1111, %ebx
    movl $0x11112222, %ecx
    movl $0x33334444, %edx
    movl $T1, %esi
    movl %esi, %ss
    movl $0x56780008, %esp
    lcall $T0, $code16 - 0x100000     /* 32-bit far call: pushes 8 bytes: SP becomes 0 */
    movl %esp, %esi
    movl $KDS, %edi
    movl %edi, %ss
    movl save_esp, %esp
    CHECK(%esi, $0x56780008)
    CHECK(%eax, $0x12340101)
    CHECK(%ebx, $0xabce1111)
    CHECK(%ecx, $0x11110000)
    CHECK(%edx, $0x3333fffe)
    CHECK(out, $0x56780000)
    CHECK(out2, $0xbeef)
    CHECK(out3, $0x1234beef)
    CHECK(out4, $0x5678fffe)
    /* B=0 stack with 32-bit code: push, pop, call, pusha, enter, leave use SP and keep the
     * upper half */
    movl $T1, %esi
    movl %esi, %ss
    movl $0x9abc0004, %esp
    movl $0x44332211, %eax
    pushl %eax
    pushl %eax                        /* at fffc */
    movl %esp, out
    popl %ebx
    movl %esp, out2
    pushl $0x77
    call 1f
1:  popl %ecx
    pushal
    popal
    pushw %ax
    popw %dx
    popl %esi
    movl $0x77770008, %ebp
    movl $0xdead0000, %esp
    enter $4, $0
    movl %ebp, out3
    movl %esp, out4
    leave
    movl %esp, out5
    movl $KDS, %edi
    movl %edi, %ss
    movl save_esp, %esp
    CHECK(out, $0x9abcfffc)
    CHECK(out2, $0x9abc0000)
    CHECK(0x18fffc, $0x77770008)      /* ENTER's push of EBP */
    CHECK(%ebx, $0x44332211)
    CHECK(%ecx, $1b)
    CHECK(%esi, $0x77)
    CHECKW(%dx, $0x2211)
    CHECKW(out3, $0xfffc)
    CHECK(out4, $0xdeadfff8)
    CHECKW(out5, $0)
    PASS
    .code16
code16:
    incw %ax
    addl $0x10000, %ebx
    addr32 movl %esp, out
    movw %sp, %cx
    pushw $0xbeef
    movw %sp, %dx
    addr32 popw out2
    pushl $0x1234beef
    addr32 popl out3
    pushw %ax
    addr32 movl %esp, out4
    popw %ax
    call 2f                           /* 16-bit near call */
    jmp 3f
2:  ret
3:  lretl
    .code32
    .data
save_esp: .long 0
out: .long 0
out2: .long 0
out3: .long 0
out4: .long 0
out5: .long 0

/* MUL IMUL DIV IDIV of all sizes: edges, CF=OF, #DE by zero and by overflow with registers
 * untouched. */
#include "lib.inc"
main:
    movb $0xff, %al
    movb $0xff, %cl
    mulb %cl
    CHECKW(%ax, $0xfe01)
    movl $0xffffffff, %eax
    movl $0xffffffff, %edx
    mull %edx
    CHECK(%eax, $1)
    CHECK(%edx, $0xfffffffe)
    movl $0xaaaaffff, %eax
    movl $0xbbbb0002, %edx
    mulw %dx
    CHECK(%eax, $0xaaaafffe)
    CHECK(%edx, $0xbbbb0001)
    /* CF and OF */
    .macro cfof want, insn:vararg
    \insn
    CHECKF((F_CF | F_OF), \want)
    .endm
    movl $0x10000, %eax
    movl $0xffff, %ecx
    cfof 0, mull %ecx
    movl $0x10000, %eax
    movl $0x10000, %ecx
    cfof 0x801, mull %ecx
    movb $16, %al
    movb $15, %cl
    cfof 0, mulb %cl
    movb $16, %al
    movb $16, %cl
    cfof 0x801, mulb %cl
    movb $-128, %al
    movb $1, %cl
    cfof 0, imulb %cl
    CHECKW(%ax, $0xff80)
    movb $-128, %al
    movb $-1, %cl
    cfof 0x801, imulb %cl
    CHECKW(%ax, $0x0080)
    movl $0x80000000, %eax
    movl $-1, %ecx
    cfof 0x801, imull %ecx
    CHECK(%edx, $0)
    CHECK(%eax, $0x80000000)
    movl $-3, %eax
    movl $5, %ecx
    cfof 0, imull %ecx
    CHECK(%edx, $-1)
    CHECK(%eax, $-15)
    movl $-3, %eax
    cfof 0, imull %ecx, %eax
    CHECK(%eax, $-15)
    cfof 0x801, imull $0x10000000, %eax, %edx
    CHECK(%edx, $0x10000000)
    cfof 0, imull $-1, mem, %edx
    CHECK(%edx, $-7)
    movl $0x12340000, %edx
    cfof 0x801, imulw $0x4000, mem, %dx
    CHECK(%edx, $0x1234c000)
    imulw $-2, mem, %dx
    CHECK(%edx, $0x1234fff2)
    /* div */
    movl $0xfffffffe, %edx
    movl $1, %eax
    movl $0xffffffff, %ecx
    divl %ecx
    CHECK(%eax, $0xffffffff)
    CHECK(%edx, $0)
    movl $7, %eax
    xorl %edx, %edx
    divl mem
    CHECK(%eax, $1)
    CHECK(%edx, $0)
    movw $0x1234, %ax
    movb $0x13, %cl
    divb %cl
    CHECKW(%ax, $0x05f5)
    movw $-100, %ax
    movb $7, %cl
    idivb %cl
    CHECKW(%ax, $0xfef2)              /* -14, remainder -2 */
    movl $-100, %eax
    cltd
    movl $-7, %ecx
    idivl %ecx
    CHECK(%eax, $14)
    CHECK(%edx, $-2)
    movl $0x55550000, %edx
    movl $0x66660064, %eax
    movw $7, %cx
    divw %cx
    CHECK(%eax, $0x6666000e)
    CHECK(%edx, $0x55550002)
    /* -2^31 / 1 fits, / -1 does not */
    movl $0x80000000, %eax
    cltd
    movl $1, %ecx
    idivl %ecx
    CHECK(%eax, $0x80000000)
    CHECK(%edx, $0)
    movl $0x80000000, %eax
    cltd
    movl $-1, %ecx
    FAULTS(DE, 0, idivl %ecx)
    CHECK(%eax, $0x80000000)
    CHECK(%edx, $0xffffffff)
    CHECK(%ecx, $0xffffffff)
    xorl %ecx, %ecx
    FAULTS(DE, 0, divl %ecx)
    CHECK(%eax, $0x80000000)
    FAULTS(DE, 0, idivl zero)
    FAULTS(DE, 0, divw zero)
    FAULTS(DE, 0, divb zero)
    FAULTS(DE, 0, idivb zero)
    movl $2, %edx
    movl $2, %ecx
    FAULTS(DE, 0, divl %ecx)
    movw $0x100, %ax
    movb $1, %cl
    FAULTS(DE, 0, divb %cl)
    movw $0x80, %ax
    FAULTS(DE, 0, idivb %cl)
    movw $-128, %ax
    idivb %cl
    CHECKW(%ax, $0x0080)              /* AL = -128, AH = 0 */
    /* based on esp; ah ch dh bh as divisors; al/ah as their own */
    pushl $10
    movl $1234567, %eax
    xorl %edx, %edx
    divl (%esp)
    CHECK(%eax, $123456)
    CHECK(%edx, $7)
    movw $0x0305, %ax
    movb $0x10, %bh
    divb %bh
    CHECKW(%ax, $0x0530)
    movw $0x0305, %ax
    FAULTS(DE, 0, divb %ah; nop)      /* 0x305 / 3 = 0x101 */
    CHECKW(%ax, $0x305)
    movw $0x00ff, %ax
    FAULTS(DE, 0, divb %ah)
    movw $0x0707, %ax
    mulb %ah
    CHECKW(%ax, $49)
    movw $0x0102, %ax
    mulb (%esp)
    CHECKW(%ax, $20)
    movl $0x10, %edx
    movl $0, %eax
    FAULTS(DE, 0, divl %edx)          /* EDX is both: 0x10_00000000 / 0x10 = 2^32, too big */
    CHECK(%edx, $0x10)
    movl $0xffffffff, %eax
    movl $0, %edx
    divl %eax
    CHECK(%eax, $1)
    CHECK(%edx, $0)
    /* from CPL 3: the handler sees user's CS, ESP */
    xorl %ecx, %ecx
    USER(DE, 0, divl %ecx)
    CHECK(exc_esp, $user_stack_top)
    CHECK(exc_ss, $UDS)
    PASS
    .data
mem: .long 7
zero: .long 0

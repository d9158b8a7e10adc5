/* LDT: LLDT, selectors with TI, limits, null LDT, two LDTs with other descriptors under the same
 * selector, SLDT; user code and data from the LDT. */
#include "lib.inc"
main:
    .irp n, a, b                      /* index 2: data at word_a, word_b */
    movl $word_\n, %eax
    movw $0xffff, ldt_\n + 16
    movw %ax, ldt_\n + 18
    shrl $16, %eax
    movb %al, ldt_\n + 20
    movb $0x92, ldt_\n + 21
    movb $0xcf, ldt_\n + 22
    movb %ah, ldt_\n + 23
    .endr
    SETDESC T0, ldt_a, 31, 0x82, 0
    SETDESC T1, ldt_b, 31, 0x82, 0
    movl $T0, %eax
    lldt %ax
    sldt %ecx
    CHECKW(%cx, $T0)
    movl $0x0c, %eax                  /* index 1, TI */
    movl %eax, %es
    CHECK(%es:word_a, $0xaaaa)
    movl $0x14, %eax                  /* index 2: base word_a */
    movl %eax, %fs
    CHECK(%fs:0, $0xaaaa)
    movl $0x24, %eax                  /* beyond the limit */
    FAULTS(GP, 0x24, movl %eax, %fs)
    movl $4, %eax                     /* index 0 of the LDT is an ordinary entry, empty here */
    FAULTS(GP, 4, movl %eax, %fs)
    CHECK(%fs:0, $0xaaaa)
    /* the other LDT: same selector, other base after a load; hidden part until then */
    movw $T1, mem
    lldt mem
    CHECK(%fs:0, $0xaaaa)
    movl $0x14, %eax
    movl %eax, %fs
    CHECK(%fs:0, $0xbbbb)
    /* user program with everything in the LDT: cs 0x0f... */
    TRY 2f
    pushl $0x0f
    popl %ds
    pushl $0x0f
    popl %es
    pushl $0x0f
    pushl $user_stack_top
    pushl $2
    pushl $0x1f
    pushl $1f
    iret
1:  movl %cs, %eax
    movl %ss, %ecx
    movl word_b, %edx
    int $SYS
2:  CHECK(exc_vec, $SYS)
    CHECK(exc_cs, $0x1f)
    CHECK(exc_ss, $0x0f)
    CHECK(%eax, $0x1f)
    CHECK(%ecx, $0x0f)
    CHECK(%edx, $0xbbbb)
    /* null LDT: any TI selector is #GP */
    xorl %eax, %eax
    lldt %ax
    sldt %ecx
    CHECKW(%cx, $0)
    movl $0x0c, %eax
    FAULTS(GP, 0x0c, movl %eax, %fs)
    FAULTS(GP, 0x1c, ljmp $0x1c, $0x1234)
    PASS
    .data
    .balign 8
ldt_a:
    .quad 0
    .quad 0x00cf92000000ffff
    .quad 0
    .quad 0
ldt_b:
    .quad 0
    .quad 0x00cff2000000ffff
    .quad 0
    .quad 0x00cffa000000ffff
word_a: .long 0xaaaa
word_b: .long 0xbbbb
mem: .long 0

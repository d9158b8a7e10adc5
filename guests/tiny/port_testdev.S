/* pc-testdev, which kvm-unit-tests' command line asks for: the latch in every size, interrupt
 * lines, memory behind MMIO.
 * args: -device pc-testdev */
#include "lib.inc"
main:
    movl $0x12345678, %eax
    outl %eax, $0xe0
    xorl %eax, %eax
    inl $0xe0, %eax
    CHECK(%eax, $0x12345678)
    movl $0xffffffff, %eax
    inw $0xe2, %ax
    CHECK(%eax, $0xffff1234)
    inb $0xe1, %al
    CHECK(%eax, $0xffff1256)
    movb $0xab, %al
    outb %al, $0xe3
    movw $0xcdef, %ax
    outw %ax, $0xe0
    inl $0xe0, %eax
    CHECK(%eax, $0xab34cdef)
    /* strings, both ways, and the bytes of one latch at E8 in an access of four */
    cld
    movl $words, %esi
    movl $0xe0, %edx
    movl $2, %ecx
    rep outsl
    inl $0xe0, %eax
    CHECK(%eax, $0x55667788)
    movl $got, %edi
    movl $2, %ecx
    rep insw
    CHECK(got, $0x77887788)
    movl $0xa1b2c3d4, %eax
    outl %eax, $0xe4                  /* a flush: nothing to see */
    inl $0xe0, %eax
    CHECK(%eax, $0x55667788)
    /* interrupt lines: level by level, edge by edge */
    SETGATE 0x25, on_irq
    movb $0xdf, %al                   /* IRQ 5 alone */
    outb %al, $0x21
    sti
    movl $0x2005, %edx
    movb $1, %al
    outb %al, %dx
    jmp . + 2                         /* QEMU looks at interrupts between blocks */
    nop
    CHECK(n_irq, $1)
    outb %al, %dx
    jmp . + 2                         /* QEMU looks at interrupts between blocks */
    nop
    CHECK(n_irq, $1)
    movb $0, %al
    outb %al, %dx
    movb $1, %al
    outb %al, %dx
    jmp . + 2                         /* QEMU looks at interrupts between blocks */
    nop
    CHECK(n_irq, $2)
    movb $0, %al
    outb %al, %dx
    cli
    /* memory */
    movl $0x44332211, 0xff000000
    movb $0x99, 0xff000002
    CHECK(0xff000000, $0x44992211)
    CHECKW(0xff000001, $0x9922)
    lock incl 0xff000000
    CHECK(0xff000000, $0x44992212)
    movl $0x77, 0xff00fffc
    CHECK(0xff00fffc, $0x77)
    PASS
on_irq:
    incl n_irq
    pushl %eax
    movb $0x20, %al
    outb %al, $0x20
    popl %eax
    iret
    .data
words: .long 0x11223344, 0x55667788
got: .long 0
n_irq: .long 0

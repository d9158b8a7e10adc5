/* Ports: absent ones read all ones in every size, port 80h can be written, port 61h keeps its low
 * bits, CMOS address and data, all IN/OUT forms, INS and OUTS with DF and REP. */
#include "lib.inc"
main:
    movl $0x7770, %edx
    xorl %eax, %eax
    inb %dx, %al
    CHECK(%eax, $0xff)
    xorl %eax, %eax
    inw %dx, %ax
    CHECK(%eax, $0xffff)
    inl %dx, %eax
    CHECK(%eax, $0xffffffff)
    outl %eax, %dx
    outb %al, $0x80
    /* 61h */
    inb $0x61, %al
    andb $0xf0, %al
    orb $3, %al
    outb %al, $0x61
    inb $0x61, %al
    andb $3, %al
    CHECKB(%al, $3)
    inb $0x61, %al
    andb $0xfc, %al
    outb %al, $0x61
    inb $0x61, %al
    testb $3, %al
    ASSERT(z)
    /* CMOS RAM byte 0x40..: write, read, restore */
    movb $0xd0, %al
    outb %al, $0x70
    inb $0x71, %al
    movb %al, %bl
    movb $0xd0, %al
    outb %al, $0x70
    movb $0x5a, %al
    outb %al, $0x71
    movb $0xd0, %al
    outb %al, $0x70
    inb $0x71, %al
    CHECKB(%al, $0x5a)
    movb $0xd0, %al
    outb %al, $0x70
    movb %bl, %al
    outb %al, $0x71
    /* RTC seconds are BCD 0..59 */
    movb $0x80, %al
    outb %al, $0x70
    inb $0x71, %al
    cmpb $0x59, %al
    ASSERT(be)
    andb $0xf, %al
    cmpb $9, %al
    ASSERT(be)
    /* ins: bytes, words, DF=1 */
    cld
    movl $0x7770, %edx
    movl $buf, %edi
    movl $3, %ecx
    rep insb
    CHECK(%edi, $buf + 3)
    CHECK(%ecx, $0)
    CHECK(buf, $0x00ffffff)
    std
    movl $buf + 8, %edi
    movl $2, %ecx
    rep insw
    cld
    CHECK(%edi, $buf + 4)
    CHECK(buf + 4, $0xffff0000)
    CHECK(buf + 8, $0x0000ffff)
    xorl %ecx, %ecx
    rep insl
    CHECK(%edi, $buf + 4)
    insl
    CHECK(%edi, $buf + 8)
    movl $0x80, %edx
    movl $buf, %esi
    movl $4, %ecx
    rep outsb
    CHECK(%esi, $buf + 4)
    outsl
    CHECK(%esi, $buf + 8)
    /* a fault in the middle of rep insb: registers exact */
    call paging_on
    movl $0, PTE(0x401000)
    FLUSH
    movl $0x7770, %edx
    movl $0x400ffd, %edi
    movl $8, %ecx
    FAULTS(PF, 2, rep insb)
    CHECK(exc_cr2, $0x401000)
    CHECK(%edi, $0x401000)
    CHECK(%ecx, $5)
    movl $0x400ffe, %esi
    movl $8, %ecx
    movl $0x80, %edx
    FAULTS(PF, 0, rep outsb)
    CHECK(%esi, $0x401000)
    CHECK(%ecx, $6)
    PASS
    .data
    .balign 4
buf: .fill 16, 1, 0

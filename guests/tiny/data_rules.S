/* Rules of the map about data: each of these is hit as often as it says, whoever makes the access,
 * and the guest sees nothing of it.
 * counts 1: writes 0x400010+4
 * counts 1: reads 0x400010+4
 * counts 2: touches 0x400010+4
 * counts 0: writes 0x400014
 * counts 1: writes 0x400020
 * counts 0: reads 0x400020
 * counts 2: add touches 0x400030+2
 * counts 1: mov touches 0x402fff+2
 * counts 1: cmp touches 0x402fff+2
 * counts 1: mov writes 0x403000+0x1000
 * counts 3: mov reg, mem reads 0x400400 cpl 0
 * counts 2: writes 0x400100+4
 * counts 2: reads 0x400100+4
 * counts 1: push touches 0x400100+4
 * counts 1: call touches 0x400100+4
 * counts 1: ret touches 0x400100+4
 * counts 2: string reads 0x400208+8
 * counts 16: movsd writes 0x400300+0x40
 * counts 8: stosb writes 0x400800-0x400807
 * counts 8: string writes 0x400808-0x40080f
 * counts 2: cmpsb reads 0x400810
 * counts 1: int reads 0x500108+4
 * counts 1: reads 0x500108+4
 * counts 0: ud2 reads 0x500030+8
 * counts 2: reads 0x500030+8
 * counts 1: int writes 0x40057c+4
 * counts 1: writes 0x600008+4
 * counts 2: writes phys 0x300008+4
 * counts 1: reads phys 0x300008+4
 * counts 1: cpl 3 writes 0x400600
 * counts 1: cpl 0 writes 0x400600
 * counts 0: cpl 3 touches 0x400604
 * counts 0: touches 0x700000+0x1000
 * counts 1: fst | fstp writes 0x400700+8
 * counts 2: xchg touches 0x400710
 * counts 1: bts reads 0x400720
 * counts 64: lea | mov writes phys 0x404000-0x4041ff
 */
#include "lib.inc"
main:
    movl $0x11223344, 0x400010
    movl 0x400010, %eax
    CHECK(%eax, $0x11223344)
    movl $0x55667788, 0x40001e        /* over the edge of the range */
    CHECKW(0x40001e, $0x7788)
    addl $1, 0x400030
    movl $0x01020304, 0x402ffe        /* over two pages */
    CHECK(0x402ffe, $0x01020304)
    /* code that was mapped directly until then */
    movl $0x405000, %ebx
    movl $13, %ecx
1:  movl (%ebx), %eax
    cmpl $4, %ecx
    jne 2f
    movl $0x400400, %ebx
2:  decl %ecx
    jnz 1b
    CHECK(%ebx, $0x400400)
    /* the stack */
    movl %esp, %ebp
    movl $0x400104, %esp
    pushl $0x1234
    popl %eax
    call back
    movl %ebp, %esp
    CHECK(%eax, $0x1234)
    /* strings */
    movl $0x400200, %esi
    movl $0x400300, %edi
    movl $16, %ecx
    rep movsl
    CHECK(%edi, $0x400340)
    movl $0x400800, %edi
    movl $16, %ecx
    movb $0x5a, %al
    rep stosb
    CHECK(0x40080c, $0x5a5a5a5a)
    movl $0x400810, %esi
    movl %esi, %edi
    movl $1, %ecx
    repe cmpsb
    CHECK(%ecx, $0)
    /* physical addresses, in a loop */
    movl $64, %ecx
1:  movl %ecx, 0x404000 - 8(,%ecx,8)
    decl %ecx
    jnz 1b
    /* x87, locked and bit accesses */
    fldpi
    fstpl 0x400700
    CHECK(0x400704, $0x400921fb)
    xchgl %eax, 0x400710
    xorl %eax, %eax
    btsl %eax, 0x400720
    CHECK(0x400720, $1)
    /* what the CPU reads and writes itself */
    SETGATE 0x21, handler
    movl $lib_idt, %esi
    movl $0x500000, %edi
    movl $512, %ecx
    rep movsl
    movl $0x500000, lib_idtr + 2
    lidt lib_idtr
    movl %esp, %ebp
    movl $0x400580, %esp
    int $0x21
    movl %ebp, %esp
    FAULTS(UD, 0, ud2)
    /* pages that come and go */
    call paging_on
    movl $0, PTE(0x600000)
    FLUSH
    FAULTS(PF, 2, movl $1, 0x600008)
    movl $(0x300000 | 7), PTE(0x600000)
    movl $(0x300000 | 7), PTE(0x601000)
    FLUSH
    movl $2, 0x600008
    movl $3, 0x601008
    CHECK(0x600008, $3)
    movl $0, PTE(0x700000)
    FLUSH
    FAULTS(PF, 0, movl 0x700000, %eax)
    /* rings */
    movl $5, 0x400600
    USER_OK(movl $6, 0x400600)
    CHECK(0x400600, $6)
    movl $7, 0x400604
    PASS
back:
    ret
handler:
    iret

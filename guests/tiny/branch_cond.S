/* All 16 conditions in all forms (jcc short, jcc near, setcc, cmovcc) for all 32 combinations of
 * CF PF ZF SF OF against a table computed by definition. */
#include "lib.inc"
    .macro forms cc, n
    /* ebp bit n of the expected mask */
    pushl %edx
    popfl
    j\cc 1f
    btl $\n, %ebp
    ASSERT(nc)
    jmp 2f
1:  btl $\n, %ebp
    ASSERT(c)
2:  pushl %edx
    popfl
    .byte 0x0f, 0x80 + \n             /* near form */
    .long 3f - . - 4
    btl $\n, %ebp
    ASSERT(nc)
    jmp 4f
3:  btl $\n, %ebp
    ASSERT(c)
4:  pushl %edx
    popfl
    set\cc byte
    set\cc %bh
    set\cc %cl
    movl $0, %eax
    cmov\cc one, %eax
    movzbl byte, %esi
    CHECK(%esi, %eax)
    movzbl %bh, %esi
    CHECK(%esi, %eax)
    movzbl %cl, %esi
    CHECK(%esi, %eax)
    movl %ebp, %esi
    shrl $\n, %esi
    andl $1, %esi
    CHECK(%esi, %eax)
    .endm
main:
    xorl %edi, %edi
again:
    movl flags(,%edi,8), %edx
    movl flags+4(,%edi,8), %ebp
    forms o, 0
    forms no, 1
    forms b, 2
    forms ae, 3
    forms e, 4
    forms ne, 5
    forms be, 6
    forms a, 7
    forms s, 8
    forms ns, 9
    forms p, 10
    forms np, 11
    forms l, 12
    forms ge, 13
    forms le, 14
    forms g, 15
    incl %edi
    cmpl $32, %edi
    jb again
    /* cmov reads memory even if the condition is false: fault */
    call paging_on
    movl $0, PTE(0x400000)
    invlpg 0x400000
    movl $0x55, %eax
    cmpl %eax, %eax
    FAULTS(PF, 0, cmovnel 0x400010, %eax)
    CHECK(exc_cr2, $0x400010)
    CHECK(%eax, $0x55)
    /* cmov16 keeps the upper half; not-taken changes nothing */
    movl $0xaaaa5555, %eax
    cmpl %eax, %eax
    cmovew one, %ax
    CHECK(%eax, $0xaaaa0001)
    PASS
    .data
byte: .long 0
one: .long 1
flags:
    .long 0x002, 0xaaaa
    .long 0x003, 0xaa66
    .long 0x006, 0xa6aa
    .long 0x007, 0xa666
    .long 0x042, 0x6a5a
    .long 0x043, 0x6a56
    .long 0x046, 0x665a
    .long 0x047, 0x6656
    .long 0x082, 0x59aa
    .long 0x083, 0x5966
    .long 0x086, 0x55aa
    .long 0x087, 0x5566
    .long 0x0c2, 0x595a
    .long 0x0c3, 0x5956
    .long 0x0c6, 0x555a
    .long 0x0c7, 0x5556
    .long 0x802, 0x5aa9
    .long 0x803, 0x5a65
    .long 0x806, 0x56a9
    .long 0x807, 0x5665
    .long 0x842, 0x5a59
    .long 0x843, 0x5a55
    .long 0x846, 0x5659
    .long 0x847, 0x5655
    .long 0x882, 0xa9a9
    .long 0x883, 0xa965
    .long 0x886, 0xa5a9
    .long 0x887, 0xa565
    .long 0x8c2, 0x6959
    .long 0x8c3, 0x6955
    .long 0x8c6, 0x6559
    .long 0x8c7, 0x6555

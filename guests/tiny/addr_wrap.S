/* Effective addresses wrap at 4 GiB: high linear addresses, negative displacements,
 * base+index*scale+disp sums that overflow, and accesses that begin below 4 GiB and end at 0. */
#include "lib.inc"
main:
    call paging_on
    /* 0xC0000000 + x -> x for the first 4 MiB, like a kernel; 0xFFFFF000 -> 0x400000; 0 ->
     * 0x401000 */
    movl $PT0 | 7, PDE(0xc0000000)
    movl $PT3 | 7, PD + 1023 * 4
    movl $0x400007, PT3 + 1023 * 4
    movl $0x401007, PTE(0)
    FLUSH
    movl $0x11223344, FRAMES
    movl $0x55667788, FRAMES + 4
    movl 0xc0000000 + FRAMES, %eax
    CHECK(%eax, $0x11223344)
    movl $FRAMES, %ebx
    CHECK(-0x40000000(%ebx), $0x11223344)
    movl $0x3fffffff, %ecx            /* 0xc0000000 + 4 + 4 * 0x3fffffff wraps */
    movl $0xc0000000 + FRAMES, %edx
    CHECK(0x8(%ebx,%ecx,4), $0x55667788)
    CHECK(0x8(%edx,%ecx,4), $0x55667788)
    movl $FRAMES / 8, %ecx
    CHECK(0xc0000000(,%ecx,8), $0x11223344)
    movl $0x20000000, %ecx
    CHECK(4(%ebx,%ecx,8), $0x55667788)
    /* as the linear-map idiom: __va and __pa */
    leal 0xc0000000(%ebx), %eax
    CHECK((%eax), $0x11223344)
    addl $0x40000000, %eax
    CHECK(%eax, %ebx)
    /* high bytes and stores with big displacements */
    movb -0x40000000(%ebx), %ah
    CHECKB(%ah, $0x44)
    movb %ah, -0x3fffffff(%ebx)
    CHECK(FRAMES, $0x11224444)
    movl $0x100, %eax
    incl 0xc0000000 + FRAMES - 0x100(%eax)
    CHECK(FRAMES, $0x11224445)
    /* esp high, then based on esp with a displacement that wraps back */
    movl %esp, %ebp
    movl $0xc0000000 + FRAMES + 0x800, %esp
    pushl $0x77
    CHECK(FRAMES + 0x7fc, $0x77)
    CHECK(0x40000000(%esp), $0x77)
    pushl 0x40000000(%esp)
    popl 0x40000000 - 8(%esp)
    CHECK(FRAMES + 0x7f4, $0x77)
    movl %ebp, %esp
    /* run at the high alias: code is there too */
    movl $0xc0000000, %eax
    addl $1f, %eax
    jmp *%eax
    ud2
1:  call 2f
2:  popl %eax
    CHECK(%eax, $0xc0000000 + 2b)
    movl $3f, %eax
    jmp *%eax
3:  /* accesses across 0xffffffff -> 0 */
    movl $0x03020100, 0xfffffffc
    movl $0x07060504, 0
    CHECK(0x400ffc, $0x03020100)
    CHECK(0x401000, $0x07060504)
    movl $-2, %ebx
    CHECK((%ebx), $0x05040302)
    movl -1, %eax
    CHECK(%eax, $0x06050403)
    movl -3, %eax
    CHECK(%eax, $0x04030201)
    movl $0xaabbccdd, (%ebx)
    CHECK(0x400ffc, $0xccdd0100)
    CHECK(0x401000, $0x0706aabb)
    addl $0x00010001, (%ebx)
    CHECK(0x400ffc, $0xccde0100)
    CHECK(0x401000, $0x0706aabc)
    movl $0x11111111, %eax
    lock xchgl %eax, (%ebx)
    CHECK(%eax, $0xaabcccde)
    movw $0x1234, -1
    CHECK(0x400ffc, $0x34110100)
    CHECK(0x401000, $0x07061112)
    /* push and pop with the slot across the edge */
    movl $2, %esp
    pushl $0x99887766
    CHECK(%esp, $-2)
    CHECK(0x400ffc, $0x77660100)
    CHECK(0x401000, $0x07069988)
    popl %eax
    CHECK(%eax, $0x99887766)
    CHECK(%esp, $2)
    xorl %esp, %esp
    pushl $0x13579bdf                 /* ESP 0 -> fffffffc */
    CHECK(%esp, $-4)
    CHECK(0x400ffc, $0x13579bdf)
    call 4f
4:  popl %eax
    CHECK(%eax, $4b)
    popl %eax
    CHECK(%esp, $0)
    movl %ebp, %esp
    /* fault on the second half: CR2 = 0, nothing written to the first */
    movl $0, PTE(0)
    FLUSH
    movl $0x22222222, %eax
    FAULTS(PF, 2, movl %eax, (%ebx))
    CHECK(exc_cr2, $0)
    CHECK(0x400ffc, $0x13579bdf)
    FAULTS(PF, 0, movl (%ebx), %ecx)
    CHECK(exc_cr2, $0)
    /* and on the first half */
    movl $0x401007, PTE(0)
    movl $0, PT3 + 1023 * 4
    FLUSH
    FAULTS(PF, 2, movl %eax, (%ebx))
    CHECK(exc_cr2, $-2)
    CHECK(0x401000, $0x07069988)
    /* base far outside with a small result: unmapped hole's CR2 is the wrapped sum */
    movl $0x80000000, %eax
    FAULTS(PF, 0, movl -0x7fff0000(%eax,%eax), %ecx)
    CHECK(exc_cr2, $0x80010000)
    PASS

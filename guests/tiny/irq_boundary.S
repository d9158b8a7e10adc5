/* Timer interrupts at every boundary: while a long mix of instructions with a known result runs
 * over and over, the PIT interrupts as fast as it can; registers, flags and memory must come out
 * the same every time, 300 interrupts at least.
 * timeout: 60
 */
#include "lib.inc"
#include "irq.inc"
main:
    call paging_on
    CR4_SET CR4_OSFXSR
    cld
    SETGATE IRQ0, isr
    /* first run without interrupts gives the reference */
    call mix
    movl %eax, ref
    call mix
    CHECK(ref, %eax)
    movl 0x46c, %eax
    PIT0 2, 600                       /* about 2 kHz */
    UNMASK 0
    sti
1:  call mix
    CHECK(ref, %eax)
    CHECKF((F_IF | F_DF), F_IF)
    incl rounds
    cmpl $300, ticks
    jb 1b
    cmpl $20, rounds
    jb 1b
    /* the same at CPL 3, stack switch each time */
    movl $0, ticks
    movl $0, rounds
    movl $0x202, user_eflags
2:  USER_OK(call mix)
    CHECK(ref, %eax)
    sti
    incl rounds
    cmpl $300, ticks
    jb 2b
    cli
    PASS
isr:                                  /* spoils all it can and restores it */
    pushal
    pushl %ds
    pushl %es
    movl $KDS, %eax
    movl %eax, %ds
    movl %eax, %es
    incl ticks
    cmpl $0x20, 0x28(%esp)            /* saved EIP is somewhere in our code */
    ASSERT(a)
    movl $0x5a5a5a5a, %ebx
    movl %ebx, %esi
    movl %ebx, %edi
    movl %ebx, %ebp
    movl %ebx, %edx
    std
    xorl %ecx, %ecx
    addl $1, %ecx
    movb $0x20, %al
    outb %al, $0x20
    popl %es
    popl %ds
    popal
    iret

/* eax = checksum of everything the mix computed */
mix:
    pushl %ebx
    pushl %ebp
    pushl %esi
    pushl %edi
    fninit
    movl $0x12345678, %eax
    movl $0x9abcdef0, %ebx
    movl $200, %ecx
    xorl %edx, %edx
    movl $buf, %esi
    movl $buf2, %edi
3:  /* alu, flags across instructions */
    addl %ebx, %eax
    adcl $0, %edx
    rcll $3, %eax
    sbbl %edx, %ebx
    xorl %ecx, %ebx
    pushl %ecx
    /* stack */
    pushl %eax
    pushl %ebx
    call leaf
    popl %ebx
    popl %eax
    xchgl %eax, (%esp)
    popl %ebp
    xchgl %eax, %ebp
    movl %ebp, %ecx
    /* memory, rmw, string */
    movl %eax, (%esi)
    addl %ebx, (%esi)
    lock xaddl %ebx, (%esi)
    pushl %ecx
    pushl %esi
    pushl %edi
    movl $5, %ecx
    rep movsl
    std
    movl $3, %ecx
    subl $4, %edi
    subl $4, %esi
    rep movsl
    cld
    popl %edi
    popl %esi
    popl %ecx
    addl (%edi), %eax
    /* branches on live flags */
    testl $1, %eax
    jz 4f
    stc
    jmp 5f
4:  clc
5:  leal 1(%edx), %edx
    adcl %edx, %ebx
    jo 6f
    incl %edx
6:  /* x87 and SSE keep state across iterations */
    fldl one
    faddl acc
    fstpl acc
    movd %eax, %xmm0
    paddd %xmm0, %xmm1
    pxor %xmm1, %xmm2
    movd %xmm2, %ebp
    addl %ebp, %eax
    /* esp games, indirect call, enter/leave, pusha/popa, pushf/popf */
    enter $16, $0
    movl %eax, -4(%ebp)
    pushfl
    pushal
    popal
    popfl
    adcl -4(%ebp), %eax
    leave
    movl $leaf, %ebp
    call *%ebp
    bswap %eax
    movl %esp, %ebp
    xchgl %ebp, %esp
    leal -8(%esp), %esp
    movl %eax, 4(%esp)
    addl $4, %esp
    popl %eax
    imull $69069, %eax, %eax
    cmpl %eax, %ebx
    setb %dl
    cmovbl %ebx, %eax
    shldl $7, %ebx, %eax
    cmpxchgl %ebx, (%esi)
    decl %ecx
    jnz 3b
    fldl acc
    fistpl tmp
    addl tmp, %eax
    fldz
    fstpl acc
    pxor %xmm1, %xmm1
    pxor %xmm2, %xmm2
    addl %ebx, %eax
    xorl %edx, %eax
    movl $8, %ecx
7:  roll $1, %eax
    xorl buf-4(,%ecx,4), %eax
    xorl buf2-4(,%ecx,4), %eax
    movl $0, buf-4(,%ecx,4)
    movl $0, buf2-4(,%ecx,4)
    loop 7b
    popl %edi
    popl %esi
    popl %ebp
    popl %ebx
    ret
leaf:
    xorl %edx, %eax
    roll $5, %eax
    ret
    .data
    .balign 8
one: .double 1.0
acc: .double 0.0
ref: .long 0
tmp: .long 0
ticks: .long 0
rounds: .long 0
    .bss
    .balign 16
buf: .skip 64
buf2: .skip 64

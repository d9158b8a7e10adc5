/* FS and GS with bases as for thread-local storage: negative offsets, wrap at 4 GiB, base above 2
 * GiB, all operand forms, a base that changes with every "thread switch" 2000 times while the
 * code stays the same, unaligned bases, at CPL 3 and 0. */
#include "lib.inc"
#define LIN 0xb0000000
main:
    call paging_on
    movl $PT0 | 7, PDE(LIN)           /* LIN + x = x */
    FLUSH
    movl $0x11111111, FRAMES - 4
    movl $0x22222222, FRAMES
    movl $0x33333333, FRAMES + 0x10
    SETDESC T0, LIN + FRAMES, 0xfffff, 0xf2, 0xc
    movl $T0 + 3, %eax
    movl %eax, %gs
    CHECK(%gs:0, $0x22222222)
    CHECK(%gs:0x10, $0x33333333)
    CHECK(%gs:-4, $0x11111111)        /* offset 0xfffffffc */
    movl $-4, %ebx
    CHECK(%gs:(%ebx), $0x11111111)
    movl $0x10, %ecx
    CHECK(%gs:4(%ebx,%ecx), $0x33333333)
    movl $-1, %edx
    CHECK(%gs:(,%edx,4), $0x11111111)
    /* offset that wraps base + offset past 4 GiB: LIN + FRAMES + (0x50000000) = FRAMES */
    CHECK(%gs:0x50000000, $0x22222222)
    CHECK(%gs:0x4ffffffc, $0x11111111)
    /* rmw, byte registers, push/pop, call, jmp, lea (ignores the base), cmpxchg, sse */
    incl %gs:0
    lock addl $1, %gs:-4
    movb %gs:0x10, %ah
    movb %ah, %gs:0x11
    pushl %gs:0
    popl %gs:0x20
    CHECK(FRAMES, $0x22222223)
    CHECK(FRAMES - 4, $0x11111112)
    CHECK(FRAMES + 0x20, $0x22222223)
    movl $1f, %gs:0x30
    call *%gs:0x30
    jmp 2f
1:  ret
2:  .byte 0x65, 0x8d, 0x05            /* leal %gs:0x10, %eax */
    .long 0x10
    CHECK(%eax, $0x10)
    movl $0x22222223, %eax
    cmpxchgl %ebx, %gs:0
    CHECK(FRAMES, $-4)
    movl %gs:0, %eax
    CHECK(%eax, $-4)
    .byte 0x65, 0xa1                  /* moffs */
    .long 0x20
    CHECK(%eax, $0x22222223)
    fninit
    fildl %gs:0x20
    fistpl %gs:0x24
    CHECK(FRAMES + 0x24, $0x22222223)
    xorl %esi, %esi
    movl $buf, %edi
    movl $4, %ecx
    rep gs movsb
    CHECK(buf, $-4)
    movl $0x20, %esi
    gs lodsl
    CHECK(%eax, $0x22222223)
    movl $0x20, %ebx
    movb $2, %al
    gs xlatb
    CHECKB(%al, $0x22)
    /* [esp] and [ebp] with an override */
    movl $0x20, %ebp
    CHECK(%gs:(%ebp), $0x22222223)
    movl %esp, %edx
    movl $0x20, %esp
    movl %gs:(%esp), %eax
    movl %edx, %esp
    CHECK(%eax, $0x22222223)
    /* thread switch: the descriptor's base changes, the code does not; FS for one, GS for the
     * other */
    movl $2000, %esi
3:  movl %esi, %eax
    andl $63, %eax
    shll $6, %eax
    addl $0x500001, %eax              /* odd bases */
    movl %eax, %edi
    movw %ax, lib_gdt + T1 + 2
    shrl $16, %eax
    movb %al, lib_gdt + T1 + 4
    movb %ah, lib_gdt + T1 + 7
    movw $0xffff, lib_gdt + T1
    movw $0xcff2, lib_gdt + T1 + 5
    movl $T1 + 3, %eax
    movl %eax, %fs
    call tls
    CHECK((%edi), %esi)
    CHECK(-8(%edi), %esi)
    movl $2, user_eflags
    USER_OK(call tls)
    movl %esi, %ecx
    CHECK((%edi), %ecx)
    decl %esi
    jnz 3b
    PASS
tls:
    movl %esi, %fs:0
    movl %fs:0, %eax
    movl %eax, %fs:-8
    cmpl %eax, %fs:-8
    ASSERT(e)
    ret
    .data
buf: .long 0

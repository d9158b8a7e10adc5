/* XLAT, CMPXCHG, CMPXCHG8B, XADD, XCHG, BSWAP, MOVZX, MOVSX, CBW family, LES LDS LFS LGS LSS,
 * moffs, opcode 82, MOVBE when there, LEA forms, NOP forms, sub-register aliasing. */
#include "lib.inc"
main:
    /* xlat */
    movl $table, %ebx
    movl $0x11223303, %eax
    xlatb
    CHECK(%eax, $0x112233d3)
    movl $0x112233ff, %eax
    xlatb
    CHECK(%eax, $0x112233ee)
    movb $0x5a, 0x8003                /* 16-bit form: [BX + AL] */
    movl $0xffff8000, %ebx
    movl $0x11223303, %eax
    .byte 0x67
    xlatb
    CHECK(%eax, $0x1122335a)
    movb $0x5b, 0x2
    movl $0xffffffff, %ebx            /* wraps inside 64 KiB */
    movb $3, %al
    .byte 0x67
    xlatb
    CHECK(%eax, $0x1122335b)
    /* moffs A0-A3 */
    .byte 0xa1
    .long mem
    CHECK(%eax, $0x11223344)
    .byte 0xa0
    .long mem + 4
    CHECK(%eax, $0x11223388)
    .byte 0x66, 0xa1
    .long mem + 4
    CHECK(%eax, $0x11227788)
    movl $0xdeadbeef, %eax
    .byte 0xa3
    .long out
    .byte 0xa2
    .long out + 4
    .byte 0x66, 0xa3
    .long out + 8
    CHECK(out, $0xdeadbeef)
    CHECK(out+4, $0xef)
    CHECK(out+8, $0xbeef)
    /* opcode 82: byte ops as 80 */
    movl $0x100, %ecx
    .byte 0x82, 0xc1, 0xff            /* add $-1, %cl */
    CHECK(%ecx, $0x1ff)
    .byte 0x82, 0xfd, 0x01            /* cmp $1, %ch */
    ASSERT(e)
    .byte 0x82, 0x35                  /* xorb $0xff, out */
    .long out
    .byte 0xff
    CHECK(out, $0xdeadbe10)
    /* cmpxchg */
    movl $0xdeadbe10, %eax
    movl $5, %ecx
    lock cmpxchgl %ecx, out
    ASSERT(z)
    CHECK(out, $5)
    cmpxchgl %ecx, out
    ASSERT(nz)
    CHECK(%eax, $5)
    movl $0x12340005, %eax
    cmpxchgw %cx, out
    ASSERT(z)
    movl $1, %edx
    cmpxchgl %ecx, %edx               /* fails: eax = 1 */
    ASSERT(nz)
    CHECK(%eax, $1)
    cmpxchgl %ecx, %edx
    CHECK(%edx, $5)
    movl $5, %eax
    cmpxchgl %eax, %eax
    ASSERT(z)
    /* cmpxchg8b */
    movl $0x11111111, q
    movl $0x22222222, q+4
    movl $0x11111111, %eax
    movl $0x22222222, %edx
    movl $0x33333333, %ebx
    movl $0x44444444, %ecx
    SETF (ARITH & ~F_ZF | 2)
    lock cmpxchg8b q
    CHECKF(ARITH, ARITH)              /* only ZF changes */
    CHECK(q, $0x33333333)
    CHECK(q+4, $0x44444444)
    SETF (ARITH | 2)
    cmpxchg8b q
    CHECKF(ARITH, 0x895)
    CHECK(%eax, $0x33333333)
    CHECK(%edx, $0x44444444)
    CHECK(q, $0x33333333)
    pushl %edx
    pushl %eax
    movl $9, %ecx
    cmpxchg8b (%esp)
    ASSERT(z)
    popl %eax
    popl %edx
    CHECK(%edx, $9)
    FAULTS(UD, 0, .byte 0x0f; .byte 0xc7; .byte 0xc8) /* register form */
    /* xadd */
    movl $10, %eax
    movl $3, %edx
    xaddl %edx, %eax
    CHECK(%eax, $13)
    CHECK(%edx, $10)
    movl $5, out
    lock xaddl %eax, out
    CHECK(%eax, $5)
    CHECK(out, $18)
    xaddl %eax, %eax
    CHECK(%eax, $10)
    movl $0x0102, %eax
    xaddb %ah, %al
    CHECK(%eax, $0x0203)
    /* xchg */
    movl $1, %eax
    movl $2, %ecx
    xchgl %eax, %ecx
    xchgb %al, %ah
    CHECK(%eax, $0x200)
    xchgw %ax, out
    CHECK(%eax, $18)
    CHECK(out, $0x200)
    xchgb %ch, out+1
    CHECKB(%ch, $2)
    /* bswap */
    movl $0x11223344, %ebp
    bswap %ebp
    CHECK(%ebp, $0x44332211)
    /* movzx movsx, high bytes */
    movl $0x8081, %eax
    movsbl %ah, %ecx
    CHECK(%ecx, $0xffffff80)
    movzbl %ah, %eax
    CHECK(%eax, $0x80)
    movsbw %al, %dx
    CHECKW(%dx, $0xff80)
    movswl mem+6, %edi
    CHECK(%edi, $0x5566)
    movsbl mem+7, %edi
    CHECK(%edi, $0x55)
    movzwl mem, %edi
    CHECK(%edi, $0x3344)
    /* cbw cwde cwd cdq */
    movl $0x12340080, %eax
    cbw
    CHECK(%eax, $0x1234ff80)
    cwtl
    CHECK(%eax, $0xffffff80)
    movl $0x55555555, %edx
    cwtd
    CHECK(%edx, $0x5555ffff)
    movl $0x7fffffff, %eax
    cltd
    CHECK(%edx, $0)
    /* far pointers */
    les farptr, %esi
    CHECK(%esi, $0x12345678)
    movl %es, %eax
    CHECK(%eax, $UDS)
    lds farptr+8, %edi
    CHECK(%edi, $0x9abcdef0)
    lfs farptr, %ecx
    lgs farptr, %edx
    CHECK(%ecx, $0x12345678)
    movl %fs, %eax
    CHECK(%eax, $UDS)
    movl %esp, sspair
    lss sspair, %esp
    lesw farptr16, %si
    CHECK(%esi, $0x1234abcd)
    movl %es, %eax
    CHECK(%eax, $KDS)
    /* the register is loaded after the selector is checked; base register overwritten by itself */
    movl $farptr, %esi
    les (%esi), %esi
    CHECK(%esi, $0x12345678)
    movl $KDS, %eax
    movl %eax, %es
    FAULTS(UD, 0, .byte 0xc4; .byte 0xc1; .byte 0; .byte 0)
    /* lea */
    movl $0x80000000, %eax
    leal 0x80000001(%eax), %ecx
    CHECK(%ecx, $1)
    leal (,%eax,8), %ecx
    CHECK(%ecx, $0)
    movl $-1, %edx
    leal -1(%edx,%edx,8), %ecx
    CHECK(%ecx, $-10)
    movl $0x55555555, %ecx
    leaw 0x7fff(%edx), %cx
    CHECK(%ecx, $0x55557ffe)
    .byte 0x67, 0x8d, 0x40, 0x10      /* lea 16(%bx,%si), %eax */
    leal 16(%ebx,%esi), %ecx
    andl $0xffff, %ecx
    CHECK(%eax, %ecx)
    FAULTS(UD, 0, .byte 0x8d; .byte 0xc0)
    /* nops */
    movl $0x77, %eax
    movl $-1, %ecx
    xchgl %eax, %eax
    .byte 0x0f, 0x1f, 0x84, 0x01, 0, 0, 0, 0x40 /* nopl far away: no access */
    .byte 0x66, 0x0f, 0x1f, 0x44, 0, 0
    .byte 0xf3, 0x90
    .byte 0xf2, 0x90
    .byte 0x66, 0x90
    .byte 0x66, 0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0
    .byte 0x0f, 0x18, 0x00            /* prefetchnta */
    .byte 0x0f, 0x0d, 0x08            /* prefetchw */
    CHECK(%eax, $0x77)
    CHECK(%ecx, $-1)
    /* sub-registers */
    movl $0x11223344, %ebx
    movb $0x55, %bl
    movb $0x66, %bh
    CHECK(%ebx, $0x11226655)
    movw $0x7788, %bx
    addb %bl, %bh
    CHECK(%ebx, $0x1122ff88)
    movb %bh, %bl
    CHECK(%ebx, $0x1122ffff)
    incb %bh
    CHECK(%ebx, $0x112200ff)
    /* mov with both encodings, immediates c6 c7 */
    .byte 0x8b, 0xc3                  /* mov %ebx, %eax by 8B */
    CHECK(%eax, %ebx)
    .byte 0x89, 0xc1                  /* mov %eax, %ecx by 89 */
    CHECK(%ecx, %ebx)
    .byte 0xc7, 0xc0
    .long 0x1234
    CHECK(%eax, $0x1234)
    movnti %eax, out
    CHECK(out, $0x1234)
    /* movbe */
    movl $1, %eax
    cpuid
    btl $22, %ecx
    jnc 1f
    movbe mem, %eax
    CHECK(%eax, $0x44332211)
    movbe %eax, out
    CHECK(out, $0x11223344)
    movbe mem, %ax
    CHECK(%eax, $0x44334433)
    jmp 2f
1:  FAULTS(UD, 0, movbe mem, %eax)
2:  PASS
    .data
mem: .long 0x11223344, 0x55667788
out: .long 0, 0, 0
    .balign 8
q: .quad 0
farptr: .long 0x12345678
    .word UDS, 0
    .long 0x9abcdef0
    .word KDS, 0
farptr16: .word 0xabcd, KDS
sspair: .long 0
    .word KDS
    .balign 16
table:
    .byte 0xd0, 0xd1, 0xd2, 0xd3
    .fill 251, 1, 0
    .byte 0xee

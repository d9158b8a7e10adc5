/* A page that the handler supplies: every kind of instruction restarts as if nothing had
 * happened: push, pop, call, ret, pusha, enter, leave, rmw, xchg, cmpxchg8b, x87 and SSE, string,
 * movs with both sides missing, int frame of ring 3.
 * counts 3: a5
 */
#include "lib.inc"
#define P 0x400000
    .macro drop
    movl $0, PTE(P)
    movl $0, PTE(P + 0x1000)
    FLUSH
    movl $0, exc_count
    .endm
    .macro faulted n
    CHECK(exc_count, $\n)
    .endm
main:
    call paging_on
    CR4_SET CR4_OSFXSR
    movl $mapper, exc_hook
    movl %esp, %ebp
    /* kernel: memory operands */
    drop
    pushl P
    popl P + 0x1004
    faulted 2
    drop
    movl $5, P + 0xffe                /* two pages, two faults */
    faulted 2
    CHECK(P+0xffe, $5)
    drop
    addl $3, P + 0xffe
    faulted 2
    CHECK(P+0xffe, $8)
    drop
    movl $1, %eax
    xchgl %eax, P + 0xffe
    faulted 2
    CHECK(%eax, $8)
    drop
    lock xaddl %eax, P + 0xffd
    faulted 2
    CHECK(%eax, $0x100)
    CHECK(P+0xffd, $0x108)
    drop
    movl $0x108, %eax
    movl P + 0x1001, %edx
    faulted 1
    drop
    movl $7, %ebx
    movl $9, %ecx
    cmpxchg8b P + 0xffd
    ASSERT(z)
    faulted 2
    CHECK(P+0xffd, $7)
    CHECK(P+0x1001, $9)
    drop
    pushl P + 0xffd
    faulted 2
    popl %eax
    CHECK(%eax, $7)
    drop
    popl_slot = P + 0xfff
    pushl $0x55667788
    popl popl_slot
    faulted 2
    CHECK(%esp, %ebp)
    CHECK(P+0xfff, $0x55667788)
    drop
    movl $4f, P + 8
    drop
    call *P + 8
4:  faulted 1
    CHECK((%esp), $4b)
    addl $4, %esp
    /* x87, SSE */
    fninit
    fldpi
    drop
    fstpt P + 0xffb
    faulted 2
    drop
    fldt P + 0xffb
    faulted 2
    fldpi
    fcompp
    fnstsw %ax
    andl $0x4000, %eax
    CHECK(%eax, $0x4000)
    drop
    fnsave P + 0xfc0
    faulted 2
    drop
    frstor P + 0xfc0
    faulted 2
    drop
    movl $0x11112222, %eax
    movd %eax, %xmm0
    pshufd $0, %xmm0, %xmm0
    movups %xmm0, P + 0xff9
    faulted 2
    drop
    movups P + 0xff9, %xmm1
    faulted 2
    movd %xmm1, %eax
    CHECK(%eax, $0x11112222)
    drop
    addl $2, P + 0xff9
    faulted 1
    /* movs with both sides missing: source first or destination, two faults, done once */
    drop
    movl $P + 0xff9, %esi
    movl $P + 0x1ff0, %edi
    movsl
    faulted 2
    CHECK(P+0x1ff0, $0x11112224)
    CHECK(%esi, $P + 0xffd)
    /* bt far, cmov, movzx, bound, xlat, les */
    drop
    movl $P * 8 - 0x100000 * 8 + 3, %eax
    btsl %eax, 0x100000
    faulted 1
    drop
    movl $P, %ebx
    movb $0x10, %al
    xlatb
    faulted 1
    movl $20, P
    movl $30, P + 4
    movl $25, %eax
    drop
    bound %eax, P
    faulted 1
    movl $0x1234, P + 0xffc
    movw $UDS, P + 0x1000
    drop
    lfs P + 0xffc, %ecx
    faulted 2
    CHECK(%ecx, $0x1234)
    movl %fs, %eax
    CHECK(%eax, $UDS)
    /* sgdt, lgdt, sidt through missing pages */
    drop
    sgdtl P + 0xffd
    faulted 2
    drop
    lgdtl P + 0xffd
    faulted 2
    drop
    smsw P + 0x10
    str P + 0x1010
    faulted 2
    CHECKW(P+0x1010, $TSS_SEL)
    movl $0x80050033, P
    drop
    fldcw P
    faulted 1
    fninit
    /* in and out of memory */
    drop
    movl $P, %edi
    movl $0x61, %edx
    movl $1, %ecx
    rep insb
    faulted 1
    CHECK(%ecx, $0)
    CHECK(%edi, $P + 1)

    /* CPL 3: the stack itself is missing */
    movl $P + 0x1000, ustack
    .macro user n, insn
    drop
    TRY 2f
    pushl $UDS
    popl %ds
    pushl $UDS
    popl %es
    pushl $UDS
    pushl ustack
    pushl $2
    pushl $UCS
    pushl $1f
    movl $uhook, exc_hook
    iret
1:  \insn
    int $SYS
2:  CHECK(exc_count, $(\n + 1))
    movl $mapper, exc_hook
    .endm
    user 1, "pushl $0x1234"
    CHECK(exc_esp, $P + 0xffc)
    CHECK(P+0xffc, $0x1234)
    user 1, "pushal"
    CHECK(exc_esp, $P + 0xfe0)
    CHECK(P+0xfec, $P + 0x1000)
    user 1, "call 9f; ud2; 9: nop"
    CHECK(exc_esp, $P + 0xffc)
    user 1, "enter $0x20, $0"
    CHECK(exc_esp, $P + 0xfdc)
    user 1, "pushfl"
    user 1, "pushl %ds"
    user 1, "pushw $3"
    CHECK(exc_esp, $P + 0xffe)
    user 1, "pushl %esp"
    CHECK(P+0xffc, $P + 0x1000)
    user 1, "incl -4(%esp)"
    CHECK(P+0xffc, $P + 0x1001)
    movl $P + 0xffe, ustack           /* across two pages */
    movl $0x11112222, P + 0xffe
    user 2, "popl %edx"
    CHECK(exc_edx, $0x11112222)
    CHECK(exc_esp, $P + 0x1002)
    user 2, "popl %esp; movl $0, %edx"
    CHECK(exc_esp, $0x11112222)
    movl $P + 0x1010, ustack
    user 2, "pushl (%esp); pushal; popal; popl %eax"
    movl $P + 0x1002, ustack
    user 2, "pushl $0x33445566"
    CHECK(P+0xffe, $0x33445566)
    user 2, "call 9f; ud2; 9: nop"
    CHECK(exc_esp, $P + 0xffe)
    movl $P + 0xff0, ustack
    movl $7, P + 0xff0                /* edi */
    movl $9, P + 0x100c               /* eax */
    user 2, "popal"
    CHECK(exc_edi, $7)
    CHECK(exc_eax, $9)
    CHECK(exc_esp, $P + 0x1010)
    movl $P + 0x800, ustack
    user 1, "movl $0x401000, %ebp; leave; nop"
    CHECK(exc_esp, $P + 0x1004)
    movl $3f, P + 0xffe
    movl $P + 0xffe, ustack
    user 2, "ret $8; ud2"
    PASS
3:  nop
    int $SYS
    .data
ustack: .long 0
    .text
uhook:
    cmpl $SYS, exc_vec
    jne mapper
    movl $0, exc_hook
    addl $4, %esp                     /* the recorder's normal end */
    movl exc_resume_esp, %esp
    jmp *exc_resume
mapper:
    cmpl $PF, exc_vec
    jne lib_unexpected
    movl exc_cr2, %eax
    andl $0xfffff000, %eax
    movl %eax, %ecx
    shrl $12, %ecx
    orl $7, %eax
    movl %eax, PT0(,%ecx,4)
    ret

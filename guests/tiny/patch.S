/* What rules patch is patched, and nothing else: RDTSC scaled, IN changed by port and size, CPUID by
 * leaf, HLT skipped, MOV from CR0, native instructions; at CPL 3, under TF, at a page's end and over
 * it. An instruction that faults is not patched, and no patch touches the flags.
 * plex86-args: -map guests/tiny/patch.map -trace /dev/null
 */
#include "lib.inc"
main:
    /* CPUID: bits of one leaf, with two that log and count at the same place */
    movl $1, %eax
    cpuid
    andl $(1 << 25 | 1), %edx
    CHECK(%edx, $1)
    testl %ecx, %ecx
    ASSERT(s)
    CHECKB(%bh, $0x5a)
    xorl %eax, %eax
    cpuid
    movl %ebx, %esi
    xorl %eax, %eax
    movl $0x5a5a5a5a, %ebx
    cpuid
    CHECK(%ebx, %esi)                 /* leaf 0 is what it is */
    movl $0x40001111, %eax            /* skipped: the other registers stay */
    movl $0x0f0f0f0f, %ebx
    movl $3, %ecx
    movl $4, %edx
    cpuid
    CHECK(%eax, $0x1234)
    CHECK(%ebx, $0xf0f0f0f0)
    CHECK(%ecx, $3)
    CHECK(%edx, $4)
    movl $0x40002222, %eax            /* the last of two */
    cpuid
    CHECK(%edx, $2)
    cmpl $1, %eax
    ASSERT(ne)
    movl $0x40003333, %eax            /* a later rule says emulate */
    cpuid
    cmpl $3, %eax
    ASSERT(ne)

    /* RDTSC: half of what was written, and it goes on; CF and the like stay */
    movl $0x10, %ecx
    xorl %eax, %eax
    movl $0x1000, %edx
    wrmsr
    SETF(F_CF | F_OF | F_SF)
    rdtsc
    CHECKF(ARITH, F_CF | F_OF | F_SF)
    CHECK(%edx, $0x800)
    movl %eax, %edi
    cmpl $0x40000000, %eax
    ASSERT(b)
    rdtsc
    CHECK(%edx, $0x800)
    cmpl %edi, %eax
    ASSERT(ae)
    movl $0x10, %ecx
    rdmsr                             /* twice that */
    CHECK(%edx, $0x2000)
    movl $0x80000001, %eax
    cpuid
    btl $27, %edx
    jnc 1f
    rdtscp
    CHECK(%edx, $0x1100)
1:
    /* IN: by form, size and port */
    movb $0xa5, %al
    outb %al, $0x21
    movl $0x11223344, %eax
    inb $0x21, %al
    CHECK(%eax, $0x1122335a)
    movw $0x21, %dx
    inb %dx, %al                      /* the other form is not meant */
    CHECK(%eax, $0x112233a5)
    movb $0xff, %al
    outb %al, $0x21
    movw $0xcf8, %dx
    movl $0x80000010, %eax
    outl %eax, %dx
    inl %dx, %eax
    CHECK(%eax, $0x80000015)
    movw $0x2f0, %dx
    movl $0x11223344, %eax
    inw %dx, %ax
    CHECK(%eax, $0x11221234)
    inb %dx, %al
    CHECK(%eax, $0x1122120f)
    incl %edx
    stc
    inb %dx, %al
    ASSERT(c)
    CHECK(%eax, $0x1122120f)
    incl %edx                         /* 2f2: skipped, in all sizes */
    inl %dx, %eax
    CHECK(%eax, $0x11221207)
    inw %dx, %ax
    CHECK(%eax, $0x11221207)
    incl %edx
    inb %dx, %al                      /* 2f3: not meant */
    CHECK(%eax, $0x112212ff)
    movw $0x2f6, %dx
    inw %dx, %ax
    CHECK(%eax, $0xdead)

    /* HLT without interrupts would be the end */
    cli
    movl $0x99, %ebx
    hlt
    CHECK(%ebx, $0x99)
    movl %cr0, %esi
    CHECK(%esi, $0x11)
    movl %cr0, %edi
    cmpl $0x11, %edi
    ASSERT(ne)

    /* native ones */
    movl $5, %ecx
    movl $100, %eax
    xorl %edx, %edx
    divl %ecx
    CHECK(%eax, $0x77)
    movl $word, %esi
    cld
    lodsl
    CHECK(%eax, $0x12345679)
    CHECK(%esi, $word + 4)

    /* faults: nothing is patched, and the next time all is */
    xorl %ecx, %ecx
    movl $100, %eax
    xorl %edx, %edx
    FAULTS(DE, 0, divl %ecx)
    CHECK(exc_eax, $100)
    movl $100, %eax
    movw $0x2f6, %dx
    USER(GP, 0, inb %dx, %al)
    CHECK(exc_eax, $100)
    CR4_SET CR4_TSD
    movl $100, %eax
    movl $200, %edx
    USER(GP, 0, rdtsc)
    CHECK(exc_eax, $100)
    CHECK(exc_edx, $200)
    CR4_CLEAR CR4_TSD
    movl $100, %esi
    USER(GP, 0, movl %cr0, %esi)
    CHECK(exc_esi, $100)
    movl $100, %eax
    xorl %esi, %esi
    movl %esi, %fs
    movl $word, %esi
    FAULTS(GP, 0, lodsl %fs:(%esi))
    CHECK(exc_eax, $100)
    CHECK(exc_esi, $word)
    movl $restart, exc_hook           /* and restarted: its handler gives a divisor */
    movl $100, %eax
    xorl %edx, %edx
    xorl %ecx, %ecx
    divl %ecx
    movl $0, exc_hook
    CHECK(%eax, $0x77)
    CHECK(%ecx, $7)
    /* skipped before the CPU finds that it may not */
    USER_OK(hlt)

    /* single steps: the trap is behind it, patched or skipped */
    TRY 2f
    movl $1, %eax
    SETF(F_TF | 2)
    cpuid
1:  FAIL
2:  CHECK(exc_vec, $DB)
    CHECK(exc_eip, $1b)
    movl exc_ebx, %ebx
    CHECKB(%bh, $0x5a)
    TRY 2f
    SETF(F_TF | 2)
    hlt
1:  FAIL
2:  CHECK(exc_vec, $DB)
    CHECK(exc_eip, $1b)
    TRY 2f
    movl $5, %ecx
    movl $100, %eax
    xorl %edx, %edx
    SETF(F_TF | 2)
    divl %ecx
1:  FAIL
2:  CHECK(exc_vec, $DB)
    CHECK(exc_eip, $1b)
    CHECK(exc_eax, $0x77)

    /* many times: patched each time, in a loop that joins */
    movl $1000, %ebp
    xorl %edi, %edi
3:  movl $1, %eax
    cpuid
    shrl $25, %edx
    andl $1, %edx
    addl %edx, %edi
    movl $9, %ecx
    movl $9, %eax
    xorl %edx, %edx
    divl %ecx
    addl %eax, %edi
    decl %ebp
    jnz 3b
    CHECK(%edi, $0x77 * 1000)

    /* a page's end, and over it */
    movl $9, %ecx
    movl $9, %eax
    xorl %edx, %edx
    call at_end
    CHECK(%eax, $0x77)
    movl $9, %ecx
    movl $9, %eax
    xorl %edx, %edx
    call over_end
    CHECK(%eax, $0x77)
    movl $1, %eax
    call cpuid_at_end
    CHECKB(%bh, $0x5a)
    movl $1, %eax
    call cpuid_over_end
    CHECKB(%bh, $0x5a)
    call hlt_at_end
    CHECK(%edi, $0x4711)
    PASS

restart:
    movl $7, FR_ECX(%ebp)
    ret

word: .long 0x12345678, 0
    .balign 4096
    .skip 4094
at_end:
    divl %ecx
    ret
    .balign 4096
    .skip 4095
over_end:
    divl %ecx
    ret
    .balign 4096
    .skip 4094
cpuid_at_end:
    cpuid
    ret
    .balign 4096
    .skip 4095
cpuid_over_end:
    cpuid
    ret
    .balign 4096
    .skip 4090
hlt_at_end:
    movl $0x4711, %edi
    hlt
    ret

/* Virtual-8086 mode: IRET into it, segments are paragraphs, 16-bit code, INT and sensitive
 * instructions by IOPL, the nine-word frame, data segments nulled in the handler, IN/OUT through
 * the bitmap, back by INT to a 32-bit gate. */
#include "lib.inc"
    .macro to_v86 eflags, ip=0
    TRY 99f
    pushl $0x4444                     /* gs */
    pushl $0x3333                     /* fs */
    pushl $0x2222                     /* ds */
    pushl $0x1111                     /* es */
    pushl $0x0900                     /* ss */
    pushl $0x0800                     /* esp */
    pushl $(F_VM | 2 | (\eflags))
    pushl $0x1000                     /* cs: 0x10000 */
    pushl $\ip
    iret
99:
    .endm
    .macro code name, where           /* copies 16-bit code to 0x10000 + where */
    pushal
    cld
    movl $\name, %esi
    movl $0x10000 + \where, %edi
    movl $\name\()_end - \name, %ecx
    rep movsb
    popal
    .endm
main:
    SETGATE 0x90, stub_90, 0xee
    code c1, 0
    movl $0x1234, %ebx
    to_v86 0x3000                     /* IOPL 3: INT n goes through the gate */
    CHECK(exc_vec, $0x90)
    CHECK(exc_cs, $0x1000)
    CHECK(exc_eip, $c1_end - c1)
    CHECK(exc_ss, $0x900)
    CHECK(exc_esp, $0x7fc)
    movl exc_eflags, %eax
    andl $0x23002, %eax
    CHECK(%eax, $0x23002)
    CHECK(%ebx, $0x1235)
    CHECK(exc_eax, $0x1000)
    CHECK(exc_ecx, $0x1111)
    CHECK(exc_edx, $0x2222)
    CHECK(exc_esi, $0x5678)
    CHECK(0x9000 + 0x7fc, $0x1000babe)
    CHECKW(0x22220 + 0x10, $0xbeef)
    /* the frame's four data selectors, and DS ES FS GS null in the handler */
    movl lib_tss + 4, %eax
    CHECK(-4(%eax), $0x4444)
    CHECK(-8(%eax), $0x3333)
    CHECK(-12(%eax), $0x2222)
    CHECK(-16(%eax), $0x1111)
    movl %fs, %eax
    CHECK(%eax, $0)
    movl %gs, %eax
    CHECK(%eax, $0)
    /* IOPL 0: cli sti pushf popf int iret fault with #GP(0) */
    .irp op, 0xfa, 0xfb, 0x9c, 0x9d, 0xcf
    movb $\op, 0x10000
    to_v86 0
    CHECK(exc_vec, $GP)
    CHECK(exc_err, $0)
    CHECK(exc_eip, $0)
    CHECK(exc_cs, $0x1000)
    .endr
    movw $0x90cd, 0x10000
    to_v86 0
    CHECK(exc_vec, $GP)
    CHECK(exc_err, $0)
    CHECK(exc_eip, $0)
    /* INT3 (CC) is not IOPL-sensitive; CD 03 is */
    movb $0xcc, 0x10000
    to_v86 0
    CHECK(exc_vec, $BP)
    CHECK(exc_eip, $1)
    movw $0x03cd, 0x10000
    to_v86 0
    CHECK(exc_vec, $GP)
    /* IOPL 3: pushf shows IF; cli changes it */
    code c2, 0
    to_v86 0x3200
    CHECK(exc_vec, $0x90)
    CHECKW(exc_eax, $0x3202)
    CHECKW(exc_ebx, $0x3002)
    /* privileged instructions are #GP at any IOPL; hlt; mov cr; protected-mode ones are #UD */
    movb $0xf4, 0x10000
    to_v86 0x3000
    CHECK(exc_vec, $GP)
    movl $0x90c0200f, 0x10000         /* mov %cr0, %eax */
    to_v86 0x3000
    CHECK(exc_vec, $GP)
    movl $0x90c8000f, 0x10000         /* str %ax */
    to_v86 0x3000
    CHECK(exc_vec, $UD)
    movl $0x90d0000f, 0x10000         /* lldt */
    to_v86 0x3000
    CHECK(exc_vec, $UD)
    movl $0x90c0020f, 0x10000         /* lar */
    to_v86 0x3000
    CHECK(exc_vec, $UD)
    movl $0x9090c063, 0x10000         /* arpl */
    to_v86 0x3000
    CHECK(exc_vec, $UD)
    /* smsw is fine */
    movl $0x0fe0010f, 0x10000
    movb $0x0b, 0x10004
    to_v86 0
    CHECK(exc_vec, $UD)
    CHECK(exc_eip, $3)
    /* in/out: bitmap only, whatever IOPL; there is none: #GP */
    movl $0x909061e4, 0x10000
    to_v86 0x3000
    CHECK(exc_vec, $GP)
    CHECK(exc_eip, $0)
    /* paging applies, CPL is 3 */
    call paging_on
    movl $0x22000 | 3, PTE(0x22000)
    FLUSH
    movl $0x900000a1, 0x10000         /* mov 0, %ax: ds 0x2222 */
    to_v86 0
    CHECK(exc_vec, $PF)
    CHECK(exc_err, $5)
    CHECK(exc_cr2, $0x22220)
    PASS
stub_90 = lib_stubs + 0x90 * 16
    .code16
c1:                                   /* bx = 0x1234 */
    incw %bx
    movw %cs, %ax
    movw %es, %cx
    movw %ds, %dx
    movl $0x5678, %esi
    movw $0xbeef, 0x10
    movl $0x1000babe, %edi
    pushl %edi
    movzwl %ax, %eax
    movzwl %cx, %ecx
    movzwl %dx, %edx
    int $0x90
c1_end:
c2:
    pushfw
    popw %ax
    cli
    pushfw
    popw %bx
    int $0x90
c2_end:
    .code32

/* Privileged instructions at CPL 3, 2 and 1: #GP(0) before any operand is read; IN OUT CLI STI by
 * IOPL and the I/O bitmap's absence; what is not privileged works. */
#include "lib.inc"
main:
    call paging_on
    movl $0, PTE(0x400000)
    FLUSH
    movl $0x400000, %ebx              /* not there: its #PF must not win */
    USER(GP, 0, hlt)
    USER(GP, 0, clts)
    USER(GP, 0, lgdtl (%ebx))
    USER(GP, 0, lidtl (%ebx))
    USER(GP, 0, lldt (%ebx))
    USER(GP, 0, ltr (%ebx))
    USER(GP, 0, lmsw (%ebx))
    USER(GP, 0, invlpg (%ebx))
    USER(GP, 0, invd)
    USER(GP, 0, wbinvd)
    USER(GP, 0, movl %cr0, %eax)
    USER(GP, 0, movl %cr2, %eax)
    USER(GP, 0, movl %cr3, %eax)
    USER(GP, 0, movl %cr4, %eax)
    USER(GP, 0, movl %eax, %cr0)
    USER(GP, 0, movl %eax, %cr2)
    USER(GP, 0, movl %eax, %cr3)
    USER(GP, 0, movl %eax, %cr4)
    USER(GP, 0, movl %dr0, %eax)
    USER(GP, 0, movl %dr6, %eax)
    USER(GP, 0, movl %eax, %dr7)
    USER(GP, 0, rdmsr)
    USER(GP, 0, wrmsr)
    USER(GP, 0, rdpmc)
    USER(GP, 0, cli)
    USER(GP, 0, sti)
    movl $0x80, %edx
    USER(GP, 0, inb %dx, %al)
    USER(GP, 0, inw %dx, %ax)
    USER(GP, 0, inl %dx, %eax)
    USER(GP, 0, outb %al, %dx)
    USER(GP, 0, inb $0x61, %al)
    USER(GP, 0, outb %al, $0x80)
    movl %ebx, %edi
    movl %ebx, %esi
    movl $4, %ecx
    USER(GP, 0, insb)
    USER(GP, 0, rep insl)
    USER(GP, 0, outsb)
    USER(GP, 0, rep outsw)
    CHECK(%ecx, $4)
    CHECK(%edi, %ebx)
    /* IOPL=3 lets I/O through */
    movl $0x3002, user_eflags
    USER_OK(inb $0x61, %al; outb %al, $0x80; cli; sti; cli)
    USER(GP, 0, hlt)
    USER(PF, 6, insb)
    CHECK(exc_cr2, %ebx)
    USER(PF, 4, outsb)
    movl $2, user_eflags
    /* not privileged: these work at CPL 3 */
    USER_OK(smsw %eax; sgdtl buf; sidtl buf + 8; sldt %ecx; str %edx)
    CHECKW(buf, $GDT_BYTES - 1)
    CHECK(buf+2, $lib_gdt)
    CHECK(buf+10, $lib_idt)
    CHECKW(%dx, $TSS_SEL)
    movl %cr0, %ecx
    CHECK(%eax, %ecx)
    USER_OK(movl %cs, %eax; movl %ss, %ebx; movl %ds, %ecx)
    CHECK(%eax, $UCS)
    CHECK(%ebx, $UDS)
    CHECK(%ecx, $UDS)
    USER_OK(xorl %eax, %eax; cpuid; rdtsc; fninit)
    USER_OK(pushl %cs; popl %eax; pushl %ss; popl %ebx)
    CHECK(%eax, $UCS)
    /* segment loads at CPL 3 */
    movl $KDS, %eax
    USER(GP, KDS, movl %eax, %ds)
    USER(GP, KDS, movl %eax, %ss)
    movl $UDS & ~3, %eax
    USER_OK(movl %eax, %ds; movl %ds, %ebx)
    CHECK(%ebx, $UDS & ~3)
    USER(GP, UDS & ~3, movl %eax, %ss)
    USER(GP, KCS, ljmp $KCS, $0x1234)
    USER(GP, KCS, ljmp $KCS + 3, $0x1234)
    USER(GP, KCS, lcall $KCS, $0x1234)
    USER_OK(ljmp $UCS, $9f; 9:)
    USER_OK(ljmp $UCS & ~3, $9f; 9: movl %cs, %eax)
    CHECK(%eax, $UCS)                 /* RPL is replaced by CPL */
    /* CPL 1 and 2 are not 0 */
    .irp ring, 1, 2
    TRY 2f
    pushl $UDS & ~3
    popl %ds
    pushl $UDS & ~3
    popl %es
    pushl $DS1 + (\ring - 1) * 0x11
    pushl $user_stack_top
    pushl $2
    pushl $CS1 + (\ring - 1) * 0x11
    pushl $1f
    iret
1:  hlt
2:  CHECK(exc_vec, $GP)
    CHECK(exc_err, $0)
    CHECK(exc_eip, $1b)
    CHECK(exc_cs, $CS1 + (\ring - 1) * 0x11)
    .endr
    PASS
    .data
    .balign 4
buf: .fill 16, 1, 0

/* Every kind of segment from code whose segments are not flat: ES with a limit makes all accesses,
 * pushes, calls and branches take the computed form. Limits to the byte for each operand size, types,
 * null, expand-down, base + offset beyond 4 GiB, a site that faults and works by turns, limits that
 * change under one site, read-modify-write and what must not have changed. */
#include "lib.inc"
/* The recorder leaves ES flat: back to the limited one. */
#define REFUSED(vec, err, insn...) FAULTS(vec, err, insn); pushl $T0; popl %es
main:
    SETDESC T0, data, 0xff, 0x92, 0x4    /* 256 bytes */
    SETDESC T1, data, 0xff, 0x90, 0x4    /* read-only */
    SETDESC T2, data, 0xff, 0x98, 0x4    /* code, execute-only */
    SETDESC T3, data, 0xff, 0x9a, 0x4    /* code, readable */
    SETDESC T4, data, 0xff, 0x96, 0x4    /* expand-down: above 256 bytes */
    SETDESC T5, 0xfffff000, 0xfffff, 0x92, 0xc /* 4 GiB that begin at the last page */
    movl $T0, %eax
    movl %eax, %es                    /* not flat from here on */
    /* limits */
    movl %eax, %gs
    movl $3, %ebp
1:  movl $0xfc, %ebx
    movl %gs:(%ebx), %ecx
    CHECK(%ecx, $0x44332211)
    REFUSED(GP, 0, movl %gs:1(%ebx), %ecx)
    REFUSED(GP, 0, movl %ecx, %gs:1(%ebx))
    REFUSED(GP, 0, movw %gs:3(%ebx), %cx)
    REFUSED(GP, 0, movb %gs:4(%ebx), %cl)
    movb %gs:3(%ebx), %cl
    CHECKB(%cl, $0x44)
    REFUSED(GP, 0, lock incl %gs:1(%ebx))
    REFUSED(GP, 0, fldl %gs:-3(%ebx))
    fldl %gs:-4(%ebx)
    fstp %st(0)
    REFUSED(GP, 0, cmpxchg8b %gs:-3(%ebx))
    REFUSED(GP, 0, btl $1, %gs:1(%ebx))
    REFUSED(GP, 0, pushl %gs:1(%ebx))
    REFUSED(GP, 0, popl %gs:1(%ebx))
    REFUSED(GP, 0, call *%gs:1(%ebx))
    REFUSED(GP, 0, movl %es:1(%ebx), %ecx)
    REFUSED(GP, 0, movl %gs:-0x100(%ebx), %ecx) /* offset -4 */
    movl $-1, %ebx
    REFUSED(GP, 0, movl %gs:(%ebx), %ecx)
    movl $-2, %ebx
    REFUSED(GP, 0, movl %gs:(%ebx), %ecx)
    movl $0x80000000, %ebx
    REFUSED(GP, 0, movl %gs:(%ebx), %ecx)
    CHECK(data + 0xfc, $0x44332211)
    CHECK(data + 0x100, $0x99999999)
    decl %ebp
    jnz 1b
    /* one site by turns */
    movl $8, %ebp
    xorl %edi, %edi
2:  movl $0xfc, %ebx
    testl $1, %ebp
    jz 3f
    incl %ebx
3:  TRY 4f
    movl %gs:(%ebx), %ecx
    incl %edi
4:  pushl $T0
    popl %es
    decl %ebp
    jnz 2b
    CHECK(%edi, $4)
    /* the limit changes under the site */
    movl $3, %ebp
5:  SETDESC T0, data, 0xfe, 0x92, 0x4
    movl $T0, %eax
    movl %eax, %gs
    movl $0xfc, %ebx
    movw %gs:1(%ebx), %cx
    REFUSED(GP, 0, movl %gs:(%ebx), %ecx)
    SETDESC T0, data, 0xff, 0x92, 0x4
    movl $T0, %eax
    movl %eax, %gs
    movl %gs:(%ebx), %ecx
    CHECK(%ecx, $0x44332211)
    decl %ebp
    jnz 5b
    /* limit 0: one byte */
    SETDESC T0, data, 0, 0x92, 0x4
    movl %eax, %gs
    movb %gs:0, %cl
    REFUSED(GP, 0, movb %gs:1, %cl)
    REFUSED(GP, 0, movw %gs:0, %cx)
    SETDESC T0, data, 0xff, 0x92, 0x4
    /* types */
    movl $T1, %eax
    movl %eax, %gs
    movl $0xfc, %ebx
    movl %gs:(%ebx), %ecx
    CHECK(%ecx, $0x44332211)
    REFUSED(GP, 0, movl %ecx, %gs:(%ebx))
    REFUSED(GP, 0, incl %gs:(%ebx))
    REFUSED(GP, 0, xchgl %ecx, %gs:(%ebx))
    REFUSED(GP, 0, popl %gs:(%ebx))
    cmpl %ecx, %gs:(%ebx)
    ASSERT(e)
    movl $T3, %eax
    movl %eax, %gs
    movl %gs:(%ebx), %ecx
    CHECK(%ecx, $0x44332211)
    REFUSED(GP, 0, movl %ecx, %gs:(%ebx))
    REFUSED(GP, 0, movl %gs:1(%ebx), %ecx)
    movl main, %edx
    CHECK(%cs:main, %edx)
    REFUSED(GP, 0, movl %edx, %cs:main)
    REFUSED(GP, 0, andl %edx, %cs:main)
    xorl %eax, %eax
    movl %eax, %gs
    REFUSED(GP, 0, movl %gs:(%ebx), %ecx)
    REFUSED(GP, 0, movb %gs:0, %cl)
    REFUSED(GP, 0, movb %cl, %gs:0)
    /* expand-down */
    movl $T4, %eax
    movl %eax, %gs
    REFUSED(GP, 0, movl %gs:(%ebx), %ecx)
    REFUSED(GP, 0, movl %gs:3(%ebx), %ecx)
    movl %gs:4(%ebx), %ecx
    CHECK(%ecx, $0x99999999)
    movl $-4, %ebx
    movl %gs:0x108(%ebx), %ecx
    /* base + offset wraps at 4 GiB */
    movl $T5, %eax
    movl %eax, %gs
    movl $data + 0x1000 + 0xfc, %ebx
    movl %gs:(%ebx), %ecx
    CHECK(%ecx, $0x44332211)
    movl $0x55667788, %gs:(%ebx)
    CHECK(data + 0xfc, $0x55667788)
    pushl %gs:(%ebx)
    popl %ecx
    CHECK(%ecx, $0x55667788)
    /* 16-bit addresses in 32-bit code */
    SETDESC T6, data-0x80, 0x17f, 0x92, 0x4
    movl $T6, %eax
    movl %eax, %gs
    movl $0xffffffff, %ebx
    movl $0xffff017d, %esi
    .byte 0x65, 0x67, 0x8b, 0x08      /* movl %gs:(%bx,%si), %ecx: offset 17C */
    CHECK(%ecx, $0x55667788)
    incl %esi
    .byte 0x65, 0x67, 0x8a, 0x08      /* movb: 17D */
    CHECKB(%cl, $0x77)
    REFUSED(GP, 0, addr16 movl %gs:(%bx,%si), %ecx)
    /* high bytes, carry through, flags untouched */
    movl $T0, %eax
    movl %eax, %gs
    movl $0x1200, %ecx
    movl $0xfc, %ebx
    stc
    adcb %gs:(%ebx), %ch              /* 12 + 88 + 1 */
    CHECK(%ecx, $0x9b00)
    SETF (ARITH | 2)
    movl %gs:(%ebx), %edx
    pushl %edx
    popl %edx
    call 6f
6:  addl $0, %ecx
    SETF (ARITH | 2)
    movl %edx, %gs:(%ebx)
    leal 4(%esp), %esp
    CHECKF(ARITH, ARITH)
    PASS
    .data
    .balign 4096
    .fill 0x100, 1, 0x77
data: .fill 0xfc, 1, 0x88
    .long 0x44332211
    .fill 0x200, 1, 0x99

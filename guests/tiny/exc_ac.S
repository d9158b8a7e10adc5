/* #AC(0): misaligned data access at CPL 3 with CR0.AM and EFLAGS.AC; not at CPL 0, not with
 * either off; word, dword, qword, x87, stack; the access does not happen. */
#include "lib.inc"
main:
    movl $0x11223344, mem
    movl $0x55667788, mem + 4
    movl $mem, %ebx
    CR0_SET CR0_AM
    movl $F_AC | 2, user_eflags
    USER(AC, 0, movl 1(%ebx), %eax)
    USER(AC, 0, movl 2(%ebx), %eax)
    USER(AC, 0, movw 1(%ebx), %ax)
    USER(AC, 0, movl %eax, 3(%ebx))
    USER(AC, 0, movw %ax, 3(%ebx))
    USER(AC, 0, incl 1(%ebx))
    USER(AC, 0, pushl 1(%ebx))
    USER(AC, 0, fldl 2(%ebx))
    USER(AC, 0, fldl 4(%ebx))
    USER(AC, 0, flds 2(%ebx))
    USER(AC, 0, fildl 1(%ebx))
    USER(AC, 0, cmpl %eax, 1(%ebx))
    leal 1(%ebx), %esi
    leal 16(%ebx), %edi
    USER(AC, 0, movsl)
    USER(AC, 0, lodsw)
    movl $3, %ecx
    USER(AC, 0, rep movsl)
    CHECK(%ecx, $3)
    CHECK(mem, $0x11223344)
    CHECK(mem+4, $0x55667788)
    CHECK(exc_cs, $UCS)
    /* stack */
    TRY 2f
    TO_USER 1f
1:  subl $2, %esp
3:  pushl %eax
2:  CHECK(exc_vec, $AC)
    CHECK(exc_eip, $3b)
    CHECK(exc_esp, $user_stack_top - 2)
    /* bytes, and aligned ones, are fine */
    USER_OK(movb 1(%ebx), %al; movw 2(%ebx), %ax; movl 4(%ebx), %eax; fldl 8(%ebx))
    fninit
    /* AC=0 */
    movl $2, user_eflags
    USER_OK(movl 1(%ebx), %eax)
    CHECK(%eax, $0x88112233)
    /* AM=0 */
    movl $F_AC | 2, user_eflags
    CR0_CLEAR CR0_AM
    USER_OK(movl 1(%ebx), %eax)
    CR0_SET CR0_AM
    /* CPL 0 */
    SETF (F_AC | 2)
    movl 1(%ebx), %eax
    CHECK(%eax, $0x88112233)
    SETF 2
    /* a user's instruction at an odd address is no data access */
    USER_OK(nop; movl $1, %eax; nop; jmp 9f; nop; 9:)
    /* #PF before #AC? the order is not defined; the misaligned one on a present page only */
    PASS
    .data
    .balign 16
mem: .fill 64, 1, 0

/* Indirect calls and jumps with one, few and many targets, by turns and at random: registers and
 * flags get through, the right target is reached, whatever is known of the ones before; then a
 * target that is new, one whose page is missing, another frame, other bytes; the table changes. */
#include "lib.inc"
#define P 0x400000
#define Q 0x402000

/* n times: target number %esi from %ebp (bits at random), flags and registers around it */
.macro round count, mask
    movl $\count, %edi
10: imull $1103515245, seed, %esi
    addl $12345, %esi
    movl %esi, seed
    shrl $16, %esi
    andl $\mask, %esi
    movl $0xc0ffee00, %ecx
    leal (%ecx,%esi), %edx
    movl table(,%esi,4), %ebx
    pushl %esi
    pushl $0x8d5 | 2
    popfl
    call *table(,%esi,4)              /* by memory */
    pushfl
    popl flags
    CHECKW(flags, $0x8d7)
    CHECK(%eax, %esi)
    CHECK(%ecx, $0xc0ffee00)
    pushl $2
    popfl
    call *%ebx                        /* by register */
    pushfl
    popl flags
    CHECKW(flags, $2)
    CHECK(%eax, %esi)
    CHECK(%ecx, $0xc0ffee00)
    popl %eax
    CHECK(%eax, %esi)
    movl jumps(,%esi,4), %ebx
    stc
    jmp *jumps(,%esi,4)
11: ASSERT(c)
    CHECK(%eax, %esi)
    CHECK(%ecx, $0xc0ffee00)
    movl $12f, back
    clc
    jmp *%ebx
12: ASSERT(nc)
    CHECK(%eax, %esi)
    leal (%ecx,%esi), %eax
    CHECK(%edx, %eax)
    movl $11b, back
    decl %edi
    jnz 10b
.endm

main:
    call paging_on
    cld
    movl %esp, stack
    movl $far_code, %esi
    movl $P, %edi
    movl $far_code_end - far_code, %ecx
    rep movsb
    movl $far_code, %esi
    movl $Q, %edi
    movl $far_code_end - far_code, %ecx
    rep movsb
    movl $0x77, Q + far_constant - far_code
    movl $11f, back
    round 100, 0
    movl $11f, back
    round 400, 3
    movl $11f, back
    round 200, 7                      /* four that are not known */
    CHECK(%esp, stack)

    /* one site, seven hundred times, then what is not as it was */
    movl $700, %edi
1:  movl %edi, %esi
    andl $3, %esi
    call one_site
    CHECK(%eax, %esi)
    decl %edi
    jnz 1b
    movl $6, %esi                     /* never gone to from there */
    call one_site
    CHECK(%eax, $6)
    /* the page of target 3 is missing */
    movl $0, PTE(P)
    invlpg P
    movl $3, %esi
    TRY 2f
    call one_site
    FAIL
2:  CHECK(exc_vec, $PF)
    CHECK(exc_eip, $P)
    CHECK(exc_cr2, $P)
    movl stack, %eax
    subl $8, %eax
    CHECK(exc_esp, %eax)              /* both calls are done */
    CHECK((%eax), $site_back)
    movl stack, %esp
    movl $2, %esi
    call one_site
    CHECK(%eax, $2)
    /* another frame */
    movl $Q | 7, PTE(P)
    invlpg P
    movl $3, %esi
    call one_site
    CHECK(%eax, $0x77)
    movl $P | 7, PTE(P)
    invlpg P
    call one_site
    CHECK(%eax, $3)
    movl $Q | 7, PTE(P)
    movl $PD, %eax                    /* the same by CR3 */
    movl %eax, %cr3
    call one_site
    CHECK(%eax, $0x77)
    /* other bytes there, then in a target on the site's own page */
    movl $0x78, Q + far_constant - far_code
    call one_site
    CHECK(%eax, $0x78)
    movl $1, %esi
    movl $0x11, near_1 + 1
    call one_site
    CHECK(%eax, $0x11)
    movl $1, near_1 + 1
    call one_site
    CHECK(%eax, $1)
    /* another table */
    movl $near_2, table + 4
    call one_site
    CHECK(%eax, $2)
    /* the caller changes itself: what it calls is in another register */
    movl $500, %edi
3:  movl %edi, %esi
    andl $3, %esi
    movl table(,%esi,4), %eax
    movl table + 8, %edx
    call own_site
    CHECK(%eax, own_wants)
    movl $2, own_wants
    cmpl $100, %edi
    ja 4f
    movb $0xd0, own_site + 1          /* call *%eax: what it was is call *%edx */
    leal -1(%edi), %ecx
    andl $3, %ecx
    movl table(,%ecx,4), %ebx
    movl 1(%ebx), %ebx                /* its constant */
    movl %ebx, own_wants
4:  decl %edi
    jnz 3b
    CHECK(%esp, stack)
    PASS

one_site:
    movl $0xecececec, %ecx
    call *table(,%esi,4)
site_back:
    CHECK(%ecx, $0xecececec)
    ret
own_site:
    call *%edx
    ret

near_0:
    movl $0, %eax
    ret
near_1:
    movl $1, %eax
    ret
near_2:
    movl $2, %eax
    ret
near_4:
    movl $4, %eax
    ret
near_5:
    movl $5, %eax
    ret
near_6:
    movl $6, %eax
    ret
near_7:
    movl $7, %eax
    ret
jump_0:
    movl $0, %eax
    jmp *back
jump_1:
    movl $1, %eax
    jmp *back
jump_2:
    movl $2, %eax
    jmp *back
jump_3:
    movl $3, %eax
    jmp *back
jump_4:
    movl $4, %eax
    jmp *back
jump_5:
    movl $5, %eax
    jmp *back
jump_6:
    movl $6, %eax
    jmp *back
jump_7:
    movl $7, %eax
    jmp *back

far_code:                             /* at P, and at Q with another constant */
    .byte 0xb8
far_constant:
    .long 3
    ret
far_code_end:
    .data
seed: .long 7
flags: .long 0
back: .long 0
stack: .long 0
own_wants: .long 2
table: .long near_0, near_1, near_2, P, near_4, near_5, near_6, near_7
jumps: .long jump_0, jump_1, jump_2, jump_3, jump_4, jump_5, jump_6, jump_7

/* move_code.S - the same frames of user code at one linear address after another, as a program's libraries are each
 * time it is executed: what code says of where it is (return addresses, EIP of faults, targets) must be
 * that of the address it runs at; first with the old mapping gone, then with both there in turn. */
#include "lib.inc"
#define LIN 0x08000000
#define PD2 (FRAMES + 0x2000)
#define PTB (FRAMES + 0x3000)
#define PAGES(n) (LIN + (n) * 0x1000)
#define CALL_BACK 0x20           /* offset of the code that the indirect call goes to */

/* where code0 is now, is in %ebp */
.macro MAP_AT
    movl %ebp, %eax
    subl $LIN, %eax
    shrl $10, %eax
    movl $(code0 + 7), PTA(%eax)
    movl $(code0 + 0x1007), PTA + 4(%eax)
.endm
.macro UNMAP_AT
    movl %ebp, %eax
    subl $LIN, %eax
    shrl $10, %eax
    movl $0, PTA(%eax)
    movl $0, PTA + 4(%eax)
.endm
#define AT(label) leal label - code0(%ebp), %eax
.macro RUN
    TRY 9f
    pushl $UDS
    popl %ds
    pushl $UDS
    popl %es
    pushl $UDS
    pushl $user_stack_top
    pushl user_eflags
    pushl $UCS
    pushl %ebp
    iret
9:  CHECK(exc_vec, $UD)
    AT(end)
    CHECK(exc_eip, %eax)
    AT(behind_next)
    CHECK(exc_edx, %eax)
    AT(behind_thunk)
    CHECK(exc_ebx, %eax)
    AT(behind_far)
    CHECK(exc_ecx, %eax)
    AT(behind_indirect)
    CHECK(exc_edi, %eax)
    CHECK(exc_eax, $0x12345678)
.endm

main:
    call paging_on
    movl $PTA | 7, PD + (LIN >> 20)
    /* elsewhere each time, three times there */
    movl $PAGES(16), %ebp
1:  MAP_AT
    FLUSH
    RUN
    RUN
    RUN
    UNMAP_AT
    FLUSH
    addl $0x3000, %ebp
    cmpl $PAGES(16 + 3 * 40), %ebp
    jb 1b
    /* back to where it was before, without a gap: one page further, and by INVLPG */
    movl $PAGES(100), %ebp
    MAP_AT
    RUN
    UNMAP_AT
    invlpg PAGES(100)
    invlpg PAGES(101)
    movl $PAGES(101), %ebp
    MAP_AT
    invlpg PAGES(101)
    invlpg PAGES(102)
    RUN
    UNMAP_AT
    FLUSH
    /* both at once */
    movl $PAGES(200), %ebp
    MAP_AT
    movl $PAGES(220), %ebp
    MAP_AT
    FLUSH
    movl $10, count
2:  movl $PAGES(200), %ebp
    RUN
    movl $PAGES(220), %ebp
    RUN
    decl count
    jnz 2b
    /* one of them goes, another one comes */
    movl $PAGES(200), %ebp
    UNMAP_AT
    movl $PAGES(240), %ebp
    MAP_AT
    FLUSH
    RUN
    movl $PAGES(220), %ebp
    RUN
    movl $PAGES(240), %ebp
    RUN
    /* another space has it at two places while this one, which is not current, has it at none; what it knew of the
     * code must be gone although its page table is what it was when it comes back */
    movl $PAGES(220), %ebp
    UNMAP_AT
    FLUSH
    cld
    movl $PD, %esi
    movl $PD2, %edi
    movl $1024, %ecx
    rep movsl
    xorl %eax, %eax
    movl $1024, %ecx
    rep stosl                       /* PTB is behind PD2 */
    movl $PTB | 7, PD2 + (LIN >> 20)
    movl $(code0 + 7), PTB + 4 * 60
    movl $(code0 + 0x1007), PTB + 4 * 61
    movl $(code0 + 7), PTB + 4 * 70
    movl $(code0 + 0x1007), PTB + 4 * 71
    movl $PAGES(240), %ebp
    RUN
    movl PTA + 4 * 240, %esi
    movl PTA + 4 * 241, %edi
    movl $PD2, %eax
    movl %eax, %cr3
    UNMAP_AT
    movl %esi, kept
    movl %edi, kept + 4
    movl $PAGES(60), %ebp
    RUN
    movl $PAGES(70), %ebp
    RUN
    movl $PAGES(240), %ebp
    movl kept, %eax
    movl %eax, PTA + 4 * 240
    movl kept + 4, %eax
    movl %eax, PTA + 4 * 241
    movl $PD, %eax
    movl %eax, %cr3
    RUN
    /* the first page at its old place, its second one is another frame: the instruction on both has other bytes */
    movl $code0 + 0x1000, %esi
    movl $FRAMES, %edi
    movl $1024, %ecx
    rep movsl
    movb $0x99, FRAMES              /* 0x12345678's upper bytes */
    movl $FRAMES | 7, PTA + 4 * 241
    FLUSH
    TRY 3f
    pushl $UDS
    pushl $user_stack_top
    pushl user_eflags
    pushl $UCS
    pushl %ebp
    iret
3:  CHECK(exc_vec, $UD)
    CHECK(exc_eax, $0x12995678)
    PASS

    .data
count: .long 0
kept: .long 0, 0
    .text
    .balign 4096
code0:
    jmp 1f
    .org code0 + CALL_BACK
    movl (%esp), %edi               /* called by register */
    ret
1:  call 2f
behind_next:
2:  popl %edx
    call thunk
behind_thunk:
    call far
behind_far:
    leal CALL_BACK - (behind_thunk - code0)(%ebx), %eax
    call *%eax
behind_indirect:
    jmp other_page
thunk:
    movl (%esp), %ebx
    ret
    .org code0 + 4096 - 3
crosses:
    movl $0x12345678, %eax          /* B8 78 56 | 34 12 */
code1:
    jmp last
other_page:
    testl %esp, %esp
    jnz crosses                     /* and back */
    ud2
far:
    movl (%esp), %ecx
    ret
last:
end:
    ud2
    .balign 4096

/* ring_ways.S - INT and IRET that have gone the same way many times, and then something of it changes: the gate, its type
 * and DPL, the descriptors of the handler's CS and of SS0, ESP0, IDTR, GDTR, TR, CR0.WP, the pages of IDT and GDT,
 * the descriptors that IRET returns to, the flags in its frame. The next one must see it at once. */
#include "lib.inc"

#define VEC 0x90
#define WARM 12
#define TABLES FRAMES            /* two pages: an IDT and a GDT that end in the second */
#define NEW_IDT (TABLES+0x1000-8*VEC)
#define NEW_GDT (TABLES+0x3000-T7)
#define TSS_B (TABLES + 0x5000)
#define READ_ONLY (TABLES + 0x6000)
#define STACK_B (TABLES + 0x8000)

.macro WARM_UP
    movl $WARM, %ebp
1:  USER_OK(int $VEC)
    int $VEC
    decl %ebp
    jnz 1b
.endm
.macro COPY from, to, n_bytes
    movl $(\from), %esi
    movl $(\to), %edi
    movl $((\n_bytes) / 4), %ecx
    rep movsl
.endm
.macro SEEN id
    movl $0, seen
    USER_OK(int $VEC)
    CHECK(seen, $\id)
    movl $0, seen
    int $VEC
    CHECK(seen, $\id)
.endm

main:
    call paging_on
    movl $0x202, user_eflags
    SETGATE VEC, first, 0xee
    WARM_UP
    SEEN 1
    CHECK(seen_if, $0)
    CHECK(seen_cs, $KCS)

    /* the gate: another handler, a trap gate, DPL 0, not present, another CS */
    SETGATE VEC, second, 0xee
    SEEN 2
    WARM_UP
    SETGATE VEC, first, 0xef
    USER_OK(int $VEC)
    CHECK(seen_if, $F_IF)
    WARM_UP
    SETGATE VEC, first, 0x8e
    USER(GP, VEC * 8 + 2, int $VEC)
    movl $0, seen
    int $VEC
    CHECK(seen, $1)
    SETGATE VEC, first, 0xee
    WARM_UP
    SETGATE VEC, first, 0x6e
    USER(NP, VEC * 8 + 2, int $VEC)
    FAULTS(NP, VEC * 8 + 2, int $VEC)
    SETDESC T0, 0, 0xfffff, 0x9b, 0xc
    SETGATE VEC, first, 0xee, T0
    SEEN 1
    CHECK(seen_cs, $T0)
    WARM_UP
    CHECK(seen_cs, $T0)

    /* the descriptor of the handler's CS: not present, data, then as it was, with the accessed bit clear */
    SETDESC T0, 0, 0xfffff, 0x1b, 0xc
    USER(NP, T0, int $VEC)
    FAULTS(NP, T0, int $VEC)
    SETDESC T0, 0, 0xfffff, 0x93, 0xc
    USER(GP, T0, int $VEC)
    SETDESC T0, 0, 0xfffff, 0x9a, 0xc
    SEEN 1
    movb lib_gdt + T0 + 5, %al
    CHECKB(%al, $0x9b)
    WARM_UP
    /* with a limit: EIP beyond it is #GP(0) */
    SETDESC T0, 0, 0x0ffff, 0x9b, 0x4
    USER(GP, 0, int $VEC)
    SETGATE VEC, first, 0xee
    WARM_UP

    /* SS0 and ESP0 */
    SETDESC T1, 0, 0xfffff, 0x93, 0xc
    movl $STACK_B, lib_tss + 4
    USER_OK(int $VEC)
    CHECK(seen_esp, $(STACK_B - 20))
    CHECK(seen_ss, $KDS)
    movw $T1, lib_tss + 8
    USER_OK(int $VEC)
    CHECK(seen_ss, $T1)
    WARM_UP
    CHECK(seen_ss, $KDS) /* of the INT in ring 0 */
    movw $KDS, lib_tss + 8
    movl $lib_kstack_top, lib_tss + 4
    USER_OK(int $VEC)
    CHECK(seen_esp, $(lib_kstack_top - 20))
    WARM_UP

    /* TR: another TSS; IDTR: another table; GDTR too */
    movl $STACK_B, TSS_B + 4
    movl $KDS, TSS_B + 8
    SETDESC T2, TSS_B, 0x67, 0x89, 0
    movl $T2, %eax
    ltr %ax
    USER_OK(int $VEC)
    CHECK(seen_esp, $(STACK_B - 20))
    andb $0xfd, lib_gdt + TSS_SEL + 5
    movl $TSS_SEL, %eax
    ltr %ax
    USER_OK(int $VEC)
    CHECK(seen_esp, $(lib_kstack_top - 20))
    WARM_UP
    COPY lib_idt, NEW_IDT, (8*(VEC+1))
    movl $second, %eax
    movw %ax, NEW_IDT + 8 * VEC
    lidt idtr_new
    SEEN 2
    WARM_UP

    /* the page of the gate goes and comes: #PF of a supervisor's read, at INT, which runs again then */
    movl $WARM, %ebp
2:  movl $hook, exc_hook
    andl $~PTE_P, PTE(TABLES + 0x1000)
    invlpg TABLES + 0x1000
    movl $0, seen
    USER_OK(int $VEC)
    CHECK(seen, $2)
    CHECK(hook_cr2, $(TABLES + 0x1000))
    CHECK(hook_err, $0)
    movl $0, hook_cr2
    USER_OK(int $VEC)
    CHECK(hook_cr2, $0)
    decl %ebp
    jnz 2b
    movl $0, exc_hook
    lidt lib_idtr_
    SEEN 1
    COPY lib_gdt, NEW_GDT, GDT_BYTES
    lgdt gdtr_new
    SETGATE VEC, first, 0xee, T7
    movl $0x0000ffff, NEW_GDT + T7
    movl $0x00cf9b00, NEW_GDT + T7 + 4
    SEEN 1
    CHECK(seen_cs, $T7)
    WARM_UP
    movl $hook, exc_hook
    andl $~PTE_P, PTE(TABLES + 0x3000)
    invlpg TABLES + 0x3000
    movl $0, seen
    USER_OK(int $VEC)
    CHECK(seen, $1)
    CHECK(hook_cr2, $(TABLES + 0x3000))
    CHECK(hook_err, $0)
    movl $0, exc_hook
    movl $0x00cf1b00, NEW_GDT + T7 + 4
    USER(NP, T7, int $VEC)
    SETGATE VEC, first, 0xee
    WARM_UP
    lgdt lib_gdtr
    SEEN 1

    /* CR0.WP: a store of ring 0 to a read-only page, from a handler */
    SETGATE VEC, storing, 0xee
    andl $~PTE_W, PTE(READ_ONLY)
    invlpg READ_ONLY
    movl $WARM, %ebp
3:  movl %cr0, %eax
    andl $~CR0_WP, %eax
    movl %eax, %cr0
    movl $0, READ_ONLY
    USER_OK(int $VEC)
    CHECK(READ_ONLY, $0x77)
    movl %cr0, %eax
    orl $CR0_WP, %eax
    movl %eax, %cr0
    TRY 4f
    TO_USER 5f
5:  int $VEC
    ud2
4:  CHECK(exc_vec, $PF)
    CHECK(exc_err, $(1 | 2))
    CHECK(exc_cs, $KCS)
    decl %ebp
    jnz 3b
    SETGATE VEC, first, 0xee
    WARM_UP

    /* IRET: the descriptors it returns to */
    SETDESC (UCS & ~3), 0, 0xfffff, 0x7b, 0xc
    call iret_faults
    CHECK(exc_vec, $NP)
    CHECK(exc_err, $(UCS & ~3))
    SETDESC (UCS & ~3), 0, 0xfffff, 0xfb, 0xc
    WARM_UP
    SETDESC (UDS & ~3), 0, 0xfffff, 0xf1, 0xc
    call iret_faults
    CHECK(exc_vec, $GP)
    CHECK(exc_err, $(UDS & ~3))
    SETDESC (UDS & ~3), 0, 0xfffff, 0xf3, 0xc
    WARM_UP
    SETDESC (UDS & ~3), 0, 0xfffff, 0x73, 0xc
    call iret_faults
    CHECK(exc_vec, $SS)
    CHECK(exc_err, $(UDS & ~3))
    SETDESC (UDS & ~3), 0, 0xfffff, 0xf3, 0xc
    WARM_UP
    SETDESC (UCS & ~3), 0, 0xfffff, 0xfa, 0xc
    WARM_UP
    movb lib_gdt + UCS - 3 + 5, %al
    CHECKB(%al, $0xfb)

    /* another SS of the same kind */
    SETDESC T3, 0, 0xfffff, 0xf3, 0xc
    TRY 10f
    movl $UDS, %eax
    movl %eax, %ds
    movl %eax, %es
    pushl $(T3 + 3)
    pushl $user_stack_top
    pushl $2
    pushl $UCS
    pushl $after_nop
    iret
10: CHECK(exc_vec, $SYS)
    CHECK(exc_ss, $(T3 + 3))
    WARM_UP
    /* a gate of ring 0 that exceptions of ring 3 have used is none for its INT n */
    SETGATE UD, skip_2, 0x8e
    movl $WARM, %ebp
11: USER_OK(ud2)
    decl %ebp
    jnz 11b
    USER(GP, UD * 8 + 2, int $UD)

    /* the flags of its frame, each after many plain ones: TF traps behind one instruction, NT of the frame does
     * nothing, NT of the flags makes it a task return, RF and AC and IOPL come through */
    TRY 6f
    movl $(F_TF | 2), %eax
    jmp to_user_with
6:  CHECK(exc_vec, $DB)
    CHECK(exc_eip, $after_nop)
    CHECK(exc_cs, $UCS)
    WARM_UP
    movl $images, %esi
7:  TRY 8f
    movl (%esi), %eax
    jmp to_user_with
8:  CHECK(exc_vec, $SYS)
    movl (%esi), %eax
    orl $2, %eax
    andl $0x247ed7, %eax /* ID AC NT IOPL OF DF IF SF ZF AF PF CF */
    movl exc_eflags, %ebx
    andl $0x257ed7, %ebx
    CHECK(%ebx, %eax)
    addl $4, %esi
    cmpl $images_end, %esi
    jb 7b
    WARM_UP
    pushl $(F_NT | 2)
    popfl
    movw $0, lib_tss /* link: null */
    FAULTS(TS, 0, iret)
    SETF 2
    WARM_UP

    /* data segments of ring 0 do not get to ring 3, user ones and null do */
    movl $KDS, %eax
    movl %eax, %fs
    xorl %eax, %eax
    movl %eax, %gs
    USER_OK(movl %fs, %eax; movl %gs, %ebx; movl %ds, %ecx)
    CHECK(%eax, $0)
    CHECK(%ebx, $0)
    CHECK(%ecx, $UDS)
    movl $3, %eax
    movl %eax, %gs
    movl $UDS, %eax
    movl %eax, %fs
    USER_OK(movl %fs, %eax; movl %gs, %ebx)
    CHECK(%eax, $UDS)
    CHECK(%ebx, $0) /* null without its RPL */
    SEEN 1
    PASS

/* A return to ring 3 that must fail at IRET, with nothing gone. */
iret_faults:
    popl %edi
    TRY 9f
    pushl $UDS
    pushl $user_stack_top
    pushl $2
    pushl $UCS
    pushl $after_nop
the_iret:
    iret
9:  CHECK(exc_eip, $the_iret)
    CHECK(exc_cs, $KCS)
    jmp *%edi

/* eax: EFLAGS */
to_user_with:
    movl $UDS, %edx
    movl %edx, %ds
    movl %edx, %es
    pushl $UDS
    pushl $user_stack_top
    pushl %eax
    pushl $UCS
    pushl $1f
    iret
1:  nop
after_nop:
    int $SYS
    ud2

first:
    movl $1, seen
    jmp note
second:
    movl $2, seen
note:
    pushfl
    andl $F_IF, (%esp)
    popl seen_if
    movw %cs, seen_cs
    movw %ss, seen_ss
    movl %esp, seen_esp
    iret
skip_2:
    addl $2, (%esp)
    iret
storing:
    movl $0x77, READ_ONLY
    iret
hook: /* the only fault: the page that was taken away */
    cmpl $SYS, FR_VEC(%ebp)
    je 1f
    movl FR_ERR(%ebp), %eax
    movl %eax, hook_err
    movl exc_cr2, %eax
    movl %eax, hook_cr2
    shrl $12, %eax
    orl $PTE_P, PT0(,%eax,4)
    ret
1:  movl exc_ebp, %ebp
    movl exc_resume_esp, %esp
    jmp *exc_resume

    .data
    .balign 4
seen: .long 0
seen_if: .long 0
seen_cs: .long 0
seen_ss: .long 0
seen_esp: .long 0
hook_cr2: .long 0
hook_err: .long 0
images:
    .long 0x2, 0x202, 0x8d5, 0x4002, 0x3202, 0x2, 0x40002, 0x240202, 0x402, 0x2, 0x247ed7, 0x2
images_end:
idtr_new:
    .word 8 * (VEC + 1) - 1
    .long NEW_IDT
lib_idtr_:
    .word 0x7ff
    .long lib_idt
gdtr_new:
    .word GDT_BYTES - 1
    .long NEW_GDT

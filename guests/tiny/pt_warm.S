/* pt_warm.S - INT and IRET find their descriptors and stacks through pages they have used many times; what the
 * guest does to those pages in between must hold for the next one: other frames, no frame, code on them. */
#include "lib.inc"

#define VEC 0x90
#define COPY FRAMES              /* another frame for a page of ours */
#define STACK (FRAMES + 0x1000)  /* a kernel stack that code shares a page with */
#define WARM 20

.macro SWAP page
    movl $(\page), %esi
    movl $COPY, %edi
    movl $1024, %ecx
    rep movsl
    movl $(\page), %eax
    shrl $12, %eax
    movl $(COPY | 7), PT0(,%eax,4)
.endm
.macro SWAP_BACK page
    movl $(\page), %eax
    shrl $12, %eax
    movl %eax, %ecx
    shll $12, %ecx
    orl $7, %ecx
    movl %ecx, PT0(,%eax,4)
    invlpg \page
.endm
.macro USE_IT
    movl $WARM, %ebp
1:  USER_OK(int $VEC)
    decl %ebp
    jnz 1b
.endm

main:
    call paging_on
    SETGATE VEC, first, 0xee

    /* the IDT's page, and the TSS's with it */
    USE_IT
    CHECK(%ebx, $1)
    SWAP lib_idt
    movl $second, %eax
    movw %ax, COPY + 8 * VEC
    movl $(STACK + 0x800), COPY + lib_tss - lib_idt + 4
    USER_OK(int $VEC)               /* may go either way: the TLB has the old page */
    invlpg lib_idt
    USER_OK(int $VEC)
    CHECK(%ebx, $2)
    CHECK(%edx, $(STACK + 0x800 - 20))
    SWAP_BACK lib_idt
    USER_OK(int $VEC)
    CHECK(%ebx, $1)
    CHECK(%edx, $(lib_kstack_top - 20))

    /* the kernel stack's, by a CR3 load */
    USE_IT
    movl $0x11111111, lib_kstack_top - 20
    SWAP (lib_kstack_top-4096)
    FLUSH
    USER_OK(int $VEC)
    CHECK(COPY + 4096 - 16, $UCS)
    CHECK(COPY + 4096 - 4, $UDS)
    SWAP_BACK (lib_kstack_top-4096)
    CHECK(lib_kstack_top - 20, $0x11111111)

    /* a descriptor whose page goes: GDT at the end of a page, limit beyond it */
    movl $lib_gdt, %esi
    movl $(FRAMES + 0x4000 - GDT_BYTES), %edi
    movl $(GDT_BYTES / 4), %ecx
    rep movsl
    movl $0x0000ffff, FRAMES + 0x4000
    movl $0x00cf9300, FRAMES + 0x4004
    movl $(FRAMES + 0x4000 - GDT_BYTES), gdtr + 2
    lgdt gdtr
    movl $GDT_BYTES, %eax
    movl $WARM, %ecx
1:  movl %eax, %es
    decl %ecx
    jnz 1b
    andl $~PTE_P, PTE(FRAMES + 0x4000)
    invlpg FRAMES + 0x4000
    FAULTS(PF, 0, movl %eax, %es)
    CHECK(exc_cr2, $(FRAMES + 0x4000))
    orl $PTE_P, PTE(FRAMES + 0x4000)
    movl %eax, %es
    lgdt lib_gdtr

    /* code on the stack's page: scanned, so that the page may not be written unseen */
    movl $0xc3000000, STACK + 0x104
    movl $0x000007b8, STACK + 0x100 /* mov $7, %eax; ret */
    movb $0xc3, STACK + 0x105
    movl $(STACK + 0x800), lib_tss + 4
    USE_IT
    movl $(STACK + 0x100), %eax
    call *%eax
    CHECK(%eax, $7)
    movl $0, STACK + 0x800 - 16
    USE_IT
    CHECK(STACK + 0x800 - 16, $UCS)
    movl $(STACK + 0x100 + 24), lib_tss + 4 /* the frame overwrites what has run: SS, ESP, ... EIP at + 4 */
    USER_OK(int $VEC)
    CHECK(STACK + 0x100 + 8, $UCS)
    movl $0x000009b8, STACK + 0x100
    movb $0, STACK + 0x104
    movb $0xc3, STACK + 0x105
    movl $(STACK + 0x100), %eax
    call *%eax
    CHECK(%eax, $9)

    /* frames that cross a page, from the first and the last word on */
    movl $4, %ebp
2:  leal STACK + 0x2000(%ebp), %eax
    movl %eax, lib_tss + 4
    movl $WARM, %edi
3:  USER_OK(int $VEC)
    CHECK(%ebx, $1)
    leal STACK + 0x2000 - 20(%ebp), %eax
    CHECK(%edx, %eax) /* where the frame lies */
    CHECK(4(%eax), $UCS)
    CHECK(16(%eax), $UDS)
    decl %edi
    jnz 3b
    addl $4, %ebp
    cmpl $24, %ebp
    jb 2b

    /* POPF from a stack in use: all flags but TF, RF and VM are ring 0's to set, each time anew */
    movl $WARM, %ebp
4:  movl $images, %esi
5:  movl (%esi), %ebx
    pushl %ebx
    popfl
    pushfl
    popl %eax
    andl $0x247ed5, %ebx /* ID AC NT IOPL OF DF IF SF ZF AF PF CF */
    orl $2, %ebx
    SETF 2
    CHECK(%eax, %ebx)
    addl $4, %esi
    cmpl $images_end, %esi
    jb 5b
    decl %ebp
    jnz 4b
    /* and its page goes between two of them */
    movl %esp, %edi
    movl $(STACK + 0x3010), %esp
    movl $0x8d7, (%esp)
    movl $WARM, %ecx
6:  popfl
    subl $4, %esp
    decl %ecx
    jnz 6b
    movl $0x2, COPY + 0x10
    movl $(COPY | 7), PTE(STACK + 0x3000)
    invlpg STACK + 0x3000
    popfl
    pushfl
    movl %edi, %esp
    CHECK(COPY + 0x10, $2)
    PASS

first:
    movl $1, %ebx
    movl %esp, %edx
    iret
second:
    movl $2, %ebx
    movl %esp, %edx
    iret

    .data
    .balign 4
images: /* one flag more or less at a time, then all */
    .long 0x002, 0x203, 0x2, 0x202, 0x8d7, 0xad7, 0x402, 0x3202, 0x3002, 0x202, 0x4002, 0x4202, 0x2
    .long 0x200002, 0x200202, 0x202, 0x40002, 0x40202, 0x10202, 0x30002, 0x1a0002, 0x247ed7, 0x0
images_end:
gdtr:
    .word GDT_BYTES + 7
    .long 0

/* pf_enter - ENTER with locals writes nothing at the last ESP, yet faults unless it could (SDM vol. 2,
 * "ENTER": #PF; checked on the CPU): CR2, error code, and ESP, EBP as before. With and without
 * nesting level, 16- and 32-bit operands. And ARPL that changes nothing does not write. */
#include "lib.inc"
#define HOLE 0x301000               /* below it and above it RAM */
main:
    call paging_on
    movl $0, PTE(HOLE)
    invlpg HOLE
    movl %esp, keep
#define ENTERS(cr2, insn...) movl $0x302804, %esp; movl $0x302900, %ebp; \
    FAULTS(PF, 2, insn); \
    movl keep, %esp; CHECK(exc_cr2, $(cr2)); CHECK(exc_esp, $0x302804); CHECK(exc_ebp, $0x302900)
    ENTERS(HOLE + 0xfff, enter $0x801, $0)
    ENTERS(HOLE + 0xff0, enter $0x810, $0)
    ENTERS(HOLE, enter $0x1800, $0)
    ENTERS(HOLE + 0xff7, enter $0x801, $2)
    ENTERS(HOLE + 0xff7, enterw $0x80b, $0)
    /* just above and just below the hole */
    movl $0x302804, %esp
    enter $0x800, $0
    CHECK(%esp, $0x302000)
    CHECK(%ebp, $0x302800)
    movl $0x302804, %esp
    enter $0x1804, $0
    CHECK(%esp, $0x300ffc)
    CHECK(%ebp, $0x302800)
    movl keep, %esp
    /* read-only: not with CR0.WP, and without it as any other store at CPL 0 */
    movl $(0x301000 | PTE_P | PTE_U), PTE(HOLE)
    invlpg HOLE
    movl %cr0, %eax
    orl $CR0_WP, %eax
    movl %eax, %cr0
    movl $0x302804, %esp
    FAULTS(PF, 3, enter $0x810, $0)
    movl keep, %esp
    CHECK(exc_cr2, $0x301ff0)
    movl %cr0, %eax
    andl $~CR0_WP, %eax
    movl %eax, %cr0
    movl $0x302804, %esp
    enter $0x810, $0
    CHECK(%esp, $0x301ff0)
    movl keep, %esp
    /* ARPL writes only what it changes */
    movw $0xfff3, HOLE
    movw $0xfff0, HOLE + 2
    movl $2, %ebx
    USER_OK(arpl %bx, HOLE)
    USER(PF, 7, arpl %bx, HOLE + 2)
    PASS

    .data
    .balign 4
keep: .long 0

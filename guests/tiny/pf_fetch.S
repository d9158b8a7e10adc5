/* Page faults of instruction fetch: jmp, call, ret, int 3-0 return to a missing or forbidden
 * page: EIP and CR2 are the target, the transfer itself is complete (return address pushed, ESP
 * popped); instructions across pages fault on the second page with CR2 there and EIP at their
 * first byte. */
#include "lib.inc"
#define P 0x400000
main:
    call paging_on
    movl $0, PTE(P + 0x1000)
    FLUSH
    movl %esp, %ebx
    TRY 1f
    movl $P + 0x1234, %eax
    jmp *%eax
1:  CHECK(exc_vec, $PF)
    CHECK(exc_err, $0)
    CHECK(exc_eip, $P + 0x1234)
    CHECK(exc_cr2, $P + 0x1234)
    CHECK(exc_esp, %ebx)
    /* call: return address is on the stack */
    TRY 3f
    call *%eax
2:  FAIL
3:  CHECK(exc_eip, $P + 0x1234)
    leal -4(%ebx), %ecx
    CHECK(exc_esp, %ecx)
    CHECK(-4(%ebx), $2b)
    TRY 4f
    call P + 0x1234
4:  CHECK(exc_eip, $P + 0x1234)
    CHECK(exc_esp, %ecx)
    /* ret: popped */
    TRY 5f
    pushl %eax
    ret $4
5:  CHECK(exc_eip, $P + 0x1234)
    leal 4(%ebx), %ecx
    CHECK(exc_esp, %ecx)
    /* jcc taken to it, not taken not */
    TRY 6f
    cmpl %eax, %eax
    jne P + 0x1234
    je P + 0x1235
6:  CHECK(exc_eip, $P + 0x1235)
    /* fall through the page's end */
    movl $0x90909090, P + 0xffc
    TRY 7f
    movl $P + 0xffc, %eax
    jmp *%eax
7:  CHECK(exc_eip, $P + 0x1000)
    CHECK(exc_cr2, $P + 0x1000)
    /* an instruction across: 3 bytes here, 2 there: mov $imm32, %ecx */
    movl $0x45b99090, P + 0xffc       /* 90 90 b9 45 | 44 33 22 */
    movl $0x11, %ecx
    TRY 8f
    movl $P + 0xffc, %eax
    jmp *%eax
8:  CHECK(exc_eip, $P + 0xffe)
    CHECK(exc_cr2, $P + 0x1000)
    CHECK(%ecx, $0x11)
    /* prefix alone on the first page */
    movb $0x66, P + 0xfff
    TRY 9f
    movl $P + 0xfff, %eax
    jmp *%eax
9:  CHECK(exc_eip, $P + 0xfff)
    CHECK(exc_cr2, $P + 0x1000)
    /* an instruction that ends exactly at the page end runs; the fault is the next one's */
    movl $0xc0000000, P + 0xffc
    movb $0x40, P + 0xfff             /* inc %eax */
    TRY 10f
    movl $P + 0xfff, %eax
    jmp *%eax
10: CHECK(exc_eip, $P + 0x1000)
    CHECK(exc_eax, $P + 0x1000)
    /* an instruction across with a data fault of its own: the fetch comes first */
    movl $0x400ffd, %eax
    movb $0xa1, P + 0xffd             /* mov moffs, eax */
    movl $0, PTE(0x500000)
    FLUSH
    TRY 11f
    jmp *%eax
11: CHECK(exc_cr2, $P + 0x1000)
    CHECK(exc_eip, $P + 0xffd)
    /* a terminator at the very end: ret in the last byte, int3 in the last byte */
    movb $0xc3, P + 0xfff
    movl $P + 0xfff, %eax
    call *%eax
    movb $0xcc, P + 0xfff
    TRY 12f
    jmp *%eax
12: CHECK(exc_vec, $BP)
    CHECK(exc_eip, $P + 0x1000)
    /* ud2 in the last two bytes, hlt-free; ud2 across */
    movw $0x0b0f, P + 0xffe
    movl $P + 0xffe, %eax
    TRY 13f
    jmp *%eax
13: CHECK(exc_vec, $UD)
    CHECK(exc_eip, $P + 0xffe)
    movb $0x0f, P + 0xfff
    movl $P + 0xfff, %eax
    TRY 14f
    jmp *%eax
14: CHECK(exc_vec, $PF)
    CHECK(exc_eip, $P + 0xfff)
    /* CPL 3 fetches: not present 4, supervisor page 5; handler supplies and it goes on */
    movl $P + 0x1000, %eax
    TRY 16f
    TO_USER 15f
15: jmp *%eax
16: CHECK(exc_err, $4)
    CHECK(exc_eip, $P + 0x1000)
    CHECK(exc_cs, $UCS)
    movl $(P + 0x1000) | 3, PTE(P + 0x1000)
    FLUSH
    TRY 17f
    TO_USER 15b
17: CHECK(exc_err, $5)
    CHECK(exc_cr2, $P + 0x1000)
    /* across, second page supervisor */
    movb $0xb8, P + 0xffe
    movl $0xc3112233, P + 0xfff
    movl $P + 0xffe, %eax
    TRY 18f
    TO_USER 15b
18: CHECK(exc_err, $5)
    CHECK(exc_cr2, $P + 0x1000)
    CHECK(exc_eip, $P + 0xffe)
    /* iret to a missing page: the iret is complete, the fault is at CPL 3 with the user's ESP */
    movl $0, PTE(P + 0x1000)
    FLUSH
    TRY 19f
    pushl $UDS
    pushl $0x4321
    pushl $0x2
    pushl $UCS
    pushl $P + 0x1777
    iret
19: CHECK(exc_vec, $PF)
    CHECK(exc_err, $4)
    CHECK(exc_cs, $UCS)
    CHECK(exc_eip, $P + 0x1777)
    CHECK(exc_esp, $0x4321)
    CHECK(exc_ss, $UDS)
    /* restart: handler supplies the second page, the crossing instruction then runs */
    movb $0xb8, P + 0xffe             /* mov $imm32, %eax; bytes 33 | 22 11 00 ; ret */
    movb $0x33, P + 0xfff
    movl $(P + 0x1000) | 7, PTE(P + 0x1000)
    FLUSH
    movl $0xc3001122, 0x401000
    movl $0, PTE(P + 0x1000)
    FLUSH
    movl $hook, exc_hook
    movl $P + 0xffe, %ecx
    movl $0, exc_count
    call *%ecx
    CHECK(%eax, $0x00112233)
    CHECK(exc_count, $1)
    PASS
hook:
    movl $(P + 0x1000) | 7, PTE(P + 0x1000)
    ret

/* pt_touch.S - instructions that keep meeting pages that are not there, from both rings, until they are looked
 * up rather than tried; then everything that a look-up must notice: another page mapped than the one that was
 * missing, a return to elsewhere, A and D bits, rights, other frames after INVLPG and MOV CR3, scanned code,
 * page tables, nothing behind the page, operands over a page's end, strings; and the way back to direct. */
#include "lib.inc"

#define LIN 0x500000          /* N pages, whose frames are the same addresses */
#define N 24
#define ALIAS 0x600000
#define CODE 0x340000
#define VEC 0x90
#define OFF(page) (LIN + (page) * 0x1000)

.macro CLEAR_ALL              /* no page of LIN is present */
    movl $PTE(LIN), %edi
    movl $(N + 8), %ecx
    xorl %eax, %eax
    rep stosl
    FLUSH
    movl $0, exc_count
.endm
.macro EACH what, first=LIN, n=N
    movl $\first, %ebx
    movl $\n, %esi
1:  \what
    addl $0x1000, %ebx
    decl %esi
    jnz 1b
.endm
.macro IN_USER function       /* each page at CPL 3 */
    USER_OK(movl $LIN, %ebx; movl $N, %esi; call \function)
.endm
.macro PTES value, clear=0    /* all PTEs but for the frame and `clear` are value */
    movl $0, %edx
9:  movl PTE(LIN)(,%edx,4), %eax
    andl $(0xfff & ~\clear), %eax
    CHECK(%eax, $\value)
    incl %edx
    cmpl $N, %edx
    jb 9b
.endm

main:
    call paging_on
    CR4_SET (CR4_OSFXSR | CR4_OSXMM)
    movl $demand, exc_hook

    /* loads set A, stores A and D; at CPL 3, then 0 */
    movl $6, %ebp
again:
    CLEAR_ALL
    IN_USER u_loads
    CHECK(exc_count, $(N + 1)) /* and the way back */
    PTES PTE_P|PTE_W|PTE_U|PTE_A
    movl $0, exc_count
    IN_USER u_stores
    CHECK(exc_count, $1)
    PTES PTE_P|PTE_W|PTE_U|PTE_A|PTE_D
    CLEAR_ALL
    IN_USER u_stores
    CHECK(exc_count, $(N + 1))
    PTES PTE_P|PTE_W|PTE_U|PTE_A|PTE_D
    CLEAR_ALL
    IN_USER u_rmw
    CHECK(exc_count, $(N + 1))
    CLEAR_ALL
    EACH "call load"
    CHECK(exc_count, $N)
    PTES PTE_P|PTE_W|PTE_U|PTE_A
    CLEAR_ALL
    EACH "call store"
    CHECK(exc_count, $N)
    PTES PTE_P|PTE_W|PTE_U|PTE_A|PTE_D
    /* D goes without A: the next store sets it again */
    movl $PTE(LIN), %edx
    EACH "andl $~0x40, (%edx); addl $4, %edx"
    FLUSH
    EACH "call load"
    PTES PTE_P|PTE_W|PTE_U|PTE_A
    EACH "call rmw"
    PTES PTE_P|PTE_W|PTE_U|PTE_A|PTE_D
    decl %ebp
    jnz again

    /* what was read and written, and flags */
    movl $0x1234, OFF(2)
    movl $OFF(2), %ebx
    call load
    CHECK(%eax, $0x1234)
    movl $0x11, %eax
    stc
    call rmw
    ASSERT(nc)
    CHECK(%eax, $0x1234)
    CHECK(OFF(2), $0x1245)
    stc
    call load
    ASSERT(c)

    /* read-only, supervisor's, from both rings */
    andl $~PTE_W, PTE(OFF(3))
    andl $~PTE_U, PTE(OFF(4))
    invlpg OFF(3)
    invlpg OFF(4)
    movl $0, exc_hook
    movl $OFF(3), %ebx
    TRY(1f)
    call store
    FAIL
1:  CHECK(exc_vec, $PF)
    CHECK(exc_err, $3)
    CHECK(exc_cr2, $OFF(3))
    CR0_CLEAR CR0_WP
    call store
    CR0_SET CR0_WP
    TRY(1f)
    call store
    FAIL
1:  CHECK(exc_err, $3)
    movl $OFF(4), %ebx
    call store
    USER(PF, 7, movl %eax, (%ebx))
    USER(PF, 5, movl (%ebx), %eax)
    orl $PTE_W, PTE(OFF(3))
    orl $PTE_U, PTE(OFF(4))
    invlpg OFF(3)
    invlpg OFF(4)

    /* the handler maps another page first, then the right one */
    CLEAR_ALL
    movl $wrong_first, exc_hook
    EACH "call store", n=8
    CHECK(exc_count, $16)
    CHECK(PTE(LIN + 0x10000), $(LIN + 0x10000 + 7))   /* mapped, not touched */

    /* the handler goes on behind the instruction: nothing is mapped, nothing loaded */
    CLEAR_ALL
    movl $skip, exc_hook
    movl $0x5a5a5a5a, %eax
    EACH "call load", n=8
    CHECK(%eax, $0x5a5a5a5a)
    CHECK(exc_count, $8)

    /* other frames: INVLPG, MOV CR3, another CR3 */
    movl $demand, exc_hook
    CLEAR_ALL
    EACH "call store"
    movl $0x77, ALIAS
    movl $0x88, ALIAS + 0x1000
    movl $LIN, %ebx
    call load
    movl $(ALIAS | 7), PTE(LIN)
    invlpg LIN
    call load
    CHECK(%eax, $0x77)
    movl $(ALIAS + 0x1007), PTE(LIN)
    FLUSH
    call load
    CHECK(%eax, $0x88)
    movl $0x99, %eax
    call store
    CHECK(ALIAS + 0x1000, $0x99)
    movl $PD, %esi
    movl $PD2, %edi
    movl $1024, %ecx
    rep movsl
    movl $PT1, %esi
    movl $PTA, %edi
    movl $1024, %ecx
    rep movsl
    movl $(PTA | 7), PD2 + 4
    movl $(ALIAS | 7), PTA + ((LIN >> 12) & 1023) * 4
    movl $6, %ebp
1:  movl $PD2, %eax
    movl %eax, %cr3
    call load
    CHECK(%eax, $0x77)
    movl $PD, %eax
    movl %eax, %cr3
    call load
    CHECK(%eax, $0x99)
    decl %ebp
    jnz 1b
    movl $(LIN | 7), PTE(LIN)
    invlpg LIN

    /* code that has run: stores to it are seen, single ones and strings */
    movl $0x000000b8, CODE    /* mov $n, %eax; ret */
    movw $0xc300, CODE + 4
    movl $40, %ebp
1:  leal (%ebp), %eax
    movl $CODE + 1, %ebx
    call store_cold
    movl $CODE, %eax
    call *%eax
    CHECK(%eax, %ebp)
    leal 1000(%ebp), %eax
    movl $CODE + 1, %edi
    movl $1, %ecx
    call fill
    movl $CODE, %eax
    call *%eax
    leal 1000(%ebp), %edx
    CHECK(%eax, %edx)
    movb $0xc3, CODE + 5
    /* in between the same instructions meet pages that are missing */
    pushl %ebp
    movl $0, PTE(LIN)
    invlpg LIN
    movl $LIN, %ebx
    call store_cold
    movl $0, PTE(LIN)
    invlpg LIN
    movl $LIN, %edi
    movl $4, %ecx
    call fill
    popl %ebp
    decl %ebp
    jnz 1b

    /* page tables, through the instruction that is looked up */
    movl $0x31, ALIAS
    movl $(ALIAS | 7), %eax
    movl $PTE(OFF(5)), %ebx
    call store
    invlpg OFF(5)
    movl $OFF(5), %ebx
    call load
    CHECK(%eax, $0x31)
    movl $(OFF(5) | 7), PTE(OFF(5))
    invlpg OFF(5)

    /* nothing answers there, and stores vanish */
    movl $(0xb0000000 | 7), PTE(OFF(6))
    invlpg OFF(6)
    movl $OFF(6), %ebx
    call load
    movl %eax, %edx
    notl %eax
    call store
    call rmw
    CHECK(%eax, %edx)
    call load
    CHECK(%eax, %edx)
    movl $(OFF(6) | 7), PTE(OFF(6))
    invlpg OFF(6)

    /* over the end of a page */
    movl $10, %ebp
1:  CLEAR_ALL
    movl $0xabcdef01, %eax
    movl $OFF(7) + 0xffe, %ebx
    movl $0, OFF(7)
    movl $0, exc_count
    call store
    CHECK(exc_count, $1)
    CHECK(exc_cr2, $OFF(8))
    CHECKW(OFF(7) + 0xffe, $0xef01)
    CHECKW(OFF(8), $0xabcd)
    movl $0, PTE(OFF(8))
    invlpg OFF(8)
    call load
    CHECK(%eax, $0xabcdef01)
    CHECK(exc_count, $2)
    decl %ebp
    jnz 1b

    /* misaligned SSE operands come before the page */
    movl $8, %ebp
1:  CLEAR_ALL
    movl $OFF(9), %ebx
    call store_sse
    CHECK(exc_count, $1)
    decl %ebp
    jnz 1b
    CLEAR_ALL
    movl $0, exc_hook
    movl $OFF(9) + 8, %ebx
    TRY(1f)
    call store_sse
    FAIL
1:  CHECK(exc_vec, $GP)
    movl $demand, exc_hook

    /* strings over three missing pages, both ways; what the registers say at each fault */
    movl $10, %ebp
1:  CLEAR_ALL
    movl $string_demand, exc_hook
    movl $OFF(10) + 0x800, %edi
    movl $0x800, %ecx          /* 0x2000 bytes: the pages 10, 11, 12 */
    movl $0x3c3c3c3c, %eax
    call fill
    CHECK(exc_count, $3)
    CHECK(%ecx, $0)
    CHECK(%edi, $(OFF(12) + 0x800))
    CHECK(OFF(11) + 0xffc, $0x3c3c3c3c)
    movl $OFF(10) + 0x800, %esi
    movl $OFF(13) + 0x400, %edi
    movl $0x800, %ecx
    call move
    CHECK(exc_count, $6)
    CHECK(%esi, $(OFF(12) + 0x800))
    CHECK(%edi, $(OFF(15) + 0x400))
    CHECK(OFF(15) + 0x3fc, $0x3c3c3c3c)
    CHECK(OFF(15) + 0x400, $0)
    decl %ebp
    jnz 1b
    CLEAR_ALL
    std
    movl $OFF(11), %edi
    movl $0x401, %ecx
    movl $0x11, %eax
    call fill
    cld
    CHECK(exc_count, $2)
    CHECK(%edi, $(OFF(10) - 4))
    CHECK(OFF(10), $0x11)

    /* pages that are there, for a long time: direct again; then missing ones again */
    movl $demand, exc_hook
    movl $3, %ebp
3:  CLEAR_ALL
    EACH "call store"
    movl $4000, %ecx
    movl $LIN, %ebx
2:  call rmw
    call store
    call load
    decl %ecx
    jnz 2b
    CHECK(exc_count, $N)
    decl %ebp
    jnz 3b
    PASS

demand: /* present, and what it is */
    cmpl $SYS, exc_vec        /* the way back from CPL 3 */
    je 2f
    movl exc_cr2, %eax
    movl %eax, %ecx
    shrl $12, %eax
    andl $~0xfff, %ecx
    orl $7, %ecx
    cmpl $0, PT0(,%eax,4)
    jne 1f
    movl %ecx, PT0(,%eax,4)
    ret
1:  FAIL
2:  addl $4, %esp
    jmp lib_resume
wrong_first:
    movl exc_cr2, %eax
    shrl $12, %eax
    testl $1, exc_count
    jz demand
    leal 0x10(%eax), %ecx
    movl %ecx, %edx
    shll $12, %edx
    orl $7, %edx
    movl %edx, PT0(,%ecx,4)
    ret
skip:
    addl $2, FR_EIP(%ebp)
    ret
string_demand:
    movl exc_cr2, %edx
    movl FR_EDI(%ebp), %eax
    cmpl %eax, %edx
    je demand
    CHECK(%edx, FR_ESI(%ebp))
    jmp demand

load:
    movl (%ebx), %eax
    ret
store:
    movl %eax, (%ebx)
    ret
store_cold:
    movl %eax, (%ebx)
    ret
rmw:
    lock xaddl %eax, (%ebx)
    ret
store_sse:
    movaps %xmm0, (%ebx)
    ret
fill:
    rep stosl
    ret
move:
    rep movsl
    ret
u_loads:
    movl (%ebx), %eax
    addl $0x1000, %ebx
    decl %esi
    jnz u_loads
    ret
u_stores:
    movl %eax, (%ebx)
    addl $0x1000, %ebx
    decl %esi
    jnz u_stores
    ret
u_rmw:
    lock incl (%ebx)
    addl $0x1000, %ebx
    decl %esi
    jnz u_rmw
    ret

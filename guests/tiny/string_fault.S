/* REP string instructions that fault in the middle: ESI EDI ECX are those of the iteration that
 * faulted, all before it are done; EIP is at the instruction; after the page appears the
 * instruction goes on. CR2 exact. */
#include "lib.inc"
#define A 0x400000                    /* A+0x1000 is missing */
#define B 0x410000
    .macro clear
    pushal
    cld
    movl $A, %edi
    movl $0x400, %ecx
    movl $0x01010101, %eax
    rep stosl
    movl $B, %edi
    movl $0x800, %ecx
    rep stosl
    popal
    .endm
main:
    call paging_on
    clear
    movl $0, PTE(A + 0x1000)
    movl $0, PTE(A - 0x1000)
    FLUSH
    /* movsb: source faults */
    movl $A + 0xff0, %esi
    movl $B, %edi
    movl $100, %ecx
    movl $0x02020202, A + 0xffc
    FAULTS(PF, 0, rep movsb)
    CHECK(exc_cr2, $A + 0x1000)
    CHECK(%esi, $A + 0x1000)
    CHECK(%edi, $B + 16)
    CHECK(%ecx, $84)
    CHECK(B+12, $0x02020202)
    CHECK(B+16, $0x01010101)
    /* movsl: destination faults */
    movl $B, %esi
    movl $A + 0xff0, %edi
    movl $100, %ecx
    FAULTS(PF, 2, rep movsl)
    CHECK(exc_cr2, $A + 0x1000)
    CHECK(%esi, $B + 16)
    CHECK(%edi, $A + 0x1000)
    CHECK(%ecx, $96)
    CHECK(A+0xffc, $0x02020202)
    /* movsl with the last element across the edge: CR2 at the second page, element not counted */
    movl $B, %esi
    movl $A + 0xff2, %edi
    movl $100, %ecx
    FAULTS(PF, 2, rep movsl)
    CHECK(exc_cr2, $A + 0x1000)
    CHECK(%esi, $B + 12)
    CHECK(%edi, $A + 0xffe)
    CHECK(%ecx, $97)
    /* stos */
    clear
    movl $0x33333333, %eax
    movl $A + 0xf00, %edi
    movl $0x1000, %ecx
    FAULTS(PF, 2, rep stosl)
    CHECK(exc_cr2, $A + 0x1000)
    CHECK(%edi, $A + 0x1000)
    CHECK(%ecx, $0xfc0)
    CHECK(A+0xffc, $0x33333333)
    CHECK(A+0xefc, $0x01010101)
    /* DF=1 through the page below */
    movl $A + 0x10, %edi
    movl $100, %ecx
    movl $100f, exc_resume
    movl %esp, exc_resume_esp
    std
99: rep stosl
    FAIL
100:
    CHECK(exc_eip, $99b)
    CHECK(exc_vec, $PF)
    CHECK(exc_err, $2)
    CHECK(exc_cr2, $A - 4)
    CHECK(%edi, $A - 4)
    CHECK(%ecx, $95)
    CHECK(A, $0x33333333)
    andl $F_DF, exc_eflags
    CHECK(exc_eflags, $F_DF)
    CHECKF(F_DF, 0)
    /* cmps: both sides, flags of the last comparison done are lost or kept, registers are exact */
    clear
    movl $A + 0xff0, %esi
    movl $B, %edi
    movl $100, %ecx
    FAULTS(PF, 0, repe cmpsb)
    CHECK(exc_cr2, $A + 0x1000)
    CHECK(%esi, $A + 0x1000)
    CHECK(%edi, $B + 16)
    CHECK(%ecx, $84)
    movl $B, %esi
    movl $A + 0xff0, %edi
    movl $100, %ecx
    FAULTS(PF, 0, repe cmpsw)
    CHECK(exc_cr2, $A + 0x1000)
    CHECK(%esi, $B + 16)
    CHECK(%edi, $A + 0x1000)
    CHECK(%ecx, $92)
    /* scas, lods */
    movl $A + 0xf00, %edi
    movl $-1, %ecx
    movb $0x77, %al
    FAULTS(PF, 0, repne scasb)
    CHECK(exc_cr2, $A + 0x1000)
    CHECK(%edi, $A + 0x1000)
    CHECK(%ecx, $0xfffffeff)
    movl $A + 0xffc, %esi
    movl $30, %ecx
    movl $0x05060708, A + 0xffc
    movl $0, %eax
    FAULTS(PF, 0, rep lodsb)
    CHECK(%eax, $5)
    CHECK(%ecx, $26)
    CHECK(%esi, $A + 0x1000)
    /* first iteration faults: nothing moved */
    movl $A + 0x1000, %esi
    movl $B, %edi
    movl $7, %ecx
    FAULTS(PF, 0, rep movsl)
    CHECK(%esi, $A + 0x1000)
    CHECK(%edi, $B)
    CHECK(%ecx, $7)
    /* non-REP: nothing moved */
    FAULTS(PF, 0, movsb)
    FAULTS(PF, 0, lodsl)
    FAULTS(PF, 0, cmpsb)
    CHECK(%esi, $A + 0x1000)
    CHECK(%edi, $B)
    /* read-only destination, user: error 7; source read first */
    movl $B | 5, PTE(B)
    FLUSH
    movl $A, %esi
    movl $B, %edi
    movl $4, %ecx
    USER(PF, 7, rep movsl)
    CHECK(exc_cr2, $B)
    CHECK(%ecx, $4)
    movl $B | 7, PTE(B)
    FLUSH
    /* restart: the handler maps pages as they come; one instruction over five missing pages */
    clear
    movl $0, PTE(A + 0x1000)
    movl $0, PTE(A + 0x2000)
    movl $0, PTE(A + 0x3000)
    movl $0, PTE(A + 0x4000)
    FLUSH
    movl $0, exc_count
    movl $mapper, exc_hook
    movl $0x44444444, %eax
    movl $A + 0x10, %edi
    movl $(0x4ff0 / 4), %ecx
    rep stosl
    CHECK(exc_count, $4)
    CHECK(%edi, $A + 0x5000)
    CHECK(%ecx, $0)
    movl $A + 0x10, %edi
    movl $(0x4ff0 / 4), %ecx
    repe scasl
    ASSERT(e)
    CHECK(%ecx, $0)
    CHECK(A+12, $0x01010101)
    /* movsb across missing source and destination pages, odd alignment, DF=1 */
    movl $0, PTE(A + 0x1000)
    movl $0, PTE(A + 0x2000)
    movl $0, PTE(B)
    movl $0, PTE(B + 0x1000)
    FLUSH
    movl $0, exc_count
    std
    movl $A + 0x2ff3, %esi
    movl $B + 0x1fff, %edi
    movl $0x1800, %ecx
    rep movsb
    cld
    CHECK(exc_count, $4)
    CHECK(%esi, $A + 0x17f3)
    CHECK(%edi, $B + 0x7ff)
    CHECK(B+0x1ffc, $0x44444444)
    CHECK(B+0x800, $0x44444444)
    CHECK(B+0x7fc, $0x01010101)
    PASS
mapper:                               /* identity-maps the page of CR2 */
    movl exc_cr2, %eax
    movl %eax, %ecx
    shrl $12, %ecx
    andl $0xfffff000, %eax
    orl $7, %eax
    movl %eax, PT0(,%ecx,4)
    ret

/* MASKMOVQ and MASKMOVDQU, whose store at DS:EDI no ModRM names: a segment base, a limit, an override, read-only pages. */
#include "lib.inc"
main:
    CR4_SET CR4_OSFXSR
    movdqu data, %xmm0
    movdqu mask, %xmm1
    movq data, %mm0
    movq mask, %mm1
    /* DS with a base */
    SETDESC T0, buf, 0xfffff, 0x92, 0xc
    movl $T0, %eax
    movl $8, %edi
    movl %eax, %ds
    maskmovdqu %xmm1, %xmm0
    movl $32, %edi
    maskmovq %mm1, %mm0
    movl $KDS, %edx
    movl %edx, %ds
    emms
    CHECK(buf+8, $0x00003311)
    CHECK(buf+12, $0x88000000)
    CHECK(buf+20, $0x88000000)
    CHECK(buf+32, $0x00003311)
    CHECK(buf+36, $0x88000000)
    /* watched page: FS override in flat */
    movl %eax, %fs
    movl $48, %edi
    fs maskmovdqu %xmm1, %xmm0
    CHECK(buf+48, $0x00003311)
    /* CPL3 fault */
    call paging_on
    movl $buf2, %eax; shrl $12, %eax; andl $~PTE_W, PT0(,%eax,4)
    FLUSH
    movl $buf2, %edi
    FAULTS(PF, 3, maskmovdqu %xmm1, %xmm0)
    CHECK(exc_cr2, $buf2)
    /* self-modifying through maskmov: a page with code */
    movl $code, %edi
    call code
    CHECK(%eax, $1)
    movd new, %mm0
    movd msk, %mm1
    maskmovq %mm1, %mm0
    emms
    call code
    CHECK(%eax, $7)
    PASS
    .balign 64
code: movl $1, %eax
    ret
    .data
    .balign 4096
buf2: .fill 4096,1,0
data: .long 0x00003311, 0x88776655, 0, 0x88776655
mask: .long 0x00008080, 0x80000000, 0,0x80000000
new: .long 0x000007b8
msk: .long 0x00008080
buf: .fill 128,1,0

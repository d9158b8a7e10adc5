/* fpu_pages.S - FXSAVE and FXRSTOR in ring 0 to a page that was used many times: another frame, read-only, missing, code on it,
 * an area that crosses into the next page; all bytes are there, and what FXSAVE does not store stays. */
#include "lib.inc"

#define AREA (FRAMES + 0x100)
#define EDGE (FRAMES + 0x1f00) /* 256 bytes on each page */
#define COPY (FRAMES + 0x4000)
#define WARM 12

.macro SAVE_MANY area
    movl $WARM, %ebp
1:  call fill
    fxsave \area
    CHECK(\area, $0x037f)
    CHECK(\area + 24, $0x1f80)
    CHECK(\area + 160, $0x01234567)
    CHECK(\area + 172, $0x89abcdef)
    CHECK(\area + 284, $0x76543210) /* XMM7 */
    CHECK(\area + 288, $0x5a5a5a5a) /* not stored outside 64-bit mode */
    CHECK(\area + 508, $0x5a5a5a5a)
    pxor %xmm0, %xmm0
    pxor %xmm7, %xmm7
    fxrstor \area
    movups %xmm0, seen
    CHECK(seen, $0x01234567)
    CHECK(seen + 12, $0x89abcdef)
    movups %xmm7, seen
    CHECK(seen + 12, $0x76543210)
    decl %ebp
    jnz 1b
.endm
.macro MAP page, frame, rights
    movl $(\frame | \rights), PTE(\page)
    invlpg \page
.endm

main:
    NEED_CPUID 1, edx, 24
    call paging_on
    CR4_SET (CR4_OSFXSR | CR4_OSXMM)
    movups value, %xmm0
    movups value + 16, %xmm7
    movl $AREA, %edi
    SAVE_MANY AREA
    /* another frame under it */
    MAP FRAMES, COPY, 7
    movl $COPY + 0x100, %edi
    call fill
    movl $AREA, %edi
    SAVE_MANY AREA
    MAP FRAMES, FRAMES, 7
    CHECK(COPY + 0x100 + 160, $0x01234567)
    /* read-only: nothing is stored; missing: nor loaded */
    call fill
    MAP FRAMES, FRAMES, 5
    FAULTS(PF, 3, fxsave AREA)
    CHECK(exc_cr2, $AREA)
    CHECK(AREA, $0x5a5a5a5a)
    CHECK(AREA + 284, $0x5a5a5a5a)
    MAP FRAMES, FRAMES, 7
    SAVE_MANY AREA
    MAP FRAMES, 0, 0
    FAULTS(PF, 2, fxsave AREA)
    FAULTS(PF, 0, fxrstor AREA)
    MAP FRAMES, FRAMES, 7
    SAVE_MANY AREA
    /* a CR3 load in between each */
    movl $WARM, %esi
2:  FLUSH
    call fill
    fxsave AREA
    CHECK(AREA + 284, $0x76543210)
    CHECK(AREA + 288, $0x5a5a5a5a)
    FLUSH
    fxrstor AREA
    decl %esi
    jnz 2b
    /* across a page's end; the second page read-only, then missing */
    movl $EDGE, %edi
    SAVE_MANY EDGE
    call fill
    MAP (FRAMES+0x2000), (FRAMES+0x2000), 5
    FAULTS(PF, 3, fxsave EDGE)
    CHECK(exc_cr2, $(FRAMES + 0x2000))
    MAP (FRAMES+0x2000), 0, 0
    FAULTS(PF, 2, fxsave EDGE)
    MAP (FRAMES+0x2000), (FRAMES+0x2000), 7
    SAVE_MANY EDGE
    /* onto code that has run */
    movl $AREA, %edi
    call fill
    movl $0x000007b8, AREA + 0x120 /* mov $7, %eax; ret */
    movl $0x0000c300, AREA + 0x124
    movl $(AREA + 0x120), %ebx
    call *%ebx
    CHECK(%eax, $7)
    SAVE_MANY AREA
    movl $0x000009b8, AREA + 0x120
    movl $0x0000c300, AREA + 0x124
    call *%ebx
    CHECK(%eax, $9)
    movl $0xc3, value + 16 + 4 /* XMM7 holds code: EAX stays */
    movups value + 16, %xmm7
    movl $WARM, %ebp
3:  fxsave AREA
    movl $0x55, %eax
    movl $(AREA + 276), %ebx
    call *%ebx
    CHECK(%eax, $0x55)
    decl %ebp
    jnz 3b
    PASS

/* 512 bytes of 5A at edi */
fill:
    pushl %edi
    pushl %eax
    movl $0x5a5a5a5a, %eax
    movl $128, %ecx
    rep stosl
    popl %eax
    popl %edi
    ret

    .data
    .balign 16
value: .long 0x01234567, 2, 3, 0x89abcdef, 0x11, 0x22, 0x33, 0x76543210
seen: .skip 16

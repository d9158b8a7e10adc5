/* Sites that meet a missing page each few uses, so that they look their pages up, and what such a
 * look-up must not get wrong: pages whose numbers end alike, operands over a page's end, at any
 * alignment, rights of loads and stores, of both rings, INVLPG and CR3 loads between two uses, %ecx in the
 * operand, the arithmetic flags. */
#include "lib.inc"
#define A 0x400000                   /* page numbers 0x400 and 0x500 end alike */
#define B 0x500000
#define PG 0x1000
    .macro drop lin
    movl $0, PTE(\lin)
    invlpg \lin
    .endm
main:
    call paging_on
    CR4_SET CR4_OSFXSR
    movl $mapper, exc_hook
    movl $12, rounds
    SETDESC T0, A + 0xff8, 0xfffff, 0xf2, 0xc
    movl $3, %ebp
again:
    /* loads, stores and both, of each size, at each offset around the page's end */
    movl $A + PG - 20, %ebx
1:  drop A
    drop A + PG
    movl $0x01020304, %eax
    movl $0x05060708, %edx
    call store4
    call load4
    CHECK(%ecx, $0x01020304)
    call add4
    call load4
    CHECK(%ecx, $0x06080a0c)
    call load1
    CHECK(%ecx, $0x0c)
    drop A
    call store2
    call load2
    CHECK(%ecx, $0x0304)
    call store1
    call load1
    CHECK(%ecx, $0x04)
    call sse
    call load4
    CHECK(%ecx, $0x05060708)
    incl %ebx
    cmpl $A + PG + 4, %ebx
    jne 1b
    /* PUSH, JMP and CALL load their operand first; FS has a base, 8 less than the page's end */
    drop A
    movl $A + PG - 8, %ebx
    movl $3f, %eax
    call store4
    drop A
    pushl (%ebx)
    popl %ecx
    CHECK(%ecx, $3f)
    pushl (%ebx)                    /* inside of a run */
    pushl %ebx
    pushl (%ebx)
    popl %ecx
    popl %ebx
    popl %edx
    CHECK(%ecx, $3f)
    CHECK(%edx, $3f)
    movl $A + PG - 12, PG(%ebx)     /* the page behind, another one */
    drop A
    movl $0x05060708, %edx
    jmp *(%ebx)
    FAIL
3:  drop A
    movl $callee, %eax
    call store4
    drop A
    movl %esp, %edx
    call *(%ebx)                    /* behind it, on a stack that is as it was */
5:  CHECK(%ecx, $5b)
    CHECK(%edx, %esp)
    drop A
    pushl $callee
    pushl %ebx                      /* inside of a run, by the ESP before it */
    call *4(%esp)
6:  CHECK(%ecx, $6b)
    addl $8, %esp
    drop A
    call *-12(%ebx, %ebp, 4)
7:  CHECK(%ecx, $7b)
    movl $3b, %eax
    call store4
    drop A
    movl $T0, %eax
    movl %eax, %fs
    movl $8, %ecx
    movl %fs:-8(%ecx), %eax
    CHECK(%eax, $3b)
    movl %fs:0, %eax
    CHECK(%eax, $3b)
    movl $0x0a0b0c0d, %fs:4
    movl %fs:2, %eax                /* over no page's end */
    movl %fs:(, %ecx, 1), %eax      /* the first bytes of the next page */
    CHECK(%eax, A + PG)
    /* pages whose numbers end alike keep their own bytes */
    movl $A + 8, %ebx
    drop A
    drop B
    movl $0x11111111, %eax
    call store4
    movl $B + 8, %ebx
    movl $0x22222222, %eax
    call store4
    movl $A + 8, %ebx
    call load4
    CHECK(%ecx, $0x11111111)
    movl $B + 8, %ebx
    call load4
    CHECK(%ecx, $0x22222222)
    /* another frame after INVLPG, and after a CR3 load */
    movl $A + 8, %ebx
    call load4
    movl $0x12121212, %eax
    call store4
    movl $B + 0x1000 + 3, PTE(A)
    invlpg A
    movl $0x33333333, %eax
    call store4
    CHECK(B + 0x1008, $0x33333333)
    CHECK(B + 8, $0x22222222)
    movl $B + 3, PTE(A)
    FLUSH
    call load4
    CHECK(%ecx, $0x22222222)
    movl $0x44444444, %eax
    call store4
    CHECK(B + 8, $0x44444444)
    /* a page that was read is not therefore written; D is set by the first store */
    movl $B + 1, PTE(A)
    FLUSH
    call load4
    movl $0, exc_count
    call store4                     /* mapper makes it writable */
    CHECK(exc_count, $1)
    movl PTE(A), %ecx
    andl $PTE_D, %ecx
    CHECK(%ecx, $PTE_D)
    call store4
    CHECK(exc_count, $1)
    /* found by the kernel, not for the user */
    movl $B + 3, PTE(A)
    FLUSH
    call load4
    movl $0, exc_count
    USER_OK(call load4)
    CHECK(%ecx, $0x44444444)
    CHECK(exc_count, $2)            /* and INT */
    USER_OK(call load4)
    CHECK(exc_count, $3)
    movl $0x55555555, %eax
    USER_OK(call store4)
    CHECK(B + 8, $0x55555555)
    /* the last bytes of 4 GiB are not page 0 */
    movl $A, %ebx
    movl $B + 7, PTE(A)
    FLUSH
    call load4
    decl rounds
    jnz again
    PASS

/* One site each: at (%ebx), the operand made of %ecx, flags as they were. */
    .macro keeps insn:vararg
    movl %ebx, %ecx
    subl $0x7fffffff, %ecx          /* CF, OF, SF, ZF in some state */
    pushfl
    movl %ebx, %ecx
    pushl (%esp)
    popfl
    \insn
    pushfl
    popl now
    popl before
    pushl %eax
    movl now, %eax
    CHECK(%eax, before)
    popl %eax
    .endm
callee:
    movl (%esp), %ecx
    ret
load4:
    keeps movl (%ecx), %ecx
    ret
load2:
    keeps movzwl (%ecx), %ecx
    ret
load1:
    keeps movzbl (%ecx), %ecx
    ret
store4:
    keeps movl %eax, (%ecx)
    ret
store2:
    keeps movw %ax, -6(%ecx, %ebp, 2)
    ret
store1:
    keeps movb %al, (, %ecx)
    ret
add4:
    movl %ebx, %ecx
    addl %edx, (%ecx)
    ret
sse:
    movd %edx, %xmm1
    pshufd $0, %xmm1, %xmm1
    keeps movups %xmm1, (%ecx)
    ret

mapper:                             /* present, writable, the user's too */
    cmpl $SYS, exc_vec
    jne 1f
    addl $4, %esp
    jmp lib_resume
1:  cmpl $PF, exc_vec
    jne lib_unexpected
    movl exc_cr2, %eax
    movl %eax, %edx
    shrl $12, %eax
    andl $0xfffff000, %edx
    movl PT0(, %eax, 4), %ecx
    andl $0xfffff000, %ecx
    jz 2f
    movl %ecx, %edx
2:  orl $7, %edx
    movl %edx, PT0(, %eax, 4)
    movl exc_cr2, %eax
    invlpg (%eax)
    ret
    .bss
    .balign 4
rounds: .skip 4
now: .skip 4
before: .skip 4

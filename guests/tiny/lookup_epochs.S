/* The end of an epoch of look-ups (0.9 ms) comes at any host instruction of a site that looks its page
 * up: what the site has found must stay good, and ECX and the flags as they were. Loops that do nothing
 * else, over pages that are other frames in each round, long enough for some dozens of epochs; the sum,
 * a chain of carries, is the same however the frames are arranged.
 * Where each of the ten million instructions is a signal, or looked at, it takes minutes.
 * not-modes: trap,data */
#include "lib.inc"
#define A 0x400000
#define B 0x600000                   /* the frames, mapped there as well */
#define PG 0x1000
#define PAGES 32
#define WORDS (PAGES * 1024)
#define ROUNDS 100
main:
    call paging_on
    movl $B, %edi
    movl $WORDS, %ecx
    movl $0x12345677, %eax
1:  imull $1664525, %eax
    addl $1013904223, %eax
    stosl
    loop 1b
    movl $B, %esi
    call sum
    movl %edx, wanted
    movl $ROUNDS, rounds
round:
    xorl %ecx, %ecx
2:  leal (, %ecx, 8), %eax           /* page i shows frame (5 * i + round) % PAGES */
    subl %ecx, %eax
    subl %ecx, %eax
    subl %ecx, %eax
    addl rounds, %eax
    andl $PAGES - 1, %eax
    shll $12, %eax
    addl $B + PTE_P + PTE_W, %eax
    movl %eax, PTE(A)(, %ecx, 4)
    movl %ecx, %eax
    shll $12, %eax
    invlpg A(%eax)
    incl %ecx
    cmpl $PAGES, %ecx
    jne 2b
    call invert
    movl $A, %esi
    call sum
    notl %edx                        /* the sum of the complements, but for a multiple of 2^32 - 1 */
    movl %edx, inverted
    call invert
    movl $A, %esi
    call sum
    CHECK(%edx, wanted)
    movl inverted, %eax
    cmpl $ROUNDS, rounds
    jne 3f
    movl %eax, first_inverted
3:  CHECK(%eax, first_inverted)
    decl rounds
    jnz round
    PASS

/* %edx = the sum of the words at %esi, each carry added to the next */
sum:
    movl $WORDS, %ecx
    xorl %edx, %edx
4:  adcl (%esi), %edx
    leal 4(%esi), %esi
    loop 4b
    adcl $0, %edx
    adcl $0, %edx
    ret
/* Reads and writes, and leaves CF alone: it is 1 throughout. */
invert:
    movl $A, %esi
    movl $WORDS, %ecx
    stc
5:  notl (%esi)
    leal 4(%esi), %esi
    loop 5b
    ASSERT(c)
    ret
    .bss
    .balign 4
rounds: .skip 4
wanted: .skip 4
inverted: .skip 4
first_inverted: .skip 4

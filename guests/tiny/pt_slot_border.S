/* Kernel accesses that begin in a shared user slot and end in a private one: single moves, strings
 * up and down, and the same with a supervisor's page below. LIN and LIN2 are borders of slots under
 * any kind of paging. */
#include "lib.inc"
#define LIN 0x08000000                /* from here on PTA in PD and PTB in PD2; below it PTC */
#define LIN2 0x0a000000               /* PTX in PD, PTY in PD2; below it PTZ */
#define PTC 0x300000
#define PTX 0x301000
#define PTY 0x302000
#define PTZ 0x303000
#define FA 0x400000
#define FB 0x500000
#define FC 0x600000
#define F2A 0x410000
#define F2B 0x510000
#define F2C 0x610000
.macro space directory
    movl $\directory, %eax
    movl %eax, %cr3
.endm
main:
    call paging_on
    cld
    movl $PTC | 7, PD + (LIN >> 20) - 4
    movl $PTZ | 7, PD + (LIN2 >> 20) - 4
    movl $PD, %esi
    movl $PD2, %edi
    movl $1024, %ecx
    rep movsl
    movl $PTA | 7, PD + (LIN >> 20)
    movl $PTB | 7, PD2 + (LIN >> 20)
    movl $PTX | 7, PD + (LIN2 >> 20)
    movl $PTY | 7, PD2 + (LIN2 >> 20)
    movl $FC | 7, PTC + 1023 * 4
    movl $FA | 7, PTA
    movl $FB | 7, PTB
    movl $F2C | 7, PTZ + 1023 * 4
    movl $F2A | 7, PTX
    movl $F2B | 7, PTY
    /* the slots above become private: other in each space, used in turn */
    movl $20, %ebp
1:  space PD
    movl %ebp, %edx
    movl $LIN + 0x10, %ebx
    call put_user
    movl $LIN2 + 0x20, %edi
    call copy_out
    space PD2
    negl %edx
    call put_user
    movl $LIN2 + 0x20, %edi
    call copy_out
    decl %ebp
    jnz 1b
    CHECK(FA + 0x10, $1)
    CHECK(FB + 0x10, $-1)
    CHECK(F2A + 0x20, $0x01020304)
    CHECK(F2B + 0x28, $0x090a0b0c)
    /* two bytes below, two above */
    movl $0x11112222, FC + 0xffc
    movl $0x33334444, FA
    movl $0x55556666, FB
    movl $LIN - 2, %ebx
    movl $0xaaaabbbb, %edx
    call put_user
    CHECK(FC + 0xffc, $0xbbbb2222)
    CHECK(FB, $0x5555aaaa)
    call get_user
    CHECK(%eax, $0xaaaabbbb)
    space PD
    call get_user
    CHECK(%eax, $0x4444bbbb)
    movl $0xccccdddd, %edx
    call put_user
    CHECK(FC + 0xffc, $0xdddd2222)
    CHECK(FA, $0x3333cccc)
    CHECK(FB, $0x5555aaaa)
    /* a string, its second word across; and one that comes down */
    movl $LIN2 - 6, %edi
    call copy_out
    CHECK(F2C + 0xff8, $0x03040000)
    CHECK(F2C + 0xffc, $0x07080102)
    CHECK(F2A, $0x0b0c0506)
    CHECK(F2A + 4, $0x090a)
    space PD2
    std
    movl $kbuf + 8, %esi
    movl $LIN2 + 2, %edi
    call copy_words
    cld
    CHECK(F2C + 0xff8, $0x03040000)
    CHECK(F2C + 0xffc, $0x07080102)
    CHECK(F2B, $0x0b0c0506)
    CHECK(F2B + 4, $0x090a)
    movl $LIN2 - 6, %esi
    movl $kbuf2, %edi
    call copy_words
    CHECK(kbuf2, $0x01020304)
    CHECK(kbuf2 + 4, $0x05060708)
    CHECK(kbuf2 + 8, $0x090a0b0c)
    /* supervisor's pages below */
    movl $FC | 3, PTC + 1023 * 4
    movl $F2C | 3, PTZ + 1023 * 4
    movl $300, %ebp
2:  space PD
    movl $LIN - 2, %ebx
    movl %ebp, %edx
    call put_user
    call get_user
    CHECK(%eax, %ebp)
    CHECK(FA, $0x33330000)
    CHECK(FC + 0xffe, %ebp)
    movl $LIN2 - 6, %edi
    call copy_out
    movl $LIN2 - 6, %esi
    movl $kbuf2, %edi
    movl $0, kbuf2 + 4
    call copy_words
    CHECK(kbuf2 + 4, $0x05060708)
    space PD2
    movl $LIN2 - 6, %edi
    call copy_out
    decl %ebp
    jnz 2b
    USER(PF, 5, movl LIN - 2, %eax)
    USER_OK(movl LIN, %eax)
    PASS
get_user:
    movl (%ebx), %eax
    ret
put_user:
    movl %edx, (%ebx)
    ret
copy_out:
    movl $kbuf, %esi
copy_words:
    movl $3, %ecx
    rep movsl
    ret
    .data
    .balign 4
kbuf: .long 0x01020304, 0x05060708, 0x090a0b0c
kbuf2: .long 0, 0, 0

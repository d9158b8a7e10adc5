/* Multi-precision chains: the carry crosses loop branches, call boundaries, indirect calls and
 * page ends. */
#include "lib.inc"
main:
    /* 512-bit a + b, one adc per called function, carry kept by lea/dec-free loops */
    movl $100, %ebp
again:
    clc
    movl $0, %esi
    movl $16, %ecx
1:  call add_one                      /* inc/lea do not touch CF */
    decl %ecx
    jnz 1b
    sbbl %eax, %eax
    CHECK(%eax, $-1)                  /* carry out of the top */
    movl $15, %ecx
2:  movl want(,%ecx,4), %edx
    CHECK(r(,%ecx,4), %edx)
    decl %ecx
    jns 2b
    /* back: r - b == a, through an indirect call */
    clc
    movl $0, %esi
    movl $16, %ecx
    movl $sub_one, %edi
3:  call *%edi
    loop 3b
    sbbl %eax, %eax
    CHECK(%eax, $-1)
    movl $15, %ecx
4:  movl a(,%ecx,4), %edx
    CHECK(r(,%ecx,4), %edx)
    decl %ecx
    jns 4b
    decl %ebp
    jnz again
    /* rcl chain through memory: shift 512 bits left by one, 512 times = rotate to itself */
    movl $513, %ebx
    clc
    pushfl
5:  movl $r, %edi
    movl $16, %ecx
    popfl
6:  call rcl_one
    loop 6b
    pushfl
    decl %ebx
    jnz 5b
    popfl
    movl $15, %ecx
7:  movl a(,%ecx,4), %edx
    CHECK(r(,%ecx,4), %edx)
    decl %ecx
    jns 7b
    PASS
add_one:
    movl a(,%esi,4), %eax
    adcl b(,%esi,4), %eax
    movl %eax, r(,%esi,4)
    leal 1(%esi), %esi
    ret
    .balign 4096
    .skip 4090, 0x90
sub_one:
    movl r(,%esi,4), %eax             /* crosses the page */
    sbbl b(,%esi,4), %eax
    movl %eax, r(,%esi,4)
    leal 1(%esi), %esi
    ret
rcl_one:
    rcll (%edi)
    leal 4(%edi), %edi
    ret
    .data
a:
    .long 0xcaa1718e, 0xc71f4e8f, 0x07f1d3b6, 0x8e63257f, 0xd67641ff, 0xfdde2a2b
    .long 0x51465aaf, 0xbe3f744f, 0x03139f0b, 0xc4c6f4b4, 0x11d68d6a, 0xb52c46b1
    .long 0x80925cb7, 0xbd8c88f7, 0xa1affcdf, 0xcdbf1a1e
b:
    .long 0xd245d38d, 0xb8b69d36, 0xf80e2c49, 0x60e0025d, 0x1a45679e, 0xe21a194a
    .long 0xdd20b269, 0x81664974, 0x1886531e, 0xfcdfff20, 0xd1d43a88, 0x68b6045a
    .long 0x75df291e, 0x001486fc, 0x94b4a463, 0xc47db247
want:
    .long 0x9ce7451b, 0x7fd5ebc6, 0x00000000, 0xef4327dd, 0xf0bba99d, 0xdff84375
    .long 0x2e670d19, 0x3fa5bdc4, 0x1b99f22a, 0xc1a6f3d4, 0xe3aac7f3, 0x1de24b0b
    .long 0xf67185d6, 0xbda10ff3, 0x3664a142, 0x923ccc66
    .bss
r: .skip 64

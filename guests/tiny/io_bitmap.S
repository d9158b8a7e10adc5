/* I/O permission bitmap: single bits, word and dword ports that straddle allowed and forbidden,
 * the byte past the end, limit too short, base beyond the limit, IOPL beats it, V86 always uses
 * it. */
#include "lib.inc"
#define MAP (bigtss + 104)
main:
    /* a TSS with a bitmap for ports 0..0x3ff and the extra byte */
    movl $lib_tss, %esi
    movl $bigtss, %edi
    movl $104, %ecx
    cld
    rep movsb
    movw $104, bigtss + 102
    movl $128, %ecx
    movb $0xff, %al
    rep stosb
    stosb
    SETDESC T0, bigtss, (104 + 128), 0x89, 0
    movl $T0, %eax
    ltr %ax
    USER(GP, 0, inb $0x61, %al)
    USER(GP, 0, outb %al, $0x80)
    /* allow 0x80 and 0x61 */
    andb $~1, MAP + 0x80 / 8
    andb $~2, MAP + 0x61 / 8
    USER_OK(outb %al, $0x80; inb $0x61, %al)
    USER(GP, 0, outw %ax, $0x80)
    USER(GP, 0, outb %al, $0x81)
    USER(GP, 0, inw $0x61, %ax)
    andb $~2, MAP + 0x80 / 8
    USER_OK(outw %ax, $0x80)
    USER(GP, 0, outl %eax, $0x80)
    movb $0xf0, MAP + 0x80 / 8
    USER_OK(outl %eax, $0x80)
    /* a word across two bytes of the map */
    movb $0x7f, MAP + 0x80 / 8
    movl $0x87, %edx
    USER_OK(outb %al, %dx)
    USER(GP, 0, outw %ax, %dx)
    andb $~1, MAP + 0x88 / 8
    USER_OK(outw %ax, %dx)
    /* the last port of the map needs the extra byte to be inside the limit */
    movl $0x3ff, %edx
    movb $0x7f, MAP + 127
    USER_OK(inb %dx, %al)
    USER(GP, 0, inw %dx, %ax)
    movl $0x400, %edx
    USER(GP, 0, inb %dx, %al)
    /* limit cuts the map: byte and its successor must both be inside */
    movb $0xf0, MAP + 0x80 / 8
    SETDESC T0, bigtss, (104 + 16), 0x89, 0
    movl $T0, %eax
    ltr %ax
    USER(GP, 0, outb %al, $0x80)
    SETDESC T0, bigtss, (104 + 17), 0x89, 0
    movl $T0, %eax
    ltr %ax
    USER_OK(outb %al, $0x80)
    /* base beyond the limit: nothing allowed */
    movw $0xffff, bigtss + 102
    USER(GP, 0, outb %al, $0x80)
    movw $104, bigtss + 102
    /* ins and outs */
    movl $0x80, %edx
    movl $1f, %esi
    movl $4, %ecx
    USER_OK(rep outsb)
1:  movl $0x84, %edx
    movl $4, %ecx
    USER(GP, 0, rep outsb)
    CHECK(%ecx, $4)
    /* a 16-bit TSS has no map */
    PASS
    .bss
    .balign 256
bigtss: .skip 512

/* The A20 gate (port 92h bit 1): closed, addresses with bit 20 set reach the megabyte below, data
 * and code alike; open again, everything is back. The code that does it runs at 2 MiB + 512 KiB.
 */
#include "lib.inc"
#define HIGH 0x280000
main:
    cld
    movl $0x12345678, 0x500
    movl 0x100500, %ebx               /* a piece of this image */
    movl $0x0badc0de, 0x300500
    movl $0x600d600d, 0x200500
    movl $part, %esi
    movl $HIGH, %edi
    movl $part_end - part, %ecx
    rep movsb
    movl $HIGH, %eax
    call *%eax
    CHECK(%esi, $0x12345678)
    CHECK(%edi, $0x600d600d)
    CHECK(0x100500, %ebx)
    CHECK(0x500, $0x12345679)
    CHECK(0x300500, $0x0badc0de)
    inb $0x92, %al
    testb $2, %al
    ASSERT(nz)
    PASS
part:                                 /* stack is not touched while it is closed */
    inb $0x92, %al
    andb $0xfc, %al
    outb %al, $0x92
    movl 0x100500, %esi
    movl 0x300500, %edi
    incl 0x100500
    orb $2, %al
    outb %al, $0x92
    ret
part_end:

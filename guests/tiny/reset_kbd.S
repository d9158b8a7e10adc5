/* The keyboard controller's reset command (FE to port 64h) resets the machine.
 * expect: reboot
 */
#include "lib.inc"
main:
    movl $text, %esi
    call lib_puts
    movl $100000, %ecx
1:  inb $0x64, %al
    testb $2, %al
    jz 2f
    loop 1b
2:  movb $0xfe, %al
    outb %al, $0x64
    movl $200000000, %ecx
3:  loop 3b
    FAIL
    .data
text: .asciz "REBOOT expected now\n"

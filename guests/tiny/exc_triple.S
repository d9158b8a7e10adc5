/* A triple fault resets the machine.
 * expect: reboot
 */
#include "lib.inc"
main:
    movl $text, %esi
    call lib_puts
    movw $0, lib_idtr                 /* no gate at all */
    lidt lib_idtr
    ud2
    FAIL
    .data
text: .asciz "REBOOT expected now\n"

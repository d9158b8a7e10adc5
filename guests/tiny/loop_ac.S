/* #AC whose handler runs at CPL 3 on the same misaligned stack: its delivery raises #AC again, without
 * end on silicon. The monitor must get out of it: expect: reboot */
#include "lib.inc"
main:
    PUTC 'R'; PUTC 'E'; PUTC 'B'; PUTC 'O'; PUTC 'O'; PUTC 'T'
    CR0_SET CR0_AM
    SETGATE AC, lib_fail, 0x8e, UCS
    movl $(F_AC | 2), user_eflags
    TO_USER 1f
1:  subl $1, %esp
    pushl %eax
    int3

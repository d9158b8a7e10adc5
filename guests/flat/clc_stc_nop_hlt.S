/* The first program of the 2000 announcement, byte for byte: stops at the HLT at 00100003.
 * expect: hlt stop
 */
    .code32
    .globl _start
_start:
    clc
    stc
    nop
stop:
    hlt

/* start.S - the shortest guest: its first instructions say so, by a byte on the debug console, and halt.
 * bench/bare/run takes the time from the start of the process to that byte. */
    .section .head, "ax"
    .balign 4
    .long 0x1badb002, 0, -0x1badb002
    .text
    .globl _start
_start:
    movb $'S', %al
    outb %al, $0xe9
    cli
1:  hlt
    jmp 1b

/* default.S - default.map as bytes of the program. */
        .section .rodata
        .globl map_default_text, map_default_end
map_default_text:
        .incbin "src/map/default.map"
map_default_end:
        .byte 0
        .section .note.GNU-stack, "", @progbits

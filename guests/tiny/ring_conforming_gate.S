/* A call gate to a conforming segment keeps CPL 3. */
#include "lib.inc"
    .macro GATE sel, label, cs, count, acc
    movl $\label, %eax
    movw %ax, lib_gdt + \sel
    shrl $16, %eax
    movw %ax, lib_gdt + \sel + 6
    movw $\cs, lib_gdt + \sel + 2
    movb $\count, lib_gdt + \sel + 4
    movb $\acc, lib_gdt + \sel + 5
    .endm
main:
    SETDESC T7, 0, 0xfffff, 0x9e, 0xc
    GATE T6, conf, T7, 0, 0xec
    USER_OK(lcall $T6, $0; movl %esp, %ecx)
    CHECK(%eax, $T7 + 3)
    CHECK(%ecx, $user_stack_top)
    TRY 3f
    GATE T6, conf_hlt, T7, 0, 0xec
    TO_USER 2f
2:  lcall $T6, $0
3:  CHECK(exc_vec, $GP)
    CHECK(exc_eip, $conf_hlt)
    CHECK(exc_cs, $T7 + 3)
    PASS
conf:
    movl %cs, %eax
    lret
conf_hlt:
    hlt

/* POPF of every combination of the arithmetic flags, DF, IF and the system flags, at CPL 0 and 3: PUSHF
 * shows what was popped, no register changes but ESP, the flags work, strings go where DF says. IF stays
 * as it is where IOPL says so; an interrupt that waits is let in by IF alone. */
#include "lib.inc"
#include "irq.inc"
#define N_PLACES 13
    /* %ebp: a number -> %ebx: EFLAGS with its bits at the places of CF PF AF ZF SF OF DF IF IOPL NT AC ID */
    .macro SPREAD
    movl %ebp, %ecx
    movl $2, %ebx
    xorl %edx, %edx
1:  movzbl places(%edx), %eax
    btl %edx, %ecx
    jnc 2f
    btsl %eax, %ebx
2:  incl %edx
    cmpl $N_PLACES, %edx
    jb 1b
    .endm
    /* mask: what may differ */
    .macro POP_AND_PUSH
    movl $0x12345678, %eax
    movl $0x9abcdef0, %ecx
    movl %esp, %esi
    pushl %ebx
    popfl
    setc got_c
    seto got_o
    sets got_s
    setz got_z
    setp got_p
    lahf
    movl %eax, %edx
    movl $0x12345678, %eax
    pushfl
    popl %edi
    .endm
main:
    SETGATE IRQ0, isr
    /* CPL 0: everything but TF; IF is let through, nothing waits */
    movl $0, %ebp
3:  SPREAD
    POP_AND_PUSH
    cld
    cli
    CHECK(%edi, %ebx)
    CHECK(%eax, $0x12345678)
    CHECK(%ecx, $0x9abcdef0)
    CHECK(%esp, %esi)
    call look_at_flags
    incl %ebp
    cmpl $(1 << N_PLACES), %ebp
    jb 3b
    SETF 2
    /* CPL 3, IOPL 0 and 3 */
    movl $0x202, user_eflags
    USER_OK(call user)
    CHECK(%eax, $0x600d)
    movl $0x3202, user_eflags
    USER_OK(call user)
    CHECK(%eax, $0x600d)
    /* strings */
    movl $area + 8, %edi
    pushl $F_DF | 2
    popfl
    movb $7, %al
    stosb
    pushl $2
    popfl
    stosb
    CHECK(%edi, $area + 8)
    std
    pushfl
    cld
    popfl
    stosb
    pushfl
    std
    popl %eax
    cld
    CHECK(%edi, $area + 7)
    andl $F_DF, %eax
    CHECK(%eax, $F_DF)
    /* an interrupt waits: IF decides, also where it does not change */
    UNMASK 0
    call pend
    pushl $2
    popfl
    nop
    CHECK(seen, $0)
    pushl $F_ID | 2
    popfl
    nop
    CHECK(seen, $0)
    pushl $F_IF | F_ID | 2
    popfl
4:  nop
    CHECK(seen, $4b)
    SETF 2
    /* the idiom of Linux: saved with IF set, restored while one waits */
    sti
    pushfl
    call pend
    CHECK(seen, $0)
    popfl
5:  nop
    cli
    CHECK(seen, $5b)
    /* at the end of a page, and with the word in two */
    movl %esp, %ebp
    movl $area_end - 4, %esp
    movl $0x246, (%esp)
    popfl
    cli
    CHECK(%esp, $area_end)
    movl $area_end - 2, %esp
    movl $0x0246, (%esp)
    popfl
    cli
    CHECK(%esp, $area_end + 2)
    movl %ebp, %esp
    PASS

/* user: %ebx counts through the places with IF and IOPL among them: they stay */
user:
    pushfl
    popl %ebp
    andl $(F_IOPL | F_IF), %ebp
    movl %ebp, keep
    movl $0, %ebp
6:  SPREAD
    testl $F_IOPL, keep
    jnz 9f
    POP_AND_PUSH
    cld
    andl $~(F_IOPL | F_IF), %ebx
    orl keep, %ebx
    jmp 7f
9:  POP_AND_PUSH /* IOPL 3: IF is the program's */
    cld
    sti
    orl $F_IOPL, %ebx
7:  cmpl %ebx, %edi
    jne 8f
    cmpl %esi, %esp
    jne 8f
    call look_at_flags
    incl %ebp
    cmpl $(1 << N_PLACES), %ebp
    jb 6b
    movl $0x600d, %eax
    pushl $2
    popfl
    ret
8:  movl $0xbad, %eax
    pushl $2
    popfl
    ret

/* %edi: what PUSHF showed; %dh: what LAHF did; got_*: SETcc */
look_at_flags:
    movl %edi, %eax
    andl $0xd7, %eax
    movzbl %dh, %edx
    cmpl %eax, %edx
    jne 1f
    .macro SAME which, bit
    btl $\bit, %edi
    setc %al
    cmpb got_\which, %al
    jne 1f
    .endm
    SAME c, 0
    SAME p, 2
    SAME z, 6
    SAME s, 7
    SAME o, 11
    ret
1:  movl $__LINE__, %eax
    ud2

pend:
    cli
    movl $0, seen
    PIT0 0, 20
    jmp wait_pending
wait_pending:
    pushl %eax
1:  movb $0x0a, %al
    outb %al, $0x20
    inb $0x20, %al
    testb $1, %al
    jz 1b
    popl %eax
    ret
isr:
    pushl %eax
    movl 4(%esp), %eax
    movl %eax, seen
    popl %eax
    EOI
    iret

    .data
places: .byte 0, 2, 4, 6, 7, 11, 10, 9, 12, 13, 14, 18, 21

    .balign 4
seen: .long 0
keep: .long 0
got_c: .byte 0
got_p: .byte 0
got_z: .byte 0
got_s: .byte 0
got_o: .byte 0
    .balign 4096
area: .fill 4096, 1, 0
area_end: .fill 4096, 1, 0

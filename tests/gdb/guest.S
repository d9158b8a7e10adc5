/* guest.S - what tests/gdb/run looks at: one place per thing a debugger does, and a guest that checks
 * that it sees nothing of it (code checksum, flags, debug registers, ticks). See lib.inc. */
#include "lib.inc"
#include "irq.inc"
#define ALIAS 0x08000000
#define TICKS 20
    .globl main
main:
    movl $0x11111111, %eax            /* values in every kind of register */
    movl $0x22222222, %ecx
    movl $0x33333333, %edx
    movl $0x44444444, %ebx
    CR4_SET CR4_OSFXSR
    fld1
    fldpi
    movups vector, %xmm3
    .globl values
values:
    nop
    .globl changed
changed:                              /* the debugger has set EBX, XMM3, ST0, ES, CR2 by now */
    nop
    movl %ebx, seen_ebx
    movups %xmm3, seen_xmm3
    fstpl seen_st0
    movl %cr2, %eax
    movl %eax, seen_cr2
    .globl flags_step                 /* a step leaves no trap flag behind */
flags_step:
    SETF 0x202
    pushfl
    popl %eax
    movl %eax, seen_flags
    cli
    .globl shadow_step
shadow_step:
    movl %ss, %eax
    movl %eax, %ss
    pushfl
    popl %ebx
    CHECK(%ebx, seen_cli_flags)
    .globl rep_step
rep_step:
    movl $source, %esi
    movl $target, %edi
    movl $4, %ecx
    rep movsl
    .globl rep_done
rep_done:
    SETGATE 0x30, gate
    .globl int_step
int_step:
    int $0x30
    .globl int_done
int_done:
    nop
    .globl call_step
call_step:
    movl $5, %eax
    call function
    .globl call_done
call_done:
    CHECK(%eax, $11)
    .globl loop_begin
loop_begin:
    movl $1000, %ecx
    .globl loop_top
loop_top:
    incl counter
    movl counter, %eax
    addl %eax, total
    decl %ecx
    jnz loop_top
    .globl loop_done
loop_done:
    CHECK(counter, $1000)
    movl $2, %ecx
    movl $source, %esi
    movl $watched - 4, %edi           /* a string store over a watched word */
    cld
    rep movsl
    .globl stored
stored:
    movw $0x5555, watched + 1
    movl watched, %eax
    .globl read_back
read_back:
    call paging_on
    movl $PTA | 7, PD + (ALIAS >> 20)
    movl $paged, %eax
    andl $~0xfff, %eax
    orl $7, %eax
    movl %eax, PTA
    movl $0, PTA + 4
    FLUSH
    .globl paged_on
paged_on:
    nop
    movl PTA, %eax                    /* A, D untouched by a debugger's look */
    andl $0x60, %eax
    movl %eax, seen_accessed
    .globl patch_here
patch_here:
    movl $1, %eax                     /* the debugger makes it 2 */
    movl %eax, seen_patch
    SETGATE IRQ0, tick
    UNMASK 0
    PIT0 2, 11932                     /* 100 Hz */
    sti
    .globl ticking
ticking:
    nop
1:  hlt
    cmpl $TICKS, ticks
    jb 1b
    cli
    MASK 0
    .globl in_user
    TRY back
    TO_USER in_user
in_user:
    movl $0x77, %eax
    .globl user_next
user_next:
    nop
    int $SYS
back:
    .globl sum
sum:                                  /* breakpoints stand all over this, and are not there */
    xorl %eax, %eax
    movl $main, %esi
2:  movzbl (%esi), %edx
    roll $3, %eax
    addl %edx, %eax
    incl %esi
    cmpl $end_of_code, %esi
    jb 2b
    movl %eax, seen_sum
    movl %dr7, %eax
    CHECK(%eax, $0x400)
    .globl last
last:
    nop
    PASS
    .globl function
function:
    addl $3, %eax
    call inner
    ret
    .globl inner
inner:
    addl $3, %eax
    ret
    .globl gate
gate:
    incl gates
    .globl gate_iret
gate_iret:
    iret
tick:
    incl ticks
    pushl %eax
    EOI
    popl %eax
    iret
    .globl end_of_code
end_of_code:

    .data
    .balign 16
vector: .long 0x01020304, 0x05060708, 0x090a0b0c, 0x0d0e0f10
    .macro word name, value
    .globl \name
\name: .long \value
    .endm
    word seen_ebx, 0
    word seen_cr2, 0
    word seen_flags, 0
    word seen_cli_flags, 0x2
    word seen_accessed, 0xff
    word seen_patch, 0
    word seen_sum, 0
    word gates, 0
    word ticks, 0
    word counter, 0
    word total, 0
    .globl seen_xmm3, seen_st0, source, target
    .balign 16
seen_xmm3: .skip 16
seen_st0: .skip 8
source: .long 0xaaaa0001, 0xaaaa0002, 0xaaaa0003, 0xaaaa0004
target: .skip 16
    .globl watched
    .long 0
watched: .long 0
    .long 0
    .balign 4096
    .globl paged
paged: .ascii "by another address\0"
    .balign 4096

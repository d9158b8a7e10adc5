/* bare.S - what single system operations cost on the bare machine: a tiny multiboot guest that prints, for
 * each, its name, how many operations a batch did, and the TSC ticks of the least of BATCHES batches.
 * bench/bare/run builds it, runs it in plex86 and in QEMU and makes nanoseconds of it.
 *
 *   BENCH(name, loops, per, (setup), op)  at CPL 0: op is there `per` times, `loops` times around
 *   UBENCH(...)                           the same, op at CPL 3; setup at CPL 0
 * op and setup keep %ebp. setup is not measured. Batches are short: a busy machine leaves some alone. */
#include "lib.inc"

#define BATCHES 40
#define SYS_PLAIN 0x90   /* gate whose handler is IRET */
#define SYS_SWITCH 0x91  /* changes CR3 */
#define SYS_DONE 0x92    /* end of a UBENCH */
#define PAGES 64
#define NEAR_PAGES 0x400000 /* PAGES in a row, other frames behind them */
#define FAR_PAGES 0x500000  /* PAGES at a distance of FAR_STEP */
#define FAR_STEP 0x8000     /* beyond what one hidden fault maps around */
#define USER_PAGES 0x400000 /* 20 of each process */

.macro BEGIN_BATCHES setup
    movl $BATCHES, batches
    movl $-1, least
7:  \setup
.endm
.macro COUNT_TICKS
    rdtsc
    subl ticks, %eax
    cmpl least, %eax
    jae 8f
    movl %eax, least
8:  decl batches
    jnz 7b
.endm
.macro SAY name, n
    .pushsection .data
.Lname\@: .asciz "\name"
    .popsection
    movl $.Lname\@, %esi
    movl $(\n), %eax
    call say
.endm
.macro TIMED loops, per, op
    rdtsc
    movl %eax, ticks
    movl $\loops, %ebp
9:
    .rept \per
    \op
    .endr
    decl %ebp
    jnz 9b
.endm
.macro bench name, loops, per, setup, op
    jmp 6f
    .balign 64
6:  BEGIN_BATCHES "\setup"
    TIMED \loops, \per, "\op"
    COUNT_TICKS
    SAY \name, "\loops * \per"
.endm
.macro ubench name, loops, per, setup, op
    BEGIN_BATCHES "\setup"
    movl %esp, kernel_esp
    movl $8f, resume
    TO_USER 6f
    .balign 64
6:  TIMED \loops, \per, "\op"
    int $SYS_DONE
8:  COUNT_TICKS
    SAY \name, "\loops * \per"
.endm

#define BENCH(name, loops, per, setup, op...) bench name, loops, per, LSTR setup, LSTR(op)
#define UBENCH(name, loops, per, setup, op...) ubench name, loops, per, LSTR setup, LSTR(op)

main:
    call paging_on
    SETGATE SYS_PLAIN, on_plain, 0xee
    SETGATE SYS_SWITCH, on_switch, 0xee
    SETGATE SYS_DONE, on_done, 0xee
    SETGATE PF, on_fault
    SETGATE 0x20, on_timer
    call say_frequency
    call second_space
    movl $on_gate, %eax
    movl $(KCS << 16), lib_gdt + T0
    movw %ax, lib_gdt + T0
    andl $0xffff0000, %eax
    orl $0xec00, %eax
    movl %eax, lib_gdt + T0 + 4
    SETDESC T1, lib_gdt, (GDT_BYTES-1), 0x82, 0
    movl $0x174, %ecx
    xorl %edx, %edx
    movl $KCS, %eax
    wrmsr
    incl %ecx
    movl $lib_kstack_top, %eax
    wrmsr
    incl %ecx
    movl $on_sysenter, %eax
    wrmsr
    outb %al, $0x80

    /* ports */
    OUTIMM 0x43, 0x34
    BENCH(in_pit, 200, 4, (nop), inb $0x40, %al)
    BENCH(out_pit, 200, 4, (nop), outb %al, $0x40)
    BENCH(in_61, 200, 4, (nop), inb $0x61, %al)
    BENCH(out_61, 200, 4, (xorl %eax, %eax), outb %al, $0x61)
    BENCH(in_scratch, 200, 4, (movl $0x3ff, %edx), movl $0x3ff, %edx; inb %dx, %al)
    BENCH(out_scratch, 200, 4, (nop), movl $0x3ff, %edx; outb %al, %dx)
    BENCH(in_nobody, 200, 4, (nop), movl $0x2f0, %edx; inb %dx, %al)
    BENCH(out_nobody, 200, 4, (nop), movl $0x2f0, %edx; outb %al, %dx)
    BENCH(eoi, 200, 4, (nop), movb $0x20, %al; outb %al, $0x20)

    /* flags, registers */
    BENCH(cli_sti, 500, 16, (nop), cli; sti)
    cli
    BENCH(pushf_popf, 500, 16, (nop), pushfl; popfl)
    BENCH(load_es, 200, 8, (movl $KDS, %ebx), movl %ebx, %es)
    BENCH(push_pop_fs, 200, 8, (nop), pushl %fs; popl %fs)
    BENCH(cpuid, 200, 4, (nop), xorl %eax, %eax; cpuid)
    BENCH(rdtsc, 200, 8, (nop), rdtsc)
    BENCH(read_cr0, 200, 8, (nop), movl %cr0, %eax)
    BENCH(clts, 200, 8, (nop), clts)
    BENCH(lgdt, 200, 4, (nop), lgdt lib_gdtr)
    BENCH(lldt, 200, 4, (movl $T1, %ebx), lldt %bx)
    xorl %eax, %eax
    lldt %ax

    /* calls */
    BENCH(call_ret, 500, 16, (nop), call nothing)
    BENCH(call_indirect, 500, 8, (movl $nothing, %ebx), call *%ebx)
    BENCH(call_deep_8, 500, 1, (nop), call deep1)
    BENCH(gate_0_0, 200, 4, (nop), lcall $T0, $0)
    UBENCH(gate_3_0, 200, 4, (nop), lcall $T0, $0)
    UBENCH(int_iret, 200, 8, (nop), int $SYS_PLAIN)
    UBENCH(sysenter, 200, 8, (nop), movl $5f, %edx; movl %esp, %ecx; sysenter; 5:)
    BENCH(int_iret_0, 200, 8, (nop), int $SYS_PLAIN)

    /* paging */
    BENCH(cr3_same, 50, 4, (movl $PD, %ebx), movl %ebx, %cr3)
    BENCH(cr3_known, 50, 2, (movl $PD, %ebx; movl $PD2, %ecx), movl %ecx, %cr3; movl %ebx, %cr3)
    UBENCH(switch_20, 50, 1, (nop), call touch_20; int $SYS_SWITCH; call touch_20; int $SYS_SWITCH)
    BENCH(invlpg, 50, 4, (movl $NEAR_PAGES, %ebx; movl (%ebx), %eax), invlpg (%ebx))
    BENCH(invlpg_clear, PAGES, 1, (call restore; call touch_near), call clear_next)
    BENCH(invlpg_remap, PAGES, 1, (call restore; call touch_near), call remap_next)
    BENCH(invlpg_lower, PAGES, 1, (call restore; call touch_near), call lower_next)
    BENCH(touch_near, PAGES, 1, (call restore), call touch_next)
    BENCH(touch_far, PAGES, 1, (call restore; movl $FAR_PAGES, %ebx), movl %eax, (%ebx); addl $FAR_STEP, %ebx)
    UBENCH(pf_deliver, 50, 2, (call restore; call clear; movl $0, demand), movl NEAR_PAGES, %eax)
    UBENCH(pf_demand, PAGES, 1, (call restore; call clear; movl $1, demand; movl $NEAR_PAGES, %ebx), movl (%ebx), %eax; addl $0x1000, %ebx)
    call restore

    /* code that changes: on a page of its own, on its caller's, through one that holds data too */
    BENCH(smc_call, 50, 1, (nop), movl %ebp, changed + 1; call changed)
    BENCH(smc_own_page, 50, 1, (nop), movl %ebp, 5f + 1; jmp 4f; .balign 64; 5: movl $0, %eax; ret; .balign 64; 4: call 5b)
    BENCH(data_on_code, 200, 2, (call changed), incl beside)
    call hlt_latency
    PASS

/* the way to CPL 0 and back */
on_plain:
    iret
on_switch:
    pushl %eax
    movl %cr3, %eax
    xorl $(PD ^ PD2), %eax
    movl %eax, %cr3
    popl %eax
    iret
on_done:
    movl $KDS, %eax
    movl %eax, %ds
    movl %eax, %es
    movl kernel_esp, %esp
    jmp *resume
on_gate:
    lret
on_sysenter:
    sysexit
on_timer:
    rdtsc
    movl %eax, woken
    OUTIMM 0x20, 0x20
    iret
/* demand: the page becomes present; else the instruction (5 bytes) is left out */
on_fault:
    pushl %ecx
    cmpl $0, demand
    je 1f
    movl %cr2, %ecx
    shrl $12, %ecx
    orl $7, PT0(,%ecx,4)
    popl %ecx
    addl $4, %esp
    iret
1:  popl %ecx
    addl $4, %esp
    addl $5, (%esp)
    iret

nothing:
    ret
    .macro DEEP n, next
deep\n:
    call deep\next
    ret
    .endm
    DEEP 1, 2
    DEEP 2, 3
    DEEP 3, 4
    DEEP 4, 5
    DEEP 5, 6
    DEEP 6, 7
    DEEP 7, 8
deep8:
    ret

/* PAGES pages from NEAR_PAGES on, one per %ebp = PAGES..1 */
    .macro PTE_OF_NEXT
    movl $(PTE(NEAR_PAGES) - 4), %eax
    leal (%eax,%ebp,4), %eax
    movl %ebp, %ebx
    shll $12, %ebx
    addl $(NEAR_PAGES - 0x1000), %ebx
    .endm
clear_next:
    PTE_OF_NEXT
    movl $0, (%eax)
    invlpg (%ebx)
    ret
remap_next:
    PTE_OF_NEXT
    xorl $0x80000, (%eax)
    invlpg (%ebx)
    ret
lower_next: /* read-only, as for copy on write */
    PTE_OF_NEXT
    andl $~PTE_W, (%eax)
    invlpg (%ebx)
    ret
touch_next:
    PTE_OF_NEXT
    movl %eax, (%ebx)
    ret
touch_near:
    movl $PAGES, %ebp
1:  call touch_next
    decl %ebp
    jnz 1b
    ret
/* all pages not present, then as paging_on made them; the TLB forgets both times */
clear:
    movl $PTE(NEAR_PAGES), %edi
    movl $(PAGES), %ecx
    xorl %eax, %eax
    rep stosl
    FLUSH
    ret
restore:
    movl $PTE(NEAR_PAGES), %edi
    movl $((0x800000 - NEAR_PAGES) / 4096), %ecx
    xorl %eax, %eax
    rep stosl
    FLUSH
    movl $PTE(NEAR_PAGES), %edi
    movl $((0x800000 - NEAR_PAGES) / 4096), %ecx
    movl $(NEAR_PAGES | 7), %eax
1:  stosl
    addl $0x1000, %eax
    loop 1b
    FLUSH
    ret

/* PD2: other frames at 4 to 8 MiB */
second_space:
    movl $(PT0 | 7), PD2
    movl $(PTB | 7), PD2 + 4
    movl $PTB, %edi
    movl $0x800007, %eax
    movl $1024, %ecx
1:  stosl
    addl $0x1000, %eax
    loop 1b
    ret
touch_20:
    movl $USER_PAGES, %ebx
    movl $20, %ecx
1:  incl (%ebx)
    addl $0x1000, %ebx
    decl %ecx
    jnz 1b
    ret

/* One millisecond by the PIT, mode 0, 20 times: the runner subtracts it. */
#define HLT_COUNT 1193
hlt_latency:
    OUTIMM 0x21, 0xfe
    movl $21, batches
1:  cmpl $20, batches /* the first wakes at once: an old tick was waiting */
    jb 3f
    movl $-1, least
    movl $0, total
3:  OUTIMM 0x43, 0x30
    movl $HLT_COUNT, %ecx
    movb %cl, %al
    outb %al, $0x40
    movb %ch, %al
    outb %al, $0x40
    rdtsc
    movl %eax, ticks
    sti
    hlt
    cli
    movl woken, %eax
    subl ticks, %eax
    addl %eax, total
    cmpl least, %eax
    jae 2f
    movl %eax, least
2:  decl batches
    jnz 1b
    OUTIMM 0x21, 0xff
    SAY hlt_wake, 1
    movl total, %eax
    movl %eax, least
    SAY hlt_wake_mean, 20
    ret

say_frequency:
    movl $0x15, %eax
    xorl %ecx, %ecx
    cpuid
    movl $0, total
    testl %eax, %eax
    jz 1f
    testl %ecx, %ecx
    jz 1f
    movl %eax, %edi
    movl %ecx, %eax
    mull %ebx
    divl %edi
    xorl %edx, %edx
    movl $1000, %edi
    divl %edi
    movl %eax, total
    jmp 2f
1:  movl $0x40000000, %eax
    cpuid
    cmpl $0x40000010, %eax
    jb 2f
    cmpl $0x400000ff, %eax
    ja 2f
    movl $0x40000010, %eax
    cpuid
    movl %eax, total
2:  movl total, %eax
    movl %eax, least
    SAY khz, 1
    ret

/* esi name, eax operations; `least` ticks: a line of text with two hexadecimal numbers */
say:
    pushl %eax
    call lib_puts
    popl %eax
    movl $blank, %esi
    call lib_puthex
    movl $blank, %esi
    movl least, %eax
    call lib_puthex
    movl $lib_msg_nl, %esi
    call lib_puts
    ret

    .balign 4096
changed:
    movl $0, %eax
    ret
    .balign 64
beside: .long 0
    .balign 4096

    .data
blank: .asciz " "
    .balign 4
batches: .long 0
least: .long 0
ticks: .long 0
total: .long 0
woken: .long 0
demand: .long 0
resume: .long 0
kernel_esp: .long 0

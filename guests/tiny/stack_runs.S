/* Pushes, pops and sums of ESP in a row: at each of them ESP is exact in a page fault and in a single
 * step, entered from elsewhere they do the same, flags are those of the last sum, and a run may
 * write its own code, by a store or because its stack lies there. */
#include "lib.inc"
#define P 0x400000
    .macro drop
    movl $0, PTE(P)
    movl $0, PTE(P + 0x1000)
    FLUSH
    movl $0, exc_count
    .endm
    /* to CPL 3, back by INT SYS; hook sees what happens there */
    .macro user eip, esp, eflags
    TRY 771f
    pushl $UDS
    popl %ds
    pushl $UDS
    popl %es
    pushl $UDS
    pushl \esp
    pushl \eflags
    pushl $UCS
    pushl \eip
    movl $hook, exc_hook
    iret
771:
    .endm
    .macro set_registers
    movl $0x2222, %eax
    movl $0x3333, %ecx
    .endm
    .macro check_all
    movl ustack, %eax
    CHECK(exc_esp, %eax)
    CHECK(exc_eax, $0x2222)
    CHECK(exc_edx, $0x3333)
    CHECK(exc_esi, $0x1111)
    .endm
main:
    call paging_on
    /* flags of the last sum are the same as here, for each place of the stack */
    movl $3, rounds
again:
    movl $P + 0x1000, ustack
    movl $faults_of, %edi
    movl %edi, expected
1:  drop
    set_registers
    user $run, ustack, $2
    check_all
    movl expected, %edi
    movzbl (%edi), %eax
    incl %eax                         /* and INT SYS */
    CHECK(exc_count, %eax)
    movl ustack, %eax
    leal -16(%eax), %edx
    CHECK(exc_edi, %edx)
    leal -4(%eax), %edx
    CHECK(exc_ebp, %edx)
    subl $24, %eax
    addl $4, %eax
    pushfl
    popl %eax
    xorl exc_eflags, %eax
    andl $0x8d5, %eax
    CHECK(%eax, $0)
    incl expected
    addl $4, ustack
    cmpl $P + 0x101c, ustack
    jne 1b
    /* entered in the middle, where the run has been made already and where it has not */
    movl $P + 0x1008, ustack
    movl $table, entry
2:  drop
    movl entry, %edi
    movl 4(%edi), %edx
    addl ustack, %edx
    movl %edx, start_esp
    movl (%edi), %edx
    movl %edx, start_eip
    movl $0x3333, %edx                /* what the last entries no longer load */
    movl $0x1111, %esi
    set_registers
    user start_eip, start_esp, $2
    check_all
    addl $8, entry
    cmpl $table_end, entry
    jne 2b
    /* by single steps */
    drop
    set_registers
    movl $0, steps
    user $run, ustack, $(F_TF | 2)
    check_all
    CHECK(steps, $((table_end - table) / 8))
    decl rounds
    jnz again
    /* a store changes the next push, then a push changes the next instruction */
    movl $40, rounds
3:  movl rounds, %esi
    movl $P + 0x1000, ustack
    user $writes, ustack, $2
    movl rounds, %edi
    CHECK(exc_edx, %edi)
    movl ustack, %eax
    CHECK(exc_esp, %eax)
    user $pushes, $(pushed + 5), $2
    CHECK(exc_edx, %edi)
    CHECK(exc_esp, $pushed + 5)
    decl rounds
    jnz 3b
    PASS

    /* ESP begins at ustack; table below says where it is */
run:
r0: pushl %eax
r1: movl %esp, %ebp
r2: pushl $0x1111
r3: subl $12, %esp
r4: pushl 16(%esp)
r5: movl %ecx, 4(%esp)
r6: leal 8(%esp), %edi
r7: addl $4, %esp
r8: popl %edx
r9: leal 4(%esp), %esp
ra: xchgl %eax, 8(%esp)
rb: popl %ebx
rc: popl %esi
rd: popl %eax
re: int $SYS

writes:
    pushl %eax
    movl %esi, 1f + 1
1:  pushl $0x12345678
    popl %edx
    popl %eax
    int $SYS
    .balign 4096
pushes:
    pushl %esi
pushed:
    movl $0, %edx
    popl %eax
    int $SYS

hook:
    cmpl $SYS, exc_vec
    jne 1f
    movl $0, exc_hook
    addl $4, %esp                     /* the recorder's normal end */
    movl exc_resume_esp, %esp
    jmp *exc_resume
1:  cmpl $P, exc_esp                  /* the other stacks have no table */
    jb 4f
    movl $table, %ecx
2:  movl exc_eip, %eax
    cmpl (%ecx), %eax
    je 3f
    addl $8, %ecx
    cmpl $table_end, %ecx
    jne 2b
    movl $0, %edx                     /* behind the run: INT SYS, or `writes` */
    cmpl $re, %eax
    jne 4f
    jmp 5f
3:  movl 4(%ecx), %edx
5:  addl ustack, %edx
    CHECK(exc_esp, %edx)
4:  cmpl $DB, exc_vec
    je 6f
    cmpl $PF, exc_vec
    jne lib_unexpected
    movl exc_cr2, %eax
    andl $0xfffff000, %eax
    movl %eax, %ecx
    shrl $12, %ecx
    orl $7, %eax
    movl %eax, PT0(,%ecx,4)
    ret
6:  incl steps
    ret

    .data
faults_of: .byte 1, 2, 2, 2, 2, 2, 1
    .balign 4
table:
    .long r0, 0, r1, -4, r2, -4, r3, -8, r4, -20, r5, -24, r6, -24, r7, -24
    .long r8, -20, r9, -16, ra, -12, rb, -12, rc, -8, rd, -4
table_end:
ustack: .long 0
expected: .long 0
entry: .long 0
start_esp: .long 0
start_eip: .long 0
steps: .long 0
rounds: .long 0

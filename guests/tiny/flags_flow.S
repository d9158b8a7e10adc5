/* Flags live across everything that joins or splits code: jumps, calls, returns, indirect
 * branches, page ends, memory accesses, moves, stack operations, inc/dec (CF), string moves, not,
 * lea, cpuid, in/out, mov cr. */
#include "lib.inc"
    .macro keeps insn:vararg          /* insn keeps all of ARITH and DF, set and clear */
    SETF (ARITH | F_DF | 2)
    \insn
    CHECKF(0xcd5, 0xcd5)
    SETF 2
    \insn
    CHECKF(0xcd5, 0)
    .endm
main:
    keeps jmp 1f; 1:
    keeps movl mem, %eax
    keeps movl %eax, mem
    keeps movb %ah, mem
    keeps leal 4(%eax,%ecx,8), %edx
    keeps pushl mem
    addl $8, %esp
    keeps notl mem
    keeps xchgl %eax, mem
    keeps xchgb %ah, mem
    keeps bswap %eax
    keeps movzbl mem, %eax
    keeps cpuid
    keeps rdtsc
    keeps inb $0x61, %al
    keeps outb %al, $0x80
    keeps movl %cr0, %eax
    keeps movl %cr3, %eax
    keeps movl %ds, %eax
    movl $KDS, %eax
    keeps movl %eax, %es
    keeps pushl %ds
    addl $8, %esp
    pushl $KDS
    pushl $KDS
    keeps popl %ds
    keeps sgdtl mem
    keeps lgdtl lib_gdtr
    keeps lidtl lib_idtr
    keeps invlpg mem
    keeps clts
    keeps smsw %eax
    keeps str %eax
    keeps sldt %eax
    keeps wbinvd
    keeps cbw
    keeps cwtl
    keeps cltd
    keeps xlatb
    keeps setc %al
    keeps fninit
    keeps fnstsw %ax
    keeps fldz
    keeps fld1
    keeps faddp
    keeps fnsave big
    keeps pushal
    addl $64, %esp
    keeps nop
    keeps pause
    keeps cmovcl %eax, %ecx
    keeps movl %dr6, %eax
    keeps lahf
    keeps enter $4, $0
    leave
    leave
    xorl %ecx, %ecx
    movl $mem, %esi
    movl $mem, %edi
    keeps rep movsb
    keeps repe cmpsb                  /* ECX=0: flags unchanged */
    keeps repne scasb
    movl $2, %ecx
    SETF (ARITH | F_DF | 2)
    rep stosb
    CHECKF(0xcd5, 0xcd5)
    cld
    movl $mem, %edi
    SETF (ARITH | 2)
    stosl
    CHECKF(0xcd5, 0x8d5)
    movl $mem, %esi
    keeps lodsl
    /* soft interrupt and back by iret: flags of before */
    SETGATE 0x90, isr
    keeps int $0x90
    /* exception, fixed up, and back */
    movl $hook, exc_hook
    keeps ud2
    movl $0, exc_hook
    /* calls and rets; indirect; through a page end */
    keeps call near
    movl $near, %eax
    keeps call *%eax
    keeps call *vec
    keeps call far_page
    keeps call pages
    keeps lcall $KCS, $far_ret
    keeps ljmp $KCS, $1f; 1:
    pushl $KCS
    pushl $2f
    SETF (ARITH | 2)
    pushl $KCS
    pushl $2f
    lret
2:  CHECKF(ARITH, ARITH)
    addl $8, %esp
    /* inc/dec keep CF only */
    SETF 3
    incl %eax
    decl mem
    decl %eax
    incl mem
    CHECKF(F_CF, F_CF)
    SETF 2
    incl %eax
    decl mem
    CHECKF(F_CF, 0)
    /* a branch on flags made far away: set on one page, used on another, 1000 times with
     * alternation */
    xorl %ecx, %ecx
    xorl %edi, %edi
3:  testl $1, %ecx
    call far_page
    jz 4f
    incl %edi
4:  call pages
    incl %ecx
    cmpl $1000, %ecx
    call *vec
    jne 3b
    CHECK(%edi, $500)
    /* flags as loop-carried state: sum of carries of a 64-bit accumulator across calls */
    xorl %eax, %eax
    xorl %edx, %edx
    movl $1000, %ecx
5:  addl $0x80000001, %eax
    call near
    adcl $0, %edx
    loop 5b
    CHECK(%eax, $1000)
    CHECK(%edx, $500)
    /* lahf/sahf: SF ZF AF PF CF only, bit 1 set */
    SETF (ARITH | 2)
    lahf
    CHECKB(%ah, $0xd7)
    SETF (F_OF | F_DF | 2)
    movb $0xff, %ah
    sahf
    CHECKF(0xcd5, 0xcd5)
    xorb %ah, %ah
    SETF (ARITH | 2)
    sahf
    CHECKF(0xcd5, F_OF)
    SETF 2
    lahf
    CHECKB(%ah, $2)
    /* clc stc cmc cld std */
    SETF (ARITH | 2)
    clc
    CHECKF(0xcd5, 0x8d4)
    SETF 2
    cmc
    CHECKF(0xcd5, 1)
    SETF (ARITH | F_DF | 2)
    cmc
    CHECKF(0xcd5, 0xcd4)
    SETF (ARITH | F_DF | 2)
    cld
    CHECKF(0xcd5, 0x8d5)
    SETF 2
    std
    CHECKF(0xcd5, F_DF)
    cld
    PASS
isr:
    xorl %eax, %eax
    std
    addl $1, %eax
    iret
hook:
    addl $2, FR_EIP(%ebp)
    xorl %eax, %eax
    ret
near:
    ret
far_ret:
    lret
    .balign 4096
far_page:
    jmp 1f
    .skip 100, 0x90
1:  ret
    .balign 4096
    .skip 4096 - 4, 0x90
pages:
    nop
    jmp 1f                            /* ends at the last byte but one */
    .byte 0x90
1:  ret
    .data
mem: .long 0, 0, 0, 0
vec: .long near
    .bss
    .balign 16
big: .skip 128

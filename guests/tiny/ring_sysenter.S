/* SYSENTER and SYSEXIT: MSRs, selectors and ESP EIP taken from them and from ECX EDX, flags, 3000
 * round trips, at CPL 3; #GP(0) with a null SYSENTER_CS; SYSEXIT at CPL 3. */
#include "lib.inc"
    .macro wr msr, value
    movl $\msr, %ecx
    xorl %edx, %edx
    movl $\value, %eax
    wrmsr
    .endm
main:
    NEED_CPUID 1, edx, 11
    wr 0x174, 0
    USER(GP, 0, sysenter)
    FAULTS(GP, 0, sysexit)
    wr 0x174, KCS
    wr 0x175, lib_kstack_top
    wr 0x176, entry
    movl $0x174, %ecx
    rdmsr
    CHECK(%eax, $KCS)
    movl $0x176, %ecx
    rdmsr
    CHECK(%eax, $entry)
    CHECK(%edx, $0)
    movl $3000, %esi
    movl $0x202, user_eflags
1:  movl %esi, %ebx
    movl %esi, %eax
    USER_OK(movl $9f, %edx; movl %esp, %ecx; stc; sysenter; ud2; 9: pushfl; popl %ecx; \
            movl %cs, %edx; movl %ss, %edi)
    negl %eax
    CHECK(%eax, %esi)
    CHECK(%edx, $UCS)
    CHECK(%edi, $UDS)
    CHECK(exc_esp, $user_stack_top)
    CHECK(in_cs, $KCS)
    CHECK(in_ss, $KDS)
    CHECK(in_esp, $lib_kstack_top)
    testl $F_IF, in_flags             /* IF is cleared by SYSENTER */
    ASSERT(z)
    testl $F_CF, in_flags             /* the others stay */
    ASSERT(nz)
    andl $F_CF, %ecx
    CHECK(%ecx, $F_CF)
    decl %esi
    jnz 1b
    USER(GP, 0, sysexit)
    /* SYSENTER at CPL 0 works too */
    TRY 2f
    movl $2f, %edx
    movl $user_stack_top, %ecx
    movl $3f, kernel_back
    sysenter
3:  CHECK(in_cs, $KCS)
2:  PASS
entry:
    pushl %eax
    movl %cs, %eax
    movl %eax, in_cs
    movl %ss, %eax
    movl %eax, in_ss
    popl %eax
    movl %esp, in_esp
    pushfl
    popl in_flags
    cmpl $0, kernel_back
    jne 4f
    negl %eax
    stc
    sysexit
4:  movl $stack_top, %esp
    jmp *kernel_back
    .data
in_cs: .long 0
in_ss: .long 0
in_esp: .long 0
in_flags: .long 0
dummy: .long 0
kernel_back: .long 0

/* Code written through another linear address of the same frame, through a 4 KiB and a 4 MiB
 * alias, at CPL 0 and 3; reads of the code through every alias show what was written. */
#include "lib.inc"
#define LIN 0x08000000
#define F 0x400000
main:
    call paging_on
    CR4_SET CR4_PSE
    movl $PTA | 7, PD + (LIN >> 20)
    movl $F | 7, PTA
    movl $F | 7, PTA + 4
    movl $F | 5, PTA + 8              /* executable and readable only */
    movl $F | PTE_PS | 7, PDE(0x40000000)
    FLUSH
    movl $0x000000b8, F               /* mov $imm, %eax; ret */
    movb $0xc3, F + 5
    movl $300, %esi
1:  /* written at the identity address, run at an alias */
    movl %esi, F + 1
    call serial
    call LIN
    CHECK(%eax, %esi)
    call LIN + 0x2000                 /* read-only alias */
    CHECK(%eax, %esi)
    /* written at an alias, run at all */
    leal 1000(%esi), %edi
    movl %edi, LIN + 0x1001
    call serial
    call F
    CHECK(%eax, %edi)
    call LIN
    CHECK(%eax, %edi)
    call LIN + 0x2000
    CHECK(%eax, %edi)
    CHECK(LIN + 0x2001, %edi)
    /* through the large page */
    negl %edi
    movl %edi, 0x40000001
    call serial
    call LIN + 0x2000
    CHECK(%eax, %edi)
    call F
    CHECK(%eax, %edi)
    call 0x40000000
    CHECK(%eax, %edi)
    /* a user runs the read-only alias while the kernel writes through the identity map */
    movl %esi, F + 1
    USER_OK(call LIN + 0x2000)
    CHECK(%eax, %esi)
    USER(PF, 7, movl $5, LIN + 0x2001)
    USER_OK(call LIN + 0x2000)
    CHECK(%eax, %esi)
    CHECK(F + 1, %esi)
    /* a user writes at one alias and runs at the other */
    USER_OK(movl %edi, LIN + 1; xorl %eax, %eax; pushl %ebx; cpuid; popl %ebx; call LIN + 0x2000)
    CHECK(%eax, %edi)
    decl %esi
    jnz 1b
    PASS
serial:
    pushal
    cpuid
    popal
    ret

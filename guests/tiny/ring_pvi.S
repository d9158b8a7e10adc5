/* CR4.PVI: CLI and STI at CPL 3 with IOPL < 3 work on VIF; VIP makes STI #GP; PUSHF, POPF and IRET
 * know nothing of it; nor do CPL 1 and 2; IOPL 3 has its IF. */
#include "lib.inc"
#define F_VIF 0x80000
#define F_VIP 0x100000
    .macro STOPPED flags
    movl exc_eflags, %eax
    andl $(F_VIF | F_VIP | F_IF), %eax
    CHECK(%eax, $(\flags))
    .endm
main:
    NEED_CPUID 1, edx, 1
    USER(GP, 0, sti)
    USER(GP, 0, cli)
    CR4_SET 2
    USER_OK(sti)
    STOPPED F_VIF
    USER_OK(sti; cli)
    STOPPED 0
    USER_OK(sti; pushfl; popl %ebx)
    movl %ebx, %eax
    andl $(F_VIF | F_IF), %eax
    CHECK(%eax, $F_VIF)               /* the image is the real one */
    movl $(2 | F_VIP), user_eflags
    USER(GP, 0, sti)
    STOPPED F_VIP
    USER_OK(cli)
    STOPPED F_VIP
    /* POPF: VIF, VIP, IF stay */
    movl $(2 | F_VIF), user_eflags
    USER_OK(pushl $0x202; popfl)
    STOPPED F_VIF
    movl $(2 | F_IF), user_eflags
    USER_OK(pushl $(2 | F_VIF | F_VIP); popfl)
    STOPPED F_IF
    /* IRET at CPL 3 likewise */
    TRY 1f
    TO_USER 2f
2:  pushl $(2 | F_VIF | F_VIP)
    pushl $UCS
    pushl $3f
    iret
3:  int $SYS
1:  CHECK(exc_vec, $SYS)
    STOPPED F_IF
    /* IOPL 3 */
    movl $(2 | 0x3000), user_eflags
    USER_OK(sti)
    STOPPED F_IF
    USER_OK(sti; cli)
    STOPPED 0
    /* ring 1 */
    TRY 5f
    pushl $DS1
    pushl $lib_stack1_top
    pushl $2
    pushl $CS1
    pushl $4f
    iret
4:  sti
5:  CHECK(exc_vec, $GP)
    CHECK(exc_cs, $CS1)
    PASS

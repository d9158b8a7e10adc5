/* kernel.h - what the guest kernel's C and assembly, and the engine side, agree on. Numbers only.
 */
#ifndef NATIVE_KERNEL_H
#define NATIVE_KERNEL_H

#define KERNEL_RAM_MIB      64
#define KERNEL_TEST_PHYS    0x1000000 /* frames of the test pages: data, then code */
#define KERNEL_CODE_PHYS    0x1010000
#define KERNEL_RESULTS_PHYS 0x2000000
#define KERNEL_EXIT_PORT    0xf4
#define KERNEL_EXIT_DONE    0x10 /* written there when the batch is through */
#define KERNEL_EXIT_LOST    0x11 /* an exception inside the kernel itself */
#define KERNEL_CODE_SEL     0x08
#define KERNEL_DATA_SEL     0x18

/* struct test_case */
#define CASE_EIP    4
#define CASE_EFLAGS 8
#define CASE_GPR    12
#define CASE_SEL    44
#define CASE_FX     64

#endif

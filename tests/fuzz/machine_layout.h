/* machine_layout.h - where things lie in the fuzzed guest's memory; for C and assembly. */
#ifndef FUZZ_MACHINE_LAYOUT_H
#define FUZZ_MACHINE_LAYOUT_H

/* What the handlers know, at fixed addresses. */
#define P_COUNT 0x800 /* exceptions and interrupts so far */
#define P_LIMIT 0x804 /* at which the guest halts for good */
#define P_BASE  0x808 /* next EIP = base + (count * step & mask) */
#define P_STEP  0x80c
#define P_MASK  0x810
#define P_DS    0x814
#define P_ES    0x818
#define P_FRAME 0x820 /* EIP CS EFLAGS ESP SS ES DS FS GS */

#define AT_GDT      0x1000
#define AT_LDT      0x1400
#define AT_IDT      0x1800
#define AT_TSS      0x2000 /* the one in TR; 0x68 bytes, then the I/O bitmap */
#define AT_IOMAP    0x2068
#define AT_TSS_DF   0x2400
#define AT_TSS_2    0x2500
#define AT_TSS_16   0x2600
#define AT_HANDLER  0x3000
#define AT_STACK    0x4000 /* top: + 1000 */
#define AT_VALUES   0x5000 /* register values, 32 bytes each time */
#define AT_PAGING   0x6000 /* directory, or PDPT; then tables */
#define AT_CODE     0x10000
#define AT_DATA     0x20000
#define AT_USER_TOP 0x31000

#define GDT_KCODE 0x08
#define GDT_KDATA 0x10
#define GDT_TSS   0x50
#define GDT_TSSDF 0x98

#endif

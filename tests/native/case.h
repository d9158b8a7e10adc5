/* case.h - what the three parties of a differential test share: the generator, the process that
 * runs cases on the CPU underneath (64-bit), and the small kernel that runs them inside a guest
 * (32-bit). So: fixed-size integers only, nothing aligned to more than 4 but the FXSAVE images.
 *
 * A case is a CPU state at CPL 3, some code and some memory. It runs until the first exception,
 * which INT3 (all code around is filled with it) raises if nothing else does.
 */
#ifndef NATIVE_CASE_H
#define NATIVE_CASE_H

#include <stdint.h>

/* Where things are, in linear addresses, the same on both sides. Pages not named are not mapped. */
enum {
    N_CASES = 1024, /* of a batch */
    SLOT_BYTES = 256,
    CODE_BYTES = N_CASES * SLOT_BYTES + 4096,
    CODE_LIN = 0x20000000,
    SLOTS_LIN = CODE_LIN + SLOT_BYTES / 2, /* so that some slots lie across two pages */
    DATA_LIN = 0x20800000, /* 64 KiB: what the segments of the LDT with a base cover */
    LOW_PAGE = DATA_LIN,   /* LOW and HIGH meet where 16-bit offsets wrap */
    DATA_PAGE = DATA_LIN + 0x1000,
    DATA2_PAGE = DATA_LIN + 0x2000, /* follows; behind it nothing is mapped */
    READ_ONLY_PAGE = DATA_LIN + 0x4000,
    STACK_PAGE = DATA_LIN + 0x6000,
    HIGH_PAGE = DATA_LIN + 0xf000,
    TEST_PAGE_BYTES = 4096,
};
enum { INT3 = 0xcc, NO_ERROR_CODE = 0 };

/* Memory that each case brings along and each result shows; the rest is in the checksum. */
enum {
    MIDDLE_LIN = DATA2_PAGE - 128, /* across the two data pages */
    MIDDLE_BYTES = 256,
    END_LIN = DATA2_PAGE + TEST_PAGE_BYTES - 128,
    END_BYTES = 128,
    STACK_LIN = STACK_PAGE + 0x800 - 128,
    STACK_BYTES = 256,
    WINDOW_BYTES = MIDDLE_BYTES + END_BYTES + STACK_BYTES,
};

enum { SEL_CODE32 = 0x23, SEL_DATA32 = 0x2b, SEL_CODE64 = 0x33 }; /* as Linux has them */
enum case_flags { CASE_SKIP = 1, CASE_NEXT_PAGE_MISSING = 2 /* the page behind EIP's */ };
enum { CASE_ES, CASE_CS, CASE_SS, CASE_DS, CASE_FS, CASE_GS, N_CASE_SEGS };

struct test_case {
    uint32_t flags;
    uint32_t eip, eflags;
    uint32_t gpr[8]; /* in the order of their numbers */
    uint16_t sel[N_CASE_SEGS];
    uint8_t fx[512] __attribute__((aligned(16)));
    uint8_t window[WINDOW_BYTES];
};

struct test_result {
    uint32_t ran;
    uint32_t eip, eflags;
    uint32_t gpr[8];
    uint32_t vector, error, cr2;
    uint32_t checksum; /* of all writable test pages */
    uint16_t sel[N_CASE_SEGS];
    uint8_t fx[512] __attribute__((aligned(16)));
    uint8_t window[WINDOW_BYTES];
};

struct descriptor {
    uint32_t low, high;
};
enum { N_LDT = 32, N_GDT = 16, GDT_TSS = 8, GDT_LDT = 9 };

/* What is the same for all cases of a batch. */
struct batch_head {
    uint32_t n_cases, has_ldt;
    uint8_t pattern[TEST_PAGE_BYTES]; /* of every writable page outside the windows */
    struct descriptor gdt[N_GDT];     /* what of the host's user code can see */
    struct descriptor ldt[N_LDT];
};

struct batch {
    struct batch_head head;
    struct test_case cases[N_CASES];
    uint8_t code[CODE_BYTES]; /* for the guest */
};

#endif

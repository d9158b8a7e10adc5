/* cpuid.h - CPUID feature bits (SDM vol. 2, "CPUID"). Constants; no state. */
#ifndef X86_CPUID_H
#define X86_CPUID_H

enum { /* leaf 1, EDX */
       CPUID_FPU = 1 << 0,
       CPUID_VME = 1 << 1,
       CPUID_DE = 1 << 2,
       CPUID_PSE = 1 << 3,
       CPUID_TSC = 1 << 4,
       CPUID_MSR = 1 << 5,
       CPUID_PAE = 1 << 6,
       CPUID_CX8 = 1 << 8,
       CPUID_SEP = 1 << 11,
       CPUID_MTRR = 1 << 12,
       CPUID_PGE = 1 << 13,
       CPUID_CMOV = 1 << 15,
       CPUID_PAT = 1 << 16,
       CPUID_CLFLUSH = 1 << 19,
       CPUID_MMX = 1 << 23,
       CPUID_FXSR = 1 << 24,
       CPUID_SSE = 1 << 25,
       CPUID_SSE2 = 1 << 26,
};
enum { /* leaf 1, ECX */
       CPUID_SSE3 = 1 << 0,
       CPUID_PCLMULQDQ = 1 << 1,
       CPUID_SSSE3 = 1 << 9,
       CPUID_SSE41 = 1 << 19,
       CPUID_SSE42 = 1 << 20,
       CPUID_MOVBE = 1 << 22,
       CPUID_POPCNT = 1 << 23,
       CPUID_AES = 1 << 25,
       CPUID_RDRAND = 1 << 30,
};
#define CPUID_HYPERVISOR (1u << 31)
enum { /* leaf 7 */
       CPUID7_EBX_TSC_ADJUST = 1 << 1,
       CPUID7_EBX_ERMS = 1 << 9,
       CPUID7_EBX_RDSEED = 1 << 18,
       CPUID7_EBX_SHA = 1 << 29,
       CPUID7_EDX_SPEC_CTRL = 1 << 26,
       CPUID7_EDX_ARCH_CAPABILITIES = 1 << 29,
};
enum { /* leaf 80000001 and 80000007 */
       CPUID81_ECX_LAHF = 1 << 0,
       CPUID81_EDX_NX = 1 << 20,
       CPUID81_EDX_RDTSCP = 1 << 27,
       CPUID87_EDX_INVARIANT_TSC = 1 << 8,
};

enum {
    CPUID_SIGNATURE = 0x000306a9, /* family 6, model 3A, stepping 9 */
    CPUID_PHYS_BITS = 32,         /* view/walk.c: the bits above are reserved */
};

#endif

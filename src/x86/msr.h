/* msr.h - numbers and bits of model-specific registers (SDM vol. 4, "Model-Specific Registers").
 * Constants; no state.
 */
#ifndef X86_MSR_H
#define X86_MSR_H

#include <stdint.h>

enum {
    MSR_TSC = 0x10,
    MSR_PLATFORM_ID = 0x17,
    MSR_APIC_BASE = 0x1b,
    MSR_EBL_CR_POWERON = 0x2a,
    MSR_TSC_ADJUST = 0x3b,
    MSR_SPEC_CTRL = 0x48,
    MSR_PRED_CMD = 0x49,
    MSR_BIOS_SIGN = 0x8b,
    MSR_MTRR_CAP = 0xfe,
    MSR_ARCH_CAPABILITIES = 0x10a,
    MSR_SYSENTER_CS = 0x174,
    MSR_SYSENTER_ESP = 0x175,
    MSR_SYSENTER_EIP = 0x176,
    MSR_MISC_ENABLE = 0x1a0,
    MSR_DEBUGCTL = 0x1d9,
    MSR_LBR_FROM = 0x1db, /* 1DB-1DE: last branch and last exception, from and to */
    MSR_LER_TO = 0x1de,
    MSR_MTRR_VAR = 0x200, /* base, mask, base, mask ... */
    MSR_MTRR_FIX_64K = 0x250,
    MSR_MTRR_FIX_16K = 0x258,
    MSR_MTRR_FIX_4K = 0x268,
    MSR_PAT = 0x277,
    MSR_MTRR_DEF_TYPE = 0x2ff,
};
#define MSR_EFER    0xc0000080u
#define MSR_TSC_AUX 0xc0000103u

enum {
    MTRR_N_VAR = 8,
    MTRR_CAP_FIX = 1 << 8,
    MTRR_CAP_WC = 1 << 10,
    APIC_BASE_BSP = 1 << 8,
    APIC_BASE_ENABLE = 1 << 11,
    SPEC_CTRL_IBRS = 1,
    PRED_CMD_IBPB = 1,
    MISC_FAST_STRINGS = 1 << 0,
    MISC_BTS_UNAVAILABLE = 1 << 11,
    MISC_PEBS_UNAVAILABLE = 1 << 12,
};

/* IA32_ARCH_CAPABILITIES */
#define ARCH_CAP_RDCL_NO               (1ull << 0)
#define ARCH_CAP_IBRS_ALL              (1ull << 1)
#define ARCH_CAP_SKIP_VMENTRY_L1DFLUSH (1ull << 3)
#define ARCH_CAP_SSB_NO                (1ull << 4)
#define ARCH_CAP_MDS_NO                (1ull << 5)
#define ARCH_CAP_IF_PSCHANGE_MC_NO     (1ull << 6)
#define ARCH_CAP_TAA_NO                (1ull << 8)
#define ARCH_CAP_SBDR_SSDP_NO          (1ull << 13)
#define ARCH_CAP_FBSDP_NO              (1ull << 14)
#define ARCH_CAP_PSDP_NO               (1ull << 15)
#define ARCH_CAP_BHI_NO                (1ull << 20)
#define ARCH_CAP_PBRSB_NO              (1ull << 24)
#define ARCH_CAP_GDS_NO                (1ull << 26)
#define ARCH_CAP_RFDS_NO               (1ull << 27)
#define ARCH_CAP_ITS_NO                (1ull << 62)

/* Memory types of MTRRs and the PAT */
enum {
    MEMTYPE_UC = 0,
    MEMTYPE_WC = 1,
    MEMTYPE_WT = 4,
    MEMTYPE_WP = 5,
    MEMTYPE_WB = 6,
    MEMTYPE_UC_MINUS = 7
};
#define PAT_RESET 0x0007040600070406ull

#endif

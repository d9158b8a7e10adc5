/* msr.c - model-specific registers and the counters (SDM vol. 4; vol. 2, "RDMSR", "WRMSR", "RDTSC",
 * "RDTSCP", "RDPMC"). What is not listed here is #GP(0), as on a CPU that does not have it.
 *
 * MTRRs and the PAT are kept for the guest to read back; memory types have no effect here.
 */
#include "x86/msr.h"
#include "emul/local.h"
#include "view/view.h"
#include "x86/cpuid.h"

/* Not vulnerable: guest supervisor pages are not in the user view, and nothing of the guest's runs
 * with our privileges. Spares the guest PTI, retpolines and buffer clearing (design.md section 9).
 */
static const uint64_t ARCH_CAPABILITIES =
    ARCH_CAP_RDCL_NO | ARCH_CAP_IBRS_ALL | ARCH_CAP_SKIP_VMENTRY_L1DFLUSH | ARCH_CAP_SSB_NO |
    ARCH_CAP_MDS_NO | ARCH_CAP_IF_PSCHANGE_MC_NO | ARCH_CAP_TAA_NO | ARCH_CAP_SBDR_SSDP_NO |
    ARCH_CAP_FBSDP_NO | ARCH_CAP_PSDP_NO | ARCH_CAP_BHI_NO | ARCH_CAP_PBRSB_NO | ARCH_CAP_GDS_NO |
    ARCH_CAP_RFDS_NO | ARCH_CAP_ITS_NO;

static uint64_t guest_tsc(const struct cpu *cpu)
{
    return __builtin_ia32_rdtsc() + cpu->tsc_offset;
}

static bool has_nx(const struct cpu *cpu)
{
    return cpu->host_cpuid.edx81 & CPUID81_EDX_NX;
}
static bool has_rdtscp(const struct cpu *cpu)
{
    return cpu->host_cpuid.edx81 & CPUID81_EDX_RDTSCP;
}

/* The fixed-range MTRR's storage, or NULL. */
static uint64_t *fixed_mtrr(struct cpu *cpu, uint32_t msr)
{
    if (msr == MSR_MTRR_FIX_64K) {
        return &cpu->msr_mtrr_fix[0];
    }
    if (msr == MSR_MTRR_FIX_16K || msr == MSR_MTRR_FIX_16K + 1) {
        return &cpu->msr_mtrr_fix[1 + (msr - MSR_MTRR_FIX_16K)];
    }
    if (msr >= MSR_MTRR_FIX_4K && msr < MSR_MTRR_FIX_4K + 8) {
        return &cpu->msr_mtrr_fix[3 + (msr - MSR_MTRR_FIX_4K)];
    }
    return NULL;
}

/* UC- exists in the PAT only. */
static bool is_memory_type(uint32_t type, bool pat)
{
    return type == MEMTYPE_UC || type == MEMTYPE_WC || (type >= MEMTYPE_WT && type <= MEMTYPE_WB) ||
           (pat && type == MEMTYPE_UC_MINUS);
}
static bool are_memory_types(uint64_t types, bool pat)
{
    for (unsigned i = 0; i < 8; i++, types >>= 8) {
        if (!is_memory_type(types & 0xff, pat)) {
            return false;
        }
    }
    return true;
}

static int read_mtrr(struct cpu *cpu, uint32_t msr, uint64_t *value)
{
    const uint64_t *fixed = fixed_mtrr(cpu, msr);
    if (fixed) {
        *value = *fixed;
    } else if (msr >= MSR_MTRR_VAR && msr < MSR_MTRR_VAR + 2 * MTRR_N_VAR) {
        *value = cpu->msr_mtrr_var[msr - MSR_MTRR_VAR];
    } else {
        return emul_raise(cpu, VEC_GP, 0);
    }
    return 0;
}

static int write_mtrr(struct cpu *cpu, uint32_t msr, uint64_t value)
{
    const uint64_t beyond = ~0ull << CPUID_PHYS_BITS;
    uint64_t *fixed = fixed_mtrr(cpu, msr);
    if (fixed && are_memory_types(value, false)) {
        *fixed = value;
        return 0;
    }
    if (msr < MSR_MTRR_VAR || msr >= MSR_MTRR_VAR + 2 * MTRR_N_VAR) {
        return emul_raise(cpu, VEC_GP, 0);
    }
    const bool is_mask = msr & 1;
    const uint64_t reserved = beyond | (is_mask ? 0x7ff : 0xf00);
    if ((value & reserved) || (!is_mask && !is_memory_type(value & 0xff, false))) {
        return emul_raise(cpu, VEC_GP, 0);
    }
    cpu->msr_mtrr_var[msr - MSR_MTRR_VAR] = value;
    return 0;
}

static int read_msr(struct cpu *cpu, uint32_t msr, uint64_t *value)
{
    *value = 0;
    switch (msr) {
    case MSR_TSC:
        *value = guest_tsc(cpu);
        return 0;
    case MSR_TSC_ADJUST:
        *value = cpu->msr_tsc_adjust;
        return 0;
    case MSR_TSC_AUX:
        *value = cpu->msr_tsc_aux;
        return has_rdtscp(cpu) ? 0 : emul_raise(cpu, VEC_GP, 0);
    case MSR_PLATFORM_ID:
    case MSR_EBL_CR_POWERON:
        return 0;
    case MSR_APIC_BASE:
        *value = cpu->apic_base;
        return 0;
    case MSR_SPEC_CTRL:
        *value = cpu->msr_spec_ctrl;
        return 0;
    case MSR_BIOS_SIGN:
        *value = cpu->msr_bios_sign;
        return 0;
    case MSR_ARCH_CAPABILITIES:
        *value = ARCH_CAPABILITIES;
        return 0;
    case MSR_SYSENTER_CS:
        *value = cpu->sysenter_cs;
        return 0;
    case MSR_SYSENTER_ESP:
        *value = cpu->sysenter_esp;
        return 0;
    case MSR_SYSENTER_EIP:
        *value = cpu->sysenter_eip;
        return 0;
    case MSR_MISC_ENABLE:
        *value = cpu->msr_misc_enable;
        return 0;
    case MSR_DEBUGCTL:
        *value = cpu->msr_debugctl;
        return 0;
    case MSR_LBR_FROM ... MSR_LER_TO:
        return 0;
    case MSR_MTRR_CAP:
        *value = MTRR_N_VAR | MTRR_CAP_FIX | MTRR_CAP_WC;
        return 0;
    case MSR_MTRR_DEF_TYPE:
        *value = cpu->msr_mtrr_def_type;
        return 0;
    case MSR_PAT:
        *value = cpu->msr_pat;
        return 0;
    case MSR_EFER:
        *value = cpu->efer;
        return has_nx(cpu) ? 0 : emul_raise(cpu, VEC_GP, 0);
    default:
        return read_mtrr(cpu, msr, value);
    }
}

/* Stores value if it has no bit outside allowed. */
static int store_masked(struct cpu *cpu, uint64_t *place, uint64_t value, uint64_t allowed)
{
    if (value & ~allowed) {
        return emul_raise(cpu, VEC_GP, 0);
    }
    *place = value;
    return 0;
}
static int store_masked32(struct cpu *cpu, uint32_t *place, uint64_t value, uint64_t allowed)
{
    if (value & ~allowed) {
        return emul_raise(cpu, VEC_GP, 0);
    }
    *place = (uint32_t)value;
    return 0;
}

static int write_efer(struct cpu *cpu, uint64_t value)
{
    const uint32_t old = cpu->efer;
    if (!has_nx(cpu) || store_masked32(cpu, &cpu->efer, value, EFER_NXE)) {
        return emul_raise(cpu, VEC_GP, 0);
    }
    if (cpu->efer != old) {
        view_paging_changed(cpu);
    }
    return 0;
}

static int write_msr(struct cpu *cpu, uint32_t msr, uint64_t value)
{
    uint64_t delta;
    switch (msr) {
    case MSR_TSC: /* "IA32_TSC_ADJUST": writing one moves the other by the same amount */
        delta = value - guest_tsc(cpu);
        cpu->tsc_offset += delta;
        cpu->msr_tsc_adjust += delta;
        return 0;
    case MSR_TSC_ADJUST:
        cpu->tsc_offset += value - cpu->msr_tsc_adjust;
        cpu->msr_tsc_adjust = value;
        return 0;
    case MSR_TSC_AUX:
        return has_rdtscp(cpu) ? store_masked32(cpu, &cpu->msr_tsc_aux, value, UINT32_MAX)
                               : emul_raise(cpu, VEC_GP, 0);
    case MSR_EBL_CR_POWERON:
        return 0;
    case MSR_APIC_BASE: /* the APIC of dev/local_apic.c stays where it is */
        return store_masked(cpu, &cpu->apic_base, value,
                            0xfffff000u | APIC_BASE_BSP | APIC_BASE_ENABLE);
    case MSR_SPEC_CTRL:
        return store_masked32(cpu, &cpu->msr_spec_ctrl, value, SPEC_CTRL_IBRS);
    case MSR_PRED_CMD:
        return value & ~(uint64_t)PRED_CMD_IBPB ? emul_raise(cpu, VEC_GP, 0) : 0;
    case MSR_BIOS_SIGN:
        cpu->msr_bios_sign = value;
        return 0;
    case MSR_SYSENTER_CS:
        cpu->sysenter_cs = (uint32_t)value;
        return 0;
    case MSR_SYSENTER_ESP:
        cpu->sysenter_esp = (uint32_t)value;
        return 0;
    case MSR_SYSENTER_EIP:
        cpu->sysenter_eip = (uint32_t)value;
        return 0;
    case MSR_MISC_ENABLE: /* DEVIATION: any value is kept and none has an effect */
        cpu->msr_misc_enable = value;
        return 0;
    case MSR_DEBUGCTL:
        return store_masked(cpu, &cpu->msr_debugctl, value, 0x3);
    case MSR_MTRR_DEF_TYPE:
        if (!is_memory_type(value & 0xff, false)) {
            return emul_raise(cpu, VEC_GP, 0);
        }
        return store_masked(cpu, &cpu->msr_mtrr_def_type, value, 0xcff);
    case MSR_PAT:
        if (!are_memory_types(value, true)) {
            return emul_raise(cpu, VEC_GP, 0);
        }
        cpu->msr_pat = value;
        return 0;
    case MSR_EFER:
        return write_efer(cpu, value);
    default:
        return write_mtrr(cpu, msr, value);
    }
}

enum light_result emul_rdmsr(struct cpu *cpu, const struct insn *insn)
{
    (void)insn;
    uint64_t value;
    if (cpu->cpl != 0) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    if (read_msr(cpu, cpu_reg(cpu, GPR_ECX), &value)) {
        return LIGHT_FAULT;
    }
    cpu_set_reg(cpu, GPR_EAX, (uint32_t)value);
    cpu_set_reg(cpu, GPR_EDX, (uint32_t)(value >> 32));
    return LIGHT_NEXT;
}

enum light_result emul_wrmsr(struct cpu *cpu, const struct insn *insn)
{
    const uint32_t old_efer = cpu->efer;
    const uint64_t value = (uint64_t)cpu_reg(cpu, GPR_EDX) << 32 | cpu_reg(cpu, GPR_EAX);
    if (cpu->cpl != 0) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    if (write_msr(cpu, cpu_reg(cpu, GPR_ECX), value)) {
        return LIGHT_FAULT;
    }
    return cpu->efer == old_efer ? LIGHT_NEXT : emul_jump_next(cpu, insn);
}

/* ---- counters ---- */

static enum light_result read_tsc(struct cpu *cpu)
{
    if (cpu->cpl != 0 && (cpu->cr4 & CR4_TSD)) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    const uint64_t tsc = guest_tsc(cpu);
    cpu_set_reg(cpu, GPR_EAX, (uint32_t)tsc);
    cpu_set_reg(cpu, GPR_EDX, (uint32_t)(tsc >> 32));
    return LIGHT_NEXT;
}

enum light_result emul_rdtsc(struct cpu *cpu, const struct insn *insn)
{
    (void)insn;
    return read_tsc(cpu);
}

enum light_result emul_rdtscp(struct cpu *cpu, const struct insn *insn)
{
    (void)insn;
    if (!has_rdtscp(cpu)) {
        return emul_fault_plain(cpu, VEC_UD);
    }
    const enum light_result result = read_tsc(cpu);
    if (result == LIGHT_NEXT) {
        cpu_set_reg(cpu, GPR_ECX, cpu->msr_tsc_aux);
    }
    return result;
}

/* DEVIATION: the two counters of the P6 family exist and stand at zero. */
enum light_result emul_rdpmc(struct cpu *cpu, const struct insn *insn)
{
    (void)insn;
    if ((cpu->cpl != 0 && !(cpu->cr4 & CR4_PCE)) || cpu_reg(cpu, GPR_ECX) > 1) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    cpu_set_reg(cpu, GPR_EAX, 0);
    cpu_set_reg(cpu, GPR_EDX, 0);
    return LIGHT_NEXT;
}

/* cpu.c - power-up and INIT state of the virtual CPU (SDM vol. 3, "Processor State After Reset").
 *
 * Owns no state of its own. Run by the monitor with the guest's FPU parked; light all the same.
 */
#include "cpu/cpu.h"

#include <cpuid.h>

#include "view/view.h"
#include "x86/cpuid.h"
#include "x86/desc.h"
#include "x86/msr.h"

/* CPUID traps to the outer hypervisor when we run in a cloud VM (20 us and more): asked once. */
static void read_host_cpuid(struct host_cpuid *host)
{
    uint32_t eax, ebx, ecx, edx, max_leaf;
    __cpuid(0, max_leaf, ebx, ecx, edx);
    __cpuid(1, eax, ebx, host->ecx1, host->edx1);
    host->ebx7 = 0;
    if (max_leaf >= 7) {
        __cpuid_count(7, 0, eax, host->ebx7, ecx, edx);
    }
    __cpuid(0x80000001, eax, ebx, host->ecx81, host->edx81);
}

/* "x87 FPU State" and "MXCSR" after reset, as an FXSAVE64 image. */
static void reset_fpu(struct cpu *cpu)
{
    for (unsigned i = 0; i < sizeof(cpu->fpu); i++) {
        cpu->fpu[i] = 0;
    }
    cpu->fpu[0] = 0x40;  /* FCW = 0040 */
    cpu->fpu[4] = 0xff;  /* tag word 5555: eight zeros, none empty */
    cpu->fpu[24] = 0x80; /* MXCSR = 1F80 */
    cpu->fpu[25] = 0x1f;
    cpu->fpu[28] = 0xff; /* MXCSR_MASK */
    cpu->fpu[29] = 0xff;
    cpu->fpu_parked = true;
}

static void reset_segments(struct cpu *cpu)
{
    for (unsigned seg = 0; seg < N_SEG; seg++) {
        cpu->seg[seg] =
            (struct segment){0, 0xffff, 0, SEG_PRESENT | SEG_S | SEG_RW | SEG_ACCESSED, 0};
    }
    cpu->seg[SEG_CS].selector = 0xf000;
    cpu->seg[SEG_CS].base = 0xffff0000;
    cpu->ldtr = (struct segment){0, 0xffff, 0, SEG_PRESENT | DESC_LDT, 0};
    cpu->tr = (struct segment){0, 0xffff, 0, SEG_PRESENT | DESC_TSS32_BUSY, 0};
    cpu->gdtr = (struct table_register){0, 0xffff};
    cpu->idtr = (struct table_register){0, 0xffff};
}

static void reset_msrs(struct cpu *cpu)
{
    cpu->efer = 0;
    cpu->sysenter_cs = cpu->sysenter_esp = cpu->sysenter_eip = 0;
    cpu->msr_misc_enable = MISC_FAST_STRINGS | MISC_BTS_UNAVAILABLE | MISC_PEBS_UNAVAILABLE;
    cpu->msr_pat = PAT_RESET;
    cpu->msr_mtrr_def_type = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(cpu->msr_mtrr_fix); i++) {
        cpu->msr_mtrr_fix[i] = 0;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(cpu->msr_mtrr_var); i++) {
        cpu->msr_mtrr_var[i] = 0;
    }
    /* CPUID does not offer the local APIC: this is how it looks when firmware switched it off. */
    cpu->apic_base = 0xfee00000u | APIC_BASE_BSP;
    cpu->msr_tsc_adjust = cpu->msr_debugctl = cpu->msr_bios_sign = 0;
    cpu->msr_tsc_aux = cpu->msr_spec_ctrl = 0;
    cpu->tsc_offset = -__builtin_ia32_rdtsc();
}

void cpu_reset(struct cpu *cpu)
{
    for (unsigned reg = 0; reg < N_GPR; reg++) {
        cpu->gpr[reg] = 0;
    }
    cpu->gpr[GPR_EDX] = CPUID_SIGNATURE;
    cpu->eip = 0xfff0;
    cpu_set_eflags(cpu, FLAG_FIXED);
    reset_segments(cpu);
    cpu->cpl = 0;
    cpu->cr0 = CR0_CD | CR0_NW | CR0_ET;
    cpu->cr2 = cpu->cr3 = cpu->cr4 = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(cpu->dr); i++) {
        cpu->dr[i] = 0;
    }
    cpu->dr[6] = (uint32_t)DR6_FIXED;
    cpu->dr[7] = DR7_FIXED;
    reset_msrs(cpu);
    reset_fpu(cpu);
    cpu->a20 = true; /* the reset vector lies at FFFFFFF0 */
    cpu->interrupt_shadow = cpu->halted = cpu->in_delivery = cpu->ports_full = false;
    cpu->nmi = cpu->nmi_blocked = false;
    cpu->staged_bytes = 0;
    cpu->debug_hits = 0;
    cpu->fpu_pointers = (struct fpu_pointers){0};
    cpu->fpu_parked_ip = cpu->fpu_parked_dp = 0;
    cpu->fault = (struct fault){0};
    read_host_cpuid(&cpu->host_cpuid);

    cpu_forget_switches(cpu);
    cpu->mode = 0; /* no mode is 0 with CPL 0: view_switch_mode() runs */
    if (cpu->view) {
        view_paging_changed(cpu);
        view_load_cr3(cpu);
    }
    cpu_update_mode(cpu);
}

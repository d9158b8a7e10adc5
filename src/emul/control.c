/* control.c - control and debug registers and the other instructions of ring 0 (SDM vol. 2, "MOV -
 * Move to/from Control Registers", "MOV - Move to/from Debug Registers", "LMSW", "CLTS", "HLT",
 * "INVLPG"). What a change of paging means for the views is view/'s business.
 */
#include "emul/local.h"
#include "view/view.h"

static const uint32_t CR0_KNOWN = CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP |
                                  CR0_AM | CR0_NW | CR0_CD | CR0_PG;
/* What CPUID offers; the rest is reserved. */
static const uint32_t CR4_KNOWN = CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE |
                                  CR4_PGE | CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT;

/* ---- CR0, CR3, CR4 ---- */

static int write_cr0(struct cpu *cpu, uint32_t value)
{
    const uint32_t old = cpu->cr0;
    value = (value & CR0_KNOWN) | CR0_ET;
    if (((value & CR0_PG) && !(value & CR0_PE)) || ((value & CR0_NW) && !(value & CR0_CD))) {
        return emul_raise(cpu, VEC_GP, 0);
    }
    cpu->cr0 = value;
    if ((value & CR0_PG) && ((value ^ old) & (CR0_PG | CR0_CD | CR0_NW)) &&
        view_load_pdptes(cpu, cpu->cr3)) {
        cpu->cr0 = old;
        return emul_raise(cpu, VEC_GP, 0);
    }
    if ((value ^ old) & (CR0_PG | CR0_WP)) {
        view_paging_changed(cpu);
    }
    return 0;
}

static int write_cr3(struct cpu *cpu, uint32_t value)
{
    if ((cpu->cr0 & CR0_PG) && view_load_pdptes(cpu, value)) {
        return emul_raise(cpu, VEC_GP, 0);
    }
    cpu->cr3 = value;
    view_load_cr3(cpu);
    return 0;
}

static int write_cr4(struct cpu *cpu, uint32_t value)
{
    const uint32_t old = cpu->cr4, changed = value ^ old;
    if (value & ~CR4_KNOWN) {
        return emul_raise(cpu, VEC_GP, 0);
    }
    cpu->cr4 = value;
    if ((cpu->cr0 & CR0_PG) && (changed & (CR4_PAE | CR4_PGE | CR4_PSE)) &&
        view_load_pdptes(cpu, cpu->cr3)) {
        cpu->cr4 = old;
        return emul_raise(cpu, VEC_GP, 0);
    }
    if (changed & (CR4_PSE | CR4_PAE | CR4_PGE)) {
        view_paging_changed(cpu);
    }
    return 0;
}

/* CR8 and the numbers that never existed. LOCK is #UD too. */
static bool is_cr(unsigned number)
{
    return number == 0 || (number >= 2 && number <= 4);
}

enum light_result emul_mov_from_cr(struct cpu *cpu, const struct insn *insn)
{
    const unsigned number = insn_reg(insn);
    if (!is_cr(number)) {
        return emul_fault_plain(cpu, VEC_UD);
    }
    if (cpu->cpl != 0) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    cpu_set_reg(cpu, insn_rm(insn),
                number == 0   ? cpu->cr0
                : number == 2 ? cpu->cr2
                : number == 3 ? cpu->cr3
                              : cpu->cr4);
    return LIGHT_NEXT;
}

enum light_result emul_mov_to_cr(struct cpu *cpu, const struct insn *insn)
{
    const uint32_t old_mode = cpu->mode, old_cr0 = cpu->cr0, value = cpu_reg(cpu, insn_rm(insn));
    const unsigned number = insn_reg(insn);
    if (!is_cr(number)) {
        return emul_fault_plain(cpu, VEC_UD);
    }
    if (cpu->cpl != 0) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    int failed = 0;
    switch (number) {
    case 0:
        failed = write_cr0(cpu, value);
        break;
    case 2:
        cpu->cr2 = value;
        return LIGHT_NEXT;
    case 3:
        failed = write_cr3(cpu, value);
        break;
    case 4:
        failed = write_cr4(cpu, value);
        break;
    }
    if (failed) {
        return LIGHT_FAULT;
    }
    if (number == 4) {
        cpu_update_ring(cpu); /* OSFXSR */
    }
    if (number == 0) {
        cpu_update_mode(cpu);
        if (!((old_cr0 ^ cpu->cr0) & (CR0_PG | CR0_WP))) {
            return emul_next_in(cpu, insn, old_mode);
        }
    }
    return emul_jump_next(cpu, insn); /* windows and directories may be others now */
}

/* CR0.TS decides how FPU instructions are translated: mode changes. */
enum light_result emul_clts(struct cpu *cpu, const struct insn *insn)
{
    const uint32_t old_mode = cpu->mode;
    if (cpu->cpl != 0) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    cpu->cr0 &= ~(uint32_t)CR0_TS;
    cpu_update_ring(cpu);
    return emul_next_in(cpu, insn, old_mode);
}

/* Loads PE MP EM TS; cannot clear PE. */
enum light_result emul_lmsw(struct cpu *cpu, const struct insn *insn)
{
    const uint32_t old_mode = cpu->mode, mask = CR0_PE | CR0_MP | CR0_EM | CR0_TS;
    uint32_t value;
    if (cpu->cpl != 0) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    if (emul_read_rm(cpu, insn, 2, &value)) {
        return LIGHT_FAULT;
    }
    cpu->cr0 = (cpu->cr0 & ~(mask & ~(uint32_t)CR0_PE)) | (value & mask);
    cpu_update_mode(cpu);
    return emul_next_in(cpu, insn, old_mode);
}

enum light_result emul_smsw(struct cpu *cpu, const struct insn *insn)
{
    const unsigned size = insn->is_mem ? 2 : insn->opattr;
    return emul_write_rm(cpu, insn, size, cpu->cr0) ? LIGHT_FAULT : LIGHT_NEXT;
}

/* ---- debug registers ---- */

/* Number with DR4 and DR5 resolved; or -1 with #UD, #GP(0), #DB in the order of VMX handlers: the
 * register exists, the ring may, general detect. */
static int debug_register(struct cpu *cpu, const struct insn *insn)
{
    unsigned number = insn_reg(insn);
    if (number == 4 || number == 5) {
        if (cpu->cr4 & CR4_DE) {
            emul_fault_plain(cpu, VEC_UD);
            return -1;
        }
        number += 2;
    }
    if (cpu->cpl != 0) {
        return emul_raise(cpu, VEC_GP, 0);
    }
    if (cpu->dr[7] & DR7_GD) {
        cpu->dr[6] |= DR6_BD;
        cpu->fault = (struct fault){.vector = VEC_DB, .error = DR6_BD};
        return -1;
    }
    return (int)number;
}

enum light_result emul_mov_from_dr(struct cpu *cpu, const struct insn *insn)
{
    const int number = debug_register(cpu, insn);
    if (number < 0) {
        return LIGHT_FAULT;
    }
    cpu_set_reg(cpu, insn_rm(insn), cpu->dr[number]);
    return LIGHT_NEXT;
}

enum light_result emul_mov_to_dr(struct cpu *cpu, const struct insn *insn)
{
    const uint32_t old_mode = cpu->mode;
    uint32_t value = cpu_reg(cpu, insn_rm(insn));
    const int number = debug_register(cpu, insn);
    if (number < 0) {
        return LIGHT_FAULT;
    }
    if (number == 6) {
        value = (value & 0xe00f) | (uint32_t)DR6_FIXED;
    } else if (number == 7) {
        value = (value & 0xffff23ff) | DR7_FIXED;
    }
    cpu->dr[number] = value;
    cpu_update_ring(cpu);
    return emul_next_in(cpu, insn, old_mode);
}

/* ---- the rest of ring 0 ---- */

/* eip is already behind HLT when the monitor sees EXIT_HLT: an interrupt returns there. */
enum light_result emul_hlt(struct cpu *cpu, const struct insn *insn)
{
    if (cpu->cpl != 0) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    cpu->eip += insn->n_bytes;
    cpu->halted = true;
    cpu->exit_reason = EXIT_HLT;
    return LIGHT_EXIT;
}

enum light_result emul_invlpg(struct cpu *cpu, const struct insn *insn)
{
    if (!insn->is_mem) {
        return emul_fault_plain(cpu, VEC_UD);
    }
    if (cpu->cpl != 0) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    const uint32_t lin = cpu->seg[insn->seg].base + emul_operand_off(cpu, insn);
    view_invlpg(cpu, lin);
    /* The page may be a large one: if the running code can be in it, look it up again. */
    if ((lin ^ (cpu->seg[SEG_CS].base + cpu->eip)) >> 22 == 0) {
        return emul_jump_next(cpu, insn);
    }
    return LIGHT_NEXT;
}

enum light_result emul_wbinvd(struct cpu *cpu, const struct insn *insn)
{
    (void)insn;
    return cpu->cpl == 0 ? LIGHT_NEXT : emul_fault(cpu, VEC_GP, 0);
}

/* CPUID offers no XSAVE: CR4.OSXSAVE cannot be set. */
enum light_result emul_xgetbv(struct cpu *cpu, const struct insn *insn)
{
    (void)insn;
    return emul_fault_plain(cpu, VEC_UD);
}
enum light_result emul_xsetbv(struct cpu *cpu, const struct insn *insn)
{
    (void)insn;
    return emul_fault_plain(cpu, VEC_UD);
}

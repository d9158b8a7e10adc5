/* flags.c - PUSHF, POPF, CLI, STI: who may see and change which bit of EFLAGS (SDM vol. 2, the
 * instructions' tables; vol. 3, "Virtual-8086 Mode Extensions", "Protected-Mode Virtual
 * Interrupts").
 */
#include "emul/local.h"

/* In virtual-8086 mode CPL is 3, so IOPL stays and IF changes with IOPL 3, as it must. */
uint32_t emul_writable_flags(const struct cpu *cpu, unsigned size)
{
    uint32_t mask = FLAGS_ARITH | FLAG_TF | FLAG_NT;
    mask |= size == 4 ? FLAG_AC | FLAG_ID : 0;
    mask |= cpu->cpl == 0 ? FLAG_IOPL : 0;
    mask |= cpu->cpl <= cpu_iopl(cpu) ? FLAG_IF : 0;
    return mask;
}

enum light_result emul_pushf(struct cpu *cpu, const struct insn *insn)
{
    const unsigned size = insn->opattr;
    uint32_t eflags = cpu_eflags(cpu) & ~(uint32_t)(FLAG_RF | FLAG_VM);
    if (emul_is_v86(cpu) && cpu_iopl(cpu) < 3) {
        if (size == 4 || !(cpu->cr4 & CR4_VME)) {
            return emul_fault(cpu, VEC_GP, 0);
        }
        eflags = (eflags & ~(uint32_t)FLAG_IF) | FLAG_IOPL;
        eflags |= cpu->sysflags & FLAG_VIF ? FLAG_IF : 0;
    }
    return emul_push_word(cpu, size, eflags) ? LIGHT_FAULT : LIGHT_NEXT;
}

/* POPF in virtual-8086 mode with CR4.VME and IOPL < 3: IF is VIF. */
static enum light_result popf_vme(struct cpu *cpu, const struct insn *insn)
{
    const uint32_t old_mode = cpu->mode;
    uint32_t flags;
    if (insn->opattr == 4 || !(cpu->cr4 & CR4_VME)) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    if (emul_peek_words(cpu, 0, 2, &flags, 1)) {
        return LIGHT_FAULT;
    }
    if ((flags & FLAG_TF) || ((flags & FLAG_IF) && (cpu->sysflags & FLAG_VIP))) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    emul_pop_bytes(cpu, 2);
    flags |= flags & FLAG_IF ? FLAG_VIF : 0;
    emul_merge_flags(cpu, flags, FLAGS_ARITH | FLAG_TF | FLAG_NT | FLAG_VIF | FLAG_RF);
    cpu_update_ring(cpu);
    return emul_next_in(cpu, insn, old_mode);
}

/* Ring 0's restoring of IF, in flat code, with nothing else of the system's flags changed: nearly
 * every POPF of a kernel. False: the long way, with nothing changed. */
static bool popf_flat(struct cpu *cpu, const struct insn *insn)
{
    const uint32_t kept = FLAG_TF | FLAG_NT | FLAG_AC | FLAG_ID | FLAG_IOPL;
    const uint32_t esp = cpu_reg(cpu, GPR_ESP);
    uint32_t flags;
    if (insn->opattr != 4 || !(cpu->mode & MODE_CPL0) || (cpu->mode & MODE_STEP) ||
        !emul_is_all_flat(cpu) || !acc_read_near(cpu, esp, &flags, 1) ||
        ((flags ^ cpu->sysflags) & kept)) {
        return false;
    }
    cpu->arith = flags & FLAGS_ARITH;
    cpu->iff = flags & FLAG_IF;
    cpu->sysflags &= ~(uint32_t)FLAG_RF;
    cpu_set_reg(cpu, GPR_ESP, esp + 4);
    return true;
}

enum light_result emul_popf(struct cpu *cpu, const struct insn *insn)
{
    if (__builtin_expect(popf_flat(cpu, insn), 1)) {
        return LIGHT_NEXT;
    }
    const uint32_t old_mode = cpu->mode, old_sysflags = cpu->sysflags;
    const unsigned size = insn->opattr;
    uint32_t flags;
    if (emul_is_v86(cpu) && cpu_iopl(cpu) < 3) {
        return popf_vme(cpu, insn);
    }
    if (emul_peek_words(cpu, 0, size, &flags, 1)) {
        return LIGHT_FAULT;
    }
    emul_pop_bytes(cpu, size);
    flags &= ~(uint32_t)FLAG_RF;
    emul_merge_flags(cpu, flags, emul_writable_flags(cpu, size) | FLAG_RF);
    if ((cpu->sysflags ^ old_sysflags) & (FLAG_TF | FLAG_AC)) {
        cpu_update_ring(cpu);
    }
    return emul_next_in(cpu, insn, old_mode);
}

/* Which flag CLI and STI work on: FLAG_IF, FLAG_VIF, or 0 = #GP(0). */
static uint32_t interrupt_flag(const struct cpu *cpu)
{
    if (cpu->cpl <= cpu_iopl(cpu)) {
        return FLAG_IF; /* real mode too: CPL 0 */
    }
    if (emul_is_v86(cpu)) {
        return cpu->cr4 & CR4_VME ? FLAG_VIF : 0;
    }
    return cpu->cpl == 3 && (cpu->cr4 & CR4_PVI) ? FLAG_VIF : 0;
}

enum light_result emul_cli(struct cpu *cpu, const struct insn *insn)
{
    (void)insn;
    const uint32_t flag = interrupt_flag(cpu);
    if (!flag) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    if (flag == FLAG_IF) {
        cpu->iff = 0;
    } else {
        cpu->sysflags &= ~(uint32_t)FLAG_VIF;
    }
    return LIGHT_NEXT;
}

enum light_result emul_sti(struct cpu *cpu, const struct insn *insn)
{
    (void)insn;
    const uint32_t flag = interrupt_flag(cpu);
    if (!flag || (flag == FLAG_VIF && (cpu->sysflags & FLAG_VIP))) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    if (flag == FLAG_IF) {
        cpu->interrupt_shadow =
            cpu->iff ? 0 : SHADOW_INTERRUPTS; /* only the STI that sets IF holds interrupts off */
        cpu->iff = FLAG_IF;
    } else {
        cpu->sysflags |= FLAG_VIF;
    }
    return LIGHT_NEXT;
}

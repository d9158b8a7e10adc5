/* sysenter.c - SYSENTER and SYSEXIT (SDM vol. 2): the fast system call, no memory touched. Hot. */
#include "emul/local.h"

static enum light_result enter_ring(struct cpu *cpu, unsigned cpl, uint16_t cs, uint16_t ss,
                                    uint32_t eip, uint32_t esp)
{
    const bool was_flat = emul_is_all_flat(cpu);
    emul_set_flat(cpu, SEG_CS, cs, cpl, FLAT_CODE);
    emul_set_flat(cpu, SEG_SS, ss, cpl, FLAT_DATA);
    cpu->cpl = (uint8_t)cpl;
    cpu->eip = eip;
    cpu_set_reg(cpu, GPR_ESP, esp);
    if (__builtin_expect(was_flat, 1)) {
        cpu_update_flat_ring(cpu);
    } else {
        cpu_update_segment(cpu, SEG_SS);
        cpu_update_ring(cpu);
    }
    return LIGHT_JUMP;
}

enum light_result emul_sysenter(struct cpu *cpu, const struct insn *insn)
{
    (void)insn;
    const uint16_t cs = cpu->sysenter_cs & SEL_ERROR;
    if (emul_is_real(cpu) || !cs) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    cpu->iff = 0;
    cpu->sysflags &= ~(uint32_t)(FLAG_VM | FLAG_RF);
    return enter_ring(cpu, 0, cs, cs + 8, cpu->sysenter_eip, cpu->sysenter_esp);
}

enum light_result emul_sysexit(struct cpu *cpu, const struct insn *insn)
{
    (void)insn;
    const uint16_t cs = cpu->sysenter_cs & SEL_ERROR;
    if (emul_is_real(cpu) || !cs || cpu->cpl != 0) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    return enter_ring(cpu, 3, (cs + 16) | SEL_RPL, (cs + 24) | SEL_RPL, cpu_reg(cpu, GPR_EDX),
                      cpu_reg(cpu, GPR_ECX));
}

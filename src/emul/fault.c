/* fault.c - how an instruction says that it faults. */
#include "emul/local.h"

enum light_result emul_fault(struct cpu *cpu, unsigned vector, uint32_t error)
{
    emul_raise(cpu, vector, error);
    return LIGHT_FAULT;
}

enum light_result emul_fault_plain(struct cpu *cpu, unsigned vector)
{
    cpu->fault = (struct fault){.vector = (uint8_t)vector};
    return LIGHT_FAULT;
}

enum light_result emul_ud(struct cpu *cpu, const struct insn *insn)
{
    if (insn->flags & INSN_TOO_LONG) {
        return emul_fault(cpu, VEC_GP, 0);
    }
    return emul_fault_plain(cpu, VEC_UD);
}

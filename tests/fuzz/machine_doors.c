/* machine_doors.c - what differs from run to run by nature, made the same: the TSC, and the x87
 * pointers (on AMD a process may lose them, DEVIATION in monitor/fpu_light.c). By --wrap. Compiled
 * as light code: the guest's FPU state is live. */
#include "machine.h"
#include "view/acc.h"

bool fuzz_time_stands;

#define WRAP(name)                                                                                 \
    enum light_result __real_##name(struct cpu *cpu, const struct insn *insn);                     \
    enum light_result __wrap_##name(struct cpu *cpu, const struct insn *insn);                     \
    enum light_result __wrap_##name(struct cpu *cpu, const struct insn *insn)

static enum light_result fixed_tsc(struct cpu *cpu, enum light_result result)
{
    if (result == LIGHT_NEXT && fuzz_time_stands) {
        cpu_set_reg(cpu, GPR_EAX, 0x12345678);
        cpu_set_reg(cpu, GPR_EDX, 0);
    }
    return result;
}

WRAP(emul_rdtsc)
{
    return fixed_tsc(cpu, __real_emul_rdtsc(cpu, insn));
}

WRAP(emul_rdtscp)
{
    return fixed_tsc(cpu, __real_emul_rdtscp(cpu, insn));
}

WRAP(emul_rdmsr)
{
    enum light_result result = __real_emul_rdmsr(cpu, insn);
    uint32_t msr = cpu_reg(cpu, GPR_ECX);
    return msr == 0x10 || msr == 0x3b ? fixed_tsc(cpu, result) : result;
}

/* FNSTENV and kin: which bytes of the image are the pointers. */
static void pointer_bytes(const struct insn *insn, unsigned *begin, unsigned *end)
{
    *begin = insn->map == 1 ? 6 : insn->opattr == 4 ? 12 : 6;
    *end = insn->map == 1 ? 24 : insn->opattr == 4 ? 28 : 14;
}

void __real_fpu_fix_stored(struct cpu *cpu, const struct insn *insn, uint8_t *image);
void __wrap_fpu_fix_stored(struct cpu *cpu, const struct insn *insn, uint8_t *image);
void __wrap_fpu_fix_stored(struct cpu *cpu, const struct insn *insn, uint8_t *image)
{
    unsigned at, end;
    __real_fpu_fix_stored(cpu, insn, image);
    pointer_bytes(insn, &at, &end);
    for (; fuzz_time_stands && at < end; at++) {
        image[at] = 0;
    }
}

WRAP(light_fpu_stored)
{
    unsigned at, end;
    enum light_result result = __real_light_fpu_stored(cpu, insn);
    uint32_t lin = cpu->seg[insn->seg].base + emul_operand_off(cpu, insn);
    pointer_bytes(insn, &at, &end);
    for (; fuzz_time_stands && at < end; at++) {
        acc_write(cpu, lin + at, 1, ACC_CPL, 0);
    }
    return result;
}

/* inspect.c - changes a debugger makes to the guest's CPU that mean more than a field of struct
 * cpu.
 *
 * The guest's own instruction is the definition: emul/ executes a MOV that is nowhere in memory.
 * Must leave no trace of it (registers, shadows, debug hits, the pending fault).
 */
#include "monitor/inspect.h"

#include <string.h>

#include "monitor/machine_internal.h"

struct cpu *machine_cpu(struct machine *machine)
{
    return machine->cpu;
}

struct mem *machine_mem(struct machine *machine)
{
    return &machine->mem;
}

/* MOV to register number of a kind, from EAX. */
static bool move_to(struct cpu *cpu, emul_fn *function, unsigned number, uint32_t value,
                    unsigned cpl)
{
    const struct insn insn = {
        .eip = cpu->eip + cpu->seg[SEG_CS].base,
        .opsize = 4,
        .opattr = 4,
        .adsize = 4,
        .has_modrm = true,
        .modrm = (uint8_t)(0xc0 | number << 3 | GPR_EAX),
        .base = INSN_NO_REG,
        .index = INSN_NO_REG,
    };
    const uint32_t eax = cpu_reg(cpu, GPR_EAX), hits = cpu->debug_hits;
    const uint8_t old_cpl = cpu->cpl, shadow = cpu->interrupt_shadow;
    const struct fault fault = cpu->fault;
    cpu->cpl = (uint8_t)cpl;
    cpu_set_reg(cpu, GPR_EAX, value);
    enum light_result result = function(cpu, &insn);
    cpu_set_reg(cpu, GPR_EAX, eax);
    cpu->cpl = old_cpl;
    cpu->interrupt_shadow = shadow;
    cpu->debug_hits = hits;
    cpu->fault = fault;
    cpu_update_mode(cpu);
    return result == LIGHT_NEXT || result == LIGHT_JUMP;
}

bool machine_set_cr(struct machine *machine, unsigned number, uint32_t value)
{
    return move_to(machine->cpu, emul_mov_to_cr, number, value, 0);
}

bool machine_set_segment(struct machine *machine, enum seg seg, uint16_t selector)
{
    struct cpu *cpu = machine->cpu;
    bool is_plain = !(cpu->cr0 & CR0_PE) || (cpu->sysflags & FLAG_VM);
    if (seg == SEG_CS && is_plain) {
        cpu->seg[SEG_CS].selector = selector;
        cpu->seg[SEG_CS].base = (uint32_t)selector << 4;
        cpu_update_mode(cpu);
        return true;
    }
    return move_to(cpu, emul_mov_to_seg, seg, selector, cpu->cpl);
}

static uint32_t parked_word(const struct cpu *cpu, unsigned off)
{
    uint32_t word;
    memcpy(&word, cpu->fpu + off, sizeof word);
    return word;
}

/* FXSAVE64 image: instruction pointer at 8, data pointer at 16; addresses of the code cache and of
 * windows fit their low halves for what fpu_light.c makes of them. */
struct fpu_pointers machine_fpu_pointers(struct machine *machine)
{
    struct cpu *cpu = machine->cpu;
    BUG_ON(!cpu->fpu_parked);
    return fpu_current_pointers(cpu, parked_word(cpu, 8), parked_word(cpu, 16));
}

void machine_set_fpu_pointers(struct machine *machine, const struct fpu_pointers *pointers)
{
    struct cpu *cpu = machine->cpu;
    BUG_ON(!cpu->fpu_parked);
    memset(cpu->fpu + 8, 0, 16);
    cpu->fpu_parked_ip = cpu->fpu_parked_dp = 0;
    cpu->fpu_pointers = *pointers;
}

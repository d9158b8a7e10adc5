/* map_light.c - what is asked of the map while the guest runs: rules, plants, and which rules of a
 * plant hold now. Light: called beside the guest's live FPU state.
 */
#include "cpu/cpu.h"
#include "map/map_internal.h"

const struct map_rule *map_rule_at(const struct map *map, unsigned index)
{
    return &map->rules[index];
}

const struct map_plant *map_plant_at(const struct map *map, unsigned plant)
{
    return &map->plants[plant];
}

bool map_has_value(const struct insn *insn)
{
    switch (insn->op) {
    case OP_OUT:
    case OP_CPUID:
    case OP_RDMSR:
    case OP_WRMSR:
    case OP_INT:
    case OP_MOV_TO_CR:
    case OP_MOV_TO_DR:
        return true;
    case OP_MOV_TO_SEG:
    case OP_LMSW:
        return !insn->is_mem;
    default:
        return false;
    }
}

static uint32_t vector_of(const struct insn *insn)
{
    switch (insn->opcode) {
    case 0xcc:
        return VEC_BP;
    case 0xce:
        return VEC_OF;
    case 0xf1:
        return VEC_DB;
    default:
        return insn->imm & 0xff;
    }
}

uint32_t map_value_of(const struct insn *insn, const struct cpu *cpu)
{
    switch (insn->op) {
    case OP_OUT:
        return insn->opsize == 4 ? cpu_reg(cpu, GPR_EAX)
                                 : cpu_reg(cpu, GPR_EAX) & ((1u << 8 * insn->opsize) - 1);
    case OP_CPUID:
        return cpu_reg(cpu, GPR_EAX);
    case OP_RDMSR:
    case OP_WRMSR:
        return cpu_reg(cpu, GPR_ECX);
    case OP_INT:
        return vector_of(insn);
    case OP_MOV_TO_CR:
    case OP_MOV_TO_DR:
        return cpu_reg(cpu, insn_rm(insn));
    case OP_MOV_TO_SEG:
    case OP_LMSW:
        return insn->is_mem ? 0 : cpu_reg(cpu, insn_rm(insn)) & 0xffff;
    default:
        return 0;
    }
}

uint32_t map_port_of(const struct insn *insn, const struct cpu *cpu)
{
    bool immediate = insn->opcode >= 0xe4 && insn->opcode <= 0xe7;
    return immediate ? insn->imm & 0xff : cpu_reg(cpu, GPR_EDX) & 0xffff;
}

static bool holds(const struct map_rule *rule, const struct insn *insn, const struct cpu *cpu)
{
    if (rule->has_port) {
        uint32_t port = map_port_of(insn, cpu);
        if (port < rule->port_lo || port > rule->port_hi) {
            return false;
        }
    }
    return rule->enabled &&
           (!rule->has_value || (map_value_of(insn, cpu) & rule->value_mask) == rule->value);
}

unsigned map_plant_holds(const struct map *map, const struct map_plant *plant,
                         const struct insn *insn, const struct cpu *cpu)
{
    unsigned bits = 0;
    for (unsigned i = plant->n_rules; i-- > 0;) {
        const struct map_rule *rule = &map->rules[plant->rules[i]];
        if (holds(rule, insn, cpu)) {
            bits |= 1u << i;
            if (rule->actions & ACTION_EMULATE) {
                break;
            }
        }
    }
    return bits;
}

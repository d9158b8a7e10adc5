/* map_light.c - what is asked of the map while the guest runs: rules, plants, and which rules of a
 * plant hold now. Light: called beside the guest's live FPU state.
 */
#include "map/gate.h"
#include "map/map_internal.h"

const struct map_rule *map_rule_at(const struct map *map, unsigned index)
{
    return &map->rules[index];
}

_Static_assert(offsetof(struct map, plants) == 0, "map_plant_at()");

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

bool map_matches_place(const struct map_select *select, uint32_t eip, const struct map_site *site)
{
    uint32_t mode = site->mode;
    unsigned ring = mode & MODE_USER ? RING_3 : mode & MODE_CPL0 ? RING_0 : RING_1_2;
    unsigned place = mode & MODE_V86       ? PLACE_V86
                     : !(mode & MODE_PROT) ? PLACE_REAL
                     : mode & MODE_CODE32  ? PLACE_PROT32
                                           : PLACE_PROT16;
    return (!select->rings || select->rings & ring) &&
           (!select->places || select->places & place) &&
           (!select->has_lin || (eip >= select->lin_first && eip <= select->lin_last)) &&
           (!select->has_phys ||
            (site->phys_page >= select->phys_first && site->phys_page <= select->phys_last));
}

bool map_rule_holds(const struct map_rule *rule, const struct insn *insn, const struct cpu *cpu)
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

unsigned map_plant_holds(const struct map_plant *plant, const struct insn *insn,
                         const struct cpu *cpu)
{
    unsigned bits = 0;
    for (unsigned i = plant->n_rules; i-- > 0;) {
        if (map_gate_holds(&plant->gate[i], insn, cpu)) {
            bits |= 1u << i;
            if (plant->gate[i].emulates) {
                break;
            }
        }
    }
    return bits;
}

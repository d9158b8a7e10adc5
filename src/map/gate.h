/* gate.h - conditions of one rule that are looked at when the instruction runs, to be compiled into
 * the code that asks: a hit of a log rule may take 20 ns. Light.
 */
#ifndef MAP_GATE_H
#define MAP_GATE_H

#include "cpu/cpu.h"
#include "map/map.h"

/* What a condition "port" is about. */
static inline uint32_t map_port_of(const struct insn *insn, const struct cpu *cpu)
{
    bool immediate = insn->opcode >= 0xe4 && insn->opcode <= 0xe7;
    return immediate ? insn->imm & 0xff : cpu_reg(cpu, GPR_EDX) & 0xffff;
}

static inline uint32_t map_gate_value(const struct insn *insn, const struct cpu *cpu)
{
    switch (insn->op) { /* the usual ones: a comparison each instead of a jump through a table */
    case OP_CPUID:
        return cpu_reg(cpu, GPR_EAX);
    case OP_RDMSR:
    case OP_WRMSR:
        return cpu_reg(cpu, GPR_ECX);
    default:
        return map_value_of(insn, cpu);
    }
}

static inline bool map_gate_holds(const struct map_gate *gate, const struct insn *insn,
                                  const struct cpu *cpu)
{
    if (gate->has_port) {
        uint32_t port = map_port_of(insn, cpu);
        if (port < gate->port_lo || port > gate->port_hi) {
            return false;
        }
    }
    return !gate->has_value || (map_gate_value(insn, cpu) & gate->value_mask) == gate->value;
}

/* One hit of a rule. True: it is the N-th of "sample N". */
static inline bool map_count_hit(struct cpu *cpu, const struct map_rule *rule)
{
    if (rule->counter == MAP_NO_COUNTER) {
        return false;
    }
    if (!(rule->actions & ACTION_SAMPLE)) {
        cpu->count[rule->counter]++;
        return false;
    }
    if (--cpu->left[rule->counter]) {
        return false;
    }
    cpu->left[rule->counter] = rule->sample_n;
    cpu->count[rule->counter] += rule->sample_n;
    return true;
}

/* The same where emitted code has counted (translate/plant.c) and found one that is due. */
static inline bool map_sample_due(struct cpu *cpu, const struct map_rule *rule)
{
    if (!(rule->actions & ACTION_SAMPLE) || cpu->left[rule->counter]) {
        return false;
    }
    cpu->left[rule->counter] = 1;
    return map_count_hit(cpu, rule);
}

#endif

/* plant_light.c - what rules do at an instruction when it runs: count, log, sample, stop, patch.
 * The emitted code calls light_plant() before it, and behind it there is monitor_plant_after().
 *
 * Light; parks the FPU where a full ring or the text log makes it call full code. Which rules hold
 * is map/'s to say.
 */
#include "monitor/machine_internal.h"
#include "trace/trace.h"

enum light_result light_plant(struct cpu *cpu, const struct insn *insn);
bool light_plant_logs_once(struct cpu *cpu, const struct insn *insn);
enum light_result light_plant_after(struct cpu *cpu, const struct insn *insn);

static void log_hit(struct machine *machine, const struct insn *insn, const struct map_rule *rule,
                    enum trace_kind kind)
{
    struct cpu *cpu = machine->cpu;
    if (cpu->trace && trace_log(cpu->trace, cpu, insn, (uint16_t)rule->id, kind)) {
        return;
    }
    bool was_parked = cpu->fpu_parked;
    run_park_fpu(cpu);
    if (!cpu->trace) {
        monitor_log_hit(machine, insn, rule, kind == TRACE_AFTER);
    } else {
        do {
            trace_wait(cpu->trace);
        } while (!machine->run.stop_signal &&
                 !trace_log(cpu->trace, cpu, insn, (uint16_t)rule->id, kind));
    }
    if (!was_parked) {
        run_unpark_fpu(cpu);
    }
}

/* Counts; then whether this hit is to be logged. */
static bool count_hit(struct cpu *cpu, const struct map_rule *rule)
{
    uint64_t n = 0;
    if (rule->counter != MAP_NO_COUNTER) {
        n = ++cpu->count[rule->counter];
    }
    return (rule->actions & ACTION_LOG) ||
           ((rule->actions & ACTION_SAMPLE) && n % rule->sample_n == 0);
}

/* Instructions whose results are worth a second event. */
static bool has_results(const struct insn *insn)
{
    switch (insn->op) {
    case OP_IN:
    case OP_CPUID:
    case OP_RDMSR:
    case OP_RDTSC:
    case OP_MOV_FROM_CR:
    case OP_MOV_FROM_DR:
        return insn->verdict != VERDICT_NATIVE;
    default:
        return false;
    }
}

static uint64_t patch_value(const struct map_patch *patch, uint64_t old)
{
    switch ((enum map_patch_op)patch->op) {
    case PATCH_AND:
        return old & patch->value;
    case PATCH_OR:
        return old | patch->value;
    case PATCH_XOR:
        return old ^ patch->value;
    case PATCH_ADD:
        return old + patch->value;
    case PATCH_SCALE:
        return (uint64_t)((unsigned __int128)old * patch->value / patch->divisor);
    default:
        return patch->value;
    }
}

static void patch_register(struct cpu *cpu, const struct map_patch *patch)
{
    if (patch->n_bytes == 8) {
        uint64_t old = (uint64_t)cpu_reg(cpu, GPR_EDX) << 32 | cpu_reg(cpu, GPR_EAX);
        uint64_t value = patch_value(patch, old);
        cpu_set_reg(cpu, GPR_EAX, (uint32_t)value);
        cpu_set_reg(cpu, GPR_EDX, (uint32_t)(value >> 32));
        return;
    }
    uint32_t ones = patch->n_bytes == 4 ? UINT32_MAX : (1u << (8 * patch->n_bytes)) - 1;
    uint32_t all = cpu_reg(cpu, patch->reg), mask = ones << patch->shift;
    uint32_t value = (uint32_t)patch_value(patch, (all & mask) >> patch->shift);
    cpu_set_reg(cpu, patch->reg, (all & ~mask) | ((value << patch->shift) & mask));
}

static void apply_patches(struct cpu *cpu, const struct map_rule *rule)
{
    for (unsigned i = 0; i < rule->n_patches; i++) {
        patch_register(cpu, &rule->patches[i]);
    }
}

/* What of a plant takes place now, one look at each rule. Of several that stop or patch the last
 * one does. */
struct doing {
    const struct map_rule *stop, *patch;
    uint32_t logged; /* bits of those that logged */
};

static struct doing look_at_rules(struct machine *machine, const struct map_plant *plant,
                                  uint32_t rules, const struct insn *insn, bool observe)
{
    struct doing doing = {.stop = NULL};
    for (; rules; rules &= rules - 1) {
        unsigned i = (unsigned)__builtin_ctz(rules);
        const struct map_rule *rule = map_rule_at(machine->map, plant->rules[i]);
        if (observe && count_hit(machine->cpu, rule)) {
            log_hit(machine, insn, rule, TRACE_BEFORE);
            doing.logged |= 1u << i;
        }
        doing.stop = rule->actions & ACTION_STOP ? rule : doing.stop;
        doing.patch = rule->actions & ACTION_PATCH ? rule : doing.patch;
    }
    return doing;
}

/* True if the machine is to stand still before insn. */
static bool stops_here(struct machine *machine, const struct map_rule *rule, uint32_t lin)
{
    struct stops *stops = &machine->stops;
    if (!rule || stops->passing || stops->pending) {
        return false;
    }
    stops->stop = (struct stop){.why = STOP_RULE, .lin = lin, .rule = rule->id};
    stops->pending = true;
    machine->cpu->plant_done = true; /* observers have seen this hit */
    machine->cpu->plant_done_lin = lin;
    machine->cpu->exit_reason = EXIT_STOP;
    return true;
}

/* The whole of light_plant() where one rule logs into a trace, and others count at most; else false
 * and nothing is done. A log rule may take 20 ns, half of which are RDTSC. */
bool light_plant_logs_once(struct cpu *cpu, const struct insn *insn)
{
    struct machine *machine = cpu->machine;
    if (!insn->plant) {
        return false;
    }
    const struct map_plant *plant = map_plant_at(machine->map, insn->plant);
    if (!plant->logs_once || !cpu->trace || cpu->plant_done || machine->profile) {
        return false;
    }
    unsigned at = 0;
    const struct map_rule *rule = map_rule_at(machine->map, plant->rules[0]);
    while (!(rule->actions & ACTION_LOG)) {
        rule = map_rule_at(machine->map, plant->rules[++at]);
    }
    if (!trace_log(cpu->trace, cpu, insn, (uint16_t)rule->id, TRACE_BEFORE)) {
        return false;
    }
    for (unsigned i = 0; i < plant->n_rules; i++) {
        unsigned counter = map_rule_at(machine->map, plant->rules[i])->counter;
        if (counter != MAP_NO_COUNTER) {
            cpu->count[counter]++;
        }
    }
    cpu->eip = insn->eip - cpu->seg[SEG_CS].base;
    cpu->exit_insn = (struct insn *)insn;
    cpu->n_light[OP_PLANT]++;
    machine->held = (struct plant_held){.lin = insn->eip, .plant = insn->plant, .logged = 1u << at};
    return true;
}

enum light_result light_plant(struct cpu *cpu, const struct insn *insn)
{
    struct machine *machine = cpu->machine;
    bool done = cpu->plant_done && cpu->plant_done_lin == insn->eip;
    if (done) {
        cpu->plant_done = false;
    }
    if (!insn->plant) {
        return LIGHT_NEXT;
    }
    const struct map_plant *plant = map_plant_at(machine->map, insn->plant);
    uint32_t rules = plant->always ? (1u << plant->n_rules) - 1
                                   : map_plant_holds(machine->map, plant, insn, cpu);
    const struct doing doing = look_at_rules(machine, plant, rules, insn, !done);
    const struct map_rule *patch = doing.patch;
    if (!done) {
        machine->held = (struct plant_held){
            .lin = insn->eip, .plant = insn->plant, .patch = patch, .logged = doing.logged};
        if (stops_here(machine, doing.stop, insn->eip)) {
            return LIGHT_EXIT;
        }
    }
    if (patch && patch->patch_skip) {
        machine->held.plant = 0;
        apply_patches(cpu, patch);
        cpu->eip += insn->n_bytes;
        return LIGHT_JUMP;
    }
    return LIGHT_NEXT;
}

void monitor_plant_after(struct machine *machine, const struct insn *insn)
{
    struct plant_held *held = &machine->held;
    if (!insn->plant || held->lin != insn->eip || held->plant != insn->plant) {
        return;
    }
    const struct map_plant *plant = map_plant_at(machine->map, insn->plant);
    held->plant = 0;
    if (held->patch) {
        apply_patches(machine->cpu, held->patch);
    }
    uint32_t logged = has_results(insn) ? held->logged : 0;
    for (; logged; logged &= logged - 1) {
        unsigned i = (unsigned)__builtin_ctz(logged);
        log_hit(machine, insn, map_rule_at(machine->map, plant->rules[i]), TRACE_AFTER);
    }
}

enum light_result light_plant_after(struct cpu *cpu, const struct insn *insn)
{
    monitor_plant_after(cpu->machine, insn);
    return LIGHT_NEXT;
}

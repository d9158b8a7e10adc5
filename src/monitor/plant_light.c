/* plant_light.c - what rules do at an instruction when it runs: count, log, sample, stop, patch.
 * light_plant() is called before it, with the call of its C function if it has one, and
 * monitor_plant_after() behind it.
 *
 * Light; parks the FPU where a full ring or the text log makes it call full code. Which rules hold
 * is map/'s to say.
 */
#include "map/gate.h"
#include "monitor/machine_internal.h"
#include "trace/ring.h"

enum light_result light_plant(struct cpu *cpu, const struct insn *insn);
bool light_observe(struct cpu *cpu, const struct insn *insn);
enum light_result light_plant_after(struct cpu *cpu, const struct insn *insn);

/* What of a plant takes place now. Of several that stop or patch the last one does. */
struct doing {
    const struct map_rule *stop, *patch;
    uint32_t logged; /* bits of the rules that log */
    unsigned n_logged;
    uint16_t ids[MAP_PLANT_MAX]; /* theirs */
};

/* Full code, beside the guest's FPU state: a ring without room, lines of text. */
__attribute__((noinline)) static void make_room(struct cpu *cpu)
{
    bool was_parked = cpu->fpu_parked;
    run_park_fpu(cpu);
    trace_make_room(cpu->trace);
    if (!was_parked) {
        run_unpark_fpu(cpu);
    }
}

__attribute__((noinline)) static void log_text(struct machine *machine, const struct insn *insn,
                                               const struct map_plant *plant, uint32_t logged,
                                               bool is_after)
{
    struct cpu *cpu = machine->cpu;
    bool was_parked = cpu->fpu_parked;
    run_park_fpu(cpu);
    for (; logged; logged &= logged - 1) {
        unsigned i = (unsigned)__builtin_ctz(logged);
        monitor_log_hit(machine, insn, map_rule_at(machine->map, plant->rules[i]), is_after);
    }
    if (!was_parked) {
        run_unpark_fpu(cpu);
    }
}

/* A hit may take 20 ns: some 6 are the call from guest code, 10 the host's RDTSC. */
static void log_hits(struct machine *machine, const struct insn *insn,
                     const struct map_plant *plant, const struct doing *doing)
{
    struct cpu *cpu = machine->cpu;
    if (__builtin_expect(!cpu->trace, 0)) {
        log_text(machine, insn, plant, doing->logged, false);
        return;
    }
    while (__builtin_expect(!trace_log(cpu->trace, cpu, insn, doing->ids, doing->n_logged), 0)) {
        if (machine->run.stop_signal) {
            return;
        }
        make_room(cpu);
    }
}

/* Where there is no open event for the results: text, or an interrupt came in between. */
__attribute__((noinline)) static void log_results_apart(struct machine *machine,
                                                        const struct insn *insn, uint32_t logged)
{
    struct cpu *cpu = machine->cpu;
    const struct map_plant *plant = map_plant_at(machine->map, insn->plant);
    if (!cpu->trace) {
        log_text(machine, insn, plant, logged, true);
        return;
    }
    for (; logged; logged &= logged - 1) {
        uint16_t id = plant->id[__builtin_ctz(logged)];
        while (!trace_log_after(cpu->trace, cpu, insn, id) && !machine->run.stop_signal) {
            make_room(cpu);
        }
    }
}

/* Counts; then whether this hit is to be logged. */
static bool count_hit(struct cpu *cpu, const struct map_rule *rule)
{
    return map_count_hit(cpu, rule) || (rule->actions & ACTION_LOG);
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

static void look_at_rules(struct machine *machine, const struct map_plant *plant, uint32_t rules,
                          bool observe, struct doing *doing)
{
    doing->stop = doing->patch = NULL;
    doing->logged = doing->n_logged = 0;
    for (; rules; rules &= rules - 1) {
        unsigned i = (unsigned)__builtin_ctz(rules);
        const struct map_rule *rule = map_rule_at(machine->map, plant->rules[i]);
        if (observe && count_hit(machine->cpu, rule)) {
            doing->logged |= 1u << i;
            doing->ids[doing->n_logged++] = (uint16_t)rule->id;
        }
        doing->stop = rule->actions & ACTION_STOP ? rule : doing->stop;
        doing->patch = rule->actions & ACTION_PATCH ? rule : doing->patch;
    }
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

static void count_rules(struct cpu *cpu, const struct map_plant *plant, uint32_t rules)
{
    for (; rules; rules &= rules - 1) {
        unsigned counter = plant->counter[__builtin_ctz(rules)];
        if (counter != MAP_NO_COUNTER) {
            cpu->count[counter]++;
        }
    }
}

/* light_observe() where conditions of some rules do not hold. */
__attribute__((noinline)) static bool observe_some(struct cpu *cpu, const struct insn *insn,
                                                   const struct map_plant *plant, uint32_t rules)
{
    uint32_t logged = rules & plant->log_bits;
    uint16_t ids[MAP_PLANT_MAX];
    unsigned n = 0;
    for (uint32_t bits = logged; bits; bits &= bits - 1) {
        ids[n++] = plant->id[__builtin_ctz(bits)];
    }
    if (n && !trace_log(cpu->trace, cpu, insn, ids, n)) {
        return false;
    }
    count_rules(cpu, plant, rules);
    cpu->machine->held =
        (struct plant_held){.lin = insn->eip, .plant = insn->plant, .logged = logged};
    return true;
}

/* The whole of light_plant() where rules count and log into a trace, and that is all. False: it is
 * not, and nothing was done. Made for 16 ns a hit: 10 are RDTSC and what hides behind it. */
bool light_observe(struct cpu *cpu, const struct insn *insn)
{
    struct machine *machine = cpu->machine;
    const struct map_plant *plant = map_plant_at(machine->map, insn->plant);
    if (!insn->plant || !plant->observes || !cpu->trace || cpu->plant_done || machine->profile) {
        return false;
    }
    uint32_t all = (1u << plant->n_rules) - 1;
    uint32_t rules = all;
    if (!plant->always) {
        rules = plant->n_rules == 1 ? map_gate_holds(&plant->gate[0], insn, cpu)
                                    : map_plant_holds(plant, insn, cpu);
    }
    if (rules != all) {
        return observe_some(cpu, insn, plant, rules);
    }
    if (plant->n_logs && !trace_log(cpu->trace, cpu, insn, plant->log_ids, plant->n_logs)) {
        return false;
    }
    if (plant->n_counters) {
        count_rules(cpu, plant, all);
    }
    cpu->n_light[OP_PLANT]++;
    machine->held.lin = insn->eip;
    machine->held.plant = insn->plant;
    machine->held.logged = plant->log_bits;
    machine->held.patch = NULL;
    return true;
}

/* The call behind counters in place: some rule's N-th hit. Nothing stops or patches here. */
__attribute__((noinline)) static enum light_result log_samples(struct machine *machine,
                                                               const struct insn *insn)
{
    const struct map_plant *plant = map_plant_at(machine->map, insn->plant);
    struct doing doing = {.logged = 0};
    for (unsigned i = 0; i < plant->n_rules; i++) {
        const struct map_rule *rule = map_rule_at(machine->map, plant->rules[i]);
        if (map_sample_due(machine->cpu, rule)) {
            doing.logged |= 1u << i;
            doing.ids[doing.n_logged++] = (uint16_t)rule->id;
        }
    }
    if (doing.n_logged) {
        log_hits(machine, insn, plant, &doing);
    }
    machine->held =
        (struct plant_held){.lin = insn->eip, .plant = insn->plant, .logged = doing.logged};
    return LIGHT_NEXT;
}

enum light_result light_plant(struct cpu *cpu, const struct insn *insn)
{
    struct machine *machine = cpu->machine;
    if (insn->counted) {
        return log_samples(machine, insn);
    }
    bool done = cpu->plant_done && cpu->plant_done_lin == insn->eip;
    if (done) {
        cpu->plant_done = false;
    }
    if (!insn->plant) {
        return LIGHT_NEXT;
    }
    const struct map_plant *plant = map_plant_at(machine->map, insn->plant);
    uint32_t rules = plant->always ? (1u << plant->n_rules) - 1 : map_plant_holds(plant, insn, cpu);
    struct doing doing;
    look_at_rules(machine, plant, rules, !done, &doing);
    if (doing.n_logged) {
        log_hits(machine, insn, plant, &doing);
    }
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
    held->plant = 0;
    if (held->patch) {
        apply_patches(machine->cpu, held->patch);
    }
    struct cpu *cpu = machine->cpu;
    if (held->logged && trace_has_results(insn) &&
        !(cpu->trace && trace_complete(cpu->trace, cpu, insn))) {
        log_results_apart(machine, insn, held->logged);
    }
}

enum light_result light_plant_after(struct cpu *cpu, const struct insn *insn)
{
    monitor_plant_after(cpu->machine, insn);
    return LIGHT_NEXT;
}

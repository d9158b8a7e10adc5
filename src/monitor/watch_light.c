/* watch_light.c - data accesses to pages that no window maps: which watch they hit, which rules of
 * the map they are for, what the split policy makes of them. Called by view/ in the middle of an
 * instruction. Light; parks the FPU where it prints, waits or has a rule judged.
 */
#include "map/gate.h"
#include "monitor/machine_internal.h"
#include "trace/trace.h"

enum { SPLIT_MAX_SHOWN = 100000 };

static void set_stop(struct machine *machine, struct stop stop)
{
    const struct cpu *cpu = machine->cpu;
    stop.lin = cpu->eip + cpu->seg[SEG_CS].base;
    machine->stops.stop = stop;
    machine->stops.pending = true;
}

/* The machine stops behind the instruction: at the next boundary. */
static void stop_behind(struct machine *machine, const struct view_sight *sight, struct stop stop)
{
    stop.data_lin = sight->lin;
    stop.data_bytes = sight->n_bytes;
    stop.write = sight->write;
    set_stop(machine, stop);
    machine->cpu->watch_hit = true;
    run_kick(&machine->run);
}

static void look_at_watches(struct machine *machine, const struct view_sight *sight)
{
    const struct watches *watches = &machine->watches;
    for (unsigned i = 0; i < watches->n; i++) {
        const struct watch *watch = &watches->list[i];
        if ((sight->write ? watch->write : watch->read) && !machine->stops.pending &&
            (sight->lin - watch->lin <= watch->last - watch->lin ||
             watch->lin - sight->lin < sight->n_bytes)) {
            stop_behind(machine, sight, (struct stop){.why = STOP_WATCH, .watch = watch->id});
        }
    }
}

/* ---- rules about data ---- */

static void log_data(struct machine *machine, const struct map_rule *rule,
                     const struct map_access *access, const struct view_sight *sight)
{
    struct cpu *cpu = machine->cpu;
    const struct trace_data data = {.insn = access->insn,
                                    .eip = access->eip,
                                    .lin = sight->lin,
                                    .n_bytes = sight->n_bytes,
                                    .write = sight->write,
                                    .bytes = sight->data};
    if (cpu->trace && trace_log_data(cpu->trace, cpu, &data, (uint16_t)rule->id)) {
        return;
    }
    bool was_parked = cpu->fpu_parked;
    run_park_fpu(cpu);
    if (!cpu->trace) {
        monitor_log_data(machine, &data, rule);
    } else {
        do {
            trace_make_room(cpu->trace);
        } while (!machine->run.stop_signal &&
                 !trace_log_data(cpu->trace, cpu, &data, (uint16_t)rule->id));
    }
    if (!was_parked) {
        run_unpark_fpu(cpu);
    }
}

static bool holds(struct machine *machine, unsigned rule, const struct map_access *access)
{
    struct cpu *cpu = machine->cpu;
    int known = map_recall_data(machine->map, rule, access);
    if (known >= 0) {
        return known;
    }
    bool was_parked = cpu->fpu_parked;
    run_park_fpu(cpu);
    bool judged = map_judge_data(machine->map, rule, access, cpu);
    if (!was_parked) {
        run_unpark_fpu(cpu);
    }
    return judged;
}

static struct map_access access_of(struct cpu *cpu, const struct view_sight *sight)
{
    struct walk walk = {.phys = 0};
    struct map_access access = {.insn = cpu->in_delivery ? NULL : cpu->exit_insn,
                                .eip = cpu->eip + cpu->seg[SEG_CS].base,
                                .site = {.mode = cpu->mode},
                                .lin = sight->lin,
                                .n_bytes = sight->n_bytes,
                                .phys = sight->phys,
                                .phys_next = sight->phys_next,
                                .write = sight->write};
    if (access.insn) {
        access.eip = access.insn->eip;
    }
    view_walk(cpu, access.eip, VIEW_FETCH, cpu->cpl == 3, true, &walk, NULL);
    access.site.phys_page = walk.phys >> PAGE_SHIFT;
    return access;
}

/* Of several rules that stop the last one does. */
static void look_at_rules(struct machine *machine, const struct view_sight *sight)
{
    struct cpu *cpu = machine->cpu;
    const struct map_rule *stop = NULL;
    struct map_data_at at = {.list = 0};
    struct map_access access = access_of(cpu, sight);
    for (int i; (i = map_next_data_rule(machine->map, &access, &at)) >= 0;) {
        const struct map_rule *rule = map_rule_at(machine->map, (unsigned)i);
        if (!holds(machine, (unsigned)i, &access)) {
            continue;
        }
        if (map_count_hit(cpu, rule) || (rule->actions & ACTION_LOG)) {
            log_data(machine, rule, &access, sight);
        }
        if ((rule->actions & ACTION_STOP) && (!stop || rule->order > stop->order)) {
            stop = rule;
        }
    }
    if (stop && !machine->stops.pending) {
        stop_behind(machine, sight, (struct stop){.why = STOP_DATA, .rule = stop->id});
    }
}

/* ---- the split policy ---- */

/* The FPU is parked meanwhile: the instruction's bytes are looked up. */
static void put_access(struct machine *machine, const struct view_sight *sight)
{
    struct cpu *cpu = machine->cpu;
    const struct trace_access access = {
        .lin = sight->lin, .phys = sight->phys, .n_bytes = sight->n_bytes, .write = sight->write};
    struct insn insn;
    bool was_parked = cpu->fpu_parked;
    run_park_fpu(cpu);
    monitor_fetch_insn(machine, cpu->eip, &insn);
    insn.eip = cpu->eip + cpu->seg[SEG_CS].base;
    while (!trace_log_access(cpu->trace, cpu, &insn, &access) && !machine->run.stop_signal) {
        trace_make_room(cpu->trace);
    }
    if (!was_parked) {
        run_unpark_fpu(cpu);
    }
}

static void log_access(struct machine *machine, const struct view_sight *sight)
{
    struct cpu *cpu = machine->cpu;
    struct split *split = &machine->split;
    if (sight->write) {
        split->n_writes++;
    } else {
        split->n_reads++;
    }
    if (cpu->trace) {
        put_access(machine, sight);
        return;
    }
    if (split->n_shown == SPLIT_MAX_SHOWN) {
        return;
    }
    bool was_parked = cpu->fpu_parked;
    split->n_shown++;
    run_park_fpu(cpu);
    monitor_log_split(machine, sight, split->n_shown == SPLIT_MAX_SHOWN);
    if (!was_parked) {
        run_unpark_fpu(cpu);
    }
}

bool monitor_observe(struct cpu *cpu, const struct view_sight *sight)
{
    struct machine *machine = cpu->machine;
    bool trap = machine->options.split == SPLIT_TRAP && sight->is_code && !machine->stops.passing;
    if (trap && !machine->stops.pending) {
        set_stop(machine, (struct stop){.why = STOP_SPLIT,
                                        .data_lin = sight->lin,
                                        .data_bytes = sight->n_bytes,
                                        .write = sight->write});
        if (cpu->trace) {
            put_access(machine, sight);
        }
    }
    if (trap && !cpu->in_delivery) {
        return false;
    }
    if (trap) { /* an event is half delivered: behind it */
        run_kick(&machine->run);
    }
    if (sight->probe) {
        return true;
    }
    look_at_watches(machine, sight);
    if (map_has_data_rules(machine->map)) {
        look_at_rules(machine, sight);
    }
    if (sight->is_code && machine->options.split == SPLIT_LOG) {
        log_access(machine, sight);
    }
    return true;
}

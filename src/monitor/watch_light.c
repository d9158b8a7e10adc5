/* watch_light.c - data accesses to pages that no window maps: which watch they hit, what the split
 * policy makes of them. Called by view/ in the middle of an instruction, before the access. Light;
 * parks the FPU where it prints.
 */
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
static void look_at_watches(struct machine *machine, const struct view_sight *sight)
{
    const struct watches *watches = &machine->watches;
    uint32_t last = sight->lin + (sight->n_bytes - 1);
    for (unsigned i = 0; i < watches->n; i++) {
        const struct watch *watch = &watches->list[i];
        if (!(sight->write ? watch->write : watch->read) || last < watch->lin ||
            sight->lin > watch->last || machine->stops.pending) {
            continue;
        }
        set_stop(machine, (struct stop){.why = STOP_WATCH,
                                        .watch = watch->id,
                                        .data_lin = sight->lin,
                                        .data_bytes = sight->n_bytes,
                                        .write = sight->write});
        machine->cpu->watch_hit = true;
        run_kick(&machine->run);
    }
}

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
    if (sight->is_code && machine->options.split == SPLIT_LOG) {
        log_access(machine, sight);
    }
    return true;
}

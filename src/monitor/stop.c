/* stop.c - the machine stands still: asks its debugger how to go on, or shows the instruction as
 * the posts of 2000 did and ends. Full C, on the vCPU thread, called by the hub. */
#include <stdio.h>

#include "monitor/console.h"
#include "monitor/machine_internal.h"

void machine_set_debugger(struct machine *machine, const struct debugger *debugger)
{
    machine->stops.debugger = debugger ? *debugger : (struct debugger){.stopped = NULL};
}

void machine_ask_stop(struct machine *machine)
{
    __atomic_store_n(&machine->stops.asked, true, __ATOMIC_RELAXED);
    board_wake(machine->board);
    run_interrupt(&machine->run);
}

/* The instruction it is about has run: the next one has not been looked at. */
static bool is_behind(const struct stop *stop)
{
    return stop->why == STOP_WATCH || stop->why == STOP_DATA;
}

bool monitor_ask_debugger(struct machine *machine, const struct stop *stop, int *status)
{
    struct stops *stops = &machine->stops;
    if (!stops->debugger.stopped) {
        return true;
    }
    board_flush(machine->board);
    enum debug_go go = stops->debugger.stopped(stops->debugger.arg, machine, stop, status);
    machine->resume_host = 0; /* registers, code or rules may be others now */
    stops->passing = !machine->cpu->halted && (go == DEBUG_STEP || !is_behind(stop));
    stops->stepping = go == DEBUG_STEP;
    return go != DEBUG_END;
}

bool monitor_stop(struct machine *machine, int *status)
{
    struct stops *stops = &machine->stops;
    const struct cpu *cpu = machine->cpu;
    struct stop stop = stops->stop;
    __atomic_store_n(&stops->asked, false, __ATOMIC_RELAXED);
    if (!stops->pending) {
        stop = (struct stop){.why = STOP_ASKED};
    }
    stops->pending = false;
    machine->cpu->watch_hit = false;
    if (stop.why == STOP_ASKED || stop.why == STOP_STEP) {
        stop.lin = cpu->eip + cpu->seg[SEG_CS].base;
    }
    if (stops->debugger.stopped) {
        return monitor_ask_debugger(machine, &stop, status);
    }
    if (stop.why == STOP_ASKED || stop.why == STOP_STEP) {
        return true; /* whoever asked has gone */
    }
    if (console_stop(machine, &stop)) {
        machine->resume_host = 0; /* registers, code or rules may be others now */
        stops->passing = !machine->cpu->halted && !is_behind(&stop);
        return true;
    }
    monitor_show_insn(machine, stop.lin - cpu->seg[SEG_CS].base);
    *status = 0;
    return false;
}

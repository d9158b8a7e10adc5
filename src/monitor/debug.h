/* debug.h - stops: where the machine stands still and somebody may look, change and say how to go
 * on. For gdb/ and the monitor's commands; the guest cannot tell.
 */
#ifndef MONITOR_DEBUG_H
#define MONITOR_DEBUG_H

#include "base/base.h"

struct machine;

enum stop_why {
    STOP_RULE,         /* a rule of the map with the action stop; before the instruction */
    STOP_WATCH,        /* a data watch was hit; behind the instruction */
    STOP_DATA,         /* a rule about data with the action stop; behind the instruction */
    STOP_SPLIT,        /* -split trap: a data access to a virtualized code page; before it */
    STOP_STEP,         /* DEBUG_STEP is done */
    STOP_ASKED,        /* machine_ask_stop() */
    STOP_RESET,        /* the machine is about to be reset */
    STOP_TRIPLE_FAULT, /* the same, and why */
};

struct stop {
    enum stop_why why;
    uint32_t lin;                  /* linear address of the instruction it is about */
    uint32_t data_lin, data_bytes; /* WATCH, DATA, SPLIT: the access */
    bool write;
    int rule;  /* RULE, DATA: its id */
    int watch; /* WATCH: what machine_watch_add() returned */
};

enum debug_go { DEBUG_CONTINUE, DEBUG_STEP, DEBUG_END };

/* stopped() runs on the vCPU thread inside the hub: struct cpu is the truth (INV-2), the FPU is
 * parked (struct cpu has its image), any C is allowed. Who changes struct cpu calls
 * cpu_update_mode() behind it; who changes memory uses mem_write(). */
struct debugger {
    /* DEBUG_STEP: one guest instruction (a repeated one with all its iterations, unless the machine
     * is kicked meanwhile), interrupts held off for its length, then STOP_STEP; if it faults,
     * STOP_STEP at the handler's first instruction. Going on from a stop, the instruction at CS:EIP
     * runs once without stopping: like RF, but invisible to the guest. DEBUG_END: the machine ends
     * with *status. */
    enum debug_go (*stopped)(void *arg, struct machine *machine, const struct stop *stop,
                             int *status);
    void *arg;
};

/* NULL: none. Then RULE and SPLIT show "Current instruction:" and end the machine with status 0.
 * Before machine_run() or from stopped(). */
void machine_set_debugger(struct machine *machine, const struct debugger *debugger);
/* STOP_ASKED at the next instruction boundary. Async-signal-safe, any thread; also before
 * machine_run(): then before the first instruction. */
void machine_ask_stop(struct machine *machine);

/* Stops behind each instruction of the guest, in any CPL, that reads or writes one of these bytes
 * (linear addresses; translation is no matter). Any number. vCPU thread only (stopped(), commands).
 * Returns an id > 0, or -1: out of memory or an empty range. */
int machine_watch_add(struct machine *machine, uint32_t lin, uint32_t n_bytes, bool read,
                      bool write);
/* False: no such watch. */
bool machine_watch_remove(struct machine *machine, int id);

#endif

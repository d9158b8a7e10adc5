/* pause.c - the machine while it is stopped for a debugger. Full.
 *
 * Place in the flow: the debugger's stopped() runs inside the hub; what a running machine does
 * between two runs of guest code (hub_light.c) is done here instead. Must not run guest code or
 * deliver an interrupt.
 */
#include "monitor/pause.h"

#include "monitor/machine_internal.h"

void machine_pause_time(struct machine *machine)
{
    board_flush(machine->board);
    board_pause_time(machine->board);
}

void machine_resume_time(struct machine *machine)
{
    machine->cpu->tsc_offset -= board_resume_time(machine->board);
}

bool machine_is_kicked(void *arg)
{
    const struct machine *machine = arg;
    return __atomic_load_n(&machine->cpu->exit_request, __ATOMIC_RELAXED);
}

/* Time stands still, so no timer expires in the poll. */
bool machine_serve(struct machine *machine, int *status)
{
    machine->cpu->exit_request = 0;
    monitor_poll(machine);
    if (machine->run.stop_signal) {
        *status = 128 + machine->run.stop_signal;
        return true;
    }
    switch (board_get_request(machine->board, status)) {
    case BOARD_POWER_OFF:
        *status = 0;
        return true;
    case BOARD_EXIT:
        return true;
    default:
        return false;
    }
}

bool machine_take_cont(struct machine *machine)
{
    bool cont = machine->stops.cont;
    machine->stops.cont = false;
    return cont;
}

void machine_allow_door(struct machine *machine, int listen_fd)
{
    BUG_ON(machine->n_doors == ARRAY_SIZE(machine->doors));
    machine->doors[machine->n_doors++] = listen_fd;
}

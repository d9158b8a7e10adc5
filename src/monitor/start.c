/* start.c - starts and stops a machine's run: signals, host threads, reset, the last words. Full C.
 */
#include <stdlib.h>
#include <string.h>

#include "host/host.h"
#include "host/sandbox.h"
#include "monitor/machine_internal.h"
#include "monitor/rules.h"
#include "verify/verify.h"

static void kick(void *arg)
{
    struct machine *machine = arg;
    run_interrupt(&machine->run);
}

void machine_stop(struct machine *machine, int signal)
{
    machine->run.stop_signal = signal;
    board_wake(machine->board);
    run_interrupt(&machine->run);
}

int monitor_reset(struct machine *machine)
{
    char *error = NULL;
    monitor_flush_code(machine);
    view_drop_all(machine->view);
    board_reset(machine->board);
    machine->cpu->halted = false;
    machine->cpu->interrupt_shadow = 0;
    if (monitor_load(machine, &error) < 0) {
        fprintf(stderr, "plex86: reset: %s\n", error ? error : "cannot load the guest again");
        free(error);
        return -1;
    }
    return 0;
}

int machine_run(struct machine *machine)
{
    int error = run_bind(&machine->run);
    if (!error) {
        error = board_start(machine->board, kick, machine);
    }
    if (error) {
        fprintf(stderr, "plex86: cannot set up signals, timer or threads: %s\n", strerror(-error));
        return 1;
    }
    int sampler = machine->profile ? host_sampler_start(PROFILE_HZ) : -1;
    if (machine->profile && sampler < 0) {
        fprintf(stderr, "plex86: -profile: no timer for samples: %s\n", strerror(-sampler));
    }
    error = host_sandbox_enter(machine->doors, machine->n_doors);
    if (error && monitor_logs(machine, LOG_UNIMP)) {
        fprintf(machine->log, "unimp: no seccomp sandbox: %s\n", strerror(-error));
    }
    bug_set_reporter(monitor_bug_reporter, machine);
    int status = monitor_loop(machine);
    if (machine->options.engine & ENGINE_VERIFY) {
        verify_all(&machine->cache);
    }
    board_flush(machine->board);
    if (machine->options.split == SPLIT_LOG) {
        fprintf(machine->log, "split: %lu reads, %lu writes of virtualized code pages\n",
                machine->split.n_reads, machine->split.n_writes);
    }
    if (machine->profile) {
        host_sampler_stop(sampler);
        profile_print(machine);
    }
    if (machine->options.stats || monitor_logs(machine, LOG_STATS)) {
        monitor_print_stats(machine, machine->log);
    }
    if (machine->options.stats || machine->options.map_counts || monitor_logs(machine, LOG_STATS)) {
        machine_print_counts(machine, machine->log);
    }
    return status;
}

/* machine.h - one virtual machine: what cli/ makes and runs. */
#ifndef MONITOR_MACHINE_H
#define MONITOR_MACHINE_H

#include "cli/options.h"

struct machine;
/* 0, or -1 with *error = one malloc'ed line for the user (what was tried, what to do). */
int machine_create(struct machine **machine, const struct options *options, char **error);
/* Runs until power-off, exit device, triple fault with -no-reboot, or machine_stop. Returns the
 * process's exit status. */
int machine_run(struct machine *machine);
/* Async-signal-safe: makes machine_run return 128 + signal soon. */
void machine_stop(struct machine *machine, int signal);
void machine_destroy(struct machine *machine);

#endif

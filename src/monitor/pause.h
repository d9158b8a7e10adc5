/* pause.h - a machine that is stopped for a debugger: guest time stands still, the user's keys and
 * signals are still heard. vCPU thread only, but for machine_allow_door(). */
#ifndef MONITOR_PAUSE_H
#define MONITOR_PAUSE_H

#include "monitor/machine.h"

/* Guest time stands still between the two: clock, timers, TSC. Idempotent. */
void machine_pause_time(struct machine *machine);
void machine_resume_time(struct machine *machine);
/* True: somebody has kicked the vCPU since machine_serve() was called last. */
bool machine_is_kicked(void *machine);
/* True: -monitor's `cont` since the last time. */
bool machine_take_cont(struct machine *machine);
/* What the machine does while it is stopped: keys (Ctrl-A x), -monitor, signals. True: it has to
 * end, with *status. */
bool machine_serve(struct machine *machine, int *status);

/* Before machine_run(): the sandbox will let clients of this listening socket in (at most 4). */
void machine_allow_door(struct machine *machine, int listen_fd);

#endif

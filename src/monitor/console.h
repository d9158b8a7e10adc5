/* console.h - the control connection of -monitor: lines in, answers out. vCPU thread only. */
#ifndef MONITOR_CONSOLE_H
#define MONITOR_CONSOLE_H

#include "base/base.h"

struct machine;
struct stop;

/* spec: stdio, unix:PATH,server,nowait, tcp:HOST:PORT,server,nowait. 0, or -1 with *error. */
int console_open(struct machine *machine, const char *spec, char **error);
void console_close(struct machine *machine);
/* A stop without a debugger: shown to the client, who says how to go on. False: there is none. */
bool console_stop(struct machine *machine, const struct stop *stop);

bool console_is_paused(const struct machine *machine);
bool console_pause(struct machine *machine); /* false: no console */
void console_resume(struct machine *machine);

#endif

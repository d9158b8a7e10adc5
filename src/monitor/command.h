/* command.h - one line of text to a machine: what -monitor and gdb's "monitor" packets say. */
#ifndef MONITOR_COMMAND_H
#define MONITOR_COMMAND_H

#include <stdio.h>

struct machine;

/* Does what the line says and writes the answer; an error is one line. Any bytes are harmless. vCPU
 * thread only, between two runs of guest code. */
void machine_command(struct machine *machine, const char *line, FILE *out);

#endif

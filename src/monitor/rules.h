/* rules.h - the map of a machine that runs: rules come and go, code already translated included.
 * vCPU thread only, between two runs of guest code (commands, stopped() of debug.h). */
#ifndef MONITOR_RULES_H
#define MONITOR_RULES_H

#include <stdbool.h>
#include <stdio.h>

struct machine;

/* One rule of docs/map.md, in effect from the next instruction. Its id > 0, or -1 with *message
 * = one malloc'ed line: column, word, what was expected. With an id *message is a warning, or NULL. */
int machine_add_rule(struct machine *machine, const char *text, char **message);
/* False: no such rule. */
bool machine_remove_rule(struct machine *machine, int id);

/* The user's rules with their ids and counters; all counters, one a line. */
void machine_print_rules(struct machine *machine, FILE *out);
void machine_print_counts(struct machine *machine, FILE *out);

#endif

/* breaks.h - breakpoints on linear addresses that the guest cannot see: any number, in any mode,
 * CPL and address space. Nothing is written anywhere; code elsewhere runs as fast as without. */
#ifndef MONITOR_BREAKS_H
#define MONITOR_BREAKS_H

#include "base/base.h"

struct machine;

/* STOP_RULE with rule 0 (debug.h) whenever the instruction that begins at lin is next. Setting one
 * twice is one. vCPU thread only, inside stopped(). False: out of memory. */
bool machine_break_set(struct machine *machine, uint32_t lin);
/* False: there is none. */
bool machine_break_clear(struct machine *machine, uint32_t lin);

#endif

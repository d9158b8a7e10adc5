/* machine.h - what the files of the machine fuzzer share. */
#ifndef FUZZ_MACHINE_H
#define FUZZ_MACHINE_H

#include "monitor/machine_internal.h"
#include "random.h"

enum { FUZZ_RAM_BYTES = 2 << 20 };

/* What a seed decides beyond the guest's state. */
struct fuzz_plan {
    bool real_time;     /* timers and TSC run: nothing to compare */
    bool no_reboot;     /* else a reset begins the same state again, once */
    const char *regime; /* real, v86, ...: for reports */
};

/* machine_state.c: all of the guest's RAM and CPU from the seed. The machine's code and windows are
 * empty; struct cpu is fresh from cpu_reset(). */
void fuzz_make_state(struct machine *machine, uint64_t seed, struct fuzz_plan *plan);

/* machine_code.c: random instructions. Biased towards real opcodes and awkward operands. */
void fuzz_make_code(struct random *random, uint8_t *bytes, unsigned n_bytes);
/* A 32-bit value worth having in a register or as a displacement. */
uint32_t fuzz_edge_value(struct random *random);

/* machine_doors.c: the TSC and x87 pointers are always the same. */
extern bool fuzz_time_stands;

#endif

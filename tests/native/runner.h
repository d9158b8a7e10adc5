/* runner.h - batches of cases: made, run on both sides in processes of their own, compared. */
#ifndef NATIVE_RUNNER_H
#define NATIVE_RUNNER_H

#include "compare.h"
#include "cpu.h"
#include "engine.h"

#include <time.h>

struct runner {
    const char *kernel, *batch_path;
    bool has_ldt;        /* else only flat segments */
    time_t end;          /* by time(): from then on batches that fail are not halved; 0 never */
    struct batch *batch; /* shared with the children */
    uint8_t *code;       /* for the CPU underneath */
    struct test_result *cpu, *engine;
    struct generated *made;
};

int runner_create(struct runner *runner, const char *directory);
/* Makes cases [first, first + n) and runs them on the CPU underneath. 0, or -1 said on stderr. */
int runner_prepare(struct runner *runner, const struct generator *gen, uint64_t first, unsigned n);
/* Runs them in the engine; cases that end the engine's process are found by halving, and have
 * ran == 0 then. */
void runner_engine(struct runner *runner, const struct engine_way *way);

#endif

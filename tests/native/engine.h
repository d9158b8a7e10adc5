/* engine.h - a batch in a plex86 machine. For a process made for this alone (machine_run closes it
 * in a sandbox). */
#ifndef NATIVE_ENGINE_H
#define NATIVE_ENGINE_H

#include "case.h"

/* How the engine runs a batch: words for -engine, or NULL; a rule for the map, or NULL. */
struct engine_way {
    const char *name, *words, *rule;
    unsigned one_of; /* of so many batches it gets one in `make native` */
};
enum { N_ENGINES = 7 };
extern const struct engine_way engine_ways[N_ENGINES];

/* kernel, batch: files. Copies the results out of guest memory; 0, or the exit status when the
 * kernel did not come to its end. */
int engine_run_batch(const char *kernel, const char *batch, const struct engine_way *way,
                     uint32_t n_cases, struct test_result *results);

#endif

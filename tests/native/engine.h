/* engine.h - a batch in a plex86 machine. For a process made for this alone (machine_run closes it
 * in a sandbox). */
#ifndef NATIVE_ENGINE_H
#define NATIVE_ENGINE_H

#include "case.h"

/* kernel, batch: files. engine: words for -engine, or "". Copies the results out of guest memory;
 * 0, or the exit status when the kernel did not come to its end. */
int engine_run_batch(const char *kernel, const char *batch, const char *engine, uint32_t n_cases,
                     struct test_result *results);

#endif

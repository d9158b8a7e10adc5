/* cpu.h - a batch on the CPU underneath. For a process made for this alone: see cpu.c. */
#ifndef NATIVE_CPU_H
#define NATIVE_CPU_H

#include "case.h"

enum cpu_ran { CPU_DID_NOT, CPU_RAN, CPU_NEVER_ENDED, CPU_LEFT_32BIT }; /* test_result.ran */
/* code: CODE_BYTES. 0, or -1 with errno. Changes signals and low memory of the process for good. */
int cpu_run_batch(const struct batch *batch, const uint8_t *code, struct test_result *results);

#endif

/* compare.h - two results of one case. */
#ifndef NATIVE_COMPARE_H
#define NATIVE_COMPARE_H

#include <stdio.h>

#include "gen.h"

enum { MAX_DIFFERENCES = 400 };
/* Writes what differs, "" if nothing does, and returns whether anything does. */
bool compare_results(const struct generated *made, const struct test_result *cpu,
                     const struct test_result *engine, char text[MAX_DIFFERENCES]);
/* The case in full: bytes, instruction, state before, and after on both sides. */
void print_case(FILE *out, const struct generated *made, const struct test_case *test,
                const struct test_result *cpu, const struct test_result *engine);

#endif

/* coverage.h - which encodings were compared in which mode, and why others were not. */
#ifndef NATIVE_COVERAGE_H
#define NATIVE_COVERAGE_H

#include <stdio.h>

#include "engine.h"
#include "gen.h"

struct coverage; /* all modes */

struct coverage *coverage_create(void);
/* One case: compared under this engine mode, or (skipped) not, because of made->class.why or ran.
 */
void coverage_add(struct coverage *coverage, enum mode_kind mode, unsigned engine,
                  const struct generated *made, bool skipped);
/* Markdown: a table of totals, what was not compared and why, then one line per encoding. */
void coverage_write(const struct coverage *coverage, FILE *out);

#endif

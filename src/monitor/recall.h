/* recall.h - code that was translated before, by an earlier machine too: see recall.c. */
#ifndef MONITOR_RECALL_H
#define MONITOR_RECALL_H

#include <stdio.h>

#include "base/base.h"

struct machine;
struct codepage;
struct recall;

/* Opens the store that the options name. 0; -1: *error is a line (malloc'd) that says why not. */
int recall_create(struct machine *machine, char **error);
void recall_destroy(struct recall *recall);
/* page is about to get its first unit: it gets those that its contents had before. False: none. */
bool recall_page(struct machine *machine, struct codepage *page);
/* May the next unit of page be recorded? */
bool recall_wants(const struct machine *machine, const struct codepage *page);
/* It is that. */
void recall_record(struct machine *machine, const struct codepage *page, const uint8_t *bytes,
                   uint32_t n_bytes);
void recall_print(const struct recall *recall, FILE *out);

#endif

/* profile.h - what -profile collects: where the time goes, why guest code is left, and which hidden
 * faults come from where.
 */
#ifndef MONITOR_PROFILE_H
#define MONITOR_PROFILE_H

#include <stdio.h>

#include "base/tally.h"
#include "run/run.h"

enum { PROFILE_HZ = 997, PROFILE_SLOTS = 1 << 16 };

struct profile {
    struct run_profile run; /* samples and hidden faults, counted by the signal handlers */
    struct tally exits;     /* reason << 32 | linear address */
    struct tally calls;     /* light operation << 32 | linear address */
    FILE *out;
};

struct machine;
/* Opens path and allocates. 0, or -errno. */
int profile_create(struct profile **profile, const char *path);
void profile_destroy(struct profile *profile); /* NULL is allowed */
/* The report; the machine stands still. */
void profile_print(struct machine *machine);

#endif

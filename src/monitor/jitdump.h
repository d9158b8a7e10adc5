/* jitdump.h - tells perf what lies in the code cache (-jitdump, as in QEMU). */
#ifndef MONITOR_JITDUMP_H
#define MONITOR_JITDUMP_H

#include <stdint.h>

struct jitdump;
struct cache;
struct unit;

/* Makes jit-PID.dump in the current directory. 0 or -errno. */
int jitdump_create(struct jitdump **dump);
void jitdump_destroy(struct jitdump *dump); /* NULL is allowed */
/* A new unit: its code, named after the guest address it was made from. */
void jitdump_add(struct jitdump *dump, const struct cache *cache, const struct unit *unit);

#endif

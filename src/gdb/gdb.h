/* gdb.h - the door for gdb: -s, -S, -gdb. */
#ifndef GDB_GDB_H
#define GDB_GDB_H

#include "base/base.h"

struct machine;
struct gdb;

/* Listens where spec says (host/server.h; NULL: nowhere) and becomes the machine's debugger. With
 * wait_at_start the machine stops before its first instruction. Between machine_create() and
 * machine_run(). 0, or -1 with *error = one malloc'ed line. */
int gdb_open(struct gdb **gdb, struct machine *machine, const char *spec, bool wait_at_start,
             char **error);
/* After machine_run(): tells a client how it ended. NULL: nothing. */
void gdb_close(struct gdb *gdb, int status);

#endif

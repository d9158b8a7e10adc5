/* gdb_internal.h - what the files of gdb/ share: one struct per door. */
#ifndef GDB_GDB_INTERNAL_H
#define GDB_GDB_INTERNAL_H

#include <stdatomic.h>

#include "gdb/gdb.h"
#include "gdb/packet.h"
#include "host/server.h"
#include "monitor/debug.h"

enum { GDB_INPUT_BYTES = 4096, GDB_SIGINT = 2, GDB_SIGTRAP = 5, GDB_SIGSEGV = 11 };

/* As in Z packets. */
enum point_kind { POINT_SOFTWARE, POINT_HARDWARE, POINT_WRITE, POINT_READ, POINT_ACCESS, N_POINTS };
struct point {
    enum point_kind kind;
    uint32_t lin, n_bytes;
    int watch; /* machine_watch_add()'s, 0 for breakpoints */
};

/* What a packet makes of the stopped machine. */
enum gdb_next { GDB_STAY, GDB_CONTINUE, GDB_STEP, GDB_KILL };

struct gdb {
    struct machine *machine;
    struct host_server server;
    char *spec;
    char *description; /* target.xml */
    bool waits_at_start;
    atomic_bool has_input; /* the I/O thread saw something */

    /* the client; begins anew with each */
    struct gdb_decoder decoder;
    struct gdb_reply reply;
    uint8_t input[GDB_INPUT_BYTES];
    unsigned input_at, n_input;
    bool no_ack, has_swbreak, has_hwbreak;
    bool owes_stop;     /* it said go on and waits for a stop reply */
    bool phys_mode;     /* memory packets name physical addresses */
    bool reads_devices; /* memory packets read device registers too */
    struct stop stop;   /* the last one, and its signal */
    unsigned signal;
    bool is_stepping;
    uint32_t range_begin, range_end; /* vCont;r: steps on while EIP is in it */

    struct point *points;
    unsigned n_points;
};

/* session.c */
void session_begin(struct gdb *gdb);
/* One complete packet. Replies by itself. */
enum gdb_next session_packet(struct gdb *gdb);
void session_send(struct gdb *gdb); /* gdb->reply */
void session_resend(struct gdb *gdb);
void session_report_stop(struct gdb *gdb);
void session_say(struct gdb *gdb, const char *text); /* on gdb's console, while owes_stop */
/* query.c: q and Q packets. False: not known. */
bool query_packet(struct gdb *gdb, struct gdb_words *words);
/* memory.c: bytes done; stops where nothing can be read or written. */
uint32_t memory_read(struct gdb *gdb, uint32_t at, uint8_t *bytes, uint32_t n_bytes);
uint32_t memory_write(struct gdb *gdb, uint32_t at, const uint8_t *bytes, uint32_t n_bytes);
/* points.c */
bool points_add(struct gdb *gdb, enum point_kind kind, uint32_t lin, uint32_t n_bytes);
bool points_remove(struct gdb *gdb, enum point_kind kind, uint32_t lin, uint32_t n_bytes);
void points_clear(struct gdb *gdb);
const struct point *points_at(const struct gdb *gdb, uint32_t lin);
const struct point *points_of_watch(const struct gdb *gdb, int watch);

#endif

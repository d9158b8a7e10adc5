/* trace.h - what log rules of the map write down, fast enough to stay on during a boot.
 *
 * The vCPU thread stores one struct trace_event per hit into a ring (trace_light.c: no system call,
 * no libc). A worker thread takes them out and writes the binary stream of format.h, or text.
 * `plex86 trace FILE` prints a stream (tool.c).
 */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include <stdatomic.h>

#include "cpu/cpu.h"
#include "scan/insn.h"

struct host_worker;

enum trace_kind {
    TRACE_BEFORE, /* the instruction is about to run; if it has results it did not come to its end
                   */
    TRACE_DONE,   /* it has run: value[] holds what was known before it and its results */
    TRACE_AFTER,  /* the same, of one that had an event TRACE_BEFORE already */
};

/* What value[] means; names for printing in values.def. */
enum trace_values {
#define VALUES(name, ...) TRACE_##name,
#include "trace/values.def"
#undef VALUES
    N_TRACE_VALUES
};

enum { TRACE_MAX_VALUES = 6, TRACE_RULE_BYTES = 160 };

/* 320 days of it; the stream has differences, and goes on counting. */
#define TRACE_TSC_MASK (UINT64_MAX >> 8)

/* One cache line: two numbers share a word, and four things a byte. */
struct trace_event {
    union {
        uint64_t stamp;
        struct {
            uint64_t values : 8; /* enum trace_values */
            uint64_t tsc : 56;   /* the host's */
        };
    };
    uint32_t cr3;
    uint32_t eip; /* offset in CS */
    uint32_t lin;
    uint32_t value[TRACE_MAX_VALUES];
    /* from here on: memcmp() tells whether two events are of the same site */
    uint16_t rule; /* id of the map rule; 0: none, an access of -split log */
    uint16_t cs;   /* selector */
    union {
        uint8_t shape;
        struct {
            uint8_t n_bytes : 4; /* of the instruction */
            uint8_t cpl : 2;
            uint8_t code32 : 1;   /* CS.D */
            uint8_t is_again : 1; /* TRACE_AFTER */
        };
    };
    uint8_t bytes[INSN_MAX_BYTES];
};
_Static_assert(sizeof(struct trace_event) == 64, "one cache line");

struct trace_config {
    const char *const *paths; /* all files that may ever be written: the sandbox opens none later */
    unsigned n_paths;
    bool starts_off;     /* no file is begun yet */
    uint64_t tsc_hz;     /* of the host's TSC */
    uint32_t ring_bytes; /* 0: 16 MiB; rounded down to a power of two */
};

struct trace {
    /* vCPU thread */
    struct trace_event *ring;
    uint32_t mask;                       /* events in the ring - 1 */
    bool is_on;                          /* trace start, trace stop */
    uint8_t n_open;                      /* events from put on that wait for results */
    _Atomic uint64_t put;                /* events ever stored */
    uint64_t limit;                      /* put gets here: trace_make_room() is due */
    struct trace_event kept;             /* the last that had to go without its results */
    _Alignas(64) _Atomic uint64_t taken; /* worker: events ever written */
    _Atomic int error;                   /* errno of the write that failed; tracing is over */
    struct host_worker *worker;
    struct trace_writer *writer;
};

/* 0, or -errno with *bad the path it is about. Begins with the first file, switched on. */
int trace_create(struct trace **trace, const struct trace_config *config, const char **bad);
/* What is in the ring goes into the file now. vCPU thread, full. */
void trace_flush(struct trace *trace);
/* Ends the file that is being written, and begins that one anew. False: its number is out of range,
 * or the writer does not get there. The texts of rules are due again. vCPU thread, full. */
bool trace_begin(struct trace *trace, unsigned file);
/* -1: none is begun. */
int trace_current_file(const struct trace *trace);
/* The text of a rule, for the stream: the next record names it. Full; copies text. */
void trace_name_rule(struct trace *trace, uint16_t rule, const char *text);
/* Writes what is left. NULL is allowed. */
void trace_destroy(struct trace *trace);

/* ---- light, vCPU thread; trace_log() is in ring.h ---- */

/* insn has run: its results go into the open events. False: they went without; trace_log_after().
 */
bool trace_complete(struct trace *trace, const struct cpu *cpu, const struct insn *insn);
/* One more event, with the results. As trace_log(). */
bool trace_log_after(struct trace *trace, const struct cpu *cpu, const struct insn *insn,
                     uint16_t rule);
struct trace_access {
    uint32_t lin, phys, n_bytes;
    bool write;
};
/* insn, or the delivery of an event at it, reaches a virtualized code page. As trace_log(). */
bool trace_log_access(struct trace *trace, const struct cpu *cpu, const struct insn *insn,
                      const struct trace_access *access);
/* Open events go without results: their instruction does not come to its end now. */
void trace_close(struct trace *trace);

/* An access that a rule about data is for. */
struct trace_data {
    const struct insn *insn; /* NULL: the CPU's own, for an event */
    uint32_t eip;            /* linear */
    uint32_t lin, n_bytes;
    bool write;
    const uint8_t *bytes; /* what is read or written */
};
/* As trace_log(). */
bool trace_log_data(struct trace *trace, const struct cpu *cpu, const struct trace_data *data,
                    uint16_t rule);
/* The first eight bytes, little-endian. */
uint64_t trace_data_value(const struct trace_data *data);

/* Wakes the writer, and waits if the ring is full, at most 0.1 s. vCPU thread, full. */
void trace_make_room(struct trace *trace);

#endif

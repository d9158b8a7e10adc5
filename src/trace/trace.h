/* trace.h - what log rules of the map write down, fast enough to stay on during a boot.
 *
 * The vCPU thread stores one struct trace_event per hit into a ring (trace_light.c: no system call,
 * no libc). A worker thread takes them out and writes the binary stream of format.h, or text.
 * `plex86 trace FILE` prints a stream (tool.c).
 */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include <stdatomic.h>
#include <stdio.h>

#include "cpu/cpu.h"
#include "scan/insn.h"

struct host_worker;

enum trace_kind {
    TRACE_BEFORE, /* the instruction is about to run */
    TRACE_AFTER,  /* it has: value[] holds results */
};

/* What value[] means; names for printing in values.def. */
enum trace_values {
#define VALUES(name, ...) TRACE_##name,
#include "trace/values.def"
#undef VALUES
    N_TRACE_VALUES
};

enum { TRACE_MAX_VALUES = 4, TRACE_RULE_BYTES = 160 };

/* One cache line. */
struct trace_event {
    uint64_t tsc; /* the host's */
    uint32_t cr3;
    uint32_t eip; /* offset in CS */
    uint32_t lin;
    uint32_t value[TRACE_MAX_VALUES];
    uint16_t rule;   /* id of the map rule */
    uint16_t cs;     /* selector */
    uint8_t cpl;     /* 0..3 */
    uint8_t kind;    /* enum trace_kind */
    uint8_t values;  /* enum trace_values */
    uint8_t code32;  /* CS.D */
    uint8_t n_bytes; /* of the instruction */
    uint8_t bytes[INSN_MAX_BYTES];
};
_Static_assert(sizeof(struct trace_event) == 64, "one cache line");

struct trace_config {
    const char *path; /* binary stream; NULL: text lines to text */
    FILE *text;
    uint64_t tsc_hz;     /* of the host's TSC */
    uint32_t ring_bytes; /* 0: 16 MiB; rounded down to a power of two */
};

struct trace {
    /* vCPU thread */
    struct trace_event *ring;
    uint32_t mask;                       /* events in the ring - 1 */
    bool is_on;                          /* trace start, trace stop */
    _Atomic uint64_t put;                /* events ever stored */
    _Alignas(64) _Atomic uint64_t taken; /* worker: events ever written */
    _Atomic int error;                   /* errno of the write that failed; tracing is over */
    struct host_worker *worker;
    struct trace_writer *writer;
};

/* 0 or -errno. Begins switched on. */
int trace_create(struct trace **trace, const struct trace_config *config);
/* The text of a rule, for the stream: the next record names it. Full; copies text. */
void trace_name_rule(struct trace *trace, uint16_t rule, const char *text);
/* Writes what is left. NULL is allowed. */
void trace_destroy(struct trace *trace);

/* Stores one event. False: the ring is full, nothing was stored; leave guest code, call
 * trace_wait(), and run the instruction again. Light, vCPU thread. */
bool trace_log(struct trace *trace, const struct cpu *cpu, const struct insn *insn, uint16_t rule,
               enum trace_kind kind);
/* Waits until the ring has room, at most 0.1 s. vCPU thread, full. */
void trace_wait(struct trace *trace);

#endif

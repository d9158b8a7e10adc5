/* writer.c - opens, drains and closes a trace: the consumer's side of the ring, on the worker's
 * thread. Full C.
 *
 * A write that fails (disk full) ends the tracing with one message and never the guest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/worker.h"
#include "trace/format.h"

/* a quarter has room for the events of one instruction, MAP_PLANT_MAX */
enum {
    DEFAULT_RING_BYTES = 16 << 20,
    MIN_RING_EVENTS = 64,
    BUFFER_BYTES = 1 << 18,
    PERIOD_MS = 20
};

struct trace_name {
    struct trace_name *next;
    uint16_t rule;
    char text[];
};

struct trace_writer {
    struct trace *trace;
    struct trace_config config;
    int *fds;
    _Atomic int current; /* file that is being written, -1: none */
    _Atomic int wanted;  /* file to go to when the ring is empty, -1: none */
    uint64_t tsc_start;
    struct trace_encoder encoder;
    struct trace_name
        *_Atomic names; /* the newest first: the vCPU thread adds, the worker takes all */
    size_t n_buffered;
    uint8_t buffer[BUFFER_BYTES];
};

static void fail(struct trace_writer *writer, int error)
{
    fprintf(stderr, "plex86: trace to %s: %s; tracing has ended, the guest goes on\n",
            writer->config.paths[atomic_load(&writer->current)], strerror(error));
    atomic_store(&writer->trace->error, error);
    writer->n_buffered = 0;
}

static void flush(struct trace_writer *writer)
{
    size_t done = 0;
    int current = atomic_load(&writer->current);
    while (done < writer->n_buffered && !atomic_load(&writer->trace->error)) {
        ssize_t n = write(writer->fds[current], writer->buffer + done, writer->n_buffered - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            fail(writer, n < 0 ? errno : ENOSPC);
            return;
        }
        done += (size_t)n;
    }
    writer->n_buffered = 0;
}

static uint8_t *room(struct trace_writer *writer)
{
    if (writer->n_buffered + 2 * TRACE_RECORD_BYTES > sizeof writer->buffer) {
        flush(writer);
    }
    return writer->buffer + writer->n_buffered;
}

/* Names that came in, the oldest first; before any event that was logged after trace_name_rule().
 */
static void write_names(struct trace_writer *writer)
{
    if (!atomic_load_explicit(&writer->names, memory_order_relaxed)) {
        return;
    }
    struct trace_name *newest = atomic_exchange(&writer->names, NULL), *name = NULL;
    while (newest) {
        struct trace_name *older = newest->next;
        newest->next = name;
        name = newest;
        newest = older;
    }
    while (name) {
        struct trace_name *next = name->next;
        writer->n_buffered += trace_encode_rule(name->rule, name->text, room(writer));
        free(name);
        name = next;
    }
}

void trace_name_rule(struct trace *trace, uint16_t rule, const char *text)
{
    struct trace_writer *writer = trace->writer;
    if (trace_current_file(trace) < 0) {
        return;
    }
    struct trace_name *name = malloc(sizeof *name + strlen(text) + 1);
    if (!name) {
        return; /* the number alone will do */
    }
    name->rule = rule;
    strcpy(name->text, text);
    name->next = atomic_load(&writer->names);
    while (!atomic_compare_exchange_weak(&writer->names, &name->next, name)) {
    }
}

static void end_stream(struct trace_writer *writer)
{
    if (atomic_load(&writer->current) >= 0 && !atomic_load(&writer->trace->error)) {
        writer->n_buffered += trace_encode_end(room(writer));
        flush(writer);
    }
}

/* A file may be begun a second time. What cannot be cut off (a pipe) goes on. */
static void begin_stream(struct trace_writer *writer, int file)
{
    writer->tsc_start = __builtin_ia32_rdtsc();
    memset(writer->encoder.dictionary, 0, TRACE_DICTIONARY * sizeof *writer->encoder.dictionary);
    if (lseek(writer->fds[file], 0, SEEK_CUR) > 0 && ftruncate(writer->fds[file], 0) == 0) {
        lseek(writer->fds[file], 0, SEEK_SET);
    }
    atomic_store(&writer->current, file);
    atomic_store(&writer->trace->error, 0);
    writer->n_buffered = trace_encode_header(&writer->encoder, writer->config.tsc_hz,
                                             writer->tsc_start, writer->buffer);
}

/* The worker's work: everything that is in the ring. */
static void drain(void *arg)
{
    enum { TELL_EACH = 64 }; /* the vCPU's core has to fetch `taken` when it has changed */
    struct trace_writer *writer = arg;
    struct trace *trace = writer->trace;
    uint64_t taken = atomic_load_explicit(&trace->taken, memory_order_relaxed);
    uint64_t put = atomic_load_explicit(&trace->put, memory_order_acquire);
    while (taken != put) {
        if (!atomic_load_explicit(&trace->error, memory_order_relaxed)) {
            write_names(writer);
            writer->n_buffered += trace_encode_event(
                &writer->encoder, &trace->ring[taken & trace->mask], room(writer));
        }
        taken++;
        if (taken == put) { /* what came in meanwhile */
            put = atomic_load_explicit(&trace->put, memory_order_acquire);
        }
        if (taken == put || taken % TELL_EACH == 0) {
            atomic_store_explicit(&trace->taken, taken, memory_order_release);
        }
    }
    write_names(writer);
    if (writer->n_buffered) {
        flush(writer);
    }
    int wanted = atomic_load(&writer->wanted);
    if (wanted >= 0) { /* the vCPU stands still */
        end_stream(writer);
        begin_stream(writer, wanted);
        flush(writer);
        atomic_store(&writer->wanted, -1);
    }
}

static int open_files(struct trace_writer *writer, const char **bad)
{
    const struct trace_config *config = &writer->config;
    writer->encoder.dictionary = calloc(TRACE_DICTIONARY, sizeof *writer->encoder.dictionary);
    writer->fds = malloc(config->n_paths * sizeof *writer->fds);
    for (unsigned i = 0; writer->fds && i < config->n_paths; i++) {
        writer->fds[i] = -1;
    }
    if (!writer->encoder.dictionary || !writer->fds) {
        return -ENOMEM;
    }
    for (unsigned i = 0; i < config->n_paths; i++) {
        *bad = config->paths[i];
        writer->fds[i] = open(config->paths[i], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (writer->fds[i] < 0) {
            return -errno;
        }
    }
    if (!config->starts_off) {
        begin_stream(writer, 0);
    }
    return 0;
}

static void free_trace(struct trace *trace)
{
    struct trace_writer *writer = trace->writer;
    if (writer) {
        for (unsigned i = 0; writer->fds && i < writer->config.n_paths; i++) {
            if (writer->fds[i] >= 0) {
                close(writer->fds[i]);
            }
        }
        free(writer->fds);
        free(writer->encoder.dictionary);
        free(writer);
    }
    free(trace->ring);
    free(trace);
}

int trace_create(struct trace **out, const struct trace_config *config, const char **bad)
{
    uint32_t n_bytes = config->ring_bytes ? config->ring_bytes : DEFAULT_RING_BYTES;
    uint32_t n_events = MIN_RING_EVENTS;
    while (2 * n_events * sizeof(struct trace_event) <= n_bytes) {
        n_events *= 2;
    }
    *bad = config->paths[0];
    struct trace *trace = aligned_alloc(64, sizeof *trace);
    if (!trace) {
        return -ENOMEM;
    }
    *trace = (struct trace){.mask = n_events - 1, .limit = n_events / 4};
    trace->ring = aligned_alloc(64, n_events * sizeof *trace->ring);
    trace->writer = calloc(1, sizeof *trace->writer);
    if (!trace->ring || !trace->writer) {
        free_trace(trace);
        return -ENOMEM;
    }
    /* touched now: while the guest runs, the host's page faults would be 30 ns of each event */
    memset(trace->ring, 0, n_events * sizeof *trace->ring);
    *trace->writer =
        (struct trace_writer){.trace = trace, .config = *config, .current = -1, .wanted = -1};
    int error = open_files(trace->writer, bad);
    if (!error) {
        error = host_worker_start(&trace->worker, PERIOD_MS, drain, trace->writer);
    }
    if (error) {
        free_trace(trace);
        return error;
    }
    trace->is_on = !config->starts_off;
    *out = trace;
    return 0;
}

int trace_current_file(const struct trace *trace)
{
    return atomic_load(&trace->writer->current);
}

void trace_flush(struct trace *trace)
{
    trace_close(trace);
    host_worker_sync(trace->worker, 100); /* one round may have begun before */
    host_worker_sync(trace->worker, 100);
}

bool trace_begin(struct trace *trace, unsigned file)
{
    struct trace_writer *writer = trace->writer;
    if (file >= writer->config.n_paths) {
        return false;
    }
    trace->is_on = false;
    trace_close(trace);
    atomic_store(&writer->wanted, (int)file);
    for (unsigned i = 0; i < 50 && atomic_load(&writer->wanted) >= 0; i++) {
        host_worker_sync(trace->worker, 100);
    }
    trace->is_on = atomic_load(&writer->wanted) < 0;
    return trace->is_on;
}

/* Each quarter of the ring the writer is told, long before the ring is full. */
void trace_make_room(struct trace *trace)
{
    uint64_t n_events = trace->mask + 1u, quarter = n_events / 4;
    uint64_t put = atomic_load_explicit(&trace->put, memory_order_relaxed);
    uint64_t taken = atomic_load_explicit(&trace->taken, memory_order_acquire);
    if (put + quarter > taken + n_events) {
        host_worker_sync(trace->worker, 100);
        taken = atomic_load_explicit(&trace->taken, memory_order_acquire);
    } else {
        host_worker_wake(trace->worker);
    }
    trace->limit = put + quarter < taken + n_events ? put + quarter : taken + n_events;
}

void trace_destroy(struct trace *trace)
{
    if (!trace) {
        return;
    }
    trace_close(trace);
    host_worker_stop(trace->worker);
    end_stream(trace->writer);
    free_trace(trace);
}

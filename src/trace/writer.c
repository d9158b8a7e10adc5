/* writer.c - opens, drains and closes a trace: the consumer's side of the ring, on the worker's
 * thread. Full C.
 *
 * A write that fails (disk full) ends the tracing with one message and never the guest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/worker.h"
#include "scan/scan.h"
#include "trace/format.h"

enum { DEFAULT_RING_BYTES = 16 << 20, BUFFER_BYTES = 1 << 18, PERIOD_MS = 20 };

struct trace_name {
    struct trace_name *next;
    uint16_t rule;
    char text[];
};

struct trace_writer {
    struct trace *trace;
    struct trace_config config;
    int fd; /* -1: text */
    uint64_t tsc_start;
    struct trace_encoder encoder;
    struct scanner scanner;
    struct trace_name
        *_Atomic names; /* the newest first: the vCPU thread adds, the worker takes all */
    size_t n_buffered;
    uint8_t buffer[BUFFER_BYTES];
};

static void fail(struct trace_writer *writer, int error)
{
    const char *path = writer->config.path ? writer->config.path : "the log";
    fprintf(stderr, "plex86: trace to %s: %s; tracing has ended, the guest goes on\n", path,
            strerror(error));
    atomic_store(&writer->trace->error, error);
    writer->n_buffered = 0;
}

static void flush(struct trace_writer *writer)
{
    size_t done = 0;
    while (done < writer->n_buffered && !atomic_load(&writer->trace->error)) {
        ssize_t n = write(writer->fd, writer->buffer + done, writer->n_buffered - done);
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
        if (writer->fd >= 0) {
            writer->n_buffered += trace_encode_rule(name->rule, name->text, room(writer));
        }
        free(name);
        name = next;
    }
}

void trace_name_rule(struct trace *trace, uint16_t rule, const char *text)
{
    struct trace_writer *writer = trace->writer;
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

static void write_text(struct trace_writer *writer, const struct trace_event *event)
{
    char line[320];
    double passed = event->tsc > writer->tsc_start ? (double)(event->tsc - writer->tsc_start) : 0;
    uint64_t hz = writer->config.tsc_hz;
    trace_format_text(&writer->scanner, event, hz ? (uint64_t)(passed * 1e9 / (double)hz) : 0, line,
                      sizeof line);
    if (fprintf(writer->config.text, "trace: %s\n", line) < 0) {
        fail(writer, errno);
    }
}

/* The worker's work: everything that is in the ring. */
static void drain(void *arg)
{
    struct trace_writer *writer = arg;
    struct trace *trace = writer->trace;
    uint64_t taken = atomic_load_explicit(&trace->taken, memory_order_relaxed);
    uint64_t put = atomic_load_explicit(&trace->put, memory_order_acquire);
    for (; taken != put; taken++) {
        if (!atomic_load_explicit(&trace->error, memory_order_relaxed)) {
            const struct trace_event *event = &trace->ring[taken & trace->mask];
            if (writer->fd < 0) {
                write_text(writer, event);
            } else {
                write_names(writer);
                writer->n_buffered += trace_encode_event(&writer->encoder, event, room(writer));
            }
        }
        atomic_store_explicit(&trace->taken, taken + 1, memory_order_release);
        if (taken + 1 == put) { /* what came in meanwhile */
            put = atomic_load_explicit(&trace->put, memory_order_acquire);
        }
    }
    write_names(writer);
    if (writer->fd >= 0 && writer->n_buffered) {
        flush(writer);
    } else if (writer->fd < 0) {
        fflush(writer->config.text);
    }
}

static int open_stream(struct trace_writer *writer)
{
    writer->fd = -1;
    if (!writer->config.path) {
        scan_init(&writer->scanner);
        return 0;
    }
    writer->fd = open(writer->config.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    writer->encoder.dictionary = calloc(TRACE_DICTIONARY, sizeof *writer->encoder.dictionary);
    if (writer->fd < 0 || !writer->encoder.dictionary) {
        return writer->fd < 0 ? -errno : -ENOMEM;
    }
    writer->n_buffered = trace_encode_header(&writer->encoder, writer->config.tsc_hz,
                                             writer->tsc_start, writer->buffer);
    return 0;
}

static void free_trace(struct trace *trace)
{
    if (trace->writer) {
        if (trace->writer->fd >= 0) {
            close(trace->writer->fd);
        }
        free(trace->writer->encoder.dictionary);
        free(trace->writer);
    }
    free(trace->ring);
    free(trace);
}

int trace_create(struct trace **out, const struct trace_config *config)
{
    uint32_t n_bytes = config->ring_bytes ? config->ring_bytes : DEFAULT_RING_BYTES;
    uint32_t n_events = 1;
    while (2 * n_events * sizeof(struct trace_event) <= n_bytes) {
        n_events *= 2;
    }
    struct trace *trace = aligned_alloc(64, sizeof *trace);
    if (!trace) {
        return -ENOMEM;
    }
    *trace = (struct trace){.mask = n_events - 1};
    trace->ring = aligned_alloc(64, n_events * sizeof *trace->ring);
    trace->writer = calloc(1, sizeof *trace->writer);
    if (!trace->ring || !trace->writer) {
        free_trace(trace);
        return -ENOMEM;
    }
    /* touched now: while the guest runs, the host's page faults would be 30 ns of each event */
    memset(trace->ring, 0, n_events * sizeof *trace->ring);
    *trace->writer = (struct trace_writer){
        .trace = trace, .config = *config, .tsc_start = __builtin_ia32_rdtsc()};
    int error = open_stream(trace->writer);
    if (!error) {
        error = host_worker_start(&trace->worker, PERIOD_MS, drain, trace->writer);
    }
    if (error) {
        free_trace(trace);
        return error;
    }
    trace->is_on = true;
    *out = trace;
    return 0;
}

void trace_wait(struct trace *trace)
{
    host_worker_sync(trace->worker, 100);
}

void trace_destroy(struct trace *trace)
{
    if (!trace) {
        return;
    }
    host_worker_stop(trace->worker);
    struct trace_writer *writer = trace->writer;
    if (writer->fd >= 0 && !atomic_load(&trace->error)) {
        writer->n_buffered += trace_encode_end(writer->buffer + writer->n_buffered);
        flush(writer);
    }
    free_trace(trace);
}

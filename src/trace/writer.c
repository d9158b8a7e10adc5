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

enum { DEFAULT_RING_BYTES = 16 << 20, BUFFER_BYTES = 1 << 18, PERIOD_MS = 20, N_RULES = 65536 };

struct trace_writer {
    struct trace *trace;
    struct trace_config config;
    int fd; /* -1: text */
    uint64_t tsc_start;
    struct trace_encoder encoder;
    struct scanner scanner;
    const char *(*rule_text)(void *arg, uint16_t rule);
    void *arg;
    uint8_t rule_known[N_RULES / 8];
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
    while (done < writer->n_buffered) {
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

static void write_rule(struct trace_writer *writer, uint16_t rule)
{
    if (writer->rule_known[rule / 8] & 1 << rule % 8) {
        return;
    }
    writer->rule_known[rule / 8] |= (uint8_t)(1 << rule % 8);
    const char *text = writer->rule_text ? writer->rule_text(writer->arg, rule) : NULL;
    if (text) {
        writer->n_buffered += trace_encode_rule(rule, text, room(writer));
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
                write_rule(writer, event->rule);
                writer->n_buffered += trace_encode_event(&writer->encoder, event, room(writer));
            }
        }
        atomic_store_explicit(&trace->taken, taken + 1, memory_order_release);
        if (taken + 1 == put) { /* what came in meanwhile */
            put = atomic_load_explicit(&trace->put, memory_order_acquire);
        }
    }
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

int trace_create(struct trace **out, const struct trace_config *config,
                 const char *(*rule_text)(void *arg, uint16_t rule), void *arg)
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
    *trace->writer = (struct trace_writer){.trace = trace,
                                           .config = *config,
                                           .tsc_start = __builtin_ia32_rdtsc(),
                                           .rule_text = rule_text,
                                           .arg = arg};
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

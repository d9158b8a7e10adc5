/* tool.c - `plex86 trace [--json] [--summary] FILE`: a stream as lines of text or JSON, or counted.
 */
#include "trace/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scan/scan.h"
#include "trace/format.h"

enum form { FORM_TEXT, FORM_JSON, FORM_SUMMARY };

struct summary {
    uint64_t n_events, n_by_rule[65536];
    char text[65536][48];
};

static void print_usage(FILE *out)
{
    fputs(
        "usage: plex86 trace [--json | --summary] FILE\n"
        "Prints what `plex86 -trace FILE` wrote: a line of text per event (time in seconds, CPL,\n"
        "CR3, CS:EIP, number of the map rule, instruction, values; \"=>\" marks results), or one\n"
        "JSON object per line, or the number of events of each rule. FILE - is standard input.\n",
        out);
}

/* As much of the stream as is looked at in one go: a trace may be larger than memory. */
struct source {
    int fd;
    bool at_end;
    size_t used;
    uint8_t bytes[1 << 18];
};

/* Keeps the last n_kept bytes and reads on behind them. 0: there is no more; -errno. */
static int read_more(struct source *source, size_t n_kept)
{
    memmove(source->bytes, source->bytes + source->used - n_kept, n_kept);
    source->used = n_kept;
    ssize_t n;
    do {
        n = read(source->fd, source->bytes + n_kept, sizeof source->bytes - n_kept);
    } while (n < 0 && errno == EINTR);
    source->at_end = n <= 0;
    source->used += n > 0 ? (size_t)n : 0;
    return n < 0 ? -errno : (int)n;
}

static void print_json_string(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            printf("\\%c", *text);
        } else if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f) {
            printf("\\u%04x", (unsigned char)*text);
        } else {
            putchar(*text);
        }
    }
    putchar('"');
}

static void print_rule(const struct trace_decoder *decoder, enum form form, struct summary *summary)
{
    if (form == FORM_JSON) {
        printf("{\"rule\":%u,\"text\":", decoder->rule);
        print_json_string(decoder->rule_text);
        puts("}");
    } else if (form == FORM_TEXT) {
        printf("# rule %u: %s\n", decoder->rule, decoder->rule_text);
    } else {
        snprintf(summary->text[decoder->rule], sizeof summary->text[0], "%.47s",
                 decoder->rule_text);
    }
}

static void print_event(const struct trace_decoder *decoder, const struct scanner *scanner,
                        enum form form, struct summary *summary)
{
    char line[512];
    const struct trace_event *event = &decoder->event;
    double passed = (double)(decoder->tsc - decoder->tsc_start);
    uint64_t ns = decoder->tsc_hz ? (uint64_t)(passed * 1e9 / (double)decoder->tsc_hz) : 0;
    if (form == FORM_SUMMARY) {
        summary->n_events++;
        summary->n_by_rule[event->rule]++;
        return;
    }
    (form == FORM_JSON ? trace_format_json : trace_format_text)(scanner, event, ns, line,
                                                                sizeof line);
    puts(line);
}

static void print_summary(const struct summary *summary)
{
    for (unsigned i = 0; i < ARRAY_SIZE(summary->n_by_rule); i++) {
        if (summary->n_by_rule[i]) {
            if (i == 0) {
                printf("%12" PRIu64 "  split\n", summary->n_by_rule[i]);
                continue;
            }
            printf("%12" PRIu64 "  rule %u: %s\n", summary->n_by_rule[i], i, summary->text[i]);
        }
    }
    printf("%12" PRIu64 "  events\n", summary->n_events);
}

/* The next event or rule; CUT only at the end of the file. */
static enum trace_got next(struct trace_decoder *decoder, struct source *source, int *error)
{
    for (;;) {
        enum trace_got got = trace_decode(decoder);
        size_t n_left = (size_t)(decoder->end - decoder->bytes);
        if (got != TRACE_GOT_CUT || source->at_end) {
            return got;
        }
        if (n_left == sizeof source->bytes) {
            return TRACE_GOT_BAD; /* no record is that long */
        }
        int n = read_more(source, n_left);
        *error = n < 0 ? -n : 0;
        decoder->bytes = source->bytes;
        decoder->end = source->bytes + source->used;
    }
}

static const char *what_ended(enum trace_got got, int error)
{
    if (error) {
        return strerror(error);
    }
    return got == TRACE_GOT_CUT ? "ends without its end mark (the machine was killed, or runs)"
                                : "damaged; what came before is shown";
}

static int print_stream(const char *path, struct source *source, enum form form,
                        struct summary *summary)
{
    struct trace_decoder decoder;
    struct scanner scanner;
    int error = 0;
    while (!source->at_end && source->used < TRACE_HEADER_BYTES) {
        int n = read_more(source, source->used);
        error = n < 0 ? -n : 0;
    }
    if (!trace_decode_begin(&decoder, source->bytes, source->used)) {
        fprintf(stderr, "plex86: trace: %s: %s\n", path,
                error ? strerror(error) : "not a trace of this version of plex86");
        return 1;
    }
    scan_init(&scanner);
    enum trace_got got = TRACE_GOT_CUT;
    while (!ferror(stdout) &&
           ((got = next(&decoder, source, &error)) == TRACE_GOT_EVENT || got == TRACE_GOT_RULE)) {
        if (got == TRACE_GOT_RULE) {
            print_rule(&decoder, form, summary);
        } else {
            print_event(&decoder, &scanner, form, summary);
        }
    }
    if (form == FORM_SUMMARY) {
        print_summary(summary);
    }
    trace_decode_free(&decoder);
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "plex86: trace: standard output: %s\n", strerror(errno));
        return 1;
    }
    if (got != TRACE_GOT_END) {
        fprintf(stderr, "plex86: trace: %s: %s\n", path, what_ended(got, error));
    }
    return got == TRACE_GOT_BAD || error;
}

int trace_tool(int argc, char **argv)
{
    enum form form = FORM_TEXT;
    const char *path = NULL;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json") || !strcmp(argv[i], "-json")) {
            form = FORM_JSON;
        } else if (!strcmp(argv[i], "--summary")) {
            form = FORM_SUMMARY;
        } else if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
            print_usage(stdout);
            return 0;
        } else if (path || (argv[i][0] == '-' && argv[i][1])) {
            print_usage(stderr);
            return 2;
        } else {
            path = argv[i];
        }
    }
    if (!path) {
        print_usage(stderr);
        return 2;
    }
    struct source *source = calloc(1, sizeof *source);
    struct summary *summary = calloc(1, sizeof *summary);
    int status = 1, fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    if (fd < 0 || !source || !summary) {
        fprintf(stderr, "plex86: trace: %s: %s\n", path, strerror(errno));
    } else {
        source->fd = fd;
        status = print_stream(path, source, form, summary);
    }
    if (fd > STDIN_FILENO) {
        close(fd);
    }
    free(source);
    free(summary);
    return status;
}

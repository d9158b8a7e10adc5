/* tool.c - `plex86 trace [--json] [--summary] FILE`: a stream as lines of text or JSON, or counted.
 */
#include "trace/tool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

/* The whole file, malloc'ed. */
static uint8_t *read_all(FILE *file, size_t *n_bytes)
{
    size_t room = 1 << 20, used = 0;
    uint8_t *bytes = malloc(room);
    while (bytes) {
        used += fread(bytes + used, 1, room - used, file);
        if (used < room) {
            break;
        }
        uint8_t *more = realloc(bytes, room *= 2);
        if (!more) {
            free(bytes);
        }
        bytes = more;
    }
    *n_bytes = used;
    if (bytes && ferror(file)) {
        free(bytes);
        bytes = NULL;
    }
    return bytes;
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
    double passed = (double)(event->tsc - decoder->tsc_start);
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
            printf("%12" PRIu64 "  rule %u: %s\n", summary->n_by_rule[i], i, summary->text[i]);
        }
    }
    printf("%12" PRIu64 "  events\n", summary->n_events);
}

static int print_stream(const char *path, const uint8_t *bytes, size_t n_bytes, enum form form)
{
    struct trace_decoder decoder;
    struct scanner scanner;
    struct summary *summary = calloc(1, sizeof *summary);
    if (!summary || !trace_decode_begin(&decoder, bytes, n_bytes)) {
        fprintf(stderr, "plex86: trace: %s: not a trace of this version of plex86\n", path);
        free(summary);
        return 1;
    }
    scan_init(&scanner);
    enum trace_got got;
    while ((got = trace_decode(&decoder)) == TRACE_GOT_EVENT || got == TRACE_GOT_RULE) {
        if (got == TRACE_GOT_RULE) {
            print_rule(&decoder, form, summary);
        } else {
            print_event(&decoder, &scanner, form, summary);
        }
    }
    if (form == FORM_SUMMARY) {
        print_summary(summary);
    }
    if (got != TRACE_GOT_END) {
        fprintf(stderr, "plex86: trace: %s: %s\n", path,
                got == TRACE_GOT_CUT ? "ends without its end mark (the machine was killed?)"
                                     : "damaged; what came before is shown");
    }
    trace_decode_free(&decoder);
    free(summary);
    return got == TRACE_GOT_BAD;
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
    FILE *file = strcmp(path, "-") ? fopen(path, "rbe") : stdin;
    size_t n_bytes = 0;
    uint8_t *bytes = file ? read_all(file, &n_bytes) : NULL;
    int error = errno;
    if (file && file != stdin) {
        fclose(file);
    }
    if (!bytes) {
        fprintf(stderr, "plex86: trace: %s: %s\n", path, strerror(error));
        return 1;
    }
    int status = print_stream(path, bytes, n_bytes, form);
    free(bytes);
    return status;
}

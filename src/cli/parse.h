/* parse.h - cli/'s own: the state of one parse, and the small readers of option values. */
#ifndef CLI_PARSE_H
#define CLI_PARSE_H

#include "cli/options.h"

enum { PARSE_MAX_CHARDEVS = 8, PARSE_ERROR_USAGE = -1, PARSE_ERROR_VALUE = -2 };

enum parse_help {
    PARSE_RUN,
    PARSE_HELP,
    PARSE_HELP_LOG,
    PARSE_HELP_ENGINE,
    PARSE_HELP_MACHINE,
    PARSE_HELP_MAP,
    PARSE_PRINT_MAP,
    PARSE_VERSION
};

struct parse {
    struct options *options;
    const char *name;             /* of the option in hand, without dash */
    enum parse_help help;         /* what to print instead of running */
    char message[320];            /* the error line, without "plex86: " */
    struct map_errors map_errors; /* what is wrong with rules; printed in place of message */
    char notes[640];              /* note lines, each ended by a newline */

    unsigned n_serials;   /* -serial so far */
    bool print_map;       /* -map-print given */
    unsigned n_map_rules; /* -map-rule so far */
    bool has_monitor;     /* -monitor given */
    bool has_display;     /* -display given */
    bool no_defaults;     /* -nodefaults */
    struct parse_chardev {
        const char *id;
        struct serial_config config;
    } chardevs[PARSE_MAX_CHARDEVS];
    unsigned n_chardevs;
    /* References by id, resolved at the end because the order of options is free. */
    const char *serial_ids[4];
    const char *debugcon_ids[BOARD_MAX_DEBUGCONS], *parallel_id;
    /* -global; what -device itself says (own_*) wins, in any order */
    bool has_debugcon_base, has_exit_base, has_exit_bytes;
    bool own_debugcon_base[BOARD_MAX_DEBUGCONS], own_exit_base, own_exit_bytes;
    uint16_t debugcon_base, exit_base, exit_bytes;
};

/* Parses without printing: 0, 1, or PARSE_ERROR_* with parse->message. */
int parse_options(struct parse *parse, struct options *options, int argc, char **argv);

/* Put the error line (usage: exit 2; value: exit 1) and return PARSE_ERROR_*. */
__attribute__((format(printf, 2, 3))) int parse_fail(struct parse *parse, const char *format, ...);
__attribute__((format(printf, 2, 3))) int parse_refuse(struct parse *parse, const char *format,
                                                       ...);
__attribute__((format(printf, 2, 3))) void parse_note(struct parse *parse, const char *format, ...);
int parse_not_yet(struct parse *parse, const char *value); /* "-name value is not supported yet" */

/* After the last option (finish.c): resolves references, fills defaults, checks what belongs
 * together. */
int parse_finish(struct parse *parse);

/* ---- values.c: pure readers of text ---- */

/* Cuts the next item off a comma list in place; ",," stands for a comma, as in QEMU. NULL at the
 * end. */
char *value_next(char **rest);
/* Points at what follows "key=" if item begins so, else NULL. */
char *value_of_key(char *item, const char *key);
/* Decimal, 0x hex or 0 octal, nothing before or after. */
bool value_number(const char *string, uint64_t max, uint64_t *number);
/* N with suffix B K M G T (none: times 2^shift); false on anything else or overflow. */
bool value_size(const char *string, unsigned shift, uint64_t *n_bytes);
/* YYYY-MM-DD or YYYY-MM-DDThh:mm:ss, in UTC, to Unix seconds. */
bool value_date(const char *string, int64_t *seconds);

/* ---- option_*.c: one function per option; names in options.def ---- */

typedef int option_fn(struct parse *parse, char *value);
#define SECTION(title)
#define OPTION(name, argument, function, help) option_fn function;
#define ALSO(name, argument, function)         option_fn function;
#define NOT_YET(name, has_argument)
#include "cli/options.def"
#undef SECTION
#undef OPTION
#undef ALSO
#undef NOT_YET

#endif

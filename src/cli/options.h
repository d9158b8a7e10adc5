/* options.h - the command line, in qemu-system-i386's spelling. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "board/board.h"
#include "load/load.h"
#include "map/map.h"

enum engine_flags { /* -engine */
#define ENGINE(name, bit, word, help) ENGINE_##name = bit,
#include "cli/engine.def"
#undef ENGINE
};
#define ENGINE(name, bit, word, help) +bit
enum {
    ENGINE_SUM = 0
#include "cli/engine.def"
};
#undef ENGINE
#define ENGINE(name, bit, word, help) | bit
enum {
    ENGINE_ALL = 0
#include "cli/engine.def"
};
#undef ENGINE
_Static_assert((int)ENGINE_SUM == (int)ENGINE_ALL, "each word of engine.def has a bit of its own");
enum log_category { /* -d */
#define LOG(name, bit, word, help) LOG_##name = bit,
#include "cli/log.def"
#undef LOG
};

enum { OPTIONS_MAX_TRACES = 16 };
enum split_policy { SPLIT_HIDE, SPLIT_LOG, SPLIT_TRAP }; /* -split */

struct options {
    uint64_t ram_bytes; /* -m N (MiB) | NM | NG; default 128 MiB; multiple of 4096 */
    struct load_request load;
    struct board_config board;
    bool no_reboot, nographic, stats, map_counts;
    unsigned engine;   /* -engine: enum engine_flags */
    unsigned log_mask; /* -d: enum log_category; stats is also set by -d stats */
    enum split_policy split;
    const char *log_path;                        /* -D, or NULL: stderr */
    const char *trace_paths[OPTIONS_MAX_TRACES]; /* -trace; none: log rules write to the log */
    unsigned n_traces;
    bool trace_off;           /* -trace FILE,start=off */
    const char *profile_path; /* -profile, or NULL */
    const char *code_store;   /* -code-store, or NULL: see monitor/recall.c */
    bool jitdump;             /* -jitdump */
    const char *monitor;      /* -monitor as given, or NULL: none */
    struct map *map;          /* -map, -map-rule: read and found good; NULL: the default map */
    const char *cpu_model;    /* -cpu as given, or NULL */
    const char *pid_path;     /* -pidfile, or NULL */
    const char *gdb;          /* -gdb as given, -s: tcp::1234, or NULL */
    bool wait_at_start;       /* -S */
    bool show_version;        /* with result 1: main prints the version, which it knows */
    char *strings;            /* owner of the strings above that are not in argv */
};

/* Parses argv (which it does not change and which must outlive options). Prints what there is to
 * say: help on stdout, errors and notes as one line each on stderr. 0: run. 1: done (-help,
 * -version), exit 0. -1: usage error, exit 2. -2: well said, but this machine cannot (-m 8G),
 * exit 1. options_free() is due after every result. */
int options_parse(struct options *options, int argc, char **argv);
void options_free(struct options *options);
void options_print_version(const char *build);

#endif

/* main.c - the command line of the differential tests, and their verdicts. */
#include <getopt.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "coverage.h"
#include "runner.h"

enum { N_PASSES = 2, N_SHOWN = 12 };

struct arguments {
    uint64_t seed, first, n_cases;
    const char *mode, *results, *report;
    struct coverage *coverage;
    enum mode_kind kind;
    bool one, verbose;
    unsigned seconds; /* for everything; 0: as long as it takes */
    unsigned engines; /* bit mask */
    int opcode;
};

struct tally {
    uint64_t passed[N_MAPS + 1], failed[N_MAPS + 1], skipped;
    char first[N_MAPS + 1][512]; /* failure */
    unsigned n_shown;
    uint8_t *seen; /* by form */
};

static void show_failure(const struct arguments *args, struct runner *runner, unsigned i,
                         uint64_t number, unsigned engine, const char *text)
{
    const struct generated *made = &runner->made[i];
    printf("not ok: %s/%s case %llu: %s\n", args->mode, engine_ways[engine].name,
           (unsigned long long)number, text);
    print_case(stdout, made, &runner->batch->cases[i], &runner->cpu[i],
               runner->engine[i].ran ? &runner->engine[i] : NULL);
    printf("  again: tests/native/run --seed %llu --mode %s --engine %s --case %llu",
           (unsigned long long)args->seed, args->mode, engine_ways[engine].name,
           (unsigned long long)number);
    printf(args->opcode == ANY_OPCODE ? "\n" : " --opcode %x\n", (unsigned)args->opcode);
}

static unsigned group(const struct arguments *args, const struct generated *made)
{
    return strncmp(args->mode, "sequences", 9) == 0 ? N_MAPS : made->form.map;
}

static void compare_batch(const struct arguments *args, struct runner *runner, uint64_t first,
                          unsigned n, unsigned engine, struct tally *tally)
{
    char text[MAX_DIFFERENCES];
    for (unsigned i = 0; i < n; i++) {
        const struct generated *made = &runner->made[i];
        bool skipped = runner->batch->cases[i].flags & CASE_SKIP;
        if (args->coverage) {
            coverage_add(args->coverage, args->kind, engine, made, skipped);
        }
        if (skipped) {
            tally->skipped++;
            continue;
        }
        bool bad = compare_results(made, &runner->cpu[i], &runner->engine[i], text);
        if (!bad) {
            tally->passed[group(args, made)]++;
            continue;
        }
        if (!tally->failed[group(args, made)]++) {
            snprintf(tally->first[group(args, made)], sizeof(tally->first[0]),
                     "--seed %llu --mode %s --engine %s --case %llu: %s",
                     (unsigned long long)args->seed, args->mode, engine_ways[engine].name,
                     (unsigned long long)(first + i), text);
        }
        unsigned key = made->form.map << 8 | made->form.opcode;
        if (args->verbose || (!tally->seen[key] && tally->n_shown++ < N_SHOWN)) {
            tally->seen[key] = 1;
            show_failure(args, runner, i, first + i, engine, text);
        }
    }
}

static int run_mode(const struct arguments *args, struct runner *runner, enum mode_kind mode,
                    FILE *results)
{
    static const char *const map_names[] = {"1-byte", "0f", "0f38", "0f3a", "sequences"};
    static struct tally tally[N_ENGINES];
    struct generator gen;
    int failed = 0;
    memset(tally, 0, sizeof(tally));
    for (unsigned e = 0; e < N_ENGINES; e++) {
        tally[e].seen = calloc(N_MAPS * 256, 1);
    }
    generator_init(&gen, args->seed, mode, args->opcode);
    uint64_t n_cases = args->n_cases ? args->n_cases : N_PASSES * gen.forms.n;
    uint64_t end = args->one ? args->first + 1 : args->first + n_cases;
    for (uint64_t at = args->first; at < end; at += N_CASES) {
        if (runner->end && time(NULL) >= runner->end) {
            fprintf(results, "not ok native/%s/time: %u s were over at case %llu of %llu\n",
                    args->mode, args->seconds, (unsigned long long)at, (unsigned long long)end);
            printf("%s: %u s are over at case %llu of %llu\n", args->mode, args->seconds,
                   (unsigned long long)at, (unsigned long long)end);
            failed = 1;
            break;
        }
        unsigned n = end - at < N_CASES ? (unsigned)(end - at) : N_CASES;
        if (runner_prepare(runner, &gen, at, n)) {
            return 1;
        }
        for (unsigned e = 0; e < N_ENGINES; e++) {
            bool due =
                e == 0 || args->n_cases || args->one || at / N_CASES % engine_ways[e].one_of == 0;
            if (due && (args->engines >> e & 1)) {
                runner_engine(runner, &engine_ways[e]);
                compare_batch(args, runner, at, n, e, &tally[e]);
            }
        }
    }
    for (unsigned e = 0; e < N_ENGINES; e++) {
        for (unsigned map = 0; map <= N_MAPS; map++) {
            const struct tally *t = &tally[e];
            if (t->failed[map]) {
                failed = 1;
                fprintf(results, "not ok native/%s/%s/%s: %llu of %llu cases; %s\n", args->mode,
                        engine_ways[e].name, map_names[map], (unsigned long long)t->failed[map],
                        (unsigned long long)(t->failed[map] + t->passed[map]), t->first[map]);
            } else if (t->passed[map]) {
                fprintf(results, "ok native/%s/%s/%s # %llu cases\n", args->mode,
                        engine_ways[e].name, map_names[map], (unsigned long long)t->passed[map]);
            }
            if (t->failed[map] || t->passed[map]) {
                printf("%s/%s/%s: %llu passed, %llu failed\n", args->mode, engine_ways[e].name,
                       map_names[map], (unsigned long long)t->passed[map],
                       (unsigned long long)t->failed[map]);
            }
        }
        free(tally[e].seen);
    }
    return failed;
}

static void usage(FILE *out)
{
    fputs("usage: tests/native/run [--seed N] [--mode NAME] [--engine WORD] [--case N]\n"
          "                        [--first N] [--cases N] [--opcode MAP<<8|OPCODE] [--results "
          "FILE]\n"
          "                        [--report FILE] [--seconds N] [--verbose]\n",
          out);
}

static unsigned engine_mask(const char *word)
{
    for (unsigned e = 0; e < N_ENGINES; e++) {
        if (strcmp(word, engine_ways[e].name) == 0) {
            return 1u << e;
        }
    }
    return 0;
}

static bool parse(struct arguments *args, int argc, char **argv)
{
    static const struct option options[] = {
        {"seed", 1, NULL, 's'},   {"mode", 1, NULL, 'm'},    {"engine", 1, NULL, 'e'},
        {"case", 1, NULL, 'c'},   {"cases", 1, NULL, 'n'},   {"first", 1, NULL, 'f'},
        {"report", 1, NULL, 'p'}, {"results", 1, NULL, 'r'}, {"verbose", 0, NULL, 'v'},
        {"opcode", 1, NULL, 'o'}, {"seconds", 1, NULL, 't'}, {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
        switch (option) {
        case 's':
            args->seed = strtoull(optarg, NULL, 0);
            break;
        case 'm':
            args->mode = optarg;
            break;
        case 'e':
            args->engines = engine_mask(optarg);
            break;
        case 'c':
            args->one = true;
            args->verbose = true; /* fall through */
        case 'f':
            args->first = strtoull(optarg, NULL, 0);
            break;
        case 'n':
            args->n_cases = strtoull(optarg, NULL, 0);
            break;
        case 'r':
            args->results = optarg;
            break;
        case 'p':
            args->report = optarg;
            break;
        case 't':
            args->seconds = (unsigned)strtoul(optarg, NULL, 0);
            break;
        case 'o':
            args->opcode = (int)strtol(optarg, NULL, 16);
            break;
        case 'v':
            args->verbose = true;
            break;
        default:
            return false;
        }
    }
    return args->engines != 0 && optind == argc;
}

int main(int argc, char **argv)
{
    struct arguments args = {.seed = 1, .opcode = ANY_OPCODE, .engines = (1u << N_ENGINES) - 1};
    struct runner runner;
    if (!parse(&args, argc, argv)) {
        usage(stderr);
        return 2;
    }
    FILE *results = args.results ? fopen(args.results, "w") : fopen("/dev/null", "w");
    if (!results || runner_create(&runner, dirname(argv[0]))) {
        perror("native");
        return 1;
    }
    runner.end = args.seconds ? time(NULL) + args.seconds : 0;
    args.coverage = args.report ? coverage_create() : NULL;
    const char *wanted = args.mode;
    int failed = 0;
    printf("native: seed %llu\n", (unsigned long long)args.seed);
    for (unsigned mode = 0; mode < N_MODES; mode++) {
        if (!wanted || strcmp(wanted, modes[mode].name) == 0) {
            args.mode = modes[mode].name;
            args.kind = (enum mode_kind)mode;
            if (modes[mode].segments && !runner.has_ldt) {
                printf("%s: skipped: the host's kernel has no modify_ldt(2) for 16-bit and based "
                       "segments\n",
                       args.mode);
                fprintf(results, "skip native/%s: no modify_ldt(2) on this host\n", args.mode);
                continue;
            }
            failed |= run_mode(&args, &runner, (enum mode_kind)mode, results);
        }
    }
    fclose(results);
    FILE *report = args.report ? fopen(args.report, "w") : NULL;
    if (report) {
        coverage_write(args.coverage, report);
        fclose(report);
    }
    return failed;
}

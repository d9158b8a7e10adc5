/* simple.h - what the fuzzers without a machine share: arguments, the seed in every report, a limit
 * on time. Included by one C file per program. */
#ifndef FUZZ_SIMPLE_H
#define FUZZ_SIMPLE_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "random.h"

enum { STALL_SECONDS = 20 };

static volatile uint64_t simple_seed;
static int simple_out = -1; /* the program's own standard output; 1 may lead elsewhere by now */

/* Async-signal-safe. */
static void simple_say(const char *what)
{
    char line[200];
    int n =
        snprintf(line, sizeof line, "FINDING seed %#lx: %s\n", (unsigned long)simple_seed, what);
    (void)!write(simple_out, line, (size_t)n);
}

static void simple_died(int signal)
{
    simple_say(signal == SIGALRM ? "hangs" : "dies of a signal");
    _exit(1);
}

__attribute__((unused)) static void simple_asan(void)
{
    simple_say("refused by a sanitizer");
}

/* Runs one(seed) for -s SEED -n COUNT -t SECONDS; one() says true if that was a finding. */
static int simple_main(int argc, char **argv, const char *name, bool (*one)(uint64_t seed))
{
    uint64_t seed = 1, n = UINT64_MAX, i = 0;
    unsigned seconds = 10, n_findings = 0;
    int option;
    while ((option = getopt(argc, argv, "s:n:t:l:")) != -1) {
        if (option == 's') {
            seed = strtoull(optarg, NULL, 0);
        } else if (option == 'n') {
            n = strtoull(optarg, NULL, 0);
        } else if (option == 't') {
            seconds = (unsigned)atoi(optarg);
        } else if (option != 'l') {
            return 2;
        }
    }
    simple_out = simple_out < 0 ? dup(STDOUT_FILENO) : simple_out;
    static const int signals[] = {SIGALRM, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (unsigned k = 0; k < sizeof signals / sizeof signals[0]; k++) {
        signal(signals[k], simple_died);
    }
    time_t stop_at = time(NULL) + (time_t)seconds;
    for (; i < n && n_findings < 20; i++) {
        if (i % 16 == 0) {
            alarm(STALL_SECONDS);
            if (time(NULL) >= stop_at) {
                break;
            }
        }
        simple_seed = seed + i;
        n_findings += one(seed + i);
    }
    dprintf(simple_out, "%s: seeds %#lx to %#lx, %u findings\n", name, (unsigned long)seed,
            (unsigned long)(seed + i), n_findings);
    return n_findings != 0;
}

#endif

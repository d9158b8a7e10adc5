/* program.c - times a whole program and sums what it prints.
 *
 *   program GROUP [-r REPS] NAME COMMAND [ARG...]   one result line for each repetition
 *   program GROUP -w PATTERN... -- NAME             exit code 0 if the patterns want GROUP/NAME
 *   program -c             "@clock NS": the clock, to be compared with the host's
 */
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct order {
    const char *group, *name;
    char **command;
    unsigned n_reps;
};

/* Of all that were waited for. */
static double children_cpu_ns(void)
{
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e9 +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e3;
}

static void run_command(void *arg)
{
    const struct order *order = arg;
    for (unsigned i = 0; i < order->n_reps; i++) {
        static uint8_t buffer[65536];
        int ends[2], status;
        uint32_t check = 0;
        uint64_t n_bytes = 0;
        bench_require(pipe(ends) == 0);
        double cpu_start = children_cpu_ns();
        struct bench_time start = bench_now();
        pid_t child = fork();
        bench_require(child >= 0);
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            dup2(ends[1], STDOUT_FILENO);
            dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
            close(ends[0]);
            close(ends[1]);
            execv(order->command[0], order->command);
            _exit(127);
        }
        close(ends[1]);
        for (;;) { /* FNV-1a: does not depend on how the bytes are cut into reads */
            ssize_t got = read(ends[0], buffer, sizeof buffer);
            if (got <= 0)
                break;
            for (ssize_t j = 0; j < got; j++)
                check = (check ^ buffer[j]) * 16777619u;
            n_bytes += got;
        }
        close(ends[0]);
        bench_require(waitpid(child, &status, 0) == child);
        struct bench_time spent = bench_since(start);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            bench_die("wait status %#x after %llu bytes", status, (unsigned long long)n_bytes);
        if (n_bytes == 0)
            bench_die("printed nothing");
        printf("@cpu %.0f ok\n", children_cpu_ns() - cpu_start);
        fflush(stdout);
        bench_report(order->group, order->name, check, spent);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "-c")) {
        printf("@clock %.0f ok\n", bench_now().ns);
        return 0;
    }
    struct order order = {argc > 1 ? argv[1] : NULL, NULL, NULL, 1};
    if (argc > 4 && !strcmp(argv[2], "-w"))
        return !bench_wanted(order.group, argv[argc - 1], argv + 3, argc - 5);
    int at = 2;
    if (argc > 3 && !strcmp(argv[2], "-r")) {
        order.n_reps = atoi(argv[3]);
        at = 4;
    }
    if (argc < at + 2) {
        fprintf(stderr, "usage: program GROUP [-r REPS] NAME COMMAND [ARG...]\n");
        return 2;
    }
    order.name = argv[at];
    order.command = argv + at + 1;
    bench_in_child(order.group, order.name, 600, run_command, &order);
    return 0;
}

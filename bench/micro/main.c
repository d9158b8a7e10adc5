/* main.c - runs system microbenchmarks: micro [-t MILLISECONDS] [-l] [NAME...]
 *
 * Each test runs for about -t (default 100) in five batches; the line gives the median batch's time
 * per operation. Works in the current directory, which should be a tmpfs. "micro --hello" is what
 * the exec tests execute.
 */
#include "micro.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct micro {
    const char *name;
    uint32_t (*run)(unsigned n);
    void (*setup)(void);
} micros[] = {
#define MICRO(name, setup) {#name, micro_##name, setup},
#include "micro.def"
#undef MICRO
};
enum { N_MICROS = sizeof micros / sizeof micros[0], N_BATCHES = 5, N_CHECKED = 4 };

struct order {
    const struct micro *micro;
    unsigned budget_ms;
};

void setup_nothing(void) {}

static int by_ns(const void *a, const void *b)
{
    double x = ((const struct bench_time *)a)->ns, y = ((const struct bench_time *)b)->ns;
    return (x > y) - (x < y);
}

static void run_one(void *arg)
{
    const struct order *order = arg;
    struct bench_time batches[N_BATCHES], start, spent;
    double batch_ns = order->budget_ms * 1e6 / (N_BATCHES + 2);
    order->micro->setup();
    uint32_t check = order->micro->run(N_CHECKED);
    unsigned n = 1, n_filled = 0;
    /* How many fill a batch, twice in a row: the first times may meet fresh memory or code that is new.
     * The limit is for a guest whose clock stands still. */
    for (;;) {
        start = bench_now();
        order->micro->run(n);
        spent = bench_since(start);
        if (spent.ns >= batch_ns / 2) {
            if (++n_filled == 2)
                break;
            continue;
        }
        if (n >= 1u << 28)
            break;
        n_filled = 0;
        n *= spent.ns < batch_ns / 16 ? 8 : 2;
    }
    for (int i = 0; i < N_BATCHES; i++) {
        start = bench_now();
        order->micro->run(n);
        spent = bench_since(start);
        batches[i] = (struct bench_time){spent.ns / n, spent.tsc / n};
    }
    qsort(batches, N_BATCHES, sizeof batches[0], by_ns);
    bench_report("micro", order->micro->name, check, batches[N_BATCHES / 2]);
}

int main(int argc, char **argv)
{
    struct order order = {NULL, 100};
    int option;
    if (argc > 1 && !strcmp(argv[1], "--hello"))
        return 42;
    while ((option = getopt(argc, argv, "t:l")) != -1) {
        switch (option) {
        case 't':
            order.budget_ms = atoi(optarg);
            break;
        case 'l':
            for (int i = 0; i < N_MICROS; i++)
                puts(micros[i].name);
            return 0;
        default:
            fprintf(stderr, "usage: micro [-t MILLISECONDS] [-l] [NAME...]\n");
            return 2;
        }
    }
    for (int i = 0; i < N_MICROS; i++) {
        order.micro = &micros[i];
        if (bench_wanted("micro", micros[i].name, argv + optind, argc - optind))
            bench_in_child("micro", micros[i].name, 120, run_one, &order);
    }
    return 0;
}

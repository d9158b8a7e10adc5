/* main.c - runs compute kernels: kernels [-r REPS] [-s PERCENT] [-l] [NAME...]
 *
 * -s scales the number of pieces (100: about 0.3 s each, natively); the checksum depends on it.
 */
#include "kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct kernel kernels[] = {
#define KERNEL(name, n_full) {#name, kernel_##name, n_full},
#include "kernels.def"
#undef KERNEL
};
enum { N_KERNELS = sizeof kernels / sizeof kernels[0] };

struct order {
    const struct kernel *kernel;
    unsigned n_reps, percent;
};

static void run_one(void *arg)
{
    const struct order *order = arg;
    unsigned n = (unsigned)((uint64_t)order->kernel->n_full * order->percent / 100);
    if (n == 0)
        n = 1;
    order->kernel->run(1); /* touches the data */
    for (unsigned i = 0; i < order->n_reps; i++) {
        struct bench_time start = bench_now();
        uint32_t check = order->kernel->run(n);
        bench_report("kernels", order->kernel->name, check, bench_since(start));
    }
}

int main(int argc, char **argv)
{
    struct order order = {NULL, 3, 100};
    int option;
    while ((option = getopt(argc, argv, "r:s:l")) != -1) {
        switch (option) {
        case 'r':
            order.n_reps = atoi(optarg);
            break;
        case 's':
            order.percent = atoi(optarg);
            break;
        case 'l':
            for (int i = 0; i < N_KERNELS; i++)
                puts(kernels[i].name);
            return 0;
        default:
            fprintf(stderr, "usage: kernels [-r REPS] [-s PERCENT] [-l] [NAME...]\n");
            return 2;
        }
    }
    for (int i = 0; i < N_KERNELS; i++) {
        order.kernel = &kernels[i];
        if (bench_wanted("kernels", kernels[i].name, argv + optind, argc - optind))
            bench_in_child("kernels", kernels[i].name, 600, run_one, &order);
    }
    return 0;
}

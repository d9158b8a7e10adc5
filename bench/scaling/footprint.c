/* footprint.c - calls the functions that footprint.py made, in pseudo-random order: once each
 * (first), then again and again (steady). "@v NAME VALUE ok": nanoseconds per call; sum: what the
 * functions computed. Usage: footprint MS
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

extern uint32_t table[], n_table;

static uint32_t memory[4];

static uint32_t call(uint32_t function, uint32_t value)
{
    uint32_t clobbered = (uint32_t)(uintptr_t)memory;
    __asm__ volatile("xorl %%ecx, %%ecx; xorl %%edx, %%edx; call *%2"
                     : "+a"(value), "+S"(clobbered)
                     : "r"(function)
                     : "ecx", "edx", "memory", "cc");
    return value;
}

/* Of this process, so that others on the machine do not count; in a guest they do. */
static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1e9 + now.tv_nsec;
}

/* All of them once, in the order table[] has been brought to. */
static uint32_t call_all(uint32_t value)
{
    for (uint32_t i = 0; i < n_table; i++) {
        value = call(table[i], value);
    }
    return value;
}

int main(int argc, char **argv)
{
    double ms = argc > 1 ? atof(argv[1]) : 100;
    uint32_t seed = 1993;
    for (uint32_t i = n_table - 1; i > 0; i--) {
        uint32_t j = bench_random(&seed) % (i + 1), kept = table[i];
        table[i] = table[j];
        table[j] = kept;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("@v functions %u ok\n", (unsigned)n_table);
    double start = now_ns();
    uint32_t value = call_all(1);
    double first = now_ns() - start;
    printf("@v first %.1f ok\n", first / n_table);
    value = call_all(value);
    printf("@v sum %u ok\n", (unsigned)value);
    unsigned n_passes = 0;
    start = now_ns();
    do {
        value = call_all(value);
        n_passes++;
    } while (now_ns() - start < ms * 1e6);
    printf("@v steady %.1f ok\n", (now_ns() - start) / n_passes / n_table);
    return 0;
}

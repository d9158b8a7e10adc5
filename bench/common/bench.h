/* bench.h - what every benchmark program shares: two clocks, the result line, one process per test.
 *
 * A result is one line on stdout, complete only with its last word, because on a guest's serial
 * line the kernel may write in between:
 *   @r GROUP/NAME check=XXXXXXXX ns=N tsc=N ok
 *   @r GROUP/NAME FAIL why why why ok
 * ns comes from clock_gettime (in a guest: the guest's clock), tsc is the difference of rdtsc over
 * the same interval; bench/run compares the two with the host's to find a guest clock that lies.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

struct bench_time {
    double ns;
    double tsc;
};

struct bench_time bench_now(void);
struct bench_time bench_since(struct bench_time start);

void bench_report(const char *group, const char *name, uint32_t check, struct bench_time spent);
void bench_report_fail(const char *group, const char *name, const char *why);

/* Ends the process with a message for the FAIL line. For a test's own checks. */
void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
#define bench_require(condition)                                                                   \
    do {                                                                                           \
        if (!(condition))                                                                          \
            bench_die("%s:%d: %s", __FILE_NAME__, __LINE__, #condition);                           \
    } while (0)

/* Runs body(arg) in a child of its own, so that one broken test costs one line; says FAIL for a
 * death by signal, an exit code other than 0 and more than timeout_s seconds. */
void bench_in_child(const char *group, const char *name, unsigned timeout_s, void (*body)(void *),
                    void *arg);

/* Does one of the n_patterns names mean this test? No patterns mean every test. A pattern is a
 * name or GROUP/NAME; a trailing '*' matches any rest. */
int bench_wanted(const char *group, const char *name, char **patterns, int n_patterns);

/* Deterministic 32-bit numbers (xorshift), never 0 for a state other than 0. */
static inline uint32_t bench_random(uint32_t *state)
{
    uint32_t word = *state;
    word ^= word << 13;
    word ^= word >> 17;
    word ^= word << 5;
    return *state = word;
}

static inline uint32_t bench_mix(uint32_t hash, uint32_t word)
{
    hash = (hash ^ word) * 0x9E3779B1u;
    return hash ^ (hash >> 15);
}

/* Keeps the compiler from knowing what is in memory. */
#define bench_barrier() __asm__ volatile("" ::: "memory")

#endif

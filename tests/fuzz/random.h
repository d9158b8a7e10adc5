/* random.h - the fuzzers' generator: small, seeded, the same on every host. */
#ifndef FUZZ_RANDOM_H
#define FUZZ_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

/* SplitMix64: neighbouring seeds have nothing in common. */
static inline uint64_t random_u64(struct random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline uint32_t random_u32(struct random *random)
{
    return (uint32_t)(random_u64(random) >> 32);
}

static inline uint32_t random_below(struct random *random, uint32_t n)
{
    return (uint32_t)((uint64_t)random_u32(random) * n >> 32);
}

static inline bool random_percent(struct random *random, unsigned percent)
{
    return random_below(random, 100) < percent;
}

static inline void random_fill(struct random *random, void *bytes, unsigned n_bytes)
{
    uint8_t *at = bytes;
    for (unsigned i = 0; i < n_bytes; i++) {
        at[i] = (uint8_t)random_u32(random);
    }
}

#define RANDOM_PICK(random, table)                                                                 \
    ((table)[random_below(random, (uint32_t)(sizeof(table) / sizeof((table)[0])))])

#endif

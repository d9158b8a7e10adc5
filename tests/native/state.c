/* state.c - random but useful: integers at the edges, floating-point numbers of every kind,
 * addresses in and around the mapped pages, control words with and without masks. */
#include <string.h>

#include "gen.h"
#include "segments.h"

uint32_t rng_next(struct rng *rng) /* splitmix64 */
{
    uint64_t z = rng->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (uint32_t)(z >> 32 ^ z >> 1);
}

uint32_t state_integer(struct rng *rng)
{
    static const uint32_t edge[] = {0,          1,          2,          3,          7,
                                    8,          15,         16,         31,         32,
                                    33,         63,         64,         0x7f,       0x80,
                                    0xff,       0x100,      0x7fff,     0x8000,     0xffff,
                                    0x10000,    0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe,
                                    0xffffffff, 0xffff0000, 0xffffff80, 0x01010101, 0x99999999};
    unsigned n_edge = sizeof(edge) / sizeof(*edge);
    uint32_t kind = rng_below(rng, 10);
    if (kind < 4) {
        return edge[rng_below(rng, n_edge)];
    }
    return kind < 5 ? edge[rng_below(rng, n_edge)] ^ edge[rng_below(rng, n_edge)] : rng_next(rng);
}

/* An address for an operand of n_bytes. */
uint32_t state_target(struct rng *rng, unsigned n_bytes)
{
    uint32_t in = rng_below(rng, n_bytes + 1); /* how much of it is on this side */
    uint32_t kind = rng_below(rng, 100);
    if (kind < 40) {
        return MIDDLE_LIN + (rng_below(rng, MIDDLE_BYTES - 32) & ~15u);
    }
    if (kind < 52) {
        return MIDDLE_LIN + rng_below(rng, MIDDLE_BYTES - 32);
    }
    if (kind < 62) {
        return DATA2_PAGE - in;
    }
    if (kind < 72) {
        return END_LIN + END_BYTES - n_bytes;
    }
    if (kind < 78) {
        return END_LIN + END_BYTES - in;
    }
    if (kind < 83) {
        return READ_ONLY_PAGE + (rng_below(rng, 256) & ~15u);
    }
    if (kind < 86) {
        return READ_ONLY_PAGE + TEST_PAGE_BYTES - in;
    }
    if (kind < 90) {
        return DATA2_PAGE + TEST_PAGE_BYTES + (rng_below(rng, TEST_PAGE_BYTES) & ~15u);
    }
    if (kind < 93) {
        return STACK_LIN + rng_below(rng, STACK_BYTES - 16);
    }
    if (kind < 95) {
        return LOW_PAGE - in;
    }
    if (kind < 97) {
        return 0u - in;
    }
    return kind < 98 ? HIGH_PAGE + TEST_PAGE_BYTES - in : state_integer(rng);
}

static uint64_t random64(struct rng *rng)
{
    uint64_t high = rng_next(rng);
    return high << 32 | rng_next(rng);
}

/* Signs, exponents and fractions of a format, at the edges more often than not. */
static uint64_t random_float(struct rng *rng, unsigned exponent_bits, unsigned fraction_bits)
{
    uint64_t fraction_mask = (UINT64_C(1) << fraction_bits) - 1, max = (1u << exponent_bits) - 1;
    uint64_t exponent = random64(rng) & max, fraction = random64(rng) & fraction_mask;
    switch (rng_below(rng, 6)) {
    case 0:
        exponent = rng_chance(rng, 50) ? 0 : max;
        break;
    case 1:
        exponent = max / 2 + rng_below(rng, fraction_bits + 8) - 4;
        break;
    case 2:
        exponent = rng_chance(rng, 50) ? rng_below(rng, 3) : max - rng_below(rng, 3);
        break;
    }
    switch (rng_below(rng, 5)) {
    case 0:
        fraction = 0;
        break;
    case 1:
        fraction = rng_chance(rng, 50) ? fraction_mask : UINT64_C(1) << (fraction_bits - 1);
        break;
    case 2:
        fraction &= fraction_mask << (fraction_bits / 2) & fraction_mask;
        break;
    }
    return ((uint64_t)rng_below(rng, 2) << exponent_bits | exponent) << fraction_bits | fraction;
}

/* 16 bytes of one kind of data. */
static void random_vector(struct rng *rng, uint8_t *at)
{
    uint32_t kind = rng_below(rng, 4);
    for (unsigned i = 0; i < 16; i += 4) {
        uint32_t word = kind == 0 ? rng_next(rng) : state_integer(rng);
        if (kind == 2) {
            word = (uint32_t)random_float(rng, 8, 23);
        }
        memcpy(at + i, &word, 4);
    }
    for (unsigned i = 0; kind == 3 && i < 16; i += 8) {
        uint64_t word = random_float(rng, 11, 52);
        memcpy(at + i, &word, 8);
    }
}

static void random_extended(struct rng *rng, uint8_t *at)
{
    uint64_t fraction = random_float(rng, 0, 63) & (UINT64_MAX >> 1);
    uint16_t exponent = (uint16_t)(random_float(rng, 15, 1) >> 1);
    bool integer = (exponent & 0x7fff) != 0;
    if (rng_chance(rng, 5)) { /* pseudo-denormals, unnormals and other things of the 8087 */
        integer = !integer;
    }
    fraction |= (uint64_t)integer << 63;
    memcpy(at, &fraction, 8);
    memcpy(at + 8, &exponent, 2);
}

static void random_fpu(struct rng *rng, uint8_t *fx)
{
    uint16_t control = 0x37f, status, top = (uint16_t)rng_below(rng, 8);
    uint32_t mxcsr = 0x1f80;
    uint8_t tags = rng_chance(rng, 50) ? 0xff : rng_chance(rng, 50) ? 0 : (uint8_t)rng_next(rng);
    if (rng_chance(rng, 40)) {
        control = (uint16_t)(0x7f | (rng_next(rng) & 0xf00));
    }
    if (rng_chance(rng, 10)) {
        control &= (uint16_t)(rng_next(rng) | 0xffc0);
    }
    if (rng_chance(rng, 50)) {
        mxcsr |= rng_next(rng) & 0xe07f; /* flags, DAZ, rounding, FTZ */
    }
    if (rng_chance(rng, 10)) {
        mxcsr &= rng_next(rng) | 0xe07f;
    }
    /* ES belongs to what is not masked: nothing is pending at the start. */
    status = (uint16_t)(top << 11 | (rng_next(rng) & 0x4700) | (rng_next(rng) & control & 0x3f));
    memset(fx, 0, 512);
    memcpy(fx, &control, 2);
    memcpy(fx + 2, &status, 2);
    fx[4] = tags;
    memcpy(fx + 24, &mxcsr, 4);
    for (unsigned i = 0; i < 8; i++) {
        random_extended(rng, fx + 32 + i * 16);
        random_vector(rng, fx + 160 + i * 16);
    }
}

static void random_memory(struct maker *maker)
{
    struct rng *rng = &maker->rng;
    uint8_t *window = maker->test->window;
    for (unsigned at = 0; at < MIDDLE_BYTES + END_BYTES; at += 16) {
        random_vector(rng, window + at);
        if (rng_chance(rng, 10)) {
            random_extended(rng, window + at);
        }
    }
    for (unsigned at = MIDDLE_BYTES + END_BYTES; at < WINDOW_BYTES; at += 4) {
        uint32_t word = state_integer(rng), kind = rng_below(rng, 10);
        if (kind < 4) {
            word = maker->lin - maker->seg_base[CASE_CS] + rng_below(rng, SLOT_BYTES);
        } else if (kind < 6) {
            word = rng_chance(rng, 50) ? SEL_CODE32 : SEL_DATA32;
        }
        memcpy(window + at, &word, 4);
    }
}

void state_random(struct maker *maker)
{
    struct rng *rng = &maker->rng;
    struct test_case *test = maker->test;
    for (unsigned i = 0; i < 8; i++) {
        test->gpr[i] = rng_chance(rng, 20) ? state_target(rng, 4) : state_integer(rng);
    }
    test->gpr[4] =
        STACK_LIN + STACK_BYTES / 2 + (rng_chance(rng, 10) ? rng_below(rng, 32) - 16 : 0);
    if (rng_chance(rng, 3)) { /* the next push, or the second, is into nothing */
        test->gpr[4] = STACK_PAGE + rng_below(rng, 16);
    }
    test->gpr[4] -= maker->seg_base[CASE_SS];
    test->eflags = 0x202 | (rng_next(rng) & 0x2008d5) | (rng_chance(rng, 10) ? 0x400 : 0);
    random_fpu(rng, test->fx);
    random_memory(maker);
}

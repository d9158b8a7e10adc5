/* test_verify_mutants.c - emitted units with one bit flipped, or one byte replaced: how many of the
 * mutants does the checker refuse? What it lets through must be as harmless as what was emitted
 * (another constant, another guest register, another displacement): the number is printed, and may
 * not fall. Every original passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "test_translate.h"
#include "verify/verify.h"

/* One of each technique and difficulty; kind: how its memory accesses are made. */
static const struct sample {
    const char *name;
    unsigned kind;
    uint32_t mode_xor;
    uint8_t code[48];
} samples[] = {
    {"alu and loads", 0, 0, {0x01, 0xd8, 0x8b, 0x43, 0x08, 0x03, 0x04, 0x8e, 0x89, 0x07,
                             0x0f, 0xb6, 0x16, 0xc1, 0xe0, 0x05, 0x0f, 0xaf, 0xc3, 0xc3}},
    {"stack", 0, 0, {0x55, 0x89, 0xe5, 0x83, 0xec, 0x10, 0x8b, 0x45, 0x08, 0x50, 0x68, 0x44, 0x33,
                     0x22, 0x11, 0x8b, 0x44, 0x24, 0x04, 0x60, 0x61, 0x9c, 0xc9, 0xc2, 0x08, 0x00}},
    {"branches", 0, 0, {0x74, 0x05, 0xe8, 0x00, 0x01, 0x00, 0x00, 0xe2, 0xf7, 0xff, 0x14,
                        0x85, 0x00, 0x10, 0x00, 0x00, 0xe3, 0x02, 0xff, 0xe0, 0x0f, 0x84,
                        0x00, 0x00, 0x10, 0x00, 0xe9, 0x00, 0x20, 0x00, 0x00}},
    {"strings", 0, 0, {0xf3, 0xa4, 0xab, 0xac, 0xf2, 0xae, 0xf3, 0xa6, 0xd7, 0xc3}},
    {"dual strings", SITE_DUAL, 0, {0xf3, 0xa4, 0xab, 0xac, 0xf2, 0xae, 0xf3, 0xa6, 0xc3}},
    {"dual",
     SITE_DUAL,
     0,
     {0x8b, 0x43, 0x08, 0x03, 0x04, 0x8e, 0x89, 0x07, 0x88, 0x26, 0x65, 0x8b, 0x0d, 0x10, 0x00,
      0x00, 0x00, 0xc3}},
    {"checked", SITE_CHECKED, 0, {0x8b, 0x43, 0x08, 0x03, 0x04, 0x8e, 0x89, 0x07, 0x88, 0x26, 0x0f,
                                  0xab, 0x03, 0xf0, 0x0f, 0xb1, 0x0b, 0x8b, 0x24, 0x24, 0xc3}},
    {"looked up", SITE_LOOKUP, 0, {0x8b, 0x43, 0x08, 0x03, 0x04, 0x8e, 0x89, 0x07, 0x88, 0x26,
                                   0xf3, 0xab, 0xf0, 0x0f, 0xb1, 0x0b, 0x8b, 0x24, 0x24, 0xc3}},
    {"segments", 0, 0, {0x65, 0x8b, 0x0d, 0x10, 0x00, 0x00, 0x00, 0x64, 0x89, 0x44,
                        0x8b, 0x04, 0x8c, 0xd8, 0x8c, 0x1b, 0x06, 0x0f, 0xa0, 0xc3}},
    {"system",
     0,
     0,
     {0xfa, 0xfb, 0x0f, 0xa2, 0xe4, 0x60, 0x0f, 0x31, 0xf4, 0x0f, 0x22, 0xd8, 0xcf}},
    {"esp", 0, 0, {0x89, 0xc4, 0x83, 0xe4, 0xf0, 0x0f, 0x44, 0xe0, 0x0f,
                   0xbc, 0xe1, 0x8d, 0x64, 0x24, 0x20, 0x5c, 0x54, 0x66,
                   0x89, 0xc4, 0x8b, 0x64, 0x24, 0x08, 0x87, 0xe0, 0xc3}},
    {"fpu", 0, MODE_NM, {0xd9, 0x03, 0xde, 0xc1, 0xdd, 0x5c, 0x24, 0x08, 0x0f, 0x28, 0xc1,
                         0x66, 0x0f, 0x6f, 0x06, 0x0f, 0xae, 0x03, 0xdb, 0xe3, 0xc3}},
    {"16-bit",
     0,
     MODE_CODE32,
     {0xb8, 0x34, 0x12, 0x01, 0xd8, 0x8b, 0x47, 0x04, 0x66, 0x05, 0x78, 0x56, 0x34, 0x12, 0x50,
      0xc3}},
};

static struct count {
    unsigned mutants, refused;
} by_bit, by_byte;

static bool passes(const struct verify_input *in)
{
    struct verify_finding finding;
    return verify_unit(in, &finding) == 0;
}

static void mutate(const struct verify_input *original, struct count *bits, struct count *bytes)
{
    static uint8_t copy[CACHE_UNIT_MAX_BYTES];
    struct verify_input in = *original;
    memcpy(copy, original->bytes, original->n_bytes);
    in.bytes = copy;
    uint32_t random = 12345;
    for (uint32_t i = 0; i < in.n_bytes; i++) {
        uint8_t was = copy[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            copy[i] = (uint8_t)(was ^ 1u << bit);
            bits->mutants++;
            bits->refused += !passes(&in);
        }
        for (unsigned k = 0; k < 8; k++) {
            random = random * 1664525 + 1013904223;
            copy[i] = (uint8_t)(random >> 24);
            bytes->mutants += copy[i] != was;
            bytes->refused += copy[i] != was && !passes(&in);
        }
        copy[i] = was;
    }
}

static struct unit *translate_sample(const struct sample *sample)
{
    bench_start(0x400, FLAT_MODE ^ sample->mode_xor);
    memcpy(bench.bytes + 0x100, sample->code, sizeof(sample->code));
    memset(bench.kinds, (int)sample->kind, sizeof(bench.kinds));
    return bench_translate(0x100, SCAN_MAX_INSNS);
}

static void test_mutants(void **state)
{
    (void)state;
    assert_int_equal(bench_create(), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(samples); i++) {
        struct unit *unit = translate_sample(&samples[i]);
        struct verify_input in;
        struct verify_finding finding;
        struct count bits = {0, 0}, bytes = {0, 0};
        assert_non_null(unit);
        verify_input_of(&bench.cache, unit, bench.bytes, &in);
        if (verify_unit(&in, &finding) < 0) {
            fail_msg("%s: unit + %x: %s", samples[i].name, finding.host_off,
                     verify_rule_text(finding.rule));
        }
        mutate(&in, &bits, &bytes);
        printf("  %-14s %4u bytes: flipped bits %5u, refused %5u; other bytes %5u, refused %5u\n",
               samples[i].name, in.n_bytes, bits.mutants, bits.refused, bytes.mutants,
               bytes.refused);
        by_bit.mutants += bits.mutants;
        by_bit.refused += bits.refused;
        by_byte.mutants += bytes.mutants;
        by_byte.refused += bytes.refused;
    }
    printf("mutants: %u of %u flipped bits refused, %u of %u replaced bytes\n", by_bit.refused,
           by_bit.mutants, by_byte.refused, by_byte.mutants);
    assert_true(by_bit.refused * 10 >= by_bit.mutants * 6);
    assert_true(by_byte.refused * 10 >= by_byte.mutants * 6);
    bench_destroy();
}

/* verify_all() sees what changes after a unit was entered: a branch patched to nowhere. */
static void test_sweep(void **state)
{
    (void)state;
    assert_int_equal(bench_create(), 0);
    bench_start(0x400, FLAT_MODE);
    memcpy(bench.bytes + 0x100, "\x74\x20\xc3", 3); /* je 0x122; ret */
    memcpy(bench.bytes + 0x122, "\x40\xc3", 2);
    struct unit *first = bench_translate(0x100, 1);
    assert_non_null(first);
    assert_int_equal(verify_all(&bench.cache), 1);
    struct unit *second = bench_translate(0x122, SCAN_MAX_INSNS); /* the branch is linked to it */
    assert_non_null(second);
    assert_int_equal(verify_all(&bench.cache), 2);
    struct verify_input in;
    struct verify_finding finding;
    verify_input_of(&bench.cache, first, NULL, &in);
    second->dead = true;
    assert_int_equal(verify_unit(&in, &finding), -1);
    assert_int_equal(finding.rule, RULE_TARGET);
    bench_destroy();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mutants),
                                       cmocka_unit_test(test_sweep)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

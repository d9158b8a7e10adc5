/* test_verify_random.c - whatever bytes a guest may have: what the translator makes of them passes
 * the checker, in every mode and with every kind of site. Random bytes, biased towards real opcodes
 * and edge displacements; the seed is printed. SEED and ROUNDS from the environment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "test_random.h"
#include "test_translate.h"
#include "verify/verify.h"

static unsigned n_chains;

static uint32_t pick_mode(void)
{
    static const uint32_t modes[] = {FLAT_MODE,
                                     FLAT_MODE,
                                     FLAT_MODE,
                                     FLAT_MODE ^ MODE_CPL0 ^ MODE_USER,
                                     FLAT_MODE | MODE_NM,
                                     FLAT_MODE | MODE_NOSSE,
                                     FLAT_MODE | MODE_STEP,
                                     FLAT_MODE | MODE_NOWP,
                                     FLAT_MODE ^ MODE_FLAT,
                                     FLAT_MODE ^ MODE_CPL0,
                                     FLAT_MODE ^ MODE_STACK32,
                                     FLAT_MODE ^ MODE_CODE32,
                                     FLAT_MODE ^ MODE_CODE32 ^ MODE_STACK32 ^ MODE_FLAT,
                                     MODE_CPL0,
                                     MODE_PROT | MODE_V86 | MODE_USER};
    return modes[rnd(ARRAY_SIZE(modes))];
}

static void fill_code(uint32_t off, uint32_t n_bytes)
{
    static const uint8_t prefixes[] = {0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x2e,
                                       0x36, 0x3e, 0x26, 0x64, 0x65};
    static const uint8_t likely[] = {0x0f, 0x8b, 0x89, 0xe8, 0xe9, 0xeb, 0xa4, 0xa5, 0xab, 0xff,
                                     0x8d, 0x8a, 0x88, 0xc3, 0x75, 0xe2, 0x9c, 0x61, 0x60, 0xc8,
                                     0xc9, 0x5c, 0x54, 0x8c, 0xfb, 0xfa, 0x86, 0x87, 0xd9, 0xdd};
    for (uint32_t i = off; i < off + n_bytes; i++) {
        uint32_t dice = rnd(16);
        bench.bytes[i] = dice == 0   ? prefixes[rnd(ARRAY_SIZE(prefixes))]
                         : dice < 5  ? likely[rnd(ARRAY_SIZE(likely))]
                         : dice == 5 ? 0x24 /* SIB or ModRM with ESP */
                         : dice == 6 ? 0x7f
                         : dice == 7 ? 0x80
                         : dice < 10 ? (uint8_t)(0x50 + rnd(16)) /* runs of PUSH and POP */
                                     : (uint8_t)rnd(256);
    }
}

static void show(const struct verify_input *in, const struct verify_finding *finding)
{
    fprintf(stderr, "%s: unit + %x, insn %u, mode %x\n", verify_rule_text(finding->rule),
            finding->host_off, finding->index, in->mode);
    if (finding->index < in->n_insns) {
        const struct unit_insn *insn = &in->insns[finding->index];
        uint32_t end = finding->index + 1 < in->n_insns ? insn[1].host_off : in->body_bytes;
        fprintf(stderr, "  guest:");
        for (uint32_t i = 0; i < insn->n_bytes; i++) {
            fprintf(stderr, " %02x", bench.bytes[insn->page_off + i]);
        }
        fprintf(stderr, " (kind %u)\n  host from + %x:", bench.kinds[insn->page_off],
                insn->host_off);
        for (uint32_t i = insn->host_off; i < end; i++) {
            fprintf(stderr, "%s%02x", i == finding->host_off ? " >" : " ", in->bytes[i]);
        }
        fprintf(stderr, "\n");
    }
}

static unsigned check(const struct unit *unit)
{
    struct verify_input in;
    struct verify_finding finding;
    verify_input_of(&bench.cache, unit, bench.bytes, &in);
    if (verify_unit(&in, &finding) < 0) {
        show(&in, &finding);
        return 1;
    }
    return 0;
}

/* The chain of the unit's first indirect branch that still counts its targets: such as the unit has
 * itself, and others. */
static unsigned chain(struct unit *unit)
{
    static const uint8_t mov_r10[] = {0x49, 0xba};
    const uint8_t *bytes = bench.cache.write + unit->off;
    struct jump_site *site = NULL;
    for (uint32_t i = 0; i + 16 < unit->body_bytes && !site; i++) {
        if (!memcmp(bytes + i, mov_r10, sizeof(mov_r10))) {
            uint64_t value;
            memcpy(&value, bytes + i + sizeof(mov_r10), sizeof(value));
            const bool is_site = value - (uint64_t)bench.cache.sites < bench.cache.n_site_bytes;
            site = is_site ? (struct jump_site *)value : NULL;
        }
    }
    if (!site) {
        return 0;
    }
    site->n_targets = (uint8_t)(1 + rnd(JUMP_TARGETS));
    for (unsigned i = 0; i < site->n_targets; i++) {
        site->n_hits[i] = (uint8_t)rnd(5);
        site->targets[i] =
            rnd(2)   ? (bench.page->lin_page << 12) + unit->insns[rnd(unit->n_insns)].page_off
            : rnd(2) ? rnd(UINT32_MAX)
                     : (bench.page->lin_page << 12) + rnd(PAGE_BYTES);
    }
    bench_scan(cache_find_insn(&bench.cache, unit, site->host)->page_off, 1);
    struct translate_input in = bench_input();
    struct unit *made = translate_chain(&bench.pages, &in, unit, site);
    if (!made) {
        return 0;
    }
    n_chains++;
    site->chain = bench.cache.exec + made->off + made->chain_off;
    translate_go_by_chain(&bench.cache, site);
    return check(made) + check(unit);
}

/* One page: a unit, perhaps a second, some sites re-made; all of it checked again at the end. */
static unsigned one_round(unsigned *n_units)
{
    static const uint32_t pages[] = {0x400, 0, 0xfffff, 0xc0100, 0x7ffff};
    static const unsigned kinds[] = {
        0, 0, 0, SITE_GS, SITE_DUAL, SITE_CHECKED, SITE_DUAL | SITE_CHECKED, SITE_GS | SITE_DUAL};
    unsigned n_bad = 0;
    uint32_t mode = pick_mode();
    bench_start(pages[rnd(ARRAY_SIZE(pages))], mode);
    fill_code(0, 256);
    fill_code(4000, 4096 + INSN_MAX_BYTES - 4000);
    for (unsigned i = rnd(8); i > 0; i--) { /* indirect calls and jumps */
        uint32_t off = rnd(250);
        bench.bytes[off] = 0xff;
        bench.bytes[off + 1] = (uint8_t)(rnd(4) << 6 | (rnd(2) ? 0x10 : 0x20) | rnd(8));
    }
    for (unsigned i = 0; i < PAGE_BYTES; i++) {
        bench.kinds[i] = (uint8_t)kinds[rnd(ARRAY_SIZE(kinds))];
    }
    static const unsigned engines[] = {0, 0, 0, ENGINE_NO_JOIN, ENGINE_ALL_CHECKED};
    bench.engine = engines[rnd(ARRAY_SIZE(engines))];
    unsigned budget = mode & MODE_STEP ? 1 : rnd(4) ? SCAN_MAX_INSNS : 1;
    for (unsigned i = 0; i < 3; i++) {
        uint32_t off = rnd(8) ? rnd(200) : 4070 + rnd(26);
        if (codepage_slot(bench.page, off) || !bench_scan(off, budget)) {
            continue;
        }
        bool crosses = off + bench.scan.insns[0].n_bytes > PAGE_BYTES;
        bench.cross_next = crosses ? 0x7f1234567000 : 0;
        struct translate_input in = bench_input();
        struct unit *unit = translate_unit(&bench.pages, &in);
        if (!unit) {
            continue;
        }
        n_bad += check(unit);
        ++*n_units;
        unsigned index = rnd(unit->n_insns);
        bool may = !(mode & MODE_STEP) && !crosses && insn_reaches_memory(&bench.scan.insns[index]);
        if (may && !unit_insn_in_run(unit, &unit->insns[index]) &&
            unit->insns[index].page_off + 15 < PAGE_BYTES) {
            bool looks_up = rnd(2) && bench_may_look_up(unit->insns[index].page_off);
            struct unit *patch = bench_patch(unit, index, looks_up ? SITE_LOOKUP : SITE_CHECKED);
            n_bad += patch ? check(patch) : 0;
            if (patch && looks_up && rnd(2)) {
                translate_unplant(&bench.cache, patch);
                if (rnd(2)) {
                    translate_plant_again(&bench.cache, unit, &unit->insns[index]);
                }
            }
        }
        n_bad += rnd(2) ? chain(unit) : 0;
    }
    for (uint32_t i = 0; i < bench.cache.n_units; i++) {
        n_bad += check(&bench.cache.units[i]);
    }
    return n_bad;
}

static void test_random_code(void **state)
{
    (void)state;
    const uint64_t seed = number_from_environment("SEED", 0x5eed);
    random_state = seed;
    unsigned n = (unsigned)number_from_environment("ROUNDS", 20000), n_bad = 0, n_units = 0;
    assert_int_equal(bench_create(), 0);
    for (unsigned i = 0; i < n && n_bad < 20; i++) {
        n_bad += one_round(&n_units);
    }
    printf("random code: seed %#lx, %u rounds, %u units, %u chains, %u findings\n",
           (unsigned long)seed, n, n_units, n_chains, n_bad);
    bench_destroy();
    assert_int_equal(n_bad, 0);
    assert_true(n_units > n);
    assert_true(n_chains > n / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_code)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_translate_move.c - code that is moved is, to the byte, what it would be if it had been made
 * at its new address: random user code, with sites re-made, chains and crossing instructions. SEED
 * and ROUNDS from the environment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "test_random.h"
#include "test_translate.h"
#include "verify/verify.h"

enum { USER_MODE = (FLAT_MODE & ~MODE_CPL0) | MODE_USER };

static unsigned n_kinds[MOVE_CROSS + 1]; /* places of each kind that were moved */

/* Calls, jumps and what they are made of; operands that reach memory; the rest at random. */
static void fill_code(void)
{
    static const uint8_t likely[] = {0xe8, 0xe8, 0xe9, 0xeb, 0x74, 0x0f, 0xff,
                                     0xff, 0xc3, 0x8b, 0x89, 0x8d, 0x50, 0x5b,
                                     0xd9, 0xdd, 0xa4, 0xe2, 0xcd, 0x65, 0x83};
    static const uint8_t operands[] = {0xd0, 0xe0, 0x14, 0x24, 0x45, 0xec, 0x85, 0x00};
    for (uint32_t i = 0; i < sizeof(bench.bytes); i++) {
        const uint32_t dice = rnd(8);
        bench.bytes[i] = dice < 3   ? likely[rnd(ARRAY_SIZE(likely))]
                         : dice < 5 ? operands[rnd(ARRAY_SIZE(operands))]
                         : dice < 6 ? 0
                                    : (uint8_t)rnd(256);
    }
    static const uint8_t pushes[] = {0x55, 0x57, 0x56, 0x53, 0xe8, 0, 1, 0, 0, 0x5b, 0xc3};
    memcpy(bench.bytes + 0x40, pushes, sizeof(pushes));
}

static struct insn *site_of(uint32_t move)
{
    const uint32_t at = (move & ((1u << MOVE_KIND_SHIFT) - 1)) * MOVE_SITE_ALIGN;
    return move >> MOVE_KIND_SHIFT == MOVE_SITE ? (struct insn *)(bench.cache.sites + at) : NULL;
}

static void add_chain(const struct translate_input *in, struct unit *unit)
{
    for (uint32_t i = 0; i < unit->n_moves; i++) {
        struct jump_site *site = (struct jump_site *)site_of(unit->moves[i]);
        if (site && site->insn.op == OP_TARGET) {
            site->n_targets = 2;
            site->targets[0] = (bench.page->lin_page << 12) + 0x40;
            site->targets[1] = (bench.page->lin_page << 12) + 0x5040;
            translate_chain(&bench.pages, in, unit, site);
            return;
        }
    }
}

/* Units in the page at lin_page; what is done depends on the random state alone. */
static void make(uint32_t lin_page)
{
    static const unsigned kinds[] = {0, 0, 0, SITE_GS, SITE_CHECKED, SITE_LOOKUP};
    const uint8_t mode_dice = (uint8_t)rnd(16);
    uint8_t bytes[sizeof(bench.bytes)];
    fill_code();
    memcpy(bytes, bench.bytes, sizeof(bytes));
    bench_start(lin_page, USER_MODE | (mode_dice == 0 ? MODE_NM : 0));
    memcpy(bench.bytes, bytes, sizeof(bytes));
    bench.engine = mode_dice == 1 ? ENGINE_NO_JOIN : mode_dice == 2 ? ENGINE_ALL_CHECKED : 0;
    for (unsigned i = 0; i < 6; i++) {
        const uint32_t off = i == 0 ? 0x40 : rnd(8) ? rnd(200) : 4070 + rnd(26);
        if (bench.page->table[off] || !bench_scan(off, rnd(4) ? SCAN_MAX_INSNS : 1)) {
            continue;
        }
        const bool crosses = off + bench.scan.insns[0].n_bytes > PAGE_BYTES;
        bench.cross_next = crosses ? 0x7f1234560000 - ((uint64_t)(lin_page + 1) << 14) : 0;
        bench.thunk_reg = GPR_EBX;
        bench.thunk_lin = rnd(2) ? (lin_page << 12) + 0x149 : 0;
        struct translate_input in = bench_input();
        struct unit *unit = translate_unit(&bench.pages, &in);
        assert_non_null(unit);
        assert_int_equal(unit->cross_off != 0, crosses);
        const unsigned index = rnd(unit->n_insns), kind = kinds[rnd(ARRAY_SIZE(kinds))];
        if (crosses) {
            continue;
        }
        if (rnd(3) == 0) {
            add_chain(&in, unit);
        }
        if (kind && !unit_insn_in_run(unit, &unit->insns[index]) &&
            (kind != SITE_LOOKUP || bench_may_look_up(unit->insns[index].page_off))) {
            bench_scan(unit->insns[index].page_off, 1);
            if (bench.scan.insns[0].is_mem && bench.scan.insns[0].verdict == VERDICT_NATIVE &&
                insn_reaches_memory(&bench.scan.insns[0])) {
                bench_patch(unit, index, kind);
            }
        }
    }
}

static uint8_t code[4 << 20], sites[8 << 20];
static uint32_t table[VIEW_TABLE_SLOTS];

static void remember(void)
{
    memcpy(code, bench.cache.write, bench.cache.used);
    memcpy(sites, bench.cache.sites, bench.cache.n_site_bytes);
    for (uint32_t off = 0; off < VIEW_TABLE_SLOTS; off++) {
        table[off] = codepage_slot(bench.page, off);
    }
}

/* struct jump_site has addresses behind the instruction: targets that were met, a hint. */
static void compare_sites(void)
{
    for (const struct unit *unit = bench.page->units; unit; unit = unit->next) {
        for (uint32_t i = 0; i < unit->n_moves; i++) {
            const struct insn *site = site_of(unit->moves[i]);
            n_kinds[unit->moves[i] >> MOVE_KIND_SHIFT]++;
            if (site) {
                assert_memory_equal(sites + ((const uint8_t *)site - bench.cache.sites), site,
                                    sizeof(*site));
            }
        }
    }
}

static uint64_t sum_of(const void *bytes, size_t n_bytes)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n_bytes; i++) {
        sum = (sum ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
    }
    return sum;
}

static uint64_t sum_of_all(void)
{
    return sum_of(bench.cache.write, bench.cache.used) ^
           sum_of(bench.cache.sites, bench.cache.n_site_bytes) << 1 ^
           sum_of(bench.page->table, sizeof(table)) << 2;
}

static bool one_round(uint64_t seed)
{
    static const uint32_t pages[] = {0x8048, 0x56555, 0xb7e10, 0x11, 0xffff0};
    const uint32_t from = pages[seed % 5], to = pages[(seed / 5 + 1 + seed % 5) % 5];
    if (from == to) {
        return false;
    }
    random_state = seed * 0x9e3779b97f4a7c15u + 1;
    make(to);
    remember();
    const uint32_t used = bench.cache.used, n_site_bytes = bench.cache.n_site_bytes;
    random_state = seed * 0x9e3779b97f4a7c15u + 1;
    make(from);
    const uint64_t sum = sum_of_all();
    if (!codepage_move(&bench.pages, bench.page, to)) {
        assert_int_equal(bench.page->lin_page, from);
        assert_true(sum_of_all() == sum);
        return false;
    }
    assert_int_equal(bench.page->lin_page, to);
    assert_ptr_equal(codepage_find(&bench.pages, 0x77, to, bench.page->mode, PAGE_BYTES),
                     bench.page);
    assert_null(codepage_find(&bench.pages, 0x77, from, bench.page->mode, PAGE_BYTES));
    if (bench.cache.used != used || bench.cache.n_site_bytes != n_site_bytes) {
        fail_msg("SEED=%lu ROUNDS=1: from %x to %x: %x bytes, not %x", (unsigned long)seed, from,
                 to, bench.cache.used, used);
    }
    for (uint32_t i = CACHE_STUB_BYTES; i < used; i++) {
        if (bench.cache.write[i] != code[i]) {
            fail_msg("SEED=%lu ROUNDS=1: cache + %x is %02x, not %02x", (unsigned long)seed, i,
                     bench.cache.write[i], code[i]);
        }
    }
    for (uint32_t off = 0; off < VIEW_TABLE_SLOTS; off++) {
        assert_int_equal(codepage_slot(bench.page, off), table[off]);
    }
    compare_sites();
    return true;
}

static void same_as_made_there(void **state)
{
    (void)state;
    const uint64_t seed = number_from_environment("SEED", 1);
    const unsigned rounds = (unsigned)number_from_environment("ROUNDS", 4000);
    unsigned n_moved = 0;
    for (unsigned i = 0; i < rounds; i++) {
        n_moved += one_round(seed + i);
    }
    print_message("%u of %u pages moved; places %u %u %u %u %u %u\n", n_moved, rounds, n_kinds[0],
                  n_kinds[1], n_kinds[2], n_kinds[3], n_kinds[4], n_kinds[5]);
    for (unsigned kind = 0; kind <= MOVE_CROSS && rounds >= 1000; kind++) {
        assert_true(n_kinds[kind] > 20);
    }
    assert_true(rounds < 1000 || n_moved * 3 > rounds);
}

static void simple(uint32_t lin_page, uint32_t mode)
{
    bench_start(lin_page, mode);
    memcpy(bench.bytes + 0x10, "\xe8\x00\x20\x00\x00\xc3", 6); /* a call of another page; ret */
    assert_non_null(bench_translate(0x10, SCAN_MAX_INSNS));
}

static void what_stays(void **state)
{
    (void)state;
    simple(0x400, USER_MODE);
    assert_true(codepage_move(&bench.pages, bench.page, 0x500));
    assert_false(codepage_move(&bench.pages, bench.page, 0x5)); /* other code for the look-up */
    assert_int_equal(bench.page->lin_page, 0x500);
    assert_false(codepage_move(&bench.pages, bench.page, 0xfffff)); /* the callee would wrap */
    simple(0xf, USER_MODE);
    assert_false(codepage_move(&bench.pages, bench.page, 0x500));
    simple(0x400, FLAT_MODE); /* the kernel stays where it is */
    assert_false(codepage_move(&bench.pages, bench.page, 0x500));
    simple(0x400, USER_MODE | MODE_STEP);
    assert_false(codepage_move(&bench.pages, bench.page, 0x500));
    simple(0x400, USER_MODE);
    bench.page->phys->loose = true;
    assert_false(codepage_move(&bench.pages, bench.page, 0x500));
    bench_start(0x400, USER_MODE);
    bench.engine = ENGINE_NO_MOVES;
    memcpy(bench.bytes + 0x10, "\xe8\x00\x20\x00\x00\xc3", 6);
    assert_non_null(bench_translate(0x10, SCAN_MAX_INSNS));
    assert_false(codepage_move(&bench.pages, bench.page, 0x500));
}

/* What a patch has overwritten would come back as it was. */
static void what_a_patch_hides(void **state)
{
    (void)state;
    bench_start(0x400, USER_MODE);
    memcpy(bench.bytes + 0x10, "\x8b\x03\xe8\x00\x20\x00\x00\xc3", 8); /* mov (%ebx), %eax; call */
    struct unit *unit = bench_translate(0x10, SCAN_MAX_INSNS);
    const uint32_t note = unit->moves[0];
    unit->moves[0] =
        (uint32_t)MOVE_LIN << MOVE_KIND_SHIFT | (unit->off + unit->insns[0].host_off + 2);
    struct unit *patch = bench_patch(unit, 0, SITE_LOOKUP);
    unit->moves[0] = note;
    assert_true(patch->hides_move);
    const uint64_t sum = sum_of_all();
    assert_false(codepage_move(&bench.pages, bench.page, 0x500));
    assert_true(sum_of_all() == sum);
    translate_unplant(&bench.cache, patch);
    assert_true(codepage_move(&bench.pages, bench.page, 0x500));
    patch = bench_patch(unit, 0, SITE_LOOKUP);
    assert_false(patch->hides_move);
    assert_true(codepage_move(&bench.pages, bench.page, 0x600));
}

/* A patch that was taken back is planted again: over what is there now, moved or not; not over
 * another instruction. */
static void planted_again(void **state)
{
    (void)state;
    bench_start(0x400, USER_MODE);
    memcpy(bench.bytes + 0x10, "\x8b\x03\x8b\x03\xe8\x00\x20\x00\x00\xc3", 10);
    struct unit *unit = bench_translate(0x10, SCAN_MAX_INSNS);
    const struct unit_insn *insn = &unit->insns[0];
    uint8_t before[CACHE_UNIT_ALIGN], planted[CACHE_UNIT_ALIGN];
    uint8_t *code_of_unit = bench.cache.write + unit->off;
    memcpy(before, code_of_unit, sizeof(before));
    assert_null(translate_plant_again(&bench.cache, unit, insn));
    struct unit *patch = bench_patch(unit, 0, SITE_LOOKUP);
    memcpy(planted, code_of_unit, sizeof(planted));
    assert_null(translate_plant_again(&bench.cache, unit, insn)); /* it is there */
    for (unsigned i = 0; i < 3; i++) {
        translate_unplant(&bench.cache, patch);
        assert_memory_equal(code_of_unit, before, sizeof(before));
        assert_null(translate_plant_again(&bench.cache, unit, insn + 1));
        assert_true(codepage_move(&bench.pages, bench.page, 0x500 + i));
        memcpy(before, code_of_unit, sizeof(before));
        const uint32_t used = bench.cache.used;
        assert_ptr_equal(translate_plant_again(&bench.cache, unit, insn), patch);
        assert_int_equal(bench.cache.used, used);
        assert_memory_equal(code_of_unit, planted, 5);
        assert_true(verify_all(&bench.cache) > 0);
    }
    translate_unplant(&bench.cache, patch);
    codepage_invalidate(&bench.pages, 0x77);
    struct unit *again = bench_translate(0x10, SCAN_MAX_INSNS);
    assert_null(translate_plant_again(&bench.cache, again, &again->insns[0]));
}

static void what_is_left(void **state)
{
    (void)state;
    simple(0x400, USER_MODE);
    bench_is_there = true;
    assert_null(codepage_find_left(&bench.pages, 0x77, USER_MODE, PAGE_BYTES));
    bench_is_there = false;
    assert_ptr_equal(codepage_find_left(&bench.pages, 0x77, USER_MODE, PAGE_BYTES), bench.page);
    assert_null(codepage_find_left(&bench.pages, 0x78, USER_MODE, PAGE_BYTES));
    assert_null(codepage_find_left(&bench.pages, 0x77, USER_MODE | MODE_NM, PAGE_BYTES));
    assert_null(codepage_find_left(&bench.pages, 0x77, USER_MODE, 4000));
    codepage_invalidate(&bench.pages, 0x77); /* nothing to gain */
    assert_null(codepage_find_left(&bench.pages, 0x77, USER_MODE, PAGE_BYTES));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_made_there), cmocka_unit_test(what_stays),
        cmocka_unit_test(what_a_patch_hides), cmocka_unit_test(planted_again),
        cmocka_unit_test(what_is_left),
    };
    return cmocka_run_group_tests(tests, bench_setup, bench_teardown);
}

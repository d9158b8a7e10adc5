/* test_translate_record.c - a unit that is replayed is, to the byte, what it would be if it had
 * been translated there: random user code at another linear page, elsewhere in the cache, with
 * other sites. And what is not to be replayed is not; damaged records do no harm. SEED and ROUNDS
 * from the environment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "test_random.h"
#include "test_translate.h"
#include "verify/verify.h"

enum { USER_MODE = (FLAT_MODE & ~MODE_CPL0) | MODE_USER, MAX_RECORDS = 8 };

static struct record {
    _Alignas(8) uint8_t bytes[64 << 10];
    uint32_t n_bytes, off; /* of the guest's first instruction */
    unsigned max_insns;
    uint32_t thunk_lin;
} records[MAX_RECORDS];
static unsigned n_records;

static void keep(void *arg, const uint8_t *bytes, uint32_t n_bytes)
{
    (void)arg;
    assert_true(n_records < MAX_RECORDS && n_bytes <= sizeof(records[0].bytes) && n_bytes % 8 == 0);
    memcpy(records[n_records].bytes, bytes, n_bytes);
    records[n_records++].n_bytes = n_bytes;
}

/* Calls, branches inside the page, memory, what has C functions and jumps that are sampled. */
static void fill_code(void)
{
    static const uint8_t likely[] = {0xe8, 0xe9, 0xeb, 0x74, 0x75, 0x0f, 0xff, 0xff, 0xc3, 0x8b,
                                     0x89, 0x8d, 0x50, 0x5b, 0xd9, 0xa4, 0xe2, 0xcd, 0x65, 0x83};
    static const uint8_t operands[] = {0xd0, 0xe0, 0x14, 0x24, 0x45, 0xec, 0x85, 0x00};
    for (uint32_t i = 0; i < PAGE_BYTES; i++) {
        const uint32_t dice = rnd(8);
        bench.bytes[i] = dice < 3   ? likely[rnd(ARRAY_SIZE(likely))]
                         : dice < 5 ? operands[rnd(ARRAY_SIZE(operands))]
                         : dice < 6 ? 0
                                    : (uint8_t)rnd(256);
    }
}

/* An empty page at lin_page, and the next unit anywhere. */
static void start(uint32_t lin_page, uint32_t mode, uint32_t n_units_before)
{
    uint8_t bytes[PAGE_BYTES];
    memcpy(bytes, bench.bytes, sizeof(bytes));
    bench_start(lin_page, mode);
    memcpy(bench.bytes, bytes, sizeof(bytes));
    bench.is_unhinted = true;
    bench.cache.used += CACHE_UNIT_ALIGN * n_units_before;
    bench.cache.n_site_bytes += 16 * n_units_before;
}

static struct unit *translate(const struct record *record, bool records_it)
{
    bench.thunk_lin = record->thunk_lin;
    bench.thunk_reg = GPR_EBX;
    if (codepage_slot(bench.page, record->off) || !bench_scan(record->off, record->max_insns) ||
        record->off + bench.scan.insns[0].n_bytes > PAGE_BYTES) {
        return NULL;
    }
    struct translate_input in = bench_input();
    in.record = records_it ? keep : NULL;
    return translate_unit(&bench.pages, &in);
}

/* Units at random places until one is not recorded. */
static void record_some(uint32_t lin_page)
{
    n_records = 0;
    for (unsigned tries = 0; tries < 12 && n_records < MAX_RECORDS; tries++) {
        const unsigned before = n_records;
        struct record *record = &records[n_records];
        record->off = rnd(3) ? rnd(300) : rnd(PAGE_BYTES);
        record->max_insns = rnd(4) ? SCAN_MAX_INSNS : 1;
        record->thunk_lin = rnd(2) ? (lin_page << 12) + 0x149 : 0;
        if (translate(record, true) && n_records == before) {
            return;
        }
    }
}

static uint8_t code[4 << 20];
static struct unit units[MAX_RECORDS];
static uint32_t slots[VIEW_TABLE_SLOTS];

static unsigned n_sites_compared, n_jumps_compared, n_units_compared, n_joined;

static void compare_site(const struct insn *made, const struct insn *replayed)
{
    struct insn one = *made, other = *replayed;
    one.shape = other.shape = 0;
    assert_memory_equal(&one, &other, sizeof(one));
    if (one.op == OP_TARGET) {
        const struct jump_site *a = (const struct jump_site *)made,
                               *b = (const struct jump_site *)replayed;
        assert_true(a->host == b->host && a->behind == b->behind && !b->chain && !b->n_samples);
        n_jumps_compared++;
    }
    n_sites_compared++;
}

static uint8_t sites[8 << 20];

static void compare(const struct unit *made, const struct unit *replayed)
{
    assert_true(made->off == replayed->off && made->n_bytes == replayed->n_bytes &&
                made->body_bytes == replayed->body_bytes && made->n_insns == replayed->n_insns &&
                made->n_moves == replayed->n_moves && made->low_off == replayed->low_off &&
                made->high_off == replayed->high_off && !replayed->is_fixed && !replayed->dead);
    for (uint32_t i = 0; i < replayed->n_moves; i++) {
        const uint32_t move = replayed->moves[i], at = cache_move_off(move) * MOVE_SITE_ALIGN;
        if (move >> MOVE_KIND_SHIFT == MOVE_SITE) {
            compare_site((const struct insn *)(sites + at),
                         (const struct insn *)(bench.cache.sites + at));
        }
    }
    n_units_compared++;
}

static struct unit *replay_bytes(const uint8_t *bytes, uint32_t n_bytes, bool asks)
{
    const struct translate_replay in = {.pages = &bench.pages,
                                        .page = bench.page,
                                        .guest = bench.bytes,
                                        .site = asks ? bench_kind : NULL,
                                        .bytes = bytes,
                                        .n_bytes = n_bytes};
    return translate_replay(&in);
}

static struct unit *replay(unsigned i)
{
    return replay_bytes(records[i].bytes, records[i].n_bytes, false);
}

static bool one_round(uint64_t seed)
{
    static const uint32_t pages[] = {0x8048, 0x56555, 0xb7e10, 0x11, 0xffff0};
    const uint32_t from = pages[rnd(5)], to = pages[rnd(5)], before = rnd(20);
    random_state = seed * 0x9e3779b97f4a7c15u + 1;
    fill_code();
    start(from, USER_MODE, rnd(20));
    record_some(from);
    start(to, USER_MODE, before);
    for (unsigned i = 0; i < n_records; i++) { /* where loops are aligned as they were */
        struct head {
            uint32_t words[4];
            uint16_t at;
        } head;
        memcpy(&head, records[i].bytes, sizeof(head));
        records[i].thunk_lin += records[i].thunk_lin ? (to - from) << 12 : 0;
        const uint32_t next = (bench.cache.used + 31) & ~31u;
        bench.cache.used = next + ((head.at - next) & 63);
        const struct unit *unit = translate(&records[i], false);
        assert_non_null(unit);
        units[i] = *unit;
    }
    memcpy(code, bench.cache.write, bench.cache.used);
    memcpy(sites, bench.cache.sites, bench.cache.n_site_bytes);
    const uint32_t used = bench.cache.used, n_site_bytes = bench.cache.n_site_bytes;
    for (uint32_t off = 0; off < VIEW_TABLE_SLOTS; off++) {
        slots[off] = codepage_slot(bench.page, off);
    }
    start(to, USER_MODE, before);
    for (unsigned i = 0; i < n_records; i++) {
        const struct unit *unit = replay(i);
        if (!unit) { /* a branch beyond what can be moved to */
            return false;
        }
        uint16_t n_joins;
        memcpy(&n_joins, records[i].bytes + 24, sizeof(n_joins));
        n_joined += n_joins;
        compare(&units[i], unit);
    }
    assert_int_equal(bench.cache.used, used);
    assert_int_equal(bench.cache.n_site_bytes, n_site_bytes);
    for (uint32_t i = CACHE_STUB_BYTES; i < used; i++) {
        if (bench.cache.write[i] != code[i]) {
            fail_msg("SEED=%lu ROUNDS=1: from %x to %x: cache + %x is %02x, not %02x",
                     (unsigned long)seed, from, to, i, bench.cache.write[i], code[i]);
        }
    }
    for (uint32_t off = 0; off < VIEW_TABLE_SLOTS; off++) {
        assert_int_equal(codepage_slot(bench.page, off), slots[off]);
    }
    return true;
}

static void same_as_translated(void **state)
{
    (void)state;
    const uint64_t seed = number_from_environment("SEED", 1);
    const unsigned rounds = (unsigned)number_from_environment("ROUNDS", 3000);
    unsigned n_whole = 0;
    random_state = seed;
    for (unsigned i = 0; i < rounds; i++) {
        random_state = (seed + i) * 0x9e3779b97f4a7c15u + 7;
        n_whole += one_round(seed + i);
    }
    print_message("%u of %u pages replayed: %u units, %u sites, %u of sampled jumps, %u joins\n",
                  n_whole, rounds, n_units_compared, n_sites_compared, n_jumps_compared, n_joined);
    assert_true(rounds < 1000 ||
                (n_whole * 3 > rounds && n_units_compared > rounds && n_sites_compared > 1000 &&
                 n_jumps_compared > 100 && n_joined > 100));
}

/* mov (%ebx), %eax; a call of another page; a jump to the first instruction; ret */
static void record_one(uint32_t lin_page)
{
    memset(bench.bytes, 0xcc, PAGE_BYTES);
    memcpy(bench.bytes + 0x10, "\x8b\x03\xe8\x00\x20\x00\x00\xc3", 8);
    memcpy(bench.bytes + 0x20, "\x40\xeb\xed", 3);
    start(lin_page, USER_MODE, 0);
    n_records = 0;
    records[0].off = 0x10;
    records[1].off = 0x20;
    records[0].max_insns = records[1].max_insns = SCAN_MAX_INSNS;
    records[0].thunk_lin = records[1].thunk_lin = 0;
    assert_non_null(translate(&records[0], true));
    assert_non_null(translate(&records[1], true));
    assert_int_equal(n_records, 2);
}

static void what_is_not_replayed(void **state)
{
    (void)state;
    record_one(0x400);
    start(0x500, USER_MODE, 0);
    assert_null(replay(1)); /* it joins the first, which is not there */
    assert_non_null(replay(0));
    assert_non_null(replay(1));
    assert_true(verify_all(&bench.cache) == 2);
    start(0x500, USER_MODE, 0);
    bench.bytes[0x17] = 0x90; /* the last instruction's */
    assert_null(replay(0));
    bench.bytes[0x17] = 0xc3;
    bench.bytes[0x18] = 0x90; /* nobody's */
    assert_non_null(replay(0));
    start(0x500, USER_MODE, 0);
    bench.kinds[0x10] = SITE_CHECKED; /* it has faulted since */
    assert_null(replay_bytes(records[0].bytes, records[0].n_bytes, true));
    bench.kinds[0x10] = 0;
    assert_non_null(replay_bytes(records[0].bytes, records[0].n_bytes, true));
    start(0x5, USER_MODE, 0); /* other code for the look-up */
    assert_null(replay(0));
    start(0xfffff, USER_MODE, 0); /* the callee would wrap */
    assert_null(replay(0));
    assert_int_equal(codepage_slot(bench.page, 0x10), 0);
    bench.cache.used = bench.cache.n_bytes - 16;
    assert_null(replay(0));
    start(0x500, USER_MODE, 0);
    for (uint32_t n = 0; n < records[0].n_bytes; n += 8) {
        assert_null(replay_bytes(records[0].bytes, n, false));
    }
}

static void what_is_not_recorded(void **state)
{
    (void)state;
    static const uint32_t modes[] = {FLAT_MODE, USER_MODE | MODE_STEP, USER_MODE & ~MODE_FLAT};
    record_one(0x400);
    for (unsigned i = 0; i < ARRAY_SIZE(modes); i++) {
        start(0x400, modes[i], 0);
        n_records = 0;
        assert_non_null(translate(&records[0], true));
        assert_int_equal(n_records, 0);
    }
    start(0x400, USER_MODE, 0);
    bench.is_unhinted = false; /* what is known of its sites is not in its bytes */
    assert_non_null(translate(&records[0], true));
    assert_int_equal(n_records, 0);
    start(0x400, USER_MODE, 0);
    bench.page->phys->loose = true;
    assert_non_null(translate(&records[0], true));
    assert_int_equal(n_records, 0);
}

/* Nothing is written where it may not be (the sanitizer sees that), whatever the record says. */
static void damaged(void **state)
{
    (void)state;
    unsigned n_refused = 0;
    random_state = 12345;
    for (unsigned i = 0; i < 20000; i++) {
        if (i % 500 == 0) {
            fill_code();
            start(0x8048, USER_MODE, 0);
            record_some(0x8048);
        }
        if (!n_records) {
            continue;
        }
        start(0x8048 + rnd(3), USER_MODE, 0);
        struct record *record = &records[0];
        const uint32_t at = rnd(3) ? rnd(record->n_bytes) : rnd(64) % record->n_bytes;
        const uint8_t before = record->bytes[at];
        record->bytes[at] ^= (uint8_t)(1 + rnd(255));
        n_refused += !replay(0);
        record->bytes[at] = before;
    }
    assert_true(n_refused > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_translated),
        cmocka_unit_test(what_is_not_replayed),
        cmocka_unit_test(what_is_not_recorded),
        cmocka_unit_test(damaged),
    };
    return cmocka_run_group_tests(tests, bench_setup, bench_teardown);
}

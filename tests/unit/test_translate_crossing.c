/* test_translate_crossing.c - instructions on two pages: the unit is corrected where the second
 * page is the same one as before, and else leads to the one that is right; whoever enters any of
 * them gets there, and nobody goes round and round. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "cache/crossing.h"
#include "test_translate.h"
#include "verify/verify.h"

enum { FROM = 0x400, OFF = 0xffd, N_SECONDS = 5 };

static struct codepage *from, *seconds[N_SECONDS]; /* each of another physical page */

static struct unit *make(const struct codepage *second)
{
    bench.cross_next = view_code_entry(second->table, (FROM + 1) << PAGE_SHIFT);
    codepage_clear_slot(&bench.pages, from, OFF);
    struct unit *unit = bench_translate(OFF, 1);
    assert_non_null(unit);
    assert_int_not_equal(unit->cross_off, 0);
    codepage_add_depend(&bench.pages, from, second->phys->phys_page, 2);
    crossing_succeed(&bench.pages, unit);
    return unit;
}

static void start(uint32_t mode)
{
    bench_start(FROM, mode);
    from = bench.page;
    memcpy(bench.bytes + OFF, "\xb8\x78\x56\x34\x12", 5);
    for (uint32_t i = 0; i < N_SECONDS; i++) {
        seconds[i] = codepage_get(&bench.pages, 0x100 + i, FROM + 1, mode, PAGE_BYTES);
    }
}

/* Where its guard leads if the entry is another one; NULL: to the monitor. */
static const struct unit *next_of(const struct unit *unit)
{
    const uint32_t field = unit->off + unit->cross_off + CROSSING_JUMP;
    const uint32_t to = field + 4 + bytes_get_u32(bench.cache.write + field);
    const struct unit *next = cache_find(&bench.cache, bench.cache.exec + to);
    assert_true(to == CROSSING_STUB || (next && to == next->off + next->insns[0].host_off));
    return to == CROSSING_STUB ? NULL : next;
}

static uint64_t entry_of(const struct unit *unit)
{
    uint64_t negated;
    memcpy(&negated, bench.cache.write + unit->off + unit->cross_off, sizeof(negated));
    return 0 - negated;
}

/* Every unit of the instruction leads to `right`. */
static void assert_all_lead_to(const struct unit *right, unsigned n_units)
{
    unsigned n = 0;
    for (const struct unit *unit = from->units; unit; unit = unit->next) {
        const struct unit *at = unit;
        for (unsigned steps = 0; at != right && at; steps++) {
            assert_true(steps < n_units);
            at = next_of(at);
        }
        assert_ptr_equal(at, right);
        n++;
    }
    assert_int_equal(n, n_units);
    assert_null(next_of(right));
    assert_true(verify_all(&bench.cache) > 0);
}

static void same_frame(void **state)
{
    (void)state;
    for (unsigned user = 0; user < 2; user++) { /* moves are noted of user code only */
        start(user ? (FLAT_MODE & ~MODE_CPL0) | MODE_USER : FLAT_MODE);
        struct unit *unit = make(seconds[0]);
        /* the same frame entered with another table, as if it had been at another address first */
        struct codepage *again = codepage_get(&bench.pages, 0x100, 0x999, from->mode, PAGE_BYTES);
        assert_ptr_equal(crossing_mend(&bench.pages, from, OFF, again), unit);
        assert_int_equal(entry_of(unit), view_code_entry(again->table, (FROM + 1) << PAGE_SHIFT));
        assert_all_lead_to(unit, 1);
        assert_ptr_equal(crossing_mend(&bench.pages, from, OFF, seconds[0]), unit);
        assert_int_equal(entry_of(unit),
                         view_code_entry(seconds[0]->table, (FROM + 1) << PAGE_SHIFT));
        /* code ends there: not the same bytes */
        struct codepage *ends = codepage_get(&bench.pages, 0x100, FROM + 1, from->mode, 1);
        assert_null(crossing_mend(&bench.pages, from, OFF, ends));
        assert_null(crossing_mend(&bench.pages, from, OFF, seconds[1]));
        assert_null(crossing_mend(&bench.pages, from, OFF - 1, seconds[0]));
        if (user) {
            assert_true(codepage_move(&bench.pages, from, FROM + 0x111));
            assert_int_equal(entry_of(unit),
                             view_code_entry(seconds[0]->table, (FROM + 0x112) << PAGE_SHIFT));
            assert_ptr_equal(crossing_mend(&bench.pages, from, OFF, again), unit);
            assert_int_equal(entry_of(unit),
                             view_code_entry(again->table, (FROM + 0x112) << PAGE_SHIFT));
        }
    }
}

static void other_frames(void **state)
{
    (void)state;
    const struct unit *units[N_SECONDS];
    start(FLAT_MODE);
    for (unsigned i = 0; i < N_SECONDS; i++) {
        assert_null(crossing_mend(&bench.pages, from, OFF, seconds[i]));
        units[i] = make(seconds[i]);
        assert_all_lead_to(units[i], i + 1);
    }
    for (unsigned i = 0; i < 50; i++) {
        const unsigned n = i * i % 13 % N_SECONDS;
        assert_ptr_equal(crossing_mend(&bench.pages, from, OFF, seconds[n]), units[n]);
        assert_all_lead_to(units[n], N_SECONDS);
    }
    /* a store to one of the second pages drops them all: they lead to each other */
    codepage_invalidate(&bench.pages, 0x102);
    assert_null(from->units);
    assert_null(crossing_find(from, OFF));
}

/* Its units are dropped one by one. */
static void loose_page(void **state)
{
    (void)state;
    start(FLAT_MODE);
    from->phys->loose = true;
    const struct unit *first = make(seconds[0]);
    assert_ptr_equal(crossing_mend(&bench.pages, from, OFF, seconds[0]), first);
    const struct unit *second = make(seconds[1]);
    assert_null(next_of(first));
    assert_null(crossing_mend(&bench.pages, from, OFF, seconds[0])); /* nobody would get there */
    assert_ptr_equal(crossing_mend(&bench.pages, from, OFF, seconds[1]), second);
    assert_null(next_of(first));
    assert_null(next_of(second));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_frame),
        cmocka_unit_test(other_frames),
        cmocka_unit_test(loose_page),
    };
    return cmocka_run_group_tests(tests, bench_setup, bench_teardown);
}

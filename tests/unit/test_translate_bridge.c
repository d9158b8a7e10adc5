/* test_translate_bridge.c - branches that leave their page: built when their target is there,
 * closed when it goes, right wherever both pages are moved to; given up where it would be wrong.
 * What they look like at each step is the checker's to judge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cache/bridge.h"
#include "test_translate.h"
#include "verify/verify.h"

enum {
    USER_MODE = (FLAT_MODE & ~MODE_CPL0) | MODE_USER,
    FROM = 0x400,
    TO = 0x402,
    OFF = 0x100,
};

static struct unit *from, *to;
static struct codepage *from_page, *to_page;

static uint32_t bridge_bytes;
static bool calls; /* else jumps */

/* A page that goes to OFF of another one, in another codepage, by a bridge. */
static uint32_t make(void)
{
    bench_start(FROM, USER_MODE);
    memcpy(bench.bytes + OFF, "\xe9\xfb\x1f\x00\x00\xc3", 6); /* (TO << 12) + OFF; ret */
    bench.bytes[OFF] = calls ? 0xe8 : 0xe9;
    from = bench_translate(OFF, SCAN_MAX_INSNS);
    from_page = bench.page;
    to_page = bench.page = codepage_get(&bench.pages, 0x78, TO, USER_MODE, PAGE_BYTES);
    memcpy(bench.bytes + OFF, "\x40\xc3", 2);
    assert_non_null(from);
    const uint8_t *code = bench.cache.write + from->off;
    const uint32_t at = calls ? 9 + 5 + BRIDGE_CALL_BEFORE : 0; /* behind mov $next, (%r12); lea */
    assert_memory_equal(code + at, "\x4d\x8b\x96", 3);
    bridge_bytes = calls ? BRIDGE_CALL_BYTES : BRIDGE_BYTES;
    return from->off + at;
}

static void make_target(void)
{
    to = bench_translate(OFF, SCAN_MAX_INSNS);
    assert_non_null(to);
}

static uint8_t gate(uint32_t at)
{
    return bench.cache.write[at + BRIDGE_GATE];
}

static bool is_given_up(uint32_t at)
{
    return gate(at) == (calls ? 0x4d : 0xeb);
}

static void assert_verified(void)
{
    assert_true(verify_all(&bench.cache) > 0);
}

static void built_and_closed(void **state)
{
    (void)state;
    const uint32_t at = make();
    const uint64_t n_built = bench.pages.n_bridges_built;
    assert_int_equal(bridge_target(&bench.cache, at), TO << 12 | OFF);
    assert_int_equal(gate(at), 0xe8);
    assert_verified();
    bridge_build(&bench.pages, at, to_page->table); /* there is nothing yet */
    assert_int_equal(gate(at), 0xe8);
    make_target();
    bridge_build(&bench.pages, at, to_page->table);
    assert_int_equal(gate(at), 0xe2);
    int32_t rel;
    memcpy(&rel, bench.cache.write + at + BRIDGE_JUMP + 1, 4);
    assert_int_equal(at + BRIDGE_JUMP + 5 + (uint32_t)rel, to->off);
    assert_verified();
    codepage_invalidate(&bench.pages, 0x77); /* where it begins: nobody comes here any more */
    assert_int_equal(gate(at), 0xe2);
    codepage_invalidate(&bench.pages, 0x78);
    assert_int_equal(gate(at), 0xe8);
    make_target(); /* and again */
    bridge_build(&bench.pages, at, to_page->table);
    assert_int_equal(gate(at), 0xe2);
    assert_int_equal(bench.pages.n_bridges_built - n_built, 2);
}

/* Closed and built again and again, it takes one record. */
static void records_are_reused(void **state)
{
    (void)state;
    const uint32_t at = make();
    make_target();
    bridge_build(&bench.pages, at, to_page->table);
    for (unsigned i = 0; i < 40; i++) {
        codepage_invalidate(&bench.pages, 0x78);
        assert_int_equal(gate(at), 0xe8);
        assert_int_equal(to_page->bridges, 0);
        make_target();
        assert_int_equal(bridge_build(&bench.pages, at, to_page->table), to->off);
        assert_int_equal(gate(at), 0xe2);
        assert_int_equal(bench.pages.n_bridges, 1);
        assert_int_equal(bench.pages.free_bridges, 0);
    }
    assert_verified();
    codepage_invalidate(&bench.pages, 0x78);
    bench.pages.n_bridges = bench.pages.max_bridges; /* the arena is full, but one record is free */
    make_target();
    bridge_build(&bench.pages, at, to_page->table);
    assert_int_equal(gate(at), 0xe2);
    codepages_flush(&bench.pages);
    assert_int_equal(bench.pages.free_bridges | bench.pages.n_bridges, 0);
}

/* No bit of the bridge, open now, may be another one. */
static void check_each_bit(uint32_t at, const struct verify_input *in)
{
    struct verify_finding finding;
    for (unsigned i = 0; i < bridge_bytes; i++) {
        uint8_t *byte = bench.cache.write + at + i;
        for (unsigned bit = 0; bit < 8; bit++) {
            *byte ^= (uint8_t)(1u << bit);
            if (verify_unit(in, &finding) == 0) {
                fail_msg("byte %u of a bridge, bit %u", i, bit);
            }
            *byte ^= (uint8_t)(1u << bit);
        }
    }
}

/* The checker sees a bridge to code that is gone, and one that asks for another page. */
static void what_is_checked(void **state)
{
    (void)state;
    const uint32_t at = make();
    struct verify_input in;
    struct verify_finding finding;
    make_target();
    bridge_build(&bench.pages, at, to_page->table);
    verify_input_of(&bench.cache, from, NULL, &in);
    assert_int_equal(verify_unit(&in, &finding), 0);
    check_each_bit(at, &in);
    to->dead = true;
    assert_int_equal(verify_unit(&in, &finding), -1);
    assert_int_equal(finding.rule, RULE_BRIDGE);
    to->dead = false;
    to->cross_off = 12;
    assert_int_equal(verify_unit(&in, &finding), -1);
    to->cross_off = 0;
    to_page->mode ^= MODE_NM;
    assert_int_equal(verify_unit(&in, &finding), -1);
    to_page->mode ^= MODE_NM;
    assert_int_equal(verify_unit(&in, &finding), 0);
}

static void given_up(void **state)
{
    (void)state;
    uint32_t at = make();
    make_target();
    to_page->phys->loose = true;
    bridge_build(&bench.pages, at, to_page->table);
    assert_true(is_given_up(at));
    assert_verified();
    assert_true(codepage_move(&bench.pages, from_page, 0x1234)); /* what it is now is moved too */
    assert_verified();
    at = make();
    make_target();
    to->cross_off = 12; /* it is made anew when the page behind it changes, by its slot */
    bridge_build(&bench.pages, at, to_page->table);
    assert_true(is_given_up(at));
    at = make();
    make_target();
    bench.pages.n_bridges = bench.pages.max_bridges;
    assert_false(codepages_have_room(&bench.pages));
    bridge_build(&bench.pages, at, to_page->table);
    assert_true(is_given_up(at));
    codepages_flush(&bench.pages);
    assert_true(codepages_have_room(&bench.pages));
}

/* Libraries move page by page: the bridge asks for the entry that the other page will have there.
 */
static void moved(void **state)
{
    (void)state;
    enum { BY = 0x1234 };
    const uint32_t at = make();
    make_target();
    bridge_build(&bench.pages, at, to_page->table);
    assert_true(codepage_move(&bench.pages, from_page, FROM + BY));
    assert_int_equal(bridge_target(&bench.cache, at), (TO + BY) << 12 | OFF);
    assert_true(codepage_move(&bench.pages, to_page, TO + BY));
    assert_int_equal(gate(at), 0xe2);
    assert_verified();
    uint32_t n;
    memcpy(&n, bench.cache.write + at + BRIDGE_ENTRY, 4);
    assert_int_equal(1 - n, bridge_entry(to_page->table, (TO + BY) << 12));
    codepage_invalidate(&bench.pages, 0x78);
    assert_int_equal(gate(at), 0xe8);
    assert_verified();
}

/* A store into a loose page drops one unit; bridges from the time before it was loose are gone. */
static void loose(void **state)
{
    (void)state;
    static const uint8_t bytes[4];
    const uint32_t at = make();
    make_target();
    for (unsigned i = 0; i < 8; i++) {
        bridge_build(&bench.pages, at, to_page->table);
        codepage_store(&bench.pages, 0x78 << 12 | OFF, 1, bytes);
        assert_true(gate(at) == 0xe8 || is_given_up(at));
        make_target();
        assert_verified();
    }
    assert_true(to_page->phys->loose);
    assert_true(is_given_up(at));
}

static void who_has_one(void **state)
{
    (void)state;
    static const struct {
        uint32_t page, mode;
        unsigned engine;
        bool loose, has_one;
    } cases[] = {
        {FROM, USER_MODE, 0, false, true},
        {FROM, FLAT_MODE, 0, false, true},
        {FROM, USER_MODE, ENGINE_NO_BRIDGES, false, false},
        {FROM, USER_MODE, ENGINE_NO_JOIN, false, false},
        {FROM, USER_MODE, 0, true, false},
        {BRIDGE_FIRST_PAGE - 3, USER_MODE, 0, false, false},
        {BRIDGE_FIRST_PAGE - 2, USER_MODE, 0, false, true},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        bench_start(cases[i].page, cases[i].mode);
        bench.engine = cases[i].engine;
        bench.page->phys->loose = cases[i].loose;
        memcpy(bench.bytes + OFF, "\x74\x05\xe8\xf9\x1f\x00\x00\x74\xf7\xe9\xf2\x1f\x00\x00", 14);
        const struct unit *unit = bench_translate(OFF, SCAN_MAX_INSNS);
        assert_non_null(unit);
        unsigned n_bridges = 0;
        for (uint32_t off = 0; off + BRIDGE_BYTES <= unit->n_bytes; off++) {
            const uint8_t *code = bench.cache.write + unit->off + off;
            n_bridges += code[0] == 0x4d && code[1] == 0x8b && code[7] == 0x4c && code[10] == 0x41;
        }
        assert_int_equal(n_bridges > 0, cases[i].has_one);
        assert_verified();
    }
}

/* Jumps of one unit to the same place share one. */
static void shared(void **state)
{
    (void)state;
    bench_start(FROM, USER_MODE);
    /* jz to one place, twice; jz to another one; ret */
    memcpy(bench.bytes + OFF, "\x0f\x84\xfb\x1f\x00\x00\x0f\x84\xf5\x1f\x00\x00", 12);
    memcpy(bench.bytes + OFF + 12, "\x0f\x84\xeb\x1f\x00\x00\xc3", 7);
    struct unit *unit = bench_translate(OFF, SCAN_MAX_INSNS);
    assert_non_null(unit);
    assert_int_equal(unit->n_bytes, unit->body_bytes + 2 * BRIDGE_BYTES);
    assert_verified();
}

/* LOOP of a call's bridge reaches the jump of its own landing, or that of one before. */
static void far_landings(void **state)
{
    (void)state;
    calls = true;
    for (unsigned between = 0; between < 64; between++) {
        bench_start(FROM, USER_MODE);
        const unsigned second = OFF + 5 + between;
        memset(bench.bytes + OFF, 0x90, 5 + between);
        memcpy(bench.bytes + OFF, "\xe8\xfb\x1f\x00\x00", 5);
        memcpy(bench.bytes + second, "\xe8\x00\x20\x00\x00\xc3", 6);
        struct unit *unit = bench_translate(OFF, SCAN_MAX_INSNS);
        to_page = bench.page = codepage_get(&bench.pages, 0x78, TO, USER_MODE, PAGE_BYTES);
        memset(bench.bytes, 0x40, PAGE_BYTES);
        assert_non_null(unit);
        for (unsigned i = 0; i < unit->n_insns; i++) {
            const uint32_t at = unit->off + unit->insns[i].host_off + 9 + 5 + BRIDGE_CALL_BEFORE;
            if (unit->insns[i].n_bytes == 5) {
                bench.page = to_page;
                assert_non_null(bench_translate(bridge_target(&bench.cache, at) & 4095, 1));
                bridge_build(&bench.pages, at, to_page->table);
                assert_int_equal(gate(at), 0xe2);
            }
        }
        assert_verified();
    }
}

/* A call of "mov (%esp), %ebx; ret" in another page, or in the same one. */
static uint32_t make_thunk(bool same_page)
{
    bench_start(FROM, USER_MODE);
    const uint32_t thunk_off = same_page ? OFF + 0x40 : OFF;
    bench.thunk_lin = (same_page ? FROM : TO) << 12 | thunk_off;
    bench.thunk_reg = GPR_EBX;
    const uint32_t rel = bench.thunk_lin - ((FROM << 12) + OFF + 6);
    /* push %ebp; call; add $0x1000, %ebx; ret */
    memcpy(bench.bytes + OFF, "\x55\xe8\x00\x00\x00\x00\x81\xc3\x00\x10\x00\x00\xc3", 13);
    memcpy(bench.bytes + OFF + 2, &rel, 4);
    from = bench_translate(OFF, SCAN_MAX_INSNS);
    assert_non_null(from);
    from_page = to_page = bench.page;
    if (!same_page) {
        to_page = bench.page = codepage_get(&bench.pages, 0x78, TO, USER_MODE, PAGE_BYTES);
    }
    memcpy(bench.bytes + thunk_off, "\x8b\x1c\x24\xc3", 4);
    bridge_bytes = BRIDGE_THUNK_BYTES;
    const uint32_t at = from->off + from->insns[1].host_off + 9 + BRIDGE_CALL_BEFORE;
    assert_memory_equal(bench.cache.write + at, "\x4d\x8b\x96", 3);
    assert_true(bridge_is_thunk(&bench.cache, at));
    assert_int_equal(bridge_of(&bench.cache, at + BRIDGE_THUNK_BYTES), at);
    assert_int_equal(bridge_target(&bench.cache, at), bench.thunk_lin);
    return at;
}

static void make_thunk_code(void)
{
    to = bench_translate(bench.thunk_lin & (PAGE_BYTES - 1), SCAN_MAX_INSNS);
    assert_non_null(to);
}

/* A call behind which nothing is added to what it brings is like any other. */
static void thunk_that_nobody_adds_to(void **state)
{
    (void)state;
    bench_start(FROM, USER_MODE);
    bench.thunk_lin = TO << 12 | OFF;
    bench.thunk_reg = GPR_EBX;
    const uint32_t rel = bench.thunk_lin - ((FROM << 12) + OFF + 6);
    memcpy(bench.bytes + OFF, "\x55\xe8\x00\x00\x00\x00\xc3", 7); /* push %ebp; call; ret */
    memcpy(bench.bytes + OFF + 2, &rel, 4);
    from = bench_translate(OFF, SCAN_MAX_INSNS);
    assert_non_null(from);
    bool is_thunk = false;
    for (uint32_t at = from->off; at < from->off + from->n_bytes; at++) {
        is_thunk |= memcmp(bench.cache.write + at, "\x4d\x8b\x96", 3) == 0 &&
                    bridge_is_thunk(&bench.cache, at);
    }
    assert_false(is_thunk);
}

static void thunk_built_and_closed(void **state)
{
    (void)state;
    for (unsigned same_page = 0; same_page < 2; same_page++) {
        const uint32_t at = make_thunk(same_page);
        assert_int_equal(gate(at), 0xeb);
        assert_verified();
        assert_false(bridge_build(&bench.pages, at, to_page->table)); /* there is nothing yet */
        assert_int_equal(gate(at), 0xeb);
        make_thunk_code();
        assert_true(bridge_build(&bench.pages, at, to_page->table));
        assert_int_equal(gate(at), 0xe2);
        assert_verified();
        const uint32_t n_bridges = bench.pages.n_bridges;
        assert_true(bridge_build(&bench.pages, at, to_page->table)); /* it is listed once */
        assert_int_equal(bench.pages.n_bridges, n_bridges);
        codepage_invalidate(&bench.pages, same_page ? 0x77 : 0x78);
        assert_int_equal(gate(at), 0xeb);
        if (!same_page) {
            make_thunk_code();
            assert_true(bridge_build(&bench.pages, at, to_page->table));
            assert_int_equal(gate(at), 0xe2);
            assert_verified();
        }
    }
}

/* Other code there, another register, a loose page, no room: what calls it is made anew. */
static void thunk_given_up(void **state)
{
    (void)state;
    for (unsigned why = 0; why < 4; why++) {
        const uint32_t at = make_thunk(false);
        if (why == 0) {
            bench.bytes[OFF + 1] = 0x0c; /* %ecx */
        } else if (why == 1) {
            bench.bytes[OFF] = 0x3b; /* cmp */
        }
        make_thunk_code();
        to_page->phys->loose = why == 2;
        bench.pages.n_bridges = why == 3 ? bench.pages.max_bridges : 0;
        assert_false(bridge_build(&bench.pages, at, to_page->table));
        assert_true(from->dead);
        assert_false(to->dead);
    }
}

static void thunk_is_checked(void **state)
{
    (void)state;
    const uint32_t at = make_thunk(false);
    struct verify_input in;
    struct verify_finding finding;
    make_thunk_code();
    assert_true(bridge_build(&bench.pages, at, to_page->table));
    verify_input_of(&bench.cache, from, NULL, &in);
    assert_int_equal(verify_unit(&in, &finding), 0);
    check_each_bit(at, &in);
    to->dead = true;
    assert_int_equal(verify_unit(&in, &finding), -1);
    to->dead = false;
    to_page->mode ^= MODE_NM;
    assert_int_equal(verify_unit(&in, &finding), -1);
    to_page->mode ^= MODE_NM;
    assert_int_equal(verify_unit(&in, &finding), 0);
}

/* A program's second run has its libraries elsewhere: where their page is not moved but made anew,
 * what leads to the old one asks again; where somebody still has the old one, it stays. */
static void others_are_closed(void **state)
{
    (void)state;
    enum { ELSEWHERE = 0x1402 };
    for (unsigned there = 0; there < 2; there++) {
        for (unsigned moves = 0; moves < 2; moves++) {
            calls = true;
            const uint32_t at = make();
            make_target();
            bridge_build(&bench.pages, at, to_page->table);
            struct codepage *other = NULL;
            bench_is_there = true;
            if (moves) {
                other = codepage_get(&bench.pages, 0x78, ELSEWHERE + 1, USER_MODE, PAGE_BYTES);
            }
            assert_int_equal(gate(at), 0xe2);
            bench_is_there = there;
            if (moves) {
                assert_true(codepage_move(&bench.pages, other, ELSEWHERE));
            } else {
                codepage_get(&bench.pages, 0x78, ELSEWHERE, USER_MODE, PAGE_BYTES);
            }
            bench_is_there = false;
            assert_int_equal(gate(at), there ? 0xe2 : 0xe8);
        }
    }
}

static int with_calls(void **state)
{
    (void)state;
    calls = true;
    return 0;
}

static int with_jumps(void **state)
{
    (void)state;
    calls = false;
    return 0;
}

#define BOTH(test)                                                                                 \
    cmocka_unit_test_setup(test, with_calls), cmocka_unit_test_setup(test, with_jumps)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(built_and_closed),
        BOTH(records_are_reused),
        BOTH(what_is_checked),
        BOTH(given_up),
        BOTH(moved),
        BOTH(loose),
        cmocka_unit_test(who_has_one),
        cmocka_unit_test(shared),
        cmocka_unit_test(far_landings),
        cmocka_unit_test(thunk_that_nobody_adds_to),
        cmocka_unit_test(thunk_built_and_closed),
        cmocka_unit_test(thunk_given_up),
        cmocka_unit_test(thunk_is_checked),
        cmocka_unit_test(others_are_closed),
    };
    return cmocka_run_group_tests(tests, bench_setup, bench_teardown);
}

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

bool view_has_code(const struct view *view, uint32_t lin, const uint32_t *table, uint32_t phys_page)
{
    (void)view;
    (void)lin;
    (void)table;
    (void)phys_page;
    return false;
}

static struct unit *from, *to;
static struct codepage *from_page, *to_page;

/* A page that calls OFF of another one, in another codepage; with a bridge at the end. */
static uint32_t make(void)
{
    bench_start(FROM, USER_MODE);
    memcpy(bench.bytes + OFF, "\xe8\xfb\x1f\x00\x00\xc3", 6); /* call (TO << 12) + OFF; ret */
    from = bench_translate(OFF, SCAN_MAX_INSNS);
    from_page = bench.page;
    to_page = bench.page = codepage_get(&bench.pages, 0x78, TO, USER_MODE, PAGE_BYTES);
    memcpy(bench.bytes + OFF, "\x40\xc3", 2);
    assert_non_null(from);
    assert_int_equal(from->n_bytes, from->body_bytes + BRIDGE_BYTES);
    return from->off + from->body_bytes;
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

static void assert_verified(void)
{
    assert_true(verify_all(&bench.cache) > 0);
}

static void built_and_closed(void **state)
{
    (void)state;
    const uint32_t at = make();
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
    assert_int_equal(at + BRIDGE_LOOKUP + (uint32_t)rel, to->off);
    assert_verified();
    codepage_invalidate(&bench.pages, 0x77); /* where it begins: nobody comes here any more */
    assert_int_equal(gate(at), 0xe2);
    codepage_invalidate(&bench.pages, 0x78);
    assert_int_equal(gate(at), 0xe8);
    make_target(); /* and again */
    bridge_build(&bench.pages, at, to_page->table);
    assert_int_equal(gate(at), 0xe2);
    assert_int_equal(bench.pages.n_bridges_built, 2);
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
    for (unsigned i = 0; i < BRIDGE_BYTES; i++) {
        uint8_t *byte = bench.cache.write + at + i;
        for (unsigned bit = 0; bit < 8; bit++) {
            *byte ^= (uint8_t)(1u << bit);
            if (verify_unit(&in, &finding) == 0) {
                fail_msg("byte %u of a bridge, bit %u", i, bit);
            }
            *byte ^= (uint8_t)(1u << bit);
        }
    }
    to->dead = true;
    assert_int_equal(verify_unit(&in, &finding), -1);
    assert_int_equal(finding.rule, RULE_BRIDGE);
    to->dead = false;
    to->is_crossing = true;
    assert_int_equal(verify_unit(&in, &finding), -1);
    to->is_crossing = false;
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
    assert_int_equal(gate(at), 0xeb);
    assert_verified();
    at = make();
    make_target();
    to->is_crossing = true; /* it is made anew when the page behind it changes, by its slot */
    bridge_build(&bench.pages, at, to_page->table);
    assert_int_equal(gate(at), 0xeb);
    at = make();
    make_target();
    bench.pages.n_bridges = bench.pages.max_bridges;
    assert_false(codepages_have_room(&bench.pages));
    bridge_build(&bench.pages, at, to_page->table);
    assert_int_equal(gate(at), 0xeb);
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
        assert_true(gate(at) == 0xe8 || gate(at) == 0xeb);
        make_target();
        assert_verified();
    }
    assert_true(to_page->phys->loose);
    assert_int_equal(gate(at), 0xeb);
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

/* Branches of one unit to the same place share one. */
static void shared(void **state)
{
    (void)state;
    bench_start(FROM, USER_MODE);
    /* call; jz; call to one place; jz to another one; ret */
    memcpy(bench.bytes + OFF, "\xe8\xfb\x1f\x00\x00\x0f\x84\xf5\x1f\x00\x00\xe8\xf0\x1f\x00\x00",
           16);
    memcpy(bench.bytes + OFF + 16, "\x0f\x84\xeb\x1f\x00\x00\xc3", 7);
    struct unit *unit = bench_translate(OFF, SCAN_MAX_INSNS);
    assert_non_null(unit);
    assert_int_equal(unit->n_bytes, unit->body_bytes + 2 * BRIDGE_BYTES);
    assert_verified();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_and_closed),
        cmocka_unit_test(what_is_checked),
        cmocka_unit_test(given_up),
        cmocka_unit_test(moved),
        cmocka_unit_test(loose),
        cmocka_unit_test(who_has_one),
        cmocka_unit_test(shared),
    };
    return cmocka_run_group_tests(tests, bench_setup, bench_teardown);
}

/* test_translate_runs.c - runs of stack instructions: where ESP may be pending, who may enter, what
 * breaks a run. That the code is right is what tests/guest's stack_runs and the checker say. */
#include "test_host64.h"
#include "test_translate.h"
#include "verify/verify.h"

static enum verify_rule verdict(const struct unit *unit)
{
    struct verify_input in;
    struct verify_finding finding;
    verify_input_of(&bench.cache, unit, bench.bytes, &in);
    return verify_unit(&in, &finding) < 0 ? finding.rule : N_VERIFY_RULES;
}

static void check_unit(const struct unit *unit)
{
    assert_string_equal(verify_rule_text(verdict(unit)), "?");
}

static void make(const char *hex, unsigned mode)
{
    bench_start(0x400, mode);
    unsigned n = 0;
    for (const char *at = hex; *at; at += 3) {
        bench.bytes[0x10 + n++] = (uint8_t)strtoul(at, NULL, 16);
        if (!at[2]) {
            break;
        }
    }
}

/* The unit at 0x10, whose instructions begin with these pending; the checker likes it, and there is
 * a slot where nothing is pending and nowhere else. */
static void expect(const char *hex, unsigned mode, unsigned n, const int *pending)
{
    make(hex, mode);
    struct unit *unit = bench_translate(0x10, SCAN_MAX_INSNS);
    assert_non_null(unit);
    assert_true(unit->n_insns >= n);
    check_unit(unit);
    for (unsigned i = 0; i < n; i++) {
        const struct unit_insn *insn = &unit->insns[i];
        if (unit_insn_pending(insn) != pending[i]) {
            fail_msg("%s: instruction %u: %d pending, not %d", hex, i, unit_insn_pending(insn),
                     pending[i]);
        }
        assert_int_equal(codepage_slot(bench.page, insn->page_off),
                         pending[i] ? 0 : unit->off + insn->host_off);
    }
}
#define EXPECT(hex, mode, ...)                                                                     \
    expect(hex, mode, sizeof((int[]){__VA_ARGS__}) / sizeof(int), (int[]){__VA_ARGS__})

enum { RING3 = (FLAT_MODE & ~MODE_CPL0) | MODE_USER };

static void pushes_and_pops(void **state)
{
    (void)state;
    EXPECT("50 51 52 5a 59 58 c3", FLAT_MODE, 0, -4, -8, -12, -8, -4, 0);
    EXPECT("55 89 e5 83 ec 10 c3", FLAT_MODE, 0, -4, -4, -20); /* mov %esp,%ebp between */
    EXPECT("83 c4 0c 5b c2 08 00", FLAT_MODE, 0, 12, 16);
    EXPECT("8d 64 24 f8 50 5b c3", FLAT_MODE, 0, -8, -12, -8);
    EXPECT("83 ec 10 89 04 24 90 cc", FLAT_MODE, 0, -16, 0); /* the store is the proof */
    EXPECT("50 5b c3", FLAT_MODE, 0, -4, 0);
}

static void what_breaks_a_run(void **state)
{
    (void)state;
    EXPECT("83 ec 10 90 90 cc", FLAT_MODE, 0, 0, 0);     /* no access: r12 could wander off */
    EXPECT("50 cc", FLAT_MODE, 0, 0);                    /* alone */
    EXPECT("50 54 51 cc", FLAT_MODE, 0, 0, 0);           /* push %esp */
    EXPECT("50 66 51 51 cc", FLAT_MODE, 0, 0, 0);        /* 16 bits */
    EXPECT("50 8b 03 51 cc", FLAT_MODE, 0, 0, 0);        /* kernel: (%ebx) may be a user's */
    EXPECT("50 8b 03 51 cc", RING3, 0, -4, -4, 0);       /* ring 3: not so */
    EXPECT("50 64 8b 03 51 cc", RING3, 0, 0, 0);         /* FS */
    EXPECT("50 0f a3 04 24 51 cc", RING3, 0, 0, 0);      /* a bit string */
    EXPECT("50 d9 e8 51 cc", FLAT_MODE, 0, 0, 0);        /* x87: C may have to know */
    EXPECT("50 9c 51 cc", FLAT_MODE, 0, 0, 0);           /* PUSHF */
    EXPECT("50 74 00 51 52 cc", FLAT_MODE, 0, 0, 0, -4); /* a branch, and its target */
    EXPECT("50 51 52 eb fd", FLAT_MODE, 0, -4, 0, 0);    /* back to push %edx */
    EXPECT("50 51 e8 00 01 00 00 52 53 c3", FLAT_MODE, 0, -4, -8, 0, -4);
    EXPECT("50 81 ec 00 80 00 00 51 cc", FLAT_MODE, 0, 0, 0); /* too far */
    EXPECT("50 51 c3", FLAT_MODE & ~MODE_FLAT, 0, 0, 0);
    EXPECT("50 51 c3", FLAT_MODE & ~MODE_STACK32, 0, 0, 0);
    EXPECT("50 51 c3", FLAT_MODE | MODE_STEP, 0);
}

/* A site that is not direct takes no part; nor does any while the switch is off. */
static void hints_and_switch(void **state)
{
    (void)state;
    make("50 51 52 53 c3", FLAT_MODE);
    bench.kinds[0x12] = SITE_CHECKED;
    struct unit *unit = bench_translate(0x10, SCAN_MAX_INSNS);
    static const int pending[] = {0, -4, 0, 0, -4};
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(unit_insn_pending(&unit->insns[i]), pending[i]);
        assert_int_equal(unit_insn_in_run(unit, &unit->insns[i]), i != 2);
    }
    make("50 51 52 53 c3", FLAT_MODE); /* nobody asks where nothing is known of the page */
    bench.kinds[0x12] = SITE_CHECKED;
    bench.is_unhinted = true;
    unit = bench_translate(0x10, SCAN_MAX_INSNS);
    assert_int_equal(unit_insn_pending(&unit->insns[4]), -16);
    assert_false(unit->insns[2].kind & UNIT_CHECKED);
    make("50 51 52 53 c3", FLAT_MODE);
    bench.engine = ENGINE_NO_STACK_RUNS;
    unit = bench_translate(0x10, SCAN_MAX_INSNS);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(unit_insn_pending(&unit->insns[i]), 0);
        assert_false(unit_insn_in_run(unit, &unit->insns[i]));
    }
}

/* Entered in the middle it is a unit of its own, and both go when the page does; at the page's end
 * nothing stays pending. */
static void middle_and_end(void **state)
{
    (void)state;
    make("50 51 52 53 c3", FLAT_MODE);
    struct unit *unit = bench_translate(0x10, SCAN_MAX_INSNS);
    struct unit *middle = bench_translate(0x12, SCAN_MAX_INSNS);
    check_unit(middle);
    assert_int_equal(middle->n_insns, 3);
    assert_int_equal(codepage_slot(bench.page, 0x12), middle->off);
    assert_int_equal(codepage_slot(bench.page, 0x10), unit->off);
    assert_int_equal(codepage_slot(bench.page, 0x13), 0);
    codepage_invalidate(&bench.pages, bench.page->phys->phys_page);
    assert_true(unit->dead && middle->dead);
    bench_start(0x400, FLAT_MODE);
    memset(bench.bytes + 4090, 0x50, 12); /* six of them on this page */
    unit = bench_translate(4090, SCAN_MAX_INSNS);
    assert_int_equal(unit->n_insns, 6);
    assert_int_equal(unit_insn_pending(&unit->insns[5]), -20);
    check_unit(unit);
    make("50 51 52 53 c3", FLAT_MODE);
    unit = bench_translate(0x10, 2); /* a budget ends it */
    assert_int_equal(unit->n_insns, 2);
    check_unit(unit);
}

/* The table must say what the code does, in each place. */
static void wrong_tables(void **state)
{
    (void)state;
    make("50 51 83 ec 0c 89 e5 53 e8 00 01 00 00", FLAT_MODE);
    struct unit *unit = bench_translate(0x10, SCAN_MAX_INSNS);
    assert_int_equal(verdict(unit), N_VERIFY_RULES);
    for (unsigned i = 0; i < unit->n_insns; i++) {
        for (int by = -4; by <= 4; by += 4) {
            int16_t right = unit->insns[i].detail;
            unit->insns[i].detail = (int16_t)(right + by);
            assert_int_equal(verdict(unit), by ? RULE_PENDING : N_VERIFY_RULES);
            unit->insns[i].detail = right;
        }
    }
    /* the same code, but the guest pushes only once */
    bench.bytes[0x11] = 0x90;
    assert_int_equal(verdict(unit), RULE_PENDING);
    bench.bytes[0x11] = 0x51;
    /* the sum's copy of ESP without what is pending; LEA of %ebp likewise */
    for (unsigned i = 2; i < 4; i++) {
        uint8_t *at =
            cache_writable(&bench.cache, bench.cache.exec + unit->off + unit->insns[i].host_off);
        uint8_t kept[5];
        memcpy(kept, at, 5);
        memcpy(at, i == 2 ? "\x45\x89\xe0\x66\x90" : "\x44\x89\xe5\x66\x90",
               5); /* mov %r12d, ... */
        assert_int_equal(verdict(unit), RULE_PENDING);
        memcpy(at, kept, 5);
    }
    assert_int_equal(verdict(unit), N_VERIFY_RULES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pushes_and_pops),  cmocka_unit_test(what_breaks_a_run),
        cmocka_unit_test(hints_and_switch), cmocka_unit_test(middle_and_end),
        cmocka_unit_test(wrong_tables),
    };
    return cmocka_run_group_tests(tests, bench_setup, bench_teardown);
}

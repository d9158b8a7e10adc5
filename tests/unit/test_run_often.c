/* test_run_often.c - how many faults of one site are often: four close together, twice as many
 * after each time that look-ups did not pay, and none ever where they cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "run/run.h"

enum { EXEC = 0x10000000, SITE = EXEC + 0x1234 };

static struct run *run;
static struct cache cache = {.exec = EXEC};

static int setup(void **state)
{
    (void)state;
    run = calloc(1, sizeof(*run));
    run->cache = &cache;
    return run == NULL;
}

static int teardown(void **state)
{
    (void)state;
    free(run);
    return 0;
}

/* Faults until it is often; 0: not within 70000. The machine may stop us between two, so a count
 * that began anew is not what is meant. */
static unsigned faults_until_often(unsigned n_given_back)
{
    for (unsigned n = 1; n <= 70000; n++) {
        if (run_faults_often(run, SITE) && !run_may_fault_more(run, SITE, n_given_back)) {
            return n;
        }
    }
    return 0;
}

static void test_patience(void **state)
{
    (void)state;
    unsigned first = faults_until_often(0);
    assert_true(first >= 4 && first < 8);
    unsigned before = first;
    for (unsigned n = 1; n <= 5; n++) {
        unsigned now = faults_until_often(n); /* the count begins anew each time */
        assert_true(now >= 4u << n && now > before);
        before = now;
    }
    assert_true(faults_until_often(200) >= 4u << 12);
    run_never_often(run, SITE);
    assert_int_equal(faults_until_often(0), 0);
    run_forget_often(run); /* the cache was flushed: it is another site */
    assert_true(faults_until_often(0) >= 4);
}

static void test_sites_apart(void **state)
{
    (void)state;
    run_forget_often(run);
    for (unsigned i = 0; i < 3; i++) {
        assert_false(run_faults_often(run, SITE));
        assert_false(run_faults_often(run, SITE + 0x40));
    }
    run->lookup_at_once = true;
    assert_true(run_faults_often(run, SITE + 0x80));
    assert_false(run_may_fault_more(run, SITE + 0x80, 0));
}

/* Faults far apart in time are not often, however many. */
static void test_far_apart(void **state)
{
    (void)state;
    run->lookup_at_once = false;
    run_forget_often(run);
    for (unsigned i = 0; i < 20; i++) {
        assert_false(run_faults_often(run, SITE));
        for (unsigned k = 0; k < RUN_OFTEN; k++) {
            run->often[k].tsc -= UINT32_MAX / 2;
        }
    }
}

/* Where look-ups have not paid, a site needs more; less again where they have; and no more than
 * ever if it stands in the way of others. */
static void test_doubt(void **state)
{
    (void)state;
    run->lookup_at_once = false;
    run_forget_often(run);
    const unsigned sure = faults_until_often(0);
    run_note_lookups(run, true); /* it cannot be surer */
    assert_in_range(faults_until_often(0), 4, sure + 4);
    run_note_lookups(run, false);
    run_note_lookups(run, false);
    run_forget_often(run);
    assert_true(faults_until_often(0) >= 16);
    run_note_lookups(run, true);
    run_forget_often(run);
    assert_in_range(faults_until_often(0), 8, 15);
    for (unsigned i = 0; i < 40; i++) {
        run_note_lookups(run, false);
    }
    run_forget_often(run);
    const unsigned most = faults_until_often(0);
    assert_in_range(most, 64, 127);
    assert_true(faults_until_often(12) > 32000); /* and no overflow */
    run_forget_often(run);
    for (unsigned n = 1; n <= 4; n++) {
        assert_false(run_faults_often(run, SITE));
        run_faults_behind_lookup(run, SITE);
    }
    assert_true(run_faults_often(run, SITE));
    assert_false(run_may_fault_more(run, SITE, 0));
    run_never_often(run, SITE);
    for (unsigned n = 0; n < 5000; n++) {
        assert_false(run_faults_often(run, SITE));
        run_faults_behind_lookup(run, SITE);
    }
    run->often_doubt = 0;
    run_forget_often(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_doubt),
        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_sites_apart),
        cmocka_unit_test(test_far_apart),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

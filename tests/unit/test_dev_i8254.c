/* test_dev_i8254.c - the interval timer against the 82C54 datasheet, with a clock that stands
 * still. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dev/i8254.h"

static struct clock *clk;
static struct i8254 pit;
static unsigned n_edges;
static bool line;
static uint64_t origin_tick; /* tick of the last start() */

static void set_irq(void *arg, unsigned number, bool level)
{
    (void)arg, (void)number;
    n_edges += level && !line;
    line = level;
}

static int setup(void **state)
{
    (void)state;
    clk = clock_create_manual();
    line = false;
    clock_set_manual_ns(clk, 1000000);
    i8254_init(&pit, clk, (struct irq_line){.set = set_irq});
    n_edges = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    clock_destroy(clk);
    return 0;
}

static void out(unsigned port, uint8_t value)
{
    i8254_ops.write(&pit, port, 1, value);
}
static uint8_t in(unsigned port)
{
    return (uint8_t)i8254_ops.read(&pit, port, 1);
}

static uint16_t in16(unsigned port)
{
    uint16_t low = in(port);
    return (uint16_t)(low | in(port) << 8);
}

/* Programs a counter; the count is in force at the next tick, which is tick 0 of at(). */
static void start(unsigned counter, uint8_t mode_bits, uint16_t count)
{
    out(3, (uint8_t)(counter << 6 | 0x30 | mode_bits));
    out(counter, (uint8_t)count);
    out(counter, (uint8_t)(count >> 8));
    origin_tick = i8254_ticks(clock_now_ns(clk)) + 1;
    n_edges = 0;
}

static void at(uint64_t tick)
{
    uint64_t ns = i8254_ticks_to_ns(origin_tick + tick);
    clock_set_manual_ns(clk, ns);
    clock_run(clk);
}

static uint16_t latched(unsigned counter)
{
    out(3, (uint8_t)(counter << 6));
    return in16(counter);
}

static uint8_t status(unsigned counter)
{
    out(3, (uint8_t)(0xe0 | 2 << counter));
    return in(counter);
}

static void ticks_and_ns_are_inverse(void **state)
{
    (void)state;
    for (uint64_t ticks = 1; ticks < (1ull << 45); ticks = ticks * 3 + 1) {
        uint64_t ns = i8254_ticks_to_ns(ticks);
        assert_true(i8254_ticks(ns) == ticks);
        assert_true(i8254_ticks(ns - 1) == ticks - 1);
    }
    assert_int_equal(i8254_ticks(86400ull * 1000000000u), 86400ull * I8254_HZ);
}

static void mode0_counts_down_once_and_goes_on(void **state)
{
    (void)state;
    start(0, 0, 1000);
    assert_false(i8254_out(&pit, 0));
    at(0);
    assert_int_equal(latched(0), 1000);
    at(999);
    assert_int_equal(latched(0), 1);
    assert_false(line);
    at(1000);
    assert_true(line);
    assert_int_equal(n_edges, 1);
    assert_int_equal(latched(0), 0);
    at(1001);
    assert_int_equal(latched(0), 0xffff);
    assert_true(i8254_out(&pit, 0));
    at(200000);
    assert_int_equal(n_edges, 1);
}

static void mode0_first_byte_stops_counting(void **state)
{
    (void)state;
    start(0, 0, 1000);
    at(500);
    out(0, 0x10);
    at(2000);
    assert_false(i8254_out(&pit, 0));
    assert_int_equal(n_edges, 0);
    out(0, 0);
    origin_tick = i8254_ticks(clock_now_ns(clk)) + 1;
    at(0x10);
    assert_int_equal(n_edges, 1);
}

static void mode0_gate_holds(void **state)
{
    (void)state;
    i8254_set_gate(&pit, 2, true);
    start(2, 0, 100);
    at(30);
    i8254_set_gate(&pit, 2, false);
    at(1000);
    assert_int_equal(latched(2), 70);
    i8254_set_gate(&pit, 2, true);
    at(1069);
    assert_false(i8254_out(&pit, 2));
    at(1070);
    assert_true(i8254_out(&pit, 2));
}

static void mode1_is_a_retriggerable_one_shot(void **state)
{
    (void)state;
    start(2, 2, 50);
    assert_true(i8254_out(&pit, 2));
    at(1000);
    assert_true(i8254_out(&pit, 2));
    i8254_set_gate(&pit, 2, true); /* trigger; loads at the next tick, 1001 */
    at(1001);
    assert_false(i8254_out(&pit, 2));
    at(1040);
    i8254_set_gate(&pit, 2, false);
    i8254_set_gate(&pit, 2, true);
    at(1041 + 49);
    assert_false(i8254_out(&pit, 2));
    at(1041 + 50);
    assert_true(i8254_out(&pit, 2));
}

static void mode2_divides(void **state)
{
    (void)state;
    start(0, 4, 11932);
    at(0);
    assert_int_equal(latched(0), 11932);
    at(11931);
    assert_int_equal(latched(0), 1);
    assert_false(i8254_out(&pit, 0));
    assert_int_equal(n_edges, 0);
    at(11932);
    assert_int_equal(latched(0), 11932);
    assert_true(i8254_out(&pit, 0));
    assert_int_equal(n_edges, 1);
    for (unsigned i = 2; i <= 100; i++) {
        at(11932ull * i);
        assert_int_equal(n_edges, i);
    }
}

static void mode2_new_count_waits_for_the_period(void **state)
{
    (void)state;
    start(0, 4, 30000);
    at(100);
    out(0, 0xe8), out(0, 3);                  /* 1000 */
    assert_int_equal(status(0) & 0x40, 0x40); /* null count: not loaded yet */
    at(29999);
    assert_int_equal(latched(0), 1);
    at(30000);
    assert_int_equal(n_edges, 1);
    assert_int_equal(latched(0), 1000);
    assert_int_equal(status(0) & 0x40, 0);
    at(31000);
    assert_int_equal(n_edges, 2);
}

static void mode3_square_wave(void **state)
{
    (void)state;
    start(2, 6, 10); /* gate low: not counting, OUT high */
    assert_true(i8254_out(&pit, 2));
    i8254_set_gate(&pit, 2, true);
    origin_tick = i8254_ticks(clock_now_ns(clk)) + 1;
    static const uint16_t even[] = {10, 8, 6, 4, 2, 10, 8, 6, 4, 2, 10};
    for (unsigned i = 0; i < 11; i++) {
        at(i);
        assert_int_equal(latched(2), even[i]);
        assert_int_equal(i8254_out(&pit, 2), i % 10 < 5);
    }
    start(2, 6, 5);
    static const uint16_t odd[] = {4, 2, 0, 4, 2, 4};
    for (unsigned i = 0; i < 6; i++) {
        at(i);
        assert_int_equal(latched(2), odd[i]);
        assert_int_equal(i8254_out(&pit, 2), i % 5 < 3);
    }
}

/* However long the host lets the chip wait between two readings of its clock. */
static void one_shots_of_a_busy_host(void **state)
{
    (void)state;
    static const uint8_t modes[] = {0x0, 0x8};
    for (unsigned i = 0; i < 2; i++) {
        clock_set_manual_step_ns(clk, 5000000);
        start(0, modes[i], 2650); /* 2.2 ms */
        clock_set_manual_step_ns(clk, 0);
        assert_int_equal(n_edges, 0);
        assert_int_not_equal(clock_next_deadline_ns(clk), UINT64_MAX);
        clock_run(clk);
        assert_int_equal(n_edges, 1);
        clock_run(clk);
        assert_int_equal(n_edges, 1);
    }
}

/* The edge was due before the guest wrote, though nobody had polled the clock. */
static void edge_before_write(void **state)
{
    (void)state;
    start(0, 0x8, 100);
    clock_set_manual_ns(clk, i8254_ticks_to_ns(origin_tick + 150));
    out(0, 50);
    assert_int_equal(n_edges, 1);
    out(0, 0);
    assert_int_equal(n_edges, 1);
    clock_set_manual_ns(clk, i8254_ticks_to_ns(origin_tick + 250));
    out(3, 0x30);
    assert_int_equal(n_edges, 2);
    assert_int_equal(clock_next_deadline_ns(clk), UINT64_MAX);
    assert_false(line);
}

static void mode4_strobe(void **state)
{
    (void)state;
    start(0, 8, 1000);
    assert_true(i8254_out(&pit, 0));
    at(1000);
    assert_false(i8254_out(&pit, 0));
    assert_int_equal(n_edges, 0);
    at(1001);
    assert_true(i8254_out(&pit, 0));
    assert_int_equal(n_edges, 1);
    at(500000);
    assert_int_equal(n_edges, 1);
    out(0, 0x64), out(0, 0); /* a new count starts again */
    origin_tick = i8254_ticks(clock_now_ns(clk)) + 1;
    at(101);
    assert_int_equal(n_edges, 2);
}

static void mode5_strobe_by_gate(void **state)
{
    (void)state;
    start(2, 10, 20);
    at(100);
    assert_true(i8254_out(&pit, 2));
    i8254_set_gate(&pit, 2, true);
    at(101 + 20);
    assert_false(i8254_out(&pit, 2));
    at(101 + 21);
    assert_true(i8254_out(&pit, 2));
}

static void bcd_counts_in_decimal(void **state)
{
    (void)state;
    i8254_set_gate(&pit, 2, true);
    start(2, 1, 0x1000);
    at(1);
    assert_int_equal(latched(2), 0x0999);
    start(2, 1, 0); /* 10000 */
    at(1);
    assert_int_equal(latched(2), 0x9999);
}

static void latch_holds_until_read(void **state)
{
    (void)state;
    start(0, 4, 0); /* 65536 */
    at(0x100);
    out(3, 0);
    at(0x300);
    out(3, 0); /* ignored: still latched */
    assert_int_equal(in16(0), 0xff00);
    assert_int_equal(in16(0), 0xfd00); /* live again */
}

static void read_back_status_then_count(void **state)
{
    (void)state;
    start(0, 4, 1000);
    at(10);
    out(3, 0xc2); /* both, counter 0 */
    at(20);
    assert_int_equal(in(0), 0x80 | 0x30 | 4); /* OUT high, low+high byte, mode 2 */
    assert_int_equal(in16(0), 990);
    assert_int_equal(in16(0), 980);
    out(3, 0x36); /* control word alone: null count */
    assert_int_equal(status(0) & 0x7f, 0x40 | 0x30 | 6);
}

static void one_byte_access(void **state)
{
    (void)state;
    out(3, 0x14); /* counter 0, low byte, mode 2 */
    out(0, 200);
    origin_tick = i8254_ticks(clock_now_ns(clk)) + 1;
    at(50);
    assert_int_equal(in(0), 150);
    assert_int_equal(in(0), 150);
    out(3, 0x24); /* high byte */
    out(0, 2);
    origin_tick = i8254_ticks(clock_now_ns(clk)) + 1;
    at(0);
    assert_int_equal(in(0), 2);
    at(1);
    assert_int_equal(in(0), 1);
}

static void missed_ticks_are_caught_up(void **state)
{
    (void)state;
    start(0, 4, 11932);    /* 10 ms */
    at(11932ull * 10 + 5); /* the host let us sleep over ten ticks */
    assert_int_equal(n_edges, 1);
    uint64_t end_ns = i8254_ticks_to_ns(origin_tick + 11932ull * 20 + 5);
    while (clock_next_deadline_ns(clk) <= end_ns) {
        clock_set_manual_ns(clk, clock_next_deadline_ns(clk));
        clock_run(clk);
    }
    assert_int_equal(n_edges, 20); /* none lost, none invented */
    start(0, 4, 11932);
    at(11932ull * 10000); /* 100 s: only one second is made up for */
    end_ns = i8254_ticks_to_ns(origin_tick + 11932ull * 10200);
    while (clock_next_deadline_ns(clk) <= end_ns) {
        clock_set_manual_ns(clk, clock_next_deadline_ns(clk));
        clock_run(clk);
    }
    assert_in_range(n_edges, 290, 310);
}

static void tiny_counts_do_not_storm(void **state)
{
    (void)state;
    start(0, 4, 2);
    uint64_t end_ns = clock_now_ns(clk) + 10000000;
    unsigned n_runs = 0;
    while (clock_now_ns(clk) < end_ns) {
        clock_set_manual_ns(clk, clock_next_deadline_ns(clk));
        clock_run(clk);
        n_runs++;
    }
    assert_in_range(n_runs, 1, 600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ticks_and_ns_are_inverse, setup, teardown),
        cmocka_unit_test_setup_teardown(mode0_counts_down_once_and_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(mode0_first_byte_stops_counting, setup, teardown),
        cmocka_unit_test_setup_teardown(mode0_gate_holds, setup, teardown),
        cmocka_unit_test_setup_teardown(mode1_is_a_retriggerable_one_shot, setup, teardown),
        cmocka_unit_test_setup_teardown(mode2_divides, setup, teardown),
        cmocka_unit_test_setup_teardown(mode2_new_count_waits_for_the_period, setup, teardown),
        cmocka_unit_test_setup_teardown(mode3_square_wave, setup, teardown),
        cmocka_unit_test_setup_teardown(mode4_strobe, setup, teardown),
        cmocka_unit_test_setup_teardown(one_shots_of_a_busy_host, setup, teardown),
        cmocka_unit_test_setup_teardown(edge_before_write, setup, teardown),
        cmocka_unit_test_setup_teardown(mode5_strobe_by_gate, setup, teardown),
        cmocka_unit_test_setup_teardown(bcd_counts_in_decimal, setup, teardown),
        cmocka_unit_test_setup_teardown(latch_holds_until_read, setup, teardown),
        cmocka_unit_test_setup_teardown(read_back_status_then_count, setup, teardown),
        cmocka_unit_test_setup_teardown(one_byte_access, setup, teardown),
        cmocka_unit_test_setup_teardown(missed_ticks_are_caught_up, setup, teardown),
        cmocka_unit_test_setup_teardown(tiny_counts_do_not_storm, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

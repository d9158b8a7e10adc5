/* test_bus.c - ports: ranges, splitting, unknown ports, light accesses; clock: order of timers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "bus/bus.h"
#include "bus/clock.h"

/* A chip that writes down what it was asked. */
struct recorder {
    uint32_t port[16], value[16];
    unsigned size_bytes[16], n;
    uint32_t answer;
};

static uint32_t record_read(void *chip, uint32_t port, unsigned size_bytes)
{
    struct recorder *recorder = chip;
    recorder->port[recorder->n] = port;
    recorder->size_bytes[recorder->n++] = size_bytes;
    return recorder->answer + port;
}

static void record_write(void *chip, uint32_t port, unsigned size_bytes, uint32_t value)
{
    struct recorder *recorder = chip;
    recorder->port[recorder->n] = port;
    recorder->value[recorder->n] = value;
    recorder->size_bytes[recorder->n++] = size_bytes;
}

static const struct bus_ops record_ops = {record_read, record_write};
static const struct bus_ops silent_ops = {NULL, NULL};

static void ranges_do_not_overlap(void **state)
{
    (void)state;
    struct bus *bus = bus_create();
    struct recorder a = {0};
    assert_int_equal(bus_add_ports(bus, "a", 0x100, 8, &record_ops, &a, 0), 0);
    assert_int_equal(bus_add_ports(bus, "b", 0x107, 2, &record_ops, &a, 0), -16);
    assert_int_equal(bus_add_ports(bus, "b", 0x108, 2, &record_ops, &a, 0), 0);
    assert_true(bus_add_ports(bus, "c", 0xffff, 2, &record_ops, &a, 0) < 0);
    bus_destroy(bus);
}

static void port_is_relative_and_value_is_cut(void **state)
{
    (void)state;
    struct bus *bus = bus_create();
    struct recorder a = {.answer = 0x11223300};
    bus_add_ports(bus, "a", 0x100, 8, &record_ops, &a, 0);
    assert_int_equal(bus_port_read(bus, 0x104, 4), 0x11223304);
    assert_int_equal(bus_port_read(bus, 0x104, 2), 0x3304);
    bus_port_write(bus, 0x101, 1, 0x12345678);
    assert_int_equal(a.port[2], 1);
    assert_int_equal(a.value[2], 0x78);
    bus_destroy(bus);
}

static void byte_chips_get_bytes(void **state)
{
    (void)state;
    struct bus *bus = bus_create();
    struct recorder a = {.answer = 0x40};
    bus_add_ports(bus, "a", 0x20, 4, &record_ops, &a, BUS_BYTES);
    bus_port_write(bus, 0x20, 2, 0xbbaa);
    assert_int_equal(a.n, 2);
    assert_int_equal(a.port[0], 0);
    assert_int_equal(a.value[0], 0xaa);
    assert_int_equal(a.port[1], 1);
    assert_int_equal(a.value[1], 0xbb);
    assert_int_equal(bus_port_read(bus, 0x20, 4), 0x43424140);
    bus_destroy(bus);
}

static void access_across_two_ranges_is_split(void **state)
{
    (void)state;
    struct bus *bus = bus_create();
    struct recorder a = {.answer = 0x10}, b = {.answer = 0x80};
    bus_add_ports(bus, "a", 0x60, 1, &record_ops, &a, 0);
    bus_add_ports(bus, "b", 0x61, 1, &record_ops, &b, 0);
    assert_int_equal(bus_port_read(bus, 0x60, 4), 0xffff8010);
    assert_int_equal(a.size_bytes[0], 1);
    assert_int_equal(b.size_bytes[0], 1);
    bus_destroy(bus);
}

struct unknown_sum {
    unsigned n_ports;
    uint64_t n_reads, n_writes;
    uint32_t last_port;
};

static void add_unknown(void *arg, uint32_t port, uint64_t n_reads, uint64_t n_writes)
{
    struct unknown_sum *sum = arg;
    sum->n_ports++;
    sum->n_reads += n_reads;
    sum->n_writes += n_writes;
    sum->last_port = port;
}

static void unknown_ports_read_ones_and_are_counted(void **state)
{
    (void)state;
    struct bus *bus = bus_create();
    struct unknown_sum sum = {0};
    assert_int_equal(bus_port_read(bus, 0x3c0, 1), 0xff);
    assert_int_equal(bus_port_read(bus, 0x3c0, 2), 0xffff);
    assert_int_equal(bus_port_read(bus, 0x3c0, 4), 0xffffffff);
    bus_port_write(bus, 0x3c0, 1, 1);
    bus_each_unknown(bus, add_unknown, &sum);
    assert_int_equal(sum.n_ports, 1);
    assert_int_equal(sum.last_port, 0x3c0);
    assert_int_equal(sum.n_reads, 3);
    assert_int_equal(sum.n_writes, 1);
    bus_destroy(bus);
}

static void a_walk_over_all_ports_loses_no_count(void **state)
{
    (void)state;
    struct bus *bus = bus_create();
    struct unknown_sum sum = {0};
    for (uint32_t port = 0; port < 65536; port++) {
        assert_int_equal(bus_port_read(bus, port, 1), 0xff);
    }
    assert_int_equal(bus_port_read(bus, 0xffff, 4), 0xffffffff); /* wraps to port 0 */
    bus_each_unknown(bus, add_unknown, &sum);
    assert_int_equal(sum.n_reads, 65537);
    bus_destroy(bus);
}

static void chips_without_functions_are_known(void **state)
{
    (void)state;
    struct bus *bus = bus_create();
    struct unknown_sum sum = {0};
    bus_add_ports(bus, "delay", 0xed, 1, &silent_ops, NULL, BUS_LIGHT);
    assert_int_equal(bus_port_read(bus, 0xed, 1), 0xff);
    bus_port_write(bus, 0xed, 1, 0);
    bus_each_unknown(bus, add_unknown, &sum);
    assert_int_equal(sum.n_ports, 0);
    bus_destroy(bus);
}

static void light_accesses_need_light_chips(void **state)
{
    (void)state;
    struct bus *bus = bus_create();
    struct recorder a = {0};
    uint32_t value = 0;
    bus_add_ports(bus, "light", 0x10, 1, &record_ops, &a, BUS_LIGHT);
    bus_add_ports(bus, "full", 0x11, 1, &record_ops, &a, 0);
    bus_add_ports(bus, "reads", 0x12, 1, &record_ops, &a, BUS_LIGHT_READ);
    assert_true(bus_port_read_light(bus, 0x10, 1, &value));
    assert_int_equal(a.n, 1);
    assert_false(bus_port_read_light(bus, 0x11, 1, &value));
    assert_false(bus_port_write_light(bus, 0x10, 2, 0)); /* half of it would be full */
    assert_false(bus_port_write_light(bus, 0x12, 1, 0));
    assert_int_equal(a.n, 1); /* nothing was done */
    assert_true(bus_port_read_light(bus, 0x12, 1, &value));
    assert_true(bus_port_read_light(bus, 0x3c0, 1, &value)); /* unknown ports are light */
    assert_int_equal(value, 0xff);
    bus_destroy(bus);
}

static void mmio_is_found_and_split(void **state)
{
    (void)state;
    struct bus *bus = bus_create();
    struct recorder a = {.answer = 0x50};
    assert_int_equal(bus_add_mmio(bus, "a", 0xfee00000, 4, &record_ops, &a, 0), 0);
    assert_true(bus_add_mmio(bus, "b", 0xfedfffff, 2, &record_ops, &a, 0) < 0);
    assert_int_equal(bus_mmio_read(bus, 0xfee00000, 4), 0x50);
    assert_int_equal(bus_mmio_read(bus, 0xfee00003, 2), 0xff53);
    assert_int_equal(bus_mmio_read(bus, 0xfee00004, 4), 0xffffffff);
    bus_destroy(bus);
}

/* ---- clock ---- */

static struct clock *test_clock;
static unsigned n_fired;
static int fired[8];
static uint64_t programmed_ns;

static void fire(void *arg, uint64_t now_ns)
{
    (void)now_ns;
    fired[n_fired++] = *(int *)arg;
}

static void program(void *arg, uint64_t deadline_ns)
{
    (void)arg;
    programmed_ns = deadline_ns;
}

/* A clock with up to 3 timers, none armed, that say which they are. */
static void start_timers(struct timer *timers, int n)
{
    static int names[] = {0, 1, 2};
    test_clock = clock_create_manual();
    clock_set_programmer(test_clock, program, NULL);
    n_fired = 0;
    for (int i = 0; i < n; i++) {
        timers[i] = (struct timer){.expire = fire, .arg = &names[i]};
        clock_add_timer(test_clock, &timers[i]);
    }
}

static void timers_fire_in_order_of_deadline(void **state)
{
    (void)state;
    struct timer timers[3];
    start_timers(timers, 3);
    clock_arm(test_clock, &timers[0], 300);
    clock_arm(test_clock, &timers[1], 100);
    clock_arm(test_clock, &timers[2], 200);
    assert_int_equal(programmed_ns, 100);
    clock_arm(test_clock, &timers[1], 400); /* later */
    assert_int_equal(programmed_ns, 200);
    clock_set_manual_ns(test_clock, 199);
    clock_run(test_clock);
    assert_int_equal(n_fired, 0);
    clock_set_manual_ns(test_clock, 350);
    clock_run(test_clock);
    assert_int_equal(n_fired, 2);
    assert_int_equal(fired[0], 2);
    assert_int_equal(fired[1], 0);
    assert_int_equal(programmed_ns, 400);
    clock_disarm(test_clock, &timers[1]);
    assert_true(clock_next_deadline_ns(test_clock) == UINT64_MAX);
    assert_true(programmed_ns == UINT64_MAX);
    clock_destroy(test_clock);
}

/* The one timer that may expire over guest code: never with another that is due, and always with
 * the host's timer programmed for what is next. */
static void one_timer_expires_alone(void **state)
{
    (void)state;
    struct timer timers[2];
    start_timers(timers, 2);
    assert_true(clock_run_only(test_clock, &timers[0])); /* not armed, nor is any */
    clock_arm(test_clock, &timers[0], 100);
    programmed_ns = 0;
    clock_set_manual_ns(test_clock, 99);
    assert_true(clock_run_only(test_clock, &timers[0])); /* the host's was early */
    assert_int_equal(n_fired, 0);
    assert_int_equal(programmed_ns, 100);
    clock_arm(test_clock, &timers[1], 300);
    clock_set_manual_ns(test_clock, 100);
    assert_true(clock_run_only(test_clock, &timers[0]));
    assert_int_equal(n_fired, 1);
    assert_int_equal(fired[0], 0);
    assert_int_equal(programmed_ns, 300);

    for (unsigned first = 0; first < 2;
         first++) { /* behind another one, or before it: both are due */
        clock_arm(test_clock, &timers[0], first ? 300 : 301);
        clock_arm(test_clock, &timers[1], first ? 301 : 300);
        clock_set_manual_ns(test_clock, 301 + first);
        assert_false(clock_run_only(test_clock, &timers[0]));
        assert_int_equal(n_fired, 1);
    }
    clock_disarm(test_clock, &timers[0]);
    assert_false(clock_run_only(test_clock, &timers[0])); /* only the other one is */
    assert_int_equal(n_fired, 1);
    clock_destroy(test_clock);
}

static struct timer again_timer;

static void fire_again(void *arg, uint64_t now_ns)
{
    (void)arg;
    n_fired++;
    clock_arm(test_clock, &again_timer, now_ns);
}

static void a_timer_that_is_always_due_does_not_hold_the_machine(void **state)
{
    (void)state;
    test_clock = clock_create_manual();
    again_timer = (struct timer){.expire = fire_again};
    n_fired = 0;
    clock_add_timer(test_clock, &again_timer);
    clock_arm(test_clock, &again_timer, 0);
    clock_run(test_clock);
    assert_in_range(n_fired, 1, 1000);
    clock_destroy(test_clock);
}

static uint64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void real_time_is_true_and_monotonic(void **state)
{
    (void)state;
    uint64_t before = monotonic_ns();
    struct clock *clock = clock_create();
    clock_start(clock);
    uint64_t origin = monotonic_ns();
    uint64_t last = clock_now_ns(clock);
    while (monotonic_ns() - origin < 600000000) {
        for (int i = 0; i < 1000; i++) {
            uint64_t now = clock_now_ns(clock);
            assert_true(now >= last);
            last = now;
        }
        clock_refine(clock);
    }
    uint64_t low = monotonic_ns() - origin; /* bracketed: this process may be preempted anywhere */
    uint64_t now = clock_now_ns(clock);
    uint64_t high = monotonic_ns() - before;
    assert_true(now + 300000 >= low && now <= high + 300000); /* 500 ppm of 0.6 s */
    clock_destroy(clock);
}

/* What was armed before the start counts from there; the rate does not depend on who waited. */
static void a_clock_stands_until_it_starts(void **state)
{
    (void)state;
    struct clock *clock = clock_create();
    struct timer timer = {0};
    const struct timespec pause = {.tv_nsec = 5000000};
    clock_add_timer(clock, &timer);
    clock_arm(clock, &timer, clock_now_ns(clock) + 1000000000);
    nanosleep(&pause, NULL);
    assert_int_equal(clock_now_ns(clock), 0);
    clock_start(clock);
    assert_true(clock_now_ns(clock) < 500000000);
    assert_int_equal(clock_next_deadline_ns(clock), 1000000000);
    uint64_t hz = clock_tsc_hz(clock);
    clock_destroy(clock);
    clock = clock_create();
    clock_start(clock); /* waits itself */
    uint64_t other_hz = clock_tsc_hz(clock);
    assert_true(hz > other_hz - other_hz / 1000 && hz < other_hz + other_hz / 1000);
    clock_destroy(clock);
}

static void a_pause_is_no_time(void **state)
{
    (void)state;
    struct clock *clock = clock_create();
    const struct timespec pause = {.tv_nsec = 30000000};
    clock_start(clock);
    clock_pause(clock);
    clock_pause(clock);
    uint64_t before = clock_now_ns(clock);
    nanosleep(&pause, NULL);
    clock_refine(clock);
    assert_int_equal(clock_now_ns(clock), before);
    uint64_t tsc = clock_resume(clock);
    assert_true(tsc > clock_tsc_hz(clock) / 1000 * 30);
    assert_int_equal(clock_resume(clock), 0);
    assert_true(clock_now_ns(clock) - before < 20000000); /* unless this host is very busy */
    uint64_t after = clock_now_ns(clock);
    nanosleep(&pause, NULL);
    assert_true(clock_now_ns(clock) - after >= 30000000);
    clock_destroy(clock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_do_not_overlap),
        cmocka_unit_test(port_is_relative_and_value_is_cut),
        cmocka_unit_test(byte_chips_get_bytes),
        cmocka_unit_test(access_across_two_ranges_is_split),
        cmocka_unit_test(unknown_ports_read_ones_and_are_counted),
        cmocka_unit_test(a_walk_over_all_ports_loses_no_count),
        cmocka_unit_test(chips_without_functions_are_known),
        cmocka_unit_test(light_accesses_need_light_chips),
        cmocka_unit_test(mmio_is_found_and_split),
        cmocka_unit_test(timers_fire_in_order_of_deadline),
        cmocka_unit_test(one_timer_expires_alone),
        cmocka_unit_test(a_timer_that_is_always_due_does_not_hold_the_machine),
        cmocka_unit_test(real_time_is_true_and_monotonic),
        cmocka_unit_test(a_clock_stands_until_it_starts),
        cmocka_unit_test(a_pause_is_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

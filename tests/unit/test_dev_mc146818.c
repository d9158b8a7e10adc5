/* test_dev_mc146818.c - real-time clock and CMOS against the MC146818 datasheet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dev/calendar.h"
#include "dev/mc146818.h"

#define S 1000000000ull
/* 1999-12-31 23:59:50 UTC, a Friday */
#define BASE 946684790ll

static struct clock *clk;
static struct mc146818 rtc;
static unsigned n_irqs;
static bool line;

static void set_irq(void *arg, unsigned number, bool level)
{
    (void)arg, (void)number;
    n_irqs += level && !line;
    line = level;
}

static int setup(void **state)
{
    (void)state;
    clk = clock_create_manual();
    line = false;
    n_irqs = 0;
    mc146818_init(&rtc, clk, (struct irq_line){.set = set_irq}, BASE * (int64_t)S);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    clock_destroy(clk);
    return 0;
}

static uint8_t get(unsigned index)
{
    mc146818_ops.write(&rtc, 0, 1, index);
    return (uint8_t)mc146818_ops.read(&rtc, 1, 1);
}

static void put(unsigned index, uint8_t value)
{
    mc146818_ops.write(&rtc, 0, 1, index);
    mc146818_ops.write(&rtc, 1, 1, value);
}

static void at(uint64_t ns)
{
    clock_set_manual_ns(clk, ns);
    clock_run(clk);
}

static void calendar_round_trip(void **state)
{
    (void)state;
    for (int64_t seconds = -5000000000; seconds < 10000000000; seconds += 8640001 * 7) {
        struct calendar calendar;
        calendar_from_seconds(&calendar, seconds);
        assert_true(calendar_to_seconds(&calendar) == seconds);
    }
    struct calendar leap;
    calendar_from_seconds(&leap, 951782400); /* 2000-02-29, a Tuesday */
    assert_int_equal(leap.month, 2);
    assert_int_equal(leap.day, 29);
    assert_int_equal(leap.weekday, 3);
}

static void time_in_bcd_and_over_the_century(void **state)
{
    (void)state;
    assert_int_equal(get(RTC_SECONDS), 0x50);
    assert_int_equal(get(RTC_MINUTES), 0x59);
    assert_int_equal(get(RTC_HOURS), 0x23);
    assert_int_equal(get(RTC_WEEKDAY), 6);
    assert_int_equal(get(RTC_DAY), 0x31);
    assert_int_equal(get(RTC_MONTH), 0x12);
    assert_int_equal(get(RTC_YEAR), 0x99);
    assert_int_equal(get(RTC_CENTURY), 0x19);
    at(10 * S);
    assert_int_equal(get(RTC_SECONDS), 0);
    assert_int_equal(get(RTC_DAY), 1);
    assert_int_equal(get(RTC_YEAR), 0);
    assert_int_equal(get(RTC_CENTURY), 0x20);
}

static void binary_and_12_hours(void **state)
{
    (void)state;
    put(RTC_B, RTC_B_BINARY | RTC_B_24H);
    assert_int_equal(get(RTC_HOURS), 23);
    put(RTC_B, RTC_B_BINARY);
    assert_int_equal(get(RTC_HOURS), 0x80 | 11);
    put(RTC_B, 0);
    assert_int_equal(get(RTC_HOURS), 0x91);
    at(10 * S);
    assert_int_equal(get(RTC_HOURS), 0x12); /* midnight is 12 AM */
}

static void uip_precedes_the_update(void **state)
{
    (void)state;
    at(S - 2300000);
    assert_int_equal(get(RTC_A) & RTC_A_UIP, 0);
    at(S - 2000000);
    assert_int_equal(get(RTC_A) & RTC_A_UIP, RTC_A_UIP);
    assert_int_equal(get(RTC_SECONDS), 0x50);
    at(S);
    assert_int_equal(get(RTC_A) & RTC_A_UIP, 0);
    assert_int_equal(get(RTC_SECONDS), 0x51);
    put(RTC_B, RTC_B_SET | RTC_B_24H);
    at(2 * S - 1000000);
    assert_int_equal(get(RTC_A) & RTC_A_UIP, 0); /* no update while SET */
}

static void set_stops_and_starts(void **state)
{
    (void)state;
    put(RTC_B, RTC_B_SET | RTC_B_24H | RTC_B_UIE);
    assert_int_equal(get(RTC_B) & RTC_B_UIE, 0);
    put(RTC_HOURS, 0x12), put(RTC_MINUTES, 0x34), put(RTC_SECONDS, 0x56);
    put(RTC_DAY, 0x29), put(RTC_MONTH, 0x02), put(RTC_YEAR, 0x24), put(RTC_CENTURY, 0x20);
    at(5 * S);
    assert_int_equal(get(RTC_SECONDS), 0x56);
    put(RTC_B, RTC_B_24H);
    at(7 * S);
    assert_int_equal(get(RTC_SECONDS), 0x58);
    assert_int_equal(get(RTC_HOURS), 0x12);
    assert_int_equal(get(RTC_WEEKDAY), 5);
    at(86400 * S + 7 * S);
    assert_int_equal(get(RTC_MONTH), 3);
    assert_int_equal(get(RTC_DAY), 1);
}

static void divider_reset_gives_half_a_second(void **state)
{
    (void)state;
    at(S / 4);
    put(RTC_A, 0x76); /* as Linux sets the time */
    put(RTC_B, RTC_B_SET | RTC_B_24H);
    put(RTC_SECONDS, 0x10);
    put(RTC_B, RTC_B_24H);
    at(3 * S);
    put(RTC_A, 0x26);
    at(3 * S + S / 2 - 1);
    assert_int_equal(get(RTC_SECONDS), 0x10);
    at(3 * S + S / 2);
    assert_int_equal(get(RTC_SECONDS), 0x11);
}

static void update_interrupt(void **state)
{
    (void)state;
    at(S / 2);
    put(RTC_B, RTC_B_UIE | RTC_B_24H);
    at(S - 1);
    assert_int_equal(n_irqs, 0);
    at(S);
    assert_int_equal(n_irqs, 1);
    at(3 * S);
    assert_int_equal(n_irqs, 1); /* the line stays up until C is read */
    assert_true(line);
    assert_int_equal(get(RTC_C) & 0xb0, RTC_C_IRQF | RTC_C_UF);
    assert_false(line);
    assert_int_equal(get(RTC_C), 0);
    at(4 * S);
    assert_int_equal(n_irqs, 2);
}

static void flags_are_set_without_enable(void **state)
{
    (void)state;
    get(RTC_C);
    at(2 * S);
    assert_int_equal(get(RTC_C), RTC_C_UF | RTC_C_PF);
    assert_int_equal(n_irqs, 0);
}

static void alarm_exact_and_wild(void **state)
{
    (void)state;
    put(RTC_HOURS_ALARM, 0x00), put(RTC_MINUTES_ALARM, 0x01), put(RTC_SECONDS_ALARM, 0x05);
    put(RTC_B, RTC_B_AIE | RTC_B_24H);
    assert_true(clock_next_deadline_ns(clk) == 75 * S); /* one timer, not one per second */
    at(74 * S);
    assert_int_equal(n_irqs, 0);
    at(75 * S);
    assert_int_equal(n_irqs, 1);
    assert_int_equal(get(RTC_C) & RTC_C_AF, RTC_C_AF);
    put(RTC_HOURS_ALARM, 0xff), put(RTC_MINUTES_ALARM, 0xc0); /* every minute at :05 */
    at(135 * S - 1);
    assert_int_equal(n_irqs, 1);
    at(135 * S);
    assert_int_equal(n_irqs, 2);
    get(RTC_C);
    put(RTC_SECONDS_ALARM, 0xff); /* every second */
    at(136 * S);
    assert_int_equal(n_irqs, 3);
    get(RTC_C);
    put(RTC_SECONDS_ALARM, 0x99); /* never */
    at(500 * S);
    assert_int_equal(n_irqs, 3);
}

static void periodic_interrupt(void **state)
{
    (void)state;
    put(RTC_A, 0x26); /* 1024 Hz */
    put(RTC_B, RTC_B_PIE | RTC_B_24H);
    while (clock_next_deadline_ns(clk) <= S) {
        at(clock_next_deadline_ns(clk));
        assert_int_equal(get(RTC_C) & RTC_C_PF, RTC_C_PF);
    }
    assert_in_range(n_irqs, 1023, 1024);
    put(RTC_A, 0x2f); /* 2 Hz */
    get(RTC_C);
    n_irqs = 0;
    while (clock_next_deadline_ns(clk) <= 11 * S) {
        at(clock_next_deadline_ns(clk));
        get(RTC_C);
    }
    assert_in_range(n_irqs, 19, 20);
}

static void reset_keeps_time_and_ram(void **state)
{
    (void)state;
    put(0x50, 0xa5);
    put(RTC_SHUTDOWN, 0x0a);
    put(RTC_B, RTC_B_UIE | RTC_B_24H);
    at(2 * S);
    assert_true(line);
    mc146818_reset(&rtc);
    assert_false(line);
    assert_int_equal(get(RTC_B), RTC_B_24H);
    assert_int_equal(get(0x50), 0xa5);
    assert_int_equal(get(RTC_SHUTDOWN), 0x0a);
    assert_int_equal(get(RTC_SECONDS), 0x52);
    assert_int_equal(get(RTC_D), 0x80);
    put(RTC_D, 0);
    assert_int_equal(get(RTC_D), 0x80);
}

static void nmi_mask_is_not_part_of_the_index(void **state)
{
    (void)state;
    mc146818_ops.write(&rtc, 0, 1, 0x80 | RTC_D);
    assert_int_equal(mc146818_ops.read(&rtc, 1, 1), 0x80);
    assert_true(rtc.nmi_masked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(calendar_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(time_in_bcd_and_over_the_century, setup, teardown),
        cmocka_unit_test_setup_teardown(binary_and_12_hours, setup, teardown),
        cmocka_unit_test_setup_teardown(uip_precedes_the_update, setup, teardown),
        cmocka_unit_test_setup_teardown(set_stops_and_starts, setup, teardown),
        cmocka_unit_test_setup_teardown(divider_reset_gives_half_a_second, setup, teardown),
        cmocka_unit_test_setup_teardown(update_interrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(flags_are_set_without_enable, setup, teardown),
        cmocka_unit_test_setup_teardown(alarm_exact_and_wild, setup, teardown),
        cmocka_unit_test_setup_teardown(periodic_interrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(reset_keeps_time_and_ram, setup, teardown),
        cmocka_unit_test_setup_teardown(nmi_mask_is_not_part_of_the_index, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

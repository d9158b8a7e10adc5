/* test_dev_i8259.c - the interrupt controller pair against the 8259A datasheet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dev/i8259.h"

static struct i8259_pair pic;
static bool intr;

static void set_intr(void *arg, unsigned number, bool level)
{
    (void)arg, (void)number;
    intr = level;
}

static void out(unsigned port, uint8_t value)
{
    const struct bus_ops *ops = port >= 0x4d0  ? &i8259_elcr_ops
                                : port >= 0xa0 ? &i8259_slave_ops
                                               : &i8259_master_ops;
    ops->write(&pic, port & 1, 1, value);
}

static uint8_t in(unsigned port)
{
    const struct bus_ops *ops = port >= 0x4d0  ? &i8259_elcr_ops
                                : port >= 0xa0 ? &i8259_slave_ops
                                               : &i8259_master_ops;
    return (uint8_t)ops->read(&pic, port & 1, 1);
}

/* ICW1-4 as every PC system does: vectors 20 and 28, normal EOI unless icw4 says otherwise. */
static void program(uint8_t icw4)
{
    i8259_init(&pic, (struct irq_line){.set = set_intr});
    out(0x20, 0x11), out(0x21, 0x20), out(0x21, 4), out(0x21, icw4);
    out(0xa0, 0x11), out(0xa1, 0x28), out(0xa1, 2), out(0xa1, icw4 & ~0x10);
}

static int setup(void **state)
{
    (void)state;
    intr = false;
    program(1);
    return 0;
}

static void pulse(unsigned irq)
{
    i8259_set_line(&pic, irq, false);
    i8259_set_line(&pic, irq, true);
}

static uint8_t isr(unsigned port)
{
    out(port, 0x0b);
    return in(port);
}

static uint8_t irr(unsigned port)
{
    out(port, 0x0a);
    return in(port);
}

static void nothing_leaves_before_initialization(void **state)
{
    (void)state;
    i8259_init(&pic, (struct irq_line){.set = set_intr});
    pulse(3);
    assert_false(intr);
}

static void highest_priority_first_and_nesting(void **state)
{
    (void)state;
    pulse(5);
    pulse(3);
    assert_true(intr);
    assert_int_equal(i8259_acknowledge(&pic), 0x23);
    assert_false(intr); /* 5 is below 3 in service */
    pulse(1);
    assert_true(intr);
    assert_int_equal(i8259_acknowledge(&pic), 0x21);
    assert_int_equal(isr(0x20), 0x0a);
    out(0x20, 0x20); /* non-specific EOI ends 1 */
    assert_int_equal(isr(0x20), 0x08);
    assert_false(intr);
    out(0x20, 0x20);
    assert_true(intr);
    assert_int_equal(i8259_acknowledge(&pic), 0x25);
}

static void specific_eoi_ends_that_level(void **state)
{
    (void)state;
    pulse(5);
    i8259_acknowledge(&pic);
    pulse(3);
    i8259_acknowledge(&pic);
    out(0x20, 0x65);
    assert_int_equal(isr(0x20), 0x08);
}

static void mask_holds_back_but_remembers(void **state)
{
    (void)state;
    out(0x21, 0x10);
    pulse(4);
    assert_false(intr);
    assert_int_equal(irr(0x20), 0x10);
    assert_int_equal(in(0x21), 0x10);
    out(0x21, 0);
    assert_true(intr);
    assert_int_equal(i8259_acknowledge(&pic), 0x24);
    assert_int_equal(irr(0x20), 0); /* edge: taken */
}

static void cascade_and_its_two_eois(void **state)
{
    (void)state;
    pulse(12);
    assert_true(intr);
    assert_int_equal(i8259_acknowledge(&pic), 0x2c);
    assert_int_equal(isr(0x20), 0x04);
    assert_int_equal(isr(0xa0), 0x10);
    pulse(8); /* higher on the slave, but the master's input 2 is in service */
    assert_false(intr);
    out(0xa0, 0x20), out(0x20, 0x20);
    assert_true(intr);
    assert_int_equal(i8259_acknowledge(&pic), 0x28);
}

static void slave_request_waiting_behind_another_is_not_lost(void **state)
{
    (void)state;
    pulse(8);
    pulse(12);
    assert_int_equal(i8259_acknowledge(&pic), 0x28);
    out(0xa0, 0x20), out(0x20, 0x20);
    assert_true(intr);
    assert_int_equal(i8259_acknowledge(&pic), 0x2c);
    out(0xa0, 0x20), out(0x20, 0x20);
    assert_false(intr);
}

static void special_fully_nested_lets_the_slave_interrupt_itself(void **state)
{
    (void)state;
    program(0x11);
    pulse(12);
    assert_int_equal(i8259_acknowledge(&pic), 0x2c);
    pulse(8);
    assert_true(intr);
    assert_int_equal(i8259_acknowledge(&pic), 0x28);
}

static void spurious_7_and_15(void **state)
{
    (void)state;
    i8259_set_line(&pic, 3, true);
    i8259_set_line(&pic, 3, false); /* gone before INTA */
    assert_false(intr);
    assert_int_equal(i8259_acknowledge(&pic), 0x27);
    assert_int_equal(isr(0x20), 0); /* no EOI is due */
    i8259_set_line(&pic, 10, true);
    out(0xa1, 0xff);    /* masked between INT and INTA; the master has latched the edge ... */
    assert_false(intr); /* ... which falls with the slave's INT */
    out(0xa1, 0);
    assert_true(intr);
    pic.chip[1].irr = 0; /* noise on the slave: the request is gone without an update */
    assert_int_equal(i8259_acknowledge(&pic), 0x2f);
    assert_int_equal(isr(0x20), 0x04); /* the master needs its EOI */
    assert_int_equal(isr(0xa0), 0);
}

static void auto_eoi_and_rotation(void **state)
{
    (void)state;
    program(3);
    pulse(4);
    assert_int_equal(i8259_acknowledge(&pic), 0x24);
    assert_int_equal(isr(0x20), 0);
    out(0x20, 0x80); /* rotate in automatic EOI mode */
    pulse(4);
    assert_int_equal(i8259_acknowledge(&pic), 0x24); /* now 4 is lowest, 5 highest */
    pulse(1), pulse(6);
    assert_int_equal(i8259_acknowledge(&pic), 0x26);
}

static void rotate_on_non_specific_eoi(void **state)
{
    (void)state;
    pulse(3);
    i8259_acknowledge(&pic);
    out(0x20, 0xa0);
    pulse(0), pulse(3), pulse(4);
    assert_int_equal(i8259_acknowledge(&pic), 0x24);
    out(0x20, 0x20);
    assert_int_equal(i8259_acknowledge(&pic), 0x20);
    out(0x20, 0x20);
    assert_int_equal(i8259_acknowledge(&pic), 0x23);
}

static void set_priority(void **state)
{
    (void)state;
    out(0x20, 0xc5); /* 5 is lowest, so 6 is highest */
    pulse(0), pulse(6);
    assert_int_equal(i8259_acknowledge(&pic), 0x26);
}

static void special_mask_mode_opens_lower_levels(void **state)
{
    (void)state;
    pulse(3);
    i8259_acknowledge(&pic);
    pulse(6);
    assert_false(intr);
    out(0x20, 0x68);
    out(0x21, 0x08);
    assert_true(intr);
    assert_int_equal(i8259_acknowledge(&pic), 0x26);
    out(0x20, 0x20); /* ends 6: the masked level 3 is not seen by a non-specific EOI */
    assert_int_equal(isr(0x20), 0x08);
}

static void poll_acknowledges(void **state)
{
    (void)state;
    out(0x20, 0x0c);
    assert_int_equal(in(0x20), 0);
    pulse(5);
    out(0x20, 0x0c);
    assert_int_equal(in(0x20), 0x85);
    assert_int_equal(isr(0x20), 0x20);
    assert_false(intr);
}

static void edge_needs_a_new_edge_level_does_not(void **state)
{
    (void)state;
    i8259_set_line(&pic, 5, true);
    i8259_acknowledge(&pic);
    out(0x20, 0x20);
    assert_false(intr);
    out(0x4d0, 0xff);
    assert_int_equal(in(0x4d0), 0xf8); /* 0, 1, 2 stay edge triggered */
    out(0x4d1, 0xff);
    assert_int_equal(in(0x4d1), 0xde);
    assert_true(intr); /* 5 is still high */
    i8259_acknowledge(&pic);
    out(0x20, 0x20);
    assert_true(intr);
    i8259_set_line(&pic, 5, false);
    assert_false(intr);
}

static void icw1_resets(void **state)
{
    (void)state;
    i8259_set_line(&pic, 3, true);
    out(0x21, 0xff);
    out(0x20, 0x11), out(0x21, 0x40), out(0x21, 4), out(0x21, 1);
    assert_int_equal(in(0x21), 0);
    assert_false(intr); /* the line must fall and rise again */
    pulse(3);
    assert_int_equal(i8259_acknowledge(&pic), 0x43);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_leaves_before_initialization, setup),
        cmocka_unit_test_setup(highest_priority_first_and_nesting, setup),
        cmocka_unit_test_setup(specific_eoi_ends_that_level, setup),
        cmocka_unit_test_setup(mask_holds_back_but_remembers, setup),
        cmocka_unit_test_setup(cascade_and_its_two_eois, setup),
        cmocka_unit_test_setup(slave_request_waiting_behind_another_is_not_lost, setup),
        cmocka_unit_test_setup(special_fully_nested_lets_the_slave_interrupt_itself, setup),
        cmocka_unit_test_setup(spurious_7_and_15, setup),
        cmocka_unit_test_setup(auto_eoi_and_rotation, setup),
        cmocka_unit_test_setup(rotate_on_non_specific_eoi, setup),
        cmocka_unit_test_setup(set_priority, setup),
        cmocka_unit_test_setup(special_mask_mode_opens_lower_levels, setup),
        cmocka_unit_test_setup(poll_acknowledges, setup),
        cmocka_unit_test_setup(edge_needs_a_new_edge_level_does_not, setup),
        cmocka_unit_test_setup(icw1_resets, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

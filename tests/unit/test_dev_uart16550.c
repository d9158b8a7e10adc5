/* test_dev_uart16550.c - the serial port against the PC16550D datasheet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dev/uart16550.h"

#define CHAR_NS 86806ull /* at 115200 */

static struct clock *clk;
static struct uart16550 uart;
static bool line;
static unsigned n_edges, n_sent;
static uint8_t sent[256];
static const char *incoming;

static void set_irq(void *arg, unsigned number, bool level)
{
    (void)arg, (void)number;
    n_edges += level && !line;
    line = level;
}

static void sink_put(void *arg, uint8_t byte)
{
    (void)arg;
    sent[n_sent++] = byte;
}

static bool source_take(void *arg, uint8_t *byte)
{
    (void)arg;
    if (!*incoming) {
        return false;
    }
    *byte = (uint8_t)*incoming++;
    return true;
}

static void out(unsigned port, uint8_t value)
{
    uart16550_ops.write(&uart, port, 1, value);
}
static uint8_t in(unsigned port)
{
    return (uint8_t)uart16550_ops.read(&uart, port, 1);
}

static int setup(void **state)
{
    (void)state;
    clk = clock_create_manual();
    line = false;
    n_edges = n_sent = 0;
    incoming = "";
    uart16550_init(&uart, clk, (struct irq_line){.set = set_irq},
                   (struct byte_sink){.put = sink_put}, (struct byte_source){.take = source_take});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    clock_destroy(clk);
    return 0;
}

static void pass(uint64_t ns)
{
    uint64_t end_ns = clock_now_ns(clk) + ns;
    while (clock_next_deadline_ns(clk) <= end_ns) {
        clock_set_manual_ns(clk, clock_next_deadline_ns(clk));
        clock_run(clk);
    }
    clock_set_manual_ns(clk, end_ns);
}

static void receive_text(const char *text)
{
    incoming = text;
    uart16550_input_ready(&uart);
}

static void reset_values(void **state)
{
    (void)state;
    assert_int_equal(in(UART_IIR), UART_IIR_NONE);
    assert_int_equal(in(UART_LSR), UART_LSR_THRE | UART_LSR_TEMT);
    assert_int_equal(in(UART_LCR), 0);
    assert_int_equal(in(UART_MCR), 0);
    assert_int_equal(in(UART_IER), 0);
    out(UART_IER, 0xff);
    assert_int_equal(in(UART_IER), 0x0f);
    out(UART_SCR, 0x5a);
    assert_int_equal(in(UART_SCR), 0x5a);
}

static void divisor_latch(void **state)
{
    (void)state;
    out(UART_LCR, UART_LCR_DLAB | 3);
    out(0, 0x34), out(1, 0x12);
    assert_int_equal(in(0), 0x34);
    assert_int_equal(in(1), 0x12);
    assert_int_equal(n_sent, 0);
    out(UART_LCR, 3);
    assert_int_equal(in(UART_IER), 0);
    out(0, 'x');
    assert_int_equal(n_sent, 1);
    assert_int_equal(sent[0], 'x');
}

static void fifo_is_announced(void **state)
{
    (void)state;
    out(UART_FCR, UART_FCR_ENABLE);
    assert_int_equal(in(UART_IIR), UART_IIR_FIFO | UART_IIR_NONE);
    out(UART_FCR, 0);
    assert_int_equal(in(UART_IIR), UART_IIR_NONE);
}

static void thre_interrupts(void **state)
{
    (void)state;
    out(UART_MCR, UART_MCR_OUT2);
    out(UART_IER, UART_IER_THRE);
    assert_true(line); /* THR is empty already */
    assert_int_equal(in(UART_IIR), UART_IIR_THRE);
    assert_false(line); /* reading IIR takes it back */
    assert_int_equal(in(UART_IIR), UART_IIR_NONE);
    n_edges = 0;
    out(UART_DATA, 'a');
    assert_int_equal(n_edges, 1);
    out(UART_DATA, 'b'); /* without IIR being read: a new edge all the same */
    assert_int_equal(n_edges, 2);
    out(UART_IER, 0);
    assert_false(line);
    out(UART_IER, UART_IER_THRE); /* Linux tests for chips that do not raise it again */
    assert_int_equal(in(UART_IIR), UART_IIR_THRE);
    out(UART_IER, 0), out(UART_IER, UART_IER_THRE);
    assert_int_equal(in(UART_IIR), UART_IIR_THRE);
}

static void out2_gates_the_line(void **state)
{
    (void)state;
    out(UART_IER, UART_IER_THRE);
    assert_false(line);
    out(UART_MCR, UART_MCR_OUT2);
    assert_true(line);
    out(UART_MCR, UART_MCR_OUT2 | UART_MCR_LOOP);
    assert_false(line);
}

static void loopback_data_and_modem(void **state)
{
    (void)state;
    assert_int_equal(in(UART_MSR), 0xb0);
    out(UART_MCR, UART_MCR_LOOP | UART_MCR_RTS | UART_MCR_OUT2); /* Linux's test: CTS and DCD */
    assert_int_equal(in(UART_MSR)&0xf0, 0x90);
    out(UART_MCR, UART_MCR_LOOP | UART_MCR_OUT1);
    in(UART_MSR);
    out(UART_MCR, UART_MCR_LOOP); /* trailing edge of RI */
    assert_int_equal(in(UART_MSR), UART_MSR_TERI);
    assert_int_equal(in(UART_MSR), 0);
    out(UART_DATA, 0x5a);
    assert_int_equal(n_sent, 0);
    assert_int_equal(in(UART_LSR)&UART_LSR_DR, UART_LSR_DR);
    assert_int_equal(in(UART_DATA), 0x5a);
    out(UART_DATA, 1), out(UART_DATA, 2);
    assert_int_equal(in(UART_LSR)&UART_LSR_OE, UART_LSR_OE); /* no FIFO: overrun */
    assert_int_equal(in(UART_LSR)&UART_LSR_OE, 0);
    assert_int_equal(in(UART_DATA), 2);
}

static void fifo_overrun_keeps_the_fifo(void **state)
{
    (void)state;
    out(UART_FCR, UART_FCR_ENABLE);
    out(UART_MCR, UART_MCR_LOOP);
    for (unsigned i = 0; i < 17; i++) {
        out(UART_DATA, (uint8_t)i);
    }
    assert_int_equal(in(UART_LSR)&UART_LSR_OE, UART_LSR_OE);
    for (unsigned i = 0; i < 16; i++) {
        assert_int_equal(in(UART_DATA), i);
    }
    assert_int_equal(in(UART_LSR)&UART_LSR_DR, 0);
}

static void interrupts_by_priority(void **state)
{
    (void)state;
    out(UART_FCR, UART_FCR_ENABLE);
    out(UART_MCR, UART_MCR_LOOP);
    in(UART_MSR);
    out(UART_IER, 0x0f);
    out(UART_MCR, UART_MCR_LOOP | UART_MCR_DTR); /* modem status changes */
    for (unsigned i = 0; i < 17; i++) {          /* data, overrun, THR empty */
        out(UART_DATA, 'x');
    }
    assert_int_equal(in(UART_IIR)&0x0f, UART_IIR_RLS);
    in(UART_LSR);
    assert_int_equal(in(UART_IIR)&0x0f, UART_IIR_RDA);
    for (unsigned i = 0; i < 16; i++) {
        in(UART_DATA);
    }
    assert_int_equal(in(UART_IIR)&0x0f, UART_IIR_THRE);
    assert_int_equal(in(UART_IIR)&0x0f, UART_IIR_MSR);
    in(UART_MSR);
    assert_int_equal(in(UART_IIR)&0x0f, UART_IIR_NONE);
}

static void trigger_level_and_character_timeout(void **state)
{
    (void)state;
    out(UART_FCR, UART_FCR_ENABLE | 0x80); /* 8 */
    out(UART_IER, UART_IER_RDA);
    out(UART_MCR, UART_MCR_RTS | UART_MCR_OUT2);
    receive_text("12345");
    pass(2 * CHAR_NS);
    assert_false(line); /* five bytes are below eight */
    pass(5 * CHAR_NS);
    assert_true(line);
    assert_int_equal(in(UART_IIR), UART_IIR_FIFO | UART_IIR_TIMEOUT);
    assert_int_equal(in(UART_DATA), '1');
    assert_false(line); /* a read restarts the time-out */
    pass(5 * CHAR_NS);
    assert_int_equal(in(UART_IIR), UART_IIR_FIFO | UART_IIR_TIMEOUT);
    for (unsigned i = 0; i < 4; i++) {
        in(UART_DATA);
    }
    assert_int_equal(in(UART_IIR), UART_IIR_FIFO | UART_IIR_NONE);
    receive_text("abcdefgh");
    pass(2 * CHAR_NS);
    assert_int_equal(in(UART_IIR), UART_IIR_FIFO | UART_IIR_RDA);
}

static void input_waits_and_nothing_is_lost(void **state)
{
    (void)state;
    static const char text[] = "a line that is longer than the FIFO of sixteen bytes, three times";
    char got[sizeof text] = {0};
    receive_text(text);
    pass(100 * CHAR_NS);
    assert_int_equal(in(UART_LSR)&UART_LSR_DR, 0); /* nobody listens yet */
    out(UART_FCR, UART_FCR_ENABLE | 0x80 | UART_FCR_CLEAR_RX | UART_FCR_CLEAR_TX);
    out(UART_MCR, UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT2);
    pass(100 * CHAR_NS); /* the FIFO fills, the rest waits */
    unsigned n = 0;
    while (n < sizeof text - 1) {
        if (in(UART_LSR)&UART_LSR_DR) {
            got[n++] = (char)in(UART_DATA);
        } else {
            pass(CHAR_NS);
        }
    }
    assert_string_equal(got, text);
    assert_int_equal(in(UART_LSR)&UART_LSR_OE, 0);
}

static void a_polling_guest_hears_without_handshake(void **state)
{
    (void)state;
    receive_text("k");
    for (unsigned i = 0; i < 100; i++) {
        in(UART_LSR);
    }
    pass(2 * CHAR_NS);
    assert_int_equal(in(UART_LSR)&UART_LSR_DR, UART_LSR_DR);
    assert_int_equal(in(UART_DATA), 'k');
}

static void break_condition(void **state)
{
    (void)state;
    out(UART_MCR, UART_MCR_OUT2);
    out(UART_FCR, UART_FCR_ENABLE);
    out(UART_IER, UART_IER_RLS);
    uart16550_receive_break(&uart);
    assert_int_equal(in(UART_IIR), UART_IIR_FIFO | UART_IIR_RLS);
    assert_int_equal(in(UART_LSR)&0x9f, UART_LSR_BI | UART_LSR_DR | UART_LSR_FIFO_ERROR);
    assert_int_equal(in(UART_LSR)&0x9e, 0);
    assert_int_equal(in(UART_DATA), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reset_values, setup, teardown),
        cmocka_unit_test_setup_teardown(divisor_latch, setup, teardown),
        cmocka_unit_test_setup_teardown(fifo_is_announced, setup, teardown),
        cmocka_unit_test_setup_teardown(thre_interrupts, setup, teardown),
        cmocka_unit_test_setup_teardown(out2_gates_the_line, setup, teardown),
        cmocka_unit_test_setup_teardown(loopback_data_and_modem, setup, teardown),
        cmocka_unit_test_setup_teardown(fifo_overrun_keeps_the_fifo, setup, teardown),
        cmocka_unit_test_setup_teardown(interrupts_by_priority, setup, teardown),
        cmocka_unit_test_setup_teardown(trigger_level_and_character_timeout, setup, teardown),
        cmocka_unit_test_setup_teardown(input_waits_and_nothing_is_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(a_polling_guest_hears_without_handshake, setup, teardown),
        cmocka_unit_test_setup_teardown(break_condition, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

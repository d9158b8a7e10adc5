/* test_dev_host.c - the machine and its host process: output, piped input, sleeping, escape keys.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "board/board.h"
#include "host/host.h"
#include "host/terminal.h"

static struct mem mem;
static struct board *board;
static struct bus *bus;
static uint32_t intr;
static char serial_path[] = "/tmp/plex86-test-serial-XXXXXX";

static int create(const struct board_config *config)
{
    const char *error = NULL;
    int result = board_create(&board, &mem, config, &intr, &error);
    bus = result ? NULL : board_bus(board);
    return result;
}

static int setup(void **state)
{
    (void)state;
    strcpy(serial_path + strlen(serial_path) - 6, "XXXXXX");
    close(mkstemp(serial_path));
    assert_int_equal(mem_create(&mem, MIB(32)), 0);
    struct board_config config = {.serial = {{SERIAL_FILE, serial_path}},
                                  .has_debug_exit = true,
                                  .debug_exit_base = 0xf4,
                                  .debug_exit_bytes = 4,
                                  .rtc_base = 1000000000};
    config.debug_exit_base = 0x501;
    return create(&config);
}

static int teardown(void **state)
{
    (void)state;
    board_destroy(board);
    mem_destroy(&mem);
    unlink(serial_path);
    return 0;
}

static void out(uint32_t port, uint32_t value)
{
    bus_port_write(bus, port, 1, value);
}
static uint32_t in(uint32_t port)
{
    return bus_port_read(bus, port, 1);
}

static void output_is_flushed_at_the_end(void **state)
{
    (void)state;
    char got[8192] = {0};
    for (unsigned i = 0; i < 5000; i++) {
        out(0x3f8, 'a' + i % 26);
    }
    board_set_request(board, BOARD_EXIT, 0);
    FILE *file = fopen(serial_path, "r");
    size_t n = fread(got, 1, sizeof got, file);
    fclose(file);
    assert_int_equal(n, 5000);
    assert_int_equal(got[4999], 'a' + 4999 % 26);
}

static void bad_paths_and_ports_are_refused(void **state)
{
    (void)state;
    const char *error = NULL;
    struct board *other;
    struct board_config config = {.serial = {{SERIAL_FILE, "/nonexistent/x"}}};
    assert_int_equal(board_create(&other, &mem, &config, &intr, &error), -2);
    assert_non_null(strstr(error, "/nonexistent/x"));
    free((void *)error);
    config = (struct board_config){.n_debugcons = 1, .debugcon = {{.base = 0x60}}};
    assert_int_equal(board_create(&other, &mem, &config, &intr, &error), -16);
    free((void *)error);
}

static unsigned n_kicks;
static void kick(void *arg)
{
    (void)arg;
    __atomic_add_fetch(&n_kicks, 1, __ATOMIC_SEQ_CST);
}
static void ignore_signal(int number)
{
    (void)number;
}

/* A script through a pipe, and what it costs: the I/O thread must not spin. */
static void piped_input_reaches_the_guest(void **state)
{
    (void)state;
    int pipe_fds[2], saved_stdin = dup(0);
    char got[3001] = {0};
    board_destroy(board);
    assert_int_equal(pipe(pipe_fds), 0);
    dup2(pipe_fds[0], 0);
    for (unsigned i = 0; i < 3000; i++) {
        char byte = (char)('a' + i % 26);
        assert_int_equal(write(pipe_fds[1], &byte, 1), 1);
    }
    close(pipe_fds[1]);
    close(pipe_fds[0]);
    struct sigaction action = {.sa_handler = ignore_signal};
    sigaction(HOST_TIMER_SIGNAL, &action, NULL);
    struct board_config config = {.serial = {{SERIAL_STDIO, NULL}}};
    assert_int_equal(create(&config), 0);
    n_kicks = 0;
    assert_int_equal(board_start(board, kick, NULL), 0);
    out(0x3fa, 0x81), out(0x3fc, 0x0b);
    unsigned n = 0;
    for (unsigned i = 0; i < 100000 && n < 3000; i++) {
        board_wait(board, 20000000);
        while (in(0x3fd) & 1) {
            got[n++] = (char)in(0x3f8);
        }
    }
    assert_int_equal(n, 3000);
    for (unsigned i = 0; i < 3000; i++) {
        assert_int_equal(got[i], 'a' + i % 26);
    }
    assert_in_range(n_kicks, 0, 20);
    /* end of file: sleeping is undisturbed */
    out(0x43, 0x30); /* timer off */
    board_poll(board);
    uint64_t begin = clock_now_ns(board_clock(board));
    unsigned n_waits = 0;
    while (clock_now_ns(board_clock(board)) - begin < 200000000) {
        board_wait(board, 50000000);
        n_waits++;
    }
    assert_in_range(n_waits, 1, 8); /* 4, a pending wake-up, a timer signal left over */
    dup2(saved_stdin, 0);
    close(saved_stdin);
}

static void wake_is_not_lost(void **state)
{
    (void)state;
    out(0x43, 0x30);
    board_poll(board);
    board_wake(board); /* before the sleep */
    uint64_t begin = clock_now_ns(board_clock(board));
    board_wait(board, 1000000000);
    assert_true(clock_now_ns(board_clock(board)) - begin < 500000000);
}

static void escape_keys(void **state)
{
    (void)state;
    struct host_keys keys = {.is_enabled = true};
    assert_int_equal(host_keys_feed(&keys, 'x'), HOST_KEY_GUEST);
    assert_int_equal(host_keys_feed(&keys, 1), HOST_KEY_NOTHING);
    assert_int_equal(host_keys_feed(&keys, 1), HOST_KEY_GUEST);
    host_keys_feed(&keys, 1);
    assert_int_equal(host_keys_feed(&keys, 'x'), HOST_KEY_QUIT);
    host_keys_feed(&keys, 1);
    assert_int_equal(host_keys_feed(&keys, 'b'), HOST_KEY_BREAK);
    keys.is_enabled = false;
    assert_int_equal(host_keys_feed(&keys, 1), HOST_KEY_GUEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(output_is_flushed_at_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_paths_and_ports_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(piped_input_reaches_the_guest, setup, teardown),
        cmocka_unit_test_setup_teardown(wake_is_not_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(escape_keys, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

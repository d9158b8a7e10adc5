/* test_dev_board.c - the chips as the board wires them: through ports, interrupts, requests,
 * tables and real time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "board/board_internal.h"

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
    if (bus) {
        clock_start(board_clock(board));
    }
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

static enum board_request request(void)
{
    int status;
    return board_get_request(board, &status);
}

/* ---- tables ---- */

static uint8_t sum_of(uint32_t phys, unsigned n_bytes)
{
    uint8_t bytes[4096], sum = 0;
    assert_int_equal(mem_read(&mem, phys, bytes, n_bytes), n_bytes);
    for (unsigned i = 0; i < n_bytes; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    return sum;
}

static uint32_t word_at(uint32_t phys)
{
    uint8_t b[4];
    mem_read(&mem, phys, b, 4);
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static uint32_t find_rsdp(void)
{
    for (uint32_t phys = 0xe0000; phys < 0x100000; phys += 16) {
        char text[8];
        if (mem_read(&mem, phys, text, 8) == 8 && !memcmp(text, "RSD PTR ", 8)) {
            return phys;
        }
    }
    return 0;
}

static void acpi_tables_are_found_and_sum_to_zero(void **state)
{
    (void)state;
    uint32_t rsdp = find_rsdp();
    assert_int_not_equal(rsdp, 0);
    assert_int_equal(sum_of(rsdp, 20), 0);
    uint32_t rsdt = word_at(rsdp + 16);
    assert_int_equal(word_at(rsdt), 0x54445352); /* RSDT */
    assert_int_equal(sum_of(rsdt, word_at(rsdt + 4)), 0);
    uint32_t fadt = word_at(rsdt + 36);
    assert_int_equal(word_at(fadt), 0x50434146); /* FACP */
    assert_int_equal(word_at(fadt + 4), 244);
    assert_int_equal(sum_of(fadt, 244), 0);
    uint32_t facs = word_at(fadt + 36), dsdt = word_at(fadt + 40);
    assert_int_equal(word_at(facs), 0x53434146); /* FACS */
    assert_int_equal(facs % 64, 0);
    assert_int_equal(word_at(dsdt), 0x54445344); /* DSDT */
    assert_int_equal(sum_of(dsdt, word_at(dsdt + 4)), 0);
    assert_int_equal(word_at(fadt + 48), 0); /* SMI_CMD: always in ACPI mode */
    assert_true(bus_port_read(bus, word_at(fadt + 64), 2) & 1);
    struct board_e820 map[8];
    unsigned n = board_memory_map(board, map, 8);
    bool in_acpi_memory = false;
    for (unsigned i = 0; i < n; i++) {
        in_acpi_memory |= map[i].type == 3 && rsdt >= map[i].base &&
                          dsdt + word_at(dsdt + 4) <= map[i].base + map[i].n_bytes;
        assert_true(!i || map[i].base >= map[i - 1].base + map[i - 1].n_bytes);
    }
    assert_true(in_acpi_memory);
    const char *path = getenv("PLEX86_DUMP_ACPI"); /* for iasl -d */
    if (path) {
        char name[256];
        const struct {
            const char *name;
            uint32_t phys;
        } tables[] = {{"facp", fadt}, {"dsdt", dsdt}};
        for (unsigned i = 0; i < 2; i++) {
            snprintf(name, sizeof name, "%s/%s.dat", path, tables[i].name);
            FILE *file = fopen(name, "wb");
            fwrite(mem_page_host(&mem, tables[i].phys), 1, word_at(tables[i].phys + 4), file);
            fclose(file);
        }
    }
}

static void small_memory_has_no_acpi(void **state)
{
    (void)state;
    struct board_config config = {0};
    board_destroy(board);
    mem_destroy(&mem);
    mem_create(&mem, MIB(1));
    assert_int_equal(create(&config), 0);
    struct board_e820 map[8];
    assert_int_equal(board_memory_map(board, map, 8), 3);
    assert_int_equal(find_rsdp(), 0);
}

static void legacy_memory(void **state)
{
    (void)state;
    uint8_t byte = 0;
    assert_int_equal(mem_type_of(&mem, 0xa0000), MEM_NONE);
    assert_int_equal(mem_type_of(&mem, 0xc0000), MEM_NONE);
    assert_int_equal(mem_type_of(&mem, 0xf0000), MEM_ROM);
    assert_int_equal(mem_read(&mem, 0xffff0, &byte, 1), 1);
    assert_int_equal(byte, 0xf4); /* the reset vector: hlt, seen in both places */
    assert_int_equal(mem_read(&mem, 0xfffffff0, &byte, 1), 1);
    assert_int_equal(byte, 0xf4);
    assert_int_equal(word_at(0x413) & 0xffff, 639);
    assert_int_equal(word_at(0x400) & 0xffff, 0x3f8);
}

/* ---- ways to stop ---- */

static void poweroff_and_resets(void **state)
{
    (void)state;
    int status;
    bus_port_write(bus, BOARD_PM_PORT + 4, 2, 0x2000 | 4 << 10); /* S4: not offered */
    assert_int_equal(request(), BOARD_RUN);
    bus_port_write(bus, BOARD_PM_PORT + 4, 2, 0x2000 | 5 << 10);
    assert_int_equal(request(), BOARD_POWER_OFF);
    board_reset(board);
    assert_int_equal(request(), BOARD_RUN);
    out(0x64, 0xfe);
    assert_int_equal(request(), BOARD_RESET);
    board_reset(board);
    out(0xcf9, 2), out(0xcf9, 6);
    assert_int_equal(request(), BOARD_RESET);
    board_reset(board);
    out(0x92, 1);
    assert_int_equal(request(), BOARD_RESET);
    board_reset(board);
    out(0x501, 0x31);
    assert_int_equal(board_get_request(board, &status), BOARD_EXIT);
    assert_int_equal(status, 0x63);
}

static void stopping_writes_are_never_light(void **state)
{
    (void)state;
    uint32_t value;
    assert_false(bus_port_write_light(bus, 0x64, 1, 0xfe));
    assert_false(bus_port_write_light(bus, BOARD_PM_PORT + 4, 2, 0x3400));
    assert_false(bus_port_write_light(bus, 0xcf9, 1, 6));
    assert_false(bus_port_write_light(bus, 0x92, 1, 1));
    assert_false(bus_port_write_light(bus, 0x501, 1, 1));
    assert_int_equal(request(), BOARD_RUN);
    assert_true(bus_port_write_light(bus, 0x3f8, 1, 'x'));
    assert_true(bus_port_write_light(bus, 0x20, 1, 0x20));
    assert_true(bus_port_read_light(bus, 0x64, 1, &value));
    assert_true(bus_port_read_light(bus, BOARD_PM_PORT + 8, 4, &value));
}

static bool a20;

static void hook_a20(void *arg, bool open)
{
    (void)arg;
    a20 = open;
}

static void a20_follows_who_changed_last(void **state)
{
    (void)state;
    board_set_a20_hook(board, hook_a20, NULL);
    assert_true(a20);
    assert_int_equal(in(0x92) & 2, 2);
    out(0x64, 0xd1), out(0x60, 0xcd);
    assert_false(a20);
    out(0x92, 2); /* no change of port 92's own wire */
    assert_false(a20);
    out(0x92, 0), out(0x92, 2);
    assert_true(a20);
    out(0x64, 0xdf);
    assert_true(a20);
    out(0x92, 0);
    assert_false(a20);
    out(0x92, 2);
    assert_true(a20);
    out(0x64, 0xdd);
    assert_false(a20);
    out(0x64, 0xd0);
    assert_int_equal(in(0x60) & 2, 0);
}

/* ---- interrupts and time ---- */

static void init_pics(uint8_t mask1, uint8_t mask2)
{
    out(0x20, 0x11), out(0x21, 0x30), out(0x21, 4), out(0x21, 1), out(0x21, mask1);
    out(0xa0, 0x11), out(0xa1, 0x38), out(0xa1, 2), out(0xa1, 1), out(0xa1, mask2);
}

static void hlt_wakes_for_the_timer(void **state)
{
    (void)state;
    init_pics(0xfe, 0xff);
    out(0x43, 0x34), out(0x40, 0x9c), out(0x40, 0x2e); /* 11932: 10 ms */
    struct clock *clock = board_clock(board);
    uint64_t begin = clock_now_ns(clock);
    for (int i = 0; i < 10; i++) {
        while (!intr) {
            board_wait(board, 1000000000);
        }
        assert_int_equal(board_ack_interrupt(board), 0x30);
        assert_int_equal(intr, 0);
        out(0x20, 0x20);
    }
    uint64_t took = clock_now_ns(clock) - begin;
    assert_in_range(took, 99000000, 1000000000); /* the host may be busy, never early */
}

static void keyboard_answers_and_interrupts(void **state)
{
    (void)state;
    init_pics(0xfd, 0xff);
    while (in(0x64) & 1) {
        in(0x60);
    }
    out(0x64, 0xaa);
    assert_int_equal(in(0x64) & 1, 1);
    assert_int_equal(in(0x60), 0x55);
    out(0x64, 0x60), out(0x60, 0x45);
    out(0x64, 0x20);
    assert_int_equal(in(0x60), 0x45);
    out(0x60, 0xff); /* keyboard reset */
    assert_int_equal(intr, 1);
    assert_int_equal(board_ack_interrupt(board), 0x31);
    assert_int_equal(in(0x60), 0xfa);
    out(0x20, 0x20);
    assert_int_equal(board_ack_interrupt(board), 0x31); /* the second byte is a new edge */
    assert_int_equal(in(0x60), 0xaa);
    out(0x20, 0x20);
    assert_int_equal(intr, 0);
    out(0x60, 0xf2);
    assert_int_equal(in(0x60), 0xfa);
    assert_int_equal(in(0x60), 0xab);
    assert_int_equal(in(0x60), 0x83);
    assert_int_equal(in(0x64) & 1, 0);
    out(0x64, 0xa9); /* no mouse */
    assert_int_not_equal(in(0x60), 0);
}

static void counter_2_through_port_61(void **state)
{
    (void)state;
    out(0x61, (in(0x61) & ~2u) | 1);
    uint64_t started = clock_now_ns(board_clock(board));
    out(0x43, 0xb0), out(0x42, 0xff), out(0x42, 0xff);
    assert_int_equal(in(0x61) & 0x20, 0);
    struct clock *clock = board_clock(board);
    uint64_t programmed = clock_now_ns(clock), low_at = programmed, asked_at;
    while (asked_at = clock_now_ns(clock), !(in(0x61) & 0x20)) {
        low_at = asked_at;
    }
    /* 65535 ticks: 54.925 ms. Bracketed: this process may be preempted anywhere. */
    assert_true(low_at - programmed <= 54927000);
    assert_true(clock_now_ns(clock) - started >= 54924000);
}

static void pm_timer_runs_at_its_rate(void **state)
{
    (void)state;
    struct clock *clock = board_clock(board);
    uint64_t outer_begin = clock_now_ns(clock);
    uint32_t first = bus_port_read(bus, BOARD_PM_PORT + 8, 4);
    uint64_t inner_begin = clock_now_ns(clock);
    while (clock_now_ns(clock) - inner_begin < 10000000) {
    }
    uint64_t inner_ns = clock_now_ns(clock) - inner_begin;
    uint32_t ticks = (bus_port_read(bus, BOARD_PM_PORT + 8, 4) - first) & 0xffffff;
    uint64_t outer_ns = clock_now_ns(clock) - outer_begin;
    assert_true(ticks >= inner_ns * 3579545 / 1000000000 - 1);
    assert_true(ticks <= outer_ns * 3579546 / 1000000000 + 2);
}

static void pci_has_two_bridges(void **state)
{
    (void)state;
    bus_port_write(bus, 0xcf8, 4, 0x80000000);
    assert_int_equal(bus_port_read(bus, 0xcfc, 4), 0x12378086);
    bus_port_write(bus, 0xcf8, 4, 0x80000808);
    assert_int_equal(bus_port_read(bus, 0xcfe, 2), 0x0601);
    bus_port_write(bus, 0xcf8, 4, 0x80001000);
    assert_int_equal(bus_port_read(bus, 0xcfc, 4), 0xffffffff);
    assert_int_equal(bus_port_read(bus, 0xcf8, 4), 0x80001000);
}

static void nothing_that_linux_touches_at_boot_is_unknown(void **state)
{
    (void)state;
    static const uint16_t ports[] = {0x0d, 0x20, 0xa1, 0x43,  0x61,  0x64,  0x71,  0x80, 0x87,
                                     0x92, 0xed, 0xf0, 0x4d0, 0x4d1, 0xcf8, 0xcfc, 0x3fd};
    for (unsigned i = 0; i < ARRAY_SIZE(ports); i++) {
        uint32_t value;
        assert_true(bus_port_read_light(bus, ports[i], 1, &value));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(acpi_tables_are_found_and_sum_to_zero, setup, teardown),
        cmocka_unit_test_setup_teardown(small_memory_has_no_acpi, setup, teardown),
        cmocka_unit_test_setup_teardown(legacy_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(poweroff_and_resets, setup, teardown),
        cmocka_unit_test_setup_teardown(stopping_writes_are_never_light, setup, teardown),
        cmocka_unit_test_setup_teardown(a20_follows_who_changed_last, setup, teardown),
        cmocka_unit_test_setup_teardown(hlt_wakes_for_the_timer, setup, teardown),
        cmocka_unit_test_setup_teardown(keyboard_answers_and_interrupts, setup, teardown),
        cmocka_unit_test_setup_teardown(counter_2_through_port_61, setup, teardown),
        cmocka_unit_test_setup_teardown(pm_timer_runs_at_its_rate, setup, teardown),
        cmocka_unit_test_setup_teardown(pci_has_two_bridges, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_that_linux_touches_at_boot_is_unknown, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

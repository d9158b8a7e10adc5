/* test_mem.c - unit tests of mem/: types, ROM, copies across pages, who hears of stores. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mem/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int make(void **state)
{
    struct mem *mem = malloc(sizeof *mem);
    *state = mem;
    return mem_create(mem, MIB(8));
}

static int drop(void **state)
{
    struct mem *mem = *state;
    mem_destroy(mem);
    int result = mem->fd != -1 || mem->host;
    free(mem);
    return result;
}

static void new_memory_is_ram_then_nothing(void **state)
{
    struct mem *mem = *state;
    assert_int_equal(mem_type_of(mem, 0), MEM_RAM);
    assert_int_equal(mem_type_of(mem, 0xa0000), MEM_RAM);
    assert_int_equal(mem_type_of(mem, MIB(8) - 1), MEM_RAM);
    assert_int_equal(mem_type_of(mem, MIB(8)), MEM_NONE);
    assert_int_equal(mem_type_of(mem, 0xffffffff), MEM_NONE);
    assert_null(mem_page_host(mem, MIB(8)));
    assert_ptr_equal(mem_page_host(mem, 0x1234), mem->host + 0x1234);
    assert_int_equal(mem->fd_bytes, MIB(8));
    assert_int_equal((uintptr_t)mem->host % MIB(2), 0);
}

static void untouched_memory_costs_nothing(void **state)
{
    (void)state;
    struct mem mem;
    struct stat status;
    assert_int_equal(mem_create(&mem, GIB(3)), 0);
    mem.host[GIB(2)] = 1;
    assert_int_equal(fstat(mem.fd, &status), 0);
    assert_true(status.st_blocks * 512 <= (blkcnt_t)MIB(2)); /* one page, or one huge page */
    mem_destroy(&mem);
}

static void memfd_offset_is_physical(void **state)
{
    struct mem *mem = *state;
    uint32_t value = 0x11223344, got = 0;
    assert_int_equal(mem_write(mem, 0x12345, &value, sizeof value), sizeof value);
    assert_int_equal(pread(mem->fd, &got, sizeof got, 0x12345), sizeof got);
    assert_int_equal(got, value);
    uint8_t *second = mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED, mem->fd, 0x12000);
    assert_memory_equal(second + 0x345, &value, sizeof value);
    munmap(second, PAGE_BYTES);
}

static void copies_cross_pages(void **state)
{
    struct mem *mem = *state;
    uint8_t in[3 * PAGE_BYTES], out[3 * PAGE_BYTES] = {0};
    for (size_t i = 0; i < sizeof in; i++) {
        in[i] = (uint8_t)(i * 7 + (i >> 8));
    }
    assert_int_equal(mem_write(mem, 0x10fff, in, sizeof in), sizeof in);
    assert_int_equal(mem_read(mem, 0x10fff, out, sizeof out), sizeof out);
    assert_memory_equal(in, out, sizeof in);
    assert_int_equal(mem_read(mem, 0x10fff, out, 0), 0);
}

static void copies_stop_where_memory_stops(void **state)
{
    struct mem *mem = *state;
    uint8_t bytes[64] = {1};
    assert_int_equal(mem_write(mem, MIB(8) - 10, bytes, sizeof bytes), 10);
    assert_int_equal(mem_read(mem, MIB(8) - 10, bytes, sizeof bytes), 10);
    assert_int_equal(mem_read(mem, MIB(9), bytes, sizeof bytes), 0);
    mem_set_type(mem, 0xa0000, 0x20000, MEM_MMIO);
    assert_int_equal(mem_read(mem, 0x9fff0, bytes, sizeof bytes), 16);
    assert_null(mem_page_host(mem, 0xa0000));
    mem_set_type(mem, 0xa0000, 0x20000, MEM_RAM);
    assert_int_equal(mem_read(mem, 0x9fff0, bytes, sizeof bytes), sizeof bytes);
}

static void rom_in_the_legacy_hole(void **state)
{
    struct mem *mem = *state;
    uint8_t image[PAGE_BYTES + 100], out[8];
    memset(image, 0x5a, sizeof image);
    assert_int_equal(mem_add_rom(mem, 0xf0000, image, sizeof image), 0);
    assert_int_equal(mem_type_of(mem, 0xf0000), MEM_ROM);
    assert_int_equal(mem_type_of(mem, 0xf1000), MEM_ROM);
    assert_int_equal(mem_type_of(mem, 0xf2000), MEM_RAM);
    assert_int_equal(mem->fd_bytes, MIB(8) + 2 * PAGE_BYTES);
    assert_int_equal(mem->page_fd[0xf1], MIB(8) / PAGE_BYTES + 1);
    assert_int_equal(mem_read(mem, 0xf1000 + 96, out, sizeof out), sizeof out);
    assert_memory_equal(out, "\x5a\x5a\x5a\x5a\xff\xff\xff\xff", 8);
    assert_int_equal(mem_write(mem, 0xf0000, out, sizeof out), 0);
    /* RAM is still there below it (shadow RAM) */
    mem_set_type(mem, 0xf0000, PAGE_BYTES, MEM_RAM);
    assert_ptr_equal(mem_page_host(mem, 0xf0000), mem->host + 0xf0000);
    assert_int_equal(*mem_page_host(mem, 0xf0000), 0);
}

static void rom_below_4_gib(void **state)
{
    struct mem *mem = *state;
    uint8_t *image = calloc(1, KIB(256)), out[32];
    memset(image, 0x77, KIB(256));
    assert_int_equal(mem_add_rom(mem, 0xfffc0000, image, KIB(256)), 0);
    assert_int_equal(mem_type_of(mem, 0xffffffff), MEM_ROM);
    assert_int_equal(mem_type_of(mem, 0xfffbffff), MEM_NONE);
    assert_int_equal(mem_read(mem, 0xfffffff0, out, sizeof out), 16); /* no wrap to 0 */
    assert_int_equal(*mem_page_host(mem, 0xffffffff), 0x77);
    free(image);
}

static void rom_is_refused_elsewhere(void **state)
{
    struct mem *mem = *state;
    uint8_t byte = 0;
    assert_int_equal(mem_add_rom(mem, 0x1000, &byte, 1), -EINVAL);
    assert_int_equal(mem_add_rom(mem, 0xf0800, &byte, 1), -EINVAL);
    assert_int_equal(mem_add_rom(mem, 0xf0000, &byte, 0), -EINVAL);
    assert_int_equal(mem_add_rom(mem, 0x200000, &byte, 1), -EINVAL);
    uint8_t *image = calloc(1, MIB(16));
    assert_int_equal(mem_add_rom(mem, 0xff800000, image, MIB(16)), -EINVAL); /* past 4 GiB */
    assert_int_equal(mem_add_rom(mem, 0xfffff000, image, PAGE_BYTES + 1), -EINVAL);
    assert_int_equal(mem_add_rom(mem, 0xff000000, image, MIB(16)), 0);
    assert_int_equal(mem_add_rom(mem, 0xfe000000, image, PAGE_BYTES), -ENOSPC);
    free(image);
}

static struct {
    unsigned n_calls;
    uint32_t phys, n_bytes;
} heard;

static void hear_store(void *arg, uint32_t phys, uint32_t n_bytes)
{
    assert_ptr_equal(arg, &heard);
    heard.n_calls++;
    heard.phys = phys;
    heard.n_bytes = n_bytes;
}

static void stores_are_heard(void **state)
{
    struct mem *mem = *state;
    uint8_t bytes[2 * PAGE_BYTES] = {0};
    memset(&heard, 0, sizeof heard);
    mem->on_store = hear_store;
    mem->on_store_arg = &heard;
    mem_write(mem, 0x20ffe, bytes, sizeof bytes);
    assert_int_equal(heard.n_calls, 1);
    assert_int_equal(heard.phys, 0x20ffe);
    assert_int_equal(heard.n_bytes, sizeof bytes);
    mem_write(mem, MIB(8) - 4, bytes, sizeof bytes);
    assert_int_equal(heard.n_calls, 2);
    assert_int_equal(heard.n_bytes, 4);
    mem_write(mem, MIB(8), bytes, sizeof bytes); /* nothing done: nothing to hear */
    mem_write(mem, 0, bytes, 0);
    mem_read(mem, 0, bytes, sizeof bytes);
    assert_int_equal(heard.n_calls, 2);
}

/* Long stores go another way than short ones. */
static void long_stores(void **state)
{
    struct mem *mem = *state;
    enum { BYTES = 40 * PAGE_BYTES + 123 };
    uint8_t *in = malloc(BYTES), *out = malloc(BYTES);
    for (size_t i = 0; i < BYTES; i++) {
        in[i] = (uint8_t)(i * 5 + (i >> 8) * 3);
    }
    mem->on_store = hear_store;
    mem->on_store_arg = &heard;
    static const uint32_t places[] = {0x100000, 0x100010, 0x1fffff};
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        memset(&heard, 0, sizeof heard);
        memset(mem->host + 0x100000, 0, MIB(2));
        assert_int_equal(mem_write(mem, places[i], in, BYTES), BYTES);
        assert_int_equal(heard.n_calls, 1);
        assert_int_equal(heard.phys, places[i]);
        assert_int_equal(heard.n_bytes, BYTES);
        assert_memory_equal(mem->host + places[i], in, BYTES);
        assert_int_equal(mem->host[places[i] + BYTES], 0);
        assert_int_equal(mem->host[places[i] - 1], 0);
    }
    /* up to what is no RAM, and up to the end of it; at the end of the address space */
    mem_set_type(mem, 0x110000, PAGE_BYTES, MEM_MMIO);
    memset(mem->host + 0x110000, 0x66, PAGE_BYTES);
    assert_int_equal(mem_write(mem, 0x100000, in, BYTES), 0x10000);
    assert_int_equal(heard.n_bytes, 0x10000);
    assert_int_equal(mem->host[0x110000], 0x66);
    assert_int_equal(mem_write(mem, MIB(8) - 8 * PAGE_BYTES, in, BYTES), 8 * PAGE_BYTES);
    assert_int_equal(mem->fd_bytes, MIB(8));
    assert_int_equal(mem_write(mem, 0xffff8000, in, BYTES), 0);
    assert_int_equal(mem_read(mem, MIB(8) - 8 * PAGE_BYTES, out, BYTES), 8 * PAGE_BYTES);
    assert_memory_equal(in, out, 8 * PAGE_BYTES);
    free(in);
    free(out);
}

/* Runs fn in a child and expects a BUG. */
static void expect_bug(void (*fn)(struct mem *mem), struct mem *mem)
{
    pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        close(2);
        fn(mem);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void type_ram_above_ram(struct mem *mem)
{
    mem_set_type(mem, MIB(8), PAGE_BYTES, MEM_RAM);
}
static void type_unaligned(struct mem *mem)
{
    mem_set_type(mem, 1, PAGE_BYTES, MEM_NONE);
}
static void type_past_end(struct mem *mem)
{
    mem_set_type(mem, 0xfffff000, 0x2000, MEM_NONE);
}
static void type_rom_of_nothing(struct mem *mem)
{
    mem_set_type(mem, MIB(9), PAGE_BYTES, MEM_ROM);
}

static void wrong_types_are_bugs(void **state)
{
    expect_bug(type_ram_above_ram, *state);
    expect_bug(type_unaligned, *state);
    expect_bug(type_past_end, *state);
    expect_bug(type_rom_of_nothing, *state);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, make, drop)
    const struct CMUnitTest tests[] = {
        TEST(new_memory_is_ram_then_nothing),
        cmocka_unit_test(untouched_memory_costs_nothing),
        TEST(memfd_offset_is_physical),
        TEST(copies_cross_pages),
        TEST(copies_stop_where_memory_stops),
        TEST(rom_in_the_legacy_hole),
        TEST(rom_below_4_gib),
        TEST(rom_is_refused_elsewhere),
        TEST(stores_are_heard),
        TEST(long_stores),
        TEST(wrong_types_are_bugs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_load.h - what the tests of the loaders share: a small machine, files made on the spot. */
#ifndef TEST_LOAD_H
#define TEST_LOAD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "load/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RAM_BYTES = 16 << 20, N_MAP = 4 };

struct bench {
    struct mem mem;
    struct cpu cpu;
    struct board_e820 map[N_MAP];
    char *error;
    char kernel[32], other[32]; /* paths */
};

/* The loaders end with it; the real one wants a view/. */
static unsigned n_mode_updates;
void cpu_update_mode(struct cpu *cpu)
{
    (void)cpu;
    n_mode_updates++;
}

static int bench_make(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    *state = bench;
    strcpy(bench->kernel, "/tmp/plex86-test-a-XXXXXX");
    strcpy(bench->other, "/tmp/plex86-test-b-XXXXXX");
    close(mkstemp(bench->kernel));
    close(mkstemp(bench->other));
    bench->map[0] = (struct board_e820){0, 0x9fc00, 1};
    bench->map[1] = (struct board_e820){0x9fc00, 0x60400, 2};
    bench->map[2] = (struct board_e820){0x100000, RAM_BYTES - 0x100000 - 0x10000, 1};
    bench->map[3] = (struct board_e820){RAM_BYTES - 0x10000, 0x10000, 3};
    n_mode_updates = 0;
    int result = mem_create(&bench->mem, RAM_BYTES);
    mem_set_type(&bench->mem, 0xa0000, 0x60000, MEM_NONE);
    return result;
}

static int bench_drop(void **state)
{
    struct bench *bench = *state;
    unlink(bench->kernel);
    unlink(bench->other);
    free(bench->error);
    mem_destroy(&bench->mem);
    free(bench);
    return 0;
}

static inline void put_file(const char *path, const void *bytes, size_t n_bytes)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n_bytes, file), n_bytes);
    assert_int_equal(fclose(file), 0);
}

static inline int load(struct bench *bench, const struct load_request *request)
{
    free(bench->error);
    bench->error = NULL;
    memset(&bench->cpu, 0xee, sizeof bench->cpu); /* the loader must set all it promises */
    int result = load_guest(request, &bench->mem, bench->map, N_MAP, &bench->cpu, &bench->error);
    if (result < 0) {
        assert_non_null(bench->error);
        assert_null(strchr(bench->error, '\n'));
    } else {
        assert_null(bench->error);
        assert_int_equal(n_mode_updates, 1);
    }
    return result;
}

/* The loader refuses, and its line says word. */
static inline void expect_refusal(struct bench *bench, const struct load_request *request,
                                  int result, const char *word)
{
    int got = load(bench, request);
    if (got != result || !strstr(bench->error, word)) {
        print_error("result %d, line: %s\n", got, bench->error);
    }
    assert_int_equal(got, result);
    assert_non_null(strstr(bench->error, word));
}

static inline uint32_t peek(const struct bench *bench, uint32_t phys)
{
    uint32_t value = 0;
    assert_int_equal(mem_read(&bench->mem, phys, &value, 4), 4);
    return value;
}

static inline void put16(uint8_t *at, uint16_t value)
{
    memcpy(at, &value, 2);
}
static inline void put32(uint8_t *at, uint32_t value)
{
    memcpy(at, &value, 4);
}
static inline void put64(uint8_t *at, uint64_t value)
{
    memcpy(at, &value, 8);
}

/* The common entry state; segments agree with the GDT in guest memory. */
static inline void check_entry(const struct bench *bench, uint16_t code, uint16_t data)
{
    const struct cpu *cpu = &bench->cpu;
    unsigned ring = code & 3;
    assert_int_equal(cpu->cr0 & (CR0_PE | CR0_PG), CR0_PE);
    assert_int_equal(cpu->cr4, 0);
    assert_int_equal(cpu->cpl, ring);
    assert_int_equal(cpu_eflags(cpu), FLAG_FIXED);
    assert_true(cpu->a20);
    assert_false(cpu->halted);
    assert_int_equal(cpu->gdtr.limit, 31);
    for (unsigned seg = 0; seg < N_SEG; seg++) {
        const struct segment *segment = &cpu->seg[seg];
        assert_int_equal(segment->selector, seg == SEG_CS ? code : data);
        assert_int_equal(segment->base, 0);
        assert_int_equal(segment->limit, 0xffffffff);
        assert_int_equal(segment->access, (seg == SEG_CS ? 0x9b : 0x93) | ring << 5);
        assert_int_equal(segment->big, 1);
        uint32_t descriptor = cpu->gdtr.base + (segment->selector & ~7u);
        assert_int_equal(peek(bench, descriptor), 0x0000ffff);
        assert_int_equal(peek(bench, descriptor + 4), 0x00cf0000 | segment->access << 8);
    }
    assert_int_equal(peek(bench, cpu->gdtr.base), 0);
}

#define LOAD_TEST(fn) cmocka_unit_test_setup_teardown(fn, bench_make, bench_drop)

#endif

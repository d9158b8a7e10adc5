/* test_cache.c - executable memory: begin, commit, abort, full, flush, and the way back from a host
 * address, tried at every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache/cache.h"

enum { BYTES = 64 << 10 };

static struct cache cache;

static int setup(void **state)
{
    (void)state;
    return cache_create(&cache, BYTES);
}

static int teardown(void **state)
{
    (void)state;
    cache_destroy(&cache);
    return 0;
}

/* A unit of n_insns instructions of insn_bytes host bytes each, and exits behind them. */
static struct unit *make(unsigned n_insns, unsigned insn_bytes, unsigned exit_bytes)
{
    struct emit emit;
    struct unit_insn insns[64];
    unsigned body = n_insns * insn_bytes;
    if (!cache_begin(&cache, body + exit_bytes, n_insns, &emit)) {
        return NULL;
    }
    for (unsigned i = 0; i < n_insns; i++) {
        insns[i] = (struct unit_insn){
            .host_off = (uint16_t)(i * insn_bytes), .page_off = (uint16_t)(3 * i), .n_bytes = 3};
    }
    for (unsigned i = 0; i < body + exit_bytes; i++) {
        emit_u8(&emit, (uint8_t)i);
    }
    return cache_commit(&cache, &emit, insns, n_insns, body, NULL);
}

/* Rights of the mapping at host, as "rw-s". */
static void rights_of(uint64_t host, char rights[5])
{
    char line[512];
    unsigned long from, to;
    FILE *maps = fopen("/proc/self/maps", "re");
    strcpy(rights, "none");
    while (fgets(line, sizeof(line), maps)) {
        char these[5];
        if (sscanf(line, "%lx-%lx %4s", &from, &to, these) == 3 && host >= from && host < to) {
            strcpy(rights, these);
        }
    }
    fclose(maps);
}

static void two_mappings(void **state)
{
    (void)state;
    char rights[5];
    assert_true(cache.exec + cache.n_bytes <= 0x80000000); /* slots and rel32 */
    rights_of((uint64_t)cache.write, rights);
    assert_string_equal(rights, "rw-s");
    rights_of(cache.exec + cache.n_bytes - 1, rights);
    assert_string_equal(rights, "r-xs");
    cache.write[BYTES - 1] = 0xc3; /* ret */
    assert_int_equal(*(uint8_t *)(cache.exec + BYTES - 1), 0xc3);
    ((void (*)(void))(cache.exec + BYTES - 1))();
    assert_ptr_equal(cache_writable(&cache, cache.exec + 77), cache.write + 77);
    assert_true(cache_contains(&cache, cache.exec));
    assert_true(cache_contains(&cache, cache.exec + BYTES - 1));
    assert_false(cache_contains(&cache, cache.exec + BYTES));
    assert_false(cache_contains(&cache, cache.exec - 1));
    assert_false(cache_contains(&cache, cache.exec + (1ull << 32)));
}

static void commit(void **state)
{
    (void)state;
    struct unit *first = make(3, 10, 7), *second = make(1, 5, 0);
    assert_int_equal(first->off, CACHE_STUB_BYTES); /* never over the stubs: slot 0 means miss */
    assert_int_equal(first->n_bytes, 37);
    assert_int_equal(first->body_bytes, 30);
    assert_int_equal(first->n_insns, 3);
    assert_int_equal(first->insns[2].host_off, 20);
    assert_false(first->dead || first->is_patch || first->cross_off);
    assert_int_equal(second->off, CACHE_STUB_BYTES + 2 * CACHE_UNIT_ALIGN);
    assert_int_equal(cache.n_units, 2);
    assert_int_equal(cache.n_units_made, 2);
    assert_int_equal(cache.n_bytes_emitted, 42);
    assert_int_equal(*(uint8_t *)(cache.exec + first->off + 36), 36);
}

/* Nothing is taken until commit. */
static void give_up(void **state)
{
    (void)state;
    struct emit one, other;
    assert_true(cache_begin(&cache, 100, 4, &one));
    emit_u64(&one, 1);
    assert_true(cache_begin(&cache, 100, 4, &other));
    assert_ptr_equal(one.start, other.start);
    assert_int_equal(one.exec, other.exec);
    assert_int_equal(cache.n_units, 0);
    assert_int_equal(other.end - other.start, 100);
    assert_false(other.overflow);
}

static void full_of_bytes(void **state)
{
    (void)state;
    struct emit emit;
    unsigned n = 0;
    while (make(2, 2000, 48)) {
        n++;
    }
    assert_int_equal(n, (BYTES - CACHE_STUB_BYTES) / 4064);
    uint32_t left = BYTES - ((cache.used + CACHE_UNIT_ALIGN - 1) & ~(CACHE_UNIT_ALIGN - 1u));
    assert_true(cache_begin(&cache, left, 1, &emit));
    assert_ptr_equal(emit.end, cache.write + BYTES);
    assert_false(cache_begin(&cache, left + 1, 1, &emit));
    uint64_t flushes = cache.n_flushes;
    cache_flush(&cache);
    assert_int_equal(cache.n_flushes, flushes + 1);
    assert_int_equal(cache.n_units, 0);
    assert_int_equal(make(1, 1, 0)->off, CACHE_STUB_BYTES);
    assert_int_equal(cache.n_units_made, n + 1); /* counts all, ever */
}

static void full_of_units(void **state)
{
    (void)state;
    struct emit emit;
    cache.max_units = 3;
    for (unsigned i = 0; i < 3; i++) {
        assert_non_null(make(1, 1, 0));
    }
    assert_false(cache_begin(&cache, 1, 1, &emit));
}

static void full_of_insns(void **state)
{
    (void)state;
    struct emit emit;
    cache.max_insns = 10;
    assert_non_null(make(7, 1, 0));
    assert_true(cache_begin(&cache, 1, 3, &emit));
    assert_false(cache_begin(&cache, 1, 4, &emit));
}

static void full_of_sites(void **state)
{
    (void)state;
    struct emit emit;
    cache.max_site_bytes = 5 * CACHE_SITE_BYTES;
    assert_true(cache_begin(&cache, 1, 4, &emit)); /* one for each instruction and one more */
    assert_false(cache_begin(&cache, 1, 5, &emit));
    uint8_t *first = cache_alloc_site(&cache, 1), *second = cache_alloc_site(&cache, 100);
    assert_ptr_equal(second, first + 16);
    assert_int_equal((uintptr_t)second & 15, 0);
    assert_int_equal(cache.n_site_bytes, 16 + 112);
    assert_true(cache_begin(&cache, 1, 3, &emit));
    assert_false(cache_begin(&cache, 1, 4, &emit));
    cache_flush(&cache);
    assert_ptr_equal(cache_alloc_site(&cache, 1), first);
}

/* The answer by going through all units, for comparison. */
static void slow_find(uint64_t host, const struct unit **unit, const struct unit_insn **insn)
{
    *unit = NULL;
    *insn = NULL;
    for (uint32_t i = 0; i < cache.n_units; i++) {
        const struct unit *u = &cache.units[i];
        uint64_t begin = cache.exec + u->off;
        if (host < begin || host >= begin + u->n_bytes) {
            continue;
        }
        *unit = u;
        for (uint32_t j = 0; j < u->n_insns && host < begin + u->body_bytes; j++) {
            if (begin + u->insns[j].host_off <= host) {
                *insn = &u->insns[j];
            }
        }
    }
}

/* What a flush empties is the host's again, but for the first pages. */
static void memory_goes_back(void **state)
{
    (void)state;
    enum { KEPT = 256 << 10, ALL = 1 << 20 };
    struct cache big;
    struct emit emit;
    struct unit_insn insn = {.n_bytes = 1};
    assert_int_equal(cache_create(&big, ALL), 0);
    while (cache_begin(&big, 4096, 1, &emit)) {
        while (emit_off(&emit) < 4096) {
            emit_u8(&emit, 0x90);
        }
        cache_commit(&big, &emit, &insn, 1, 4096, NULL);
    }
    assert_int_equal(big.write[ALL - 10000], 0x90);
    cache_flush(&big);
    assert_int_equal(big.write[ALL - 10000], 0);
    assert_int_equal(*(const uint8_t *)(big.exec + ALL - 10000), 0);
    assert_int_equal(big.write[KEPT - 10000], 0x90);
    assert_true(cache_begin(&big, 4096, 1, &emit));
    cache_destroy(&big);
}

static void find_at_every_byte(void **state)
{
    (void)state;
    srand(1); /* seed 1: fixed */
    uint64_t begin = cache.exec;
    assert_null(cache_find(&cache, begin + CACHE_STUB_BYTES)); /* empty */
    for (unsigned i = 0; i < 40; i++) {
        struct emit emit;
        struct unit_insn insns[64];
        unsigned n_insns = 1 + (unsigned)rand() % 64;
        assert_true(cache_begin(&cache, 16384, n_insns, &emit));
        for (unsigned j = 0; j < n_insns; j++) {
            insns[j] = (struct unit_insn){.host_off = (uint16_t)emit_off(&emit)};
            for (int n = rand() % (i % 8 ? 20 : 250); n >= 0; n--) { /* some of several pages */
                emit_u8(&emit, 0x90);
            }
        }
        uint32_t body = emit_off(&emit);
        for (int n = rand() % 30; n > 0; n--) {
            emit_u8(&emit, 0xcc);
        }
        cache_commit(&cache, &emit, insns, n_insns, body, NULL);
    }
    unsigned n_found = 0;
    for (uint64_t host = begin - 64; host < begin + BYTES + 64; host++) {
        const struct unit *unit;
        const struct unit_insn *insn;
        slow_find(host, &unit, &insn);
        assert_ptr_equal(cache_find(&cache, host), unit);
        if (unit) {
            assert_ptr_equal(cache_find_insn(&cache, unit, host), insn);
            n_found += insn != NULL;
        }
    }
    assert_true(n_found > 10000);
    cache_flush(&cache);
    assert_null(cache_find(&cache, begin + CACHE_STUB_BYTES));
}

static unsigned pages_there(void)
{
    unsigned char there[24];
    unsigned n = 0;
    assert_int_equal(mincore(cache.write, sizeof(there) << 12, there), 0);
    for (unsigned i = 0; i < sizeof(there); i++) {
        n += there[i] & 1;
    }
    return n;
}

/* 64 KiB at a time, no further than the cache goes, and once: what was emitted stays. */
static void pages_come_before_they_are_used(void **state)
{
    (void)state;
    assert_int_equal(cache_create(&cache, 96 << 10), 0);
    assert_int_equal(pages_there(), 0);
    if (madvise(cache.write, 4096, 23 /* MADV_POPULATE_WRITE */) != 0) {
        cache_destroy(&cache);
        skip(); /* Linux before 5.14 */
    }
    struct unit *first = make(4, 8, 0);
    assert_int_equal(pages_there(), 16);
    while (cache.used + 4096 < 64 << 10) {
        assert_non_null(make(4, 500, 0));
        assert_int_equal(pages_there(), 16);
    }
    while (cache.used < 64 << 10) {
        assert_non_null(make(4, 500, 0));
    }
    assert_non_null(make(4, 8, 0));
    assert_int_equal(pages_there(), 24);
    assert_int_equal(((const uint8_t *)cache.exec)[first->off + 31], 31);
    cache_flush(&cache);
    assert_non_null(make(4, 8, 0));
    assert_int_equal(pages_there(), 24);
    cache_destroy(&cache);
}

static void overflowed_commit(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct emit emit;
        close(2);
        cache_begin(&cache, 1, 1, &emit);
        emit_u32(&emit, 0);
        cache_commit(&cache, &emit, &(struct unit_insn){0}, 1, 4, NULL);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static unsigned n_open_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;
    while (readdir(dir)) {
        n++;
    }
    closedir(dir);
    return n;
}

/* The host refuses: an errno, nothing left behind. */
static void refused(void **state)
{
    (void)state;
    static const struct {
        int resource;
        rlim_t limit;
        int error;
    } rows[] = {{RLIMIT_AS, 64 << 20, -ENOMEM}, {RLIMIT_NOFILE, 3, -EMFILE}};
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        pid_t child = fork();
        if (child == 0) {
            struct cache other;
            struct rlimit limit = {rows[i].limit, rows[i].limit};
            unsigned before = n_open_files();
            setrlimit(rows[i].resource, &limit);
            int error = cache_create(&other, 256 << 20);
            setrlimit(rows[i].resource, &(struct rlimit){4096, RLIM_INFINITY});
            bool leaked = rows[i].resource == RLIMIT_AS && n_open_files() != before;
            _exit(error == rows[i].error && !leaked && other.fd == -1 ? 0 : 1);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_mappings, setup, teardown),
        cmocka_unit_test_setup_teardown(commit, setup, teardown),
        cmocka_unit_test_setup_teardown(give_up, setup, teardown),
        cmocka_unit_test_setup_teardown(full_of_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(full_of_units, setup, teardown),
        cmocka_unit_test_setup_teardown(full_of_insns, setup, teardown),
        cmocka_unit_test_setup_teardown(full_of_sites, setup, teardown),
        cmocka_unit_test_setup_teardown(find_at_every_byte, setup, teardown),
        cmocka_unit_test(memory_goes_back),
        cmocka_unit_test(pages_come_before_they_are_used),
        cmocka_unit_test_setup_teardown(overflowed_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

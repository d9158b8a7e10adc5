/* test_store.c - the file of byte strings: what comes back, who may use it, what damage does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store.h"

static char path[64];
static const uint8_t us[STORE_IDENTITY_BYTES] = "this program",
                     others[STORE_IDENTITY_BYTES] = "another";

static int begin(void **state)
{
    (void)state;
    strcpy(path, "/tmp/plex86-store-XXXXXX");
    int fd = mkstemp(path);
    return fd < 0 || close(fd) || unlink(path);
}

static int end(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static struct store *open_store(void)
{
    struct store *store = NULL;
    assert_int_equal(store_open(&store, path, us), 0);
    return store;
}

static struct store_key key_of(uint32_t n)
{
    uint8_t page[STORE_PAGE_BYTES] = {0};
    memcpy(page + 100, &n, sizeof(n));
    return store_hash(page, (const uint32_t[]){7}, 1);
}

enum { N_LISTS = 9000 };

/* String j of list i. */
static uint32_t fill(uint64_t *words, uint32_t i, uint32_t j)
{
    const uint32_t n = 1 + (i * 7 + j * 3) % 60;
    for (uint32_t k = 0; k < n; k++) {
        words[k] = (uint64_t)i << 32 | j << 8 | k;
    }
    return n * 8;
}

static void add(struct store *store, uint32_t i, uint32_t j)
{
    uint64_t words[64];
    const uint32_t n_bytes = fill(words, i, j);
    assert_true(store_add(store, store_list(store, key_of(i)), words, n_bytes));
}

/* List i has the strings [0, n) and no more. */
static void check(struct store *store, uint32_t i, uint32_t n)
{
    const uint32_t list = store_list(store, key_of(i));
    uint32_t j = 0, last = 0;
    for (uint32_t s = store_first(store, list); s; s = store_next(store, s)) {
        uint64_t words[64];
        uint32_t n_bytes;
        const uint8_t *bytes = store_read(store, s, &n_bytes);
        assert_non_null(bytes);
        assert_int_equal((uintptr_t)bytes % 8, 0);
        assert_int_equal(n_bytes, fill(words, i, j++));
        assert_memory_equal(bytes, words, n_bytes);
        last = s;
    }
    assert_int_equal(j, n);
    assert_int_equal(store_last(store, list), last);
}

static void what_comes_back(void **state)
{
    (void)state;
    struct store *store = open_store();
    assert_false(store_count(store).is_read_only);
    for (uint32_t j = 0; j < 2; j++) {
        for (uint32_t i = 0; i < N_LISTS; i += 1 + j) {
            add(store, i, j);
        }
    }
    for (uint32_t i = 0; i < N_LISTS; i++) { /* written and not yet written */
        check(store, i, i % 2 ? 1 : 2);
    }
    check(store, N_LISTS, 0);
    store_close(store);
    store = open_store();
    for (uint32_t i = 0; i < N_LISTS; i++) {
        check(store, i, i % 2 ? 1 : 2);
    }
    add(store, 3, 1);
    add(store, N_LISTS, 0);
    store_close(store);
    store = open_store();
    check(store, 3, 2);
    check(store, N_LISTS, 1);
    check(store, N_LISTS + 1, 0);
    assert_int_equal(store_count(store).n_strings, N_LISTS + N_LISTS / 2 + 2);
    store_close(store);
}

static void keys(void **state)
{
    (void)state;
    uint8_t page[STORE_PAGE_BYTES] = {0};
    const uint32_t about[] = {1, 2}, other[] = {1, 3};
    const struct store_key zero = store_hash(page, about, 2), more = store_hash(page, other, 2);
    assert_memory_not_equal(&zero, &more, sizeof(zero));
    for (unsigned at = 0; at < STORE_PAGE_BYTES; at++) { /* each byte counts */
        page[at] = 1;
        const struct store_key key = store_hash(page, about, 2);
        assert_memory_not_equal(&zero, &key, sizeof(zero));
        page[at] = 0;
    }
}

static void assert_ends_well(pid_t child)
{
    int status;
    assert_true(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

/* Who is killed leaves what was there; the next one goes on from that. */
static void not_closed(void **state)
{
    (void)state;
    struct store *store = open_store();
    add(store, 1, 0);
    store_close(store);
    const pid_t child = fork();
    if (child == 0) {
        store = open_store();
        for (uint32_t i = 10; i < 3000; i++) { /* more than is kept back */
            add(store, i, 0);
        }
        _exit(0);
    }
    assert_ends_well(child);
    store = open_store();
    check(store, 1, 1);
    check(store, 10, 0);
    add(store, 1, 1);
    store_close(store);
    store = open_store();
    check(store, 1, 2);
    store_close(store);
}

static void two_at_once(void **state)
{
    (void)state;
    struct store *one = open_store();
    add(one, 1, 0);
    store_close(one);
    one = open_store();
    struct store *two = open_store();
    assert_true(store_count(two).is_read_only && !store_count(one).is_read_only);
    check(two, 1, 1);
    assert_false(store_add(two, store_list(two, key_of(2)), "12345678", 8));
    add(one, 1, 1);
    store_close(one);
    check(two, 1, 1);
    store_close(two);
    one = open_store();
    check(one, 1, 2);
    struct store *other;
    assert_int_equal(store_open(&other, path, others), -EBUSY); /* not while we use it */
    store_close(one);
}

static void of_another(void **state)
{
    (void)state;
    struct store *store = open_store();
    add(store, 1, 0);
    store_close(store);
    assert_int_equal(store_open(&store, path, others), 0);
    check(store, 1, 0);
    store_close(store);
    assert_int_equal(chmod(path, 0622), 0);
    assert_int_equal(store_open(&store, path, us), -EPERM);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/dev/zero", path), 0);
    assert_true(store_open(&store, path, us) < 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_true(store_open(&store, path, us) < 0);
    assert_int_equal(rmdir(path), 0);
}

static uint32_t strings_that_are_good(struct store *store)
{
    uint32_t n = 0, n_bytes;
    for (uint32_t i = 0; i < 40; i++) {
        const uint32_t list = store_list(store, key_of(i));
        for (uint32_t s = store_first(store, list); s; s = store_next(store, s)) {
            uint64_t words[64];
            const uint8_t *bytes = store_read(store, s, &n_bytes);
            if (bytes) { /* then it is what was put there */
                assert_int_equal(n_bytes, fill(words, i, 0));
                assert_memory_equal(bytes, words, n_bytes);
                n++;
            }
        }
    }
    return n;
}

/* Each bit of the file may be wrong: then what it is about is not there, and nothing else happens.
 * Where strings were before they were gathered is a hole. */
static void damaged(void **state)
{
    (void)state;
    struct store *store = open_store();
    for (uint32_t i = 0; i < 40; i++) {
        add(store, i, 0);
    }
    const off_t n_bytes = (off_t)store_count(store).n_bytes;
    store_close(store);
    uint8_t file[64 << 10];
    int fd = open(path, O_RDWR);
    const ssize_t size = pread(fd, file, sizeof(file), 0);
    assert_true(size > n_bytes && size < (ssize_t)sizeof(file));
    enum { HEADER_BYTES = 96 };
    unsigned n_partly = 0, n_holes = 0;
    for (ssize_t at = 0; at < size; at += 5) {
        const uint8_t bad = file[at] ^ (uint8_t)(1 << (at & 7));
        assert_int_equal(pwrite(fd, file, (size_t)size, 0), size);
        assert_int_equal(pwrite(fd, &bad, 1, at), 1);
        assert_int_equal(store_open(&store, path, us), 0);
        const uint32_t n_good = strings_that_are_good(store);
        const bool is_hole = at >= HEADER_BYTES && at < n_bytes;
        n_holes += is_hole && !file[at];
        assert_true(is_hole ? n_good == 40 : n_good < 40);
        n_partly += n_good == 39;
        store_close(store);
    }
    assert_true(n_partly > 100 && n_holes == (n_bytes - HEADER_BYTES + 4) / 5);
    for (ssize_t at = size - 1; at > 0; at = at * 3 / 4) {
        assert_int_equal(pwrite(fd, file, (size_t)size, 0), size);
        assert_int_equal(ftruncate(fd, at), 0);
        assert_int_equal(store_open(&store, path, us), 0);
        assert_int_equal(strings_that_are_good(store), 0);
        store_close(store);
    }
    close(fd);
}

static void full(void **state)
{
    (void)state;
    static uint64_t words[STORE_MAX_BYTES / 8];
    struct store *store = open_store();
    uint32_t n = 0;
    const uint32_t list = store_list(store, key_of(1));
    while (store_add(store, list, words, sizeof(words))) {
        n++;
    }
    assert_true(n > 100 && (uint64_t)n * sizeof(words) <= STORE_MAX_KEPT);
    store_close(store);
    store = open_store(); /* begun anew */
    assert_int_equal(store_count(store).n_strings, 0);
    store_close(store);
}

/* A disk that is full: what was there before is there afterwards. */
static void no_room(void **state)
{
    (void)state;
    static uint64_t words[8192];
    struct store *store = open_store();
    add(store, 1, 0);
    store_close(store);
    const pid_t child = fork();
    if (child == 0) {
        const struct rlimit limit = {1 << 20, 1 << 20};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        store = open_store();
        unsigned n = 0;
        while (n < 100 && store_add(store, store_list(store, key_of(2)), words, sizeof(words))) {
            n++;
        }
        store_close(store);
        _exit(n > 4 && n < 100 ? 0 : 1);
    }
    assert_ends_well(child);
    store = open_store();
    check(store, 1, 1);
    check(store, 2, 0);
    store_close(store);
}

static void our_build_id(void **state)
{
    (void)state;
    uint8_t id[20], again[16];
    assert_int_equal(store_build_id(id, sizeof(id)), sizeof(id));
    assert_int_equal(store_build_id(again, sizeof(again)), sizeof(again));
    assert_memory_equal(id, again, sizeof(again));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_comes_back, begin, end),
        cmocka_unit_test(keys),
        cmocka_unit_test_setup_teardown(not_closed, begin, end),
        cmocka_unit_test_setup_teardown(two_at_once, begin, end),
        cmocka_unit_test_setup_teardown(of_another, begin, end),
        cmocka_unit_test_setup_teardown(damaged, begin, end),
        cmocka_unit_test_setup_teardown(full, begin, end),
        cmocka_unit_test_setup_teardown(no_room, begin, end),
        cmocka_unit_test(our_build_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* memory.c - page tables at work: mapping, first touch, copies; and plain bandwidth. */
#define _GNU_SOURCE
#include "micro.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, TOUCH_PAGES = 64, COW_PAGES = 256, BANDWIDTH_BYTES = 8 << 20 };

static uint8_t *map_area(size_t n_bytes)
{
    uint8_t *area = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bench_require(area != MAP_FAILED);
    madvise(area, n_bytes, MADV_NOHUGEPAGE); /* guests and hosts differ in their defaults */
    return area;
}

uint32_t micro_brk(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        bench_require(sbrk(16 * PAGE) != (void *)-1);
        bench_require(sbrk(-16 * PAGE) != (void *)-1);
    }
    return n;
}

uint32_t micro_mmap_munmap(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        bench_require(munmap(map_area(16 * PAGE), 16 * PAGE) == 0);
    return n;
}

/* One operation: 64 fresh pages mapped, touched and unmapped. */
uint32_t micro_page_touch(unsigned n)
{
    uint32_t sum = 0;
    while (n--) {
        uint8_t *area = map_area(TOUCH_PAGES * PAGE);
        for (unsigned i = 0; i < TOUCH_PAGES; i++) {
            sum += 1 + area[i * PAGE + 8];
            area[i * PAGE] = 1;
        }
        munmap(area, TOUCH_PAGES * PAGE);
    }
    return sum;
}

/* The same over a file's 64 pages, shared. */
uint32_t micro_page_touch_file(unsigned n)
{
    uint32_t sum = 0;
    int fd = open("bench-file", O_RDWR);
    bench_require(fd >= 0);
    while (n--) {
        volatile uint8_t *area =
            mmap(NULL, TOUCH_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        bench_require(area != MAP_FAILED);
        for (unsigned i = 0; i < TOUCH_PAGES; i++) {
            area[i * PAGE + 1] = 'x';
            sum += area[i * PAGE];
        }
        munmap((void *)area, TOUCH_PAGES * PAGE);
    }
    close(fd);
    return sum;
}

static uint8_t *cow_area;

void setup_cow(void)
{
    cow_area = map_area(COW_PAGES * PAGE);
    for (unsigned i = 0; i < COW_PAGES; i++)
        cow_area[i * PAGE] = i;
}

/* One operation: a fork, and 256 pages copied because the child writes to them. */
uint32_t micro_page_copy_on_write(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        int status;
        pid_t child = fork();
        bench_require(child >= 0);
        if (child == 0) {
            uint8_t sum = 0;
            for (unsigned j = 0; j < COW_PAGES; j++)
                sum += ++cow_area[j * PAGE] - j;
            _exit(sum == (uint8_t)COW_PAGES ? 42 : 1);
        }
        bench_require(waitpid(child, &status, 0) == child);
        bench_require(WIFEXITED(status) && WEXITSTATUS(status) == 42);
        bench_require(cow_area[0] == 0 && cow_area[5 * PAGE] == 5);
    }
    return n;
}

/* Drops a page and touches it again: a page-table entry cleared and set. */
uint32_t micro_page_remap(unsigned n)
{
    static uint8_t *area;
    uint32_t sum = 0;
    if (!area)
        area = map_area(PAGE);
    for (unsigned i = 0; i < n; i++) {
        area[0] = 1;
        bench_require(madvise(area, PAGE, MADV_DONTNEED) == 0);
        sum += 1 + ((volatile uint8_t *)area)[0];
    }
    return sum;
}

static uint8_t *walk_area;
enum { WALK_PAGES = 4096 };

void setup_tlb(void)
{
    walk_area = map_area(WALK_PAGES * PAGE);
    for (unsigned i = 0; i < WALK_PAGES; i++)
        walk_area[i * PAGE + (i & 63) * 64] = 1;
}

/* One operation: 64 loads, each from another of 4096 pages. */
uint32_t micro_tlb_walk(unsigned n)
{
    uint32_t sum = 0, page = 0;
    for (unsigned i = 0; i < n * 64; i++) {
        page = (page * 1021 + 257 + (sum & 0)) % WALK_PAGES;
        sum += ((volatile uint8_t *)walk_area)[page * PAGE + (page & 63) * 64];
    }
    return sum;
}

static uint32_t *from_words, *to_words;

void setup_bandwidth(void)
{
    from_words = (uint32_t *)map_area(BANDWIDTH_BYTES);
    to_words = (uint32_t *)map_area(BANDWIDTH_BYTES);
    for (unsigned i = 0; i < BANDWIDTH_BYTES / 4; i++)
        from_words[i] = to_words[i] = i;
}

/* Bandwidth: one operation is 64 KiB of an 8 MiB buffer, in 32-bit words. */
enum { CHUNK_WORDS = 65536 / 4, N_CHUNKS = BANDWIDTH_BYTES / 65536 };

uint32_t micro_memory_read(unsigned n)
{
    uint32_t sum = 0;
    for (unsigned i = 0; i < n; i++) {
        const volatile uint32_t *at = from_words + i % N_CHUNKS * CHUNK_WORDS;
        for (unsigned j = 0; j < CHUNK_WORDS; j += 8)
            sum += at[j] + at[j + 1] + at[j + 2] + at[j + 3] + at[j + 4] + at[j + 5] + at[j + 6] +
                   at[j + 7];
    }
    return sum;
}

uint32_t micro_memory_write(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        volatile uint32_t *at = to_words + i % N_CHUNKS * CHUNK_WORDS;
        for (unsigned j = 0; j < CHUNK_WORDS; j += 4)
            at[j] = i, at[j + 1] = i, at[j + 2] = i, at[j + 3] = j;
    }
    return to_words[(n - 1) % N_CHUNKS * CHUNK_WORDS];
}

uint32_t micro_memory_copy(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint32_t *to = to_words + i % N_CHUNKS * CHUNK_WORDS;
        const uint32_t *from = from_words + i % N_CHUNKS * CHUNK_WORDS;
        unsigned left = CHUNK_WORDS;
        __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(left) : : "memory");
    }
    return to_words[(n - 1) % N_CHUNKS * CHUNK_WORDS + 5];
}

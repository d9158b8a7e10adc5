/* scaling.c - one static 32-bit program for bench/scaling/run: many processes that run and talk,
 * memory touched for the first time, fork and exec, and the mmap part of the mixed load. The same
 * natively and in guests; each result is a line "@v NAME VALUE ok", in nanoseconds.
 *
 *   ring N KIB MS    N processes in a ring of pipes; each writes to KIB of its own in its turn:
 *                    a turn of the first lap, of the later ones
 *   crowd N KIB MS   N processes that all want to run: KIB written, four system calls, a yield;
 *                    what it takes to start one, a round
 *   mesh N KIB MS    the same, but each got its memory page by page in turn with the others, so
 *                    that no two pages that are neighbours here are so in RAM
 *   crowd N 0 MS     N makers: each starts a child and waits for it, again and again
 *   touch MIB        MIB of new memory, one write for each page: first, again
 *   spawn MS         fork and wait; fork, exec and wait
 *   maps SEED        mapping, writing, protecting, unmapping; prints a checksum
 */
#include "bench.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };

static uint8_t *own_memory(unsigned kib)
{
    uint8_t *own =
        mmap(NULL, (size_t)kib << 10, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bench_require(own != MAP_FAILED);
    return own;
}

static void touch(uint8_t *own, unsigned kib)
{
    for (size_t i = 0; i < (size_t)kib << 10; i += PAGE) {
        own[i]++;
    }
}

static void put(const char *name, double value)
{
    char line[120];
    int n = snprintf(line, sizeof line, "@v %s %.1f ok\n", name, value);
    bench_require(write(STDOUT_FILENO, line, (size_t)n) == n);
}

/* ---- ring ---- */

static void pass(int from, int to, uint8_t *own, unsigned kib)
{
    uint32_t word;
    while (read(from, &word, sizeof word) == sizeof word) {
        touch(own, kib);
        word++;
        if (write(to, &word, sizeof word) != sizeof word) {
            break;
        }
    }
}

static uint32_t lap(int from, int to, uint8_t *own, unsigned kib)
{
    uint32_t word = 1;
    touch(own, kib);
    bench_require(write(to, &word, sizeof word) == sizeof word);
    bench_require(read(from, &word, sizeof word) == sizeof word);
    return word;
}

static void ring(unsigned n, unsigned kib, double ms)
{
    int first[2], from, to[2];
    bench_require(pipe(first) == 0);
    from = first[0];
    for (unsigned i = 1; i < n; i++) {
        bench_require(pipe(to) == 0);
        pid_t pid = fork();
        bench_require(pid >= 0);
        if (pid == 0) {
            close(first[1]);
            close(to[0]);
            pass(from, to[1], own_memory(kib), kib);
            _exit(0);
        }
        if (i > 1) {
            close(from);
        }
        close(to[1]);
        from = to[0];
    }
    uint8_t *own = own_memory(kib);
    struct bench_time start = bench_now();
    bench_require(lap(from, first[1], own, kib) == n);
    put("first", bench_since(start).ns / n);
    lap(from, first[1], own, kib); /* warm */
    unsigned n_laps = 0;
    start = bench_now();
    do {
        bench_require(lap(from, first[1], own, kib) == n);
        n_laps++;
    } while (bench_since(start).ns < ms * 1e6);
    put("steady", bench_since(start).ns / n_laps / n);
    close(first[1]);
}

/* ---- crowd, makers ---- */

enum { MOST = 4096 };
struct shared {
    volatile unsigned n_ready, stop;
    volatile uint32_t rounds[MOST];
};

static uint32_t crowd_round(uint32_t sum, uint8_t *own, unsigned kib)
{
    touch(own, kib);
    for (unsigned i = 0; i < 4; i++) {
        sum += (uint32_t)syscall(SYS_getppid);
    }
    for (unsigned i = 0; i < 2000; i++) {
        sum = bench_mix(sum, i);
    }
    sched_yield();
    return sum;
}

/* kib 0: a maker. A child of its own, as a shell and as make have them: half of them exec. */
static void make_one(unsigned number)
{
    int status;
    pid_t pid = fork();
    bench_require(pid >= 0);
    if (pid == 0) {
        if (number & 1) {
            execl("/proc/self/exe", "scaling", (char *)NULL);
        }
        _exit(number & 1);
    }
    bench_require(waitpid(pid, &status, 0) == pid && status == 0);
}

static void member(struct shared *shared, int gate, unsigned number, unsigned kib, bool mesh)
{
    uint8_t *own = own_memory(kib ? kib : 64);
    uint32_t sum = number;
    char byte;
    for (unsigned i = 0; mesh && i < kib; i += 4) {
        touch(own + ((size_t)i << 10), 4);
        sched_yield();
    }
    touch(own, kib ? kib : 64);
    __atomic_add_fetch(&shared->n_ready, 1, __ATOMIC_SEQ_CST);
    bench_require(read(gate, &byte, 1) == 0); /* the end of file opens it to all of them */
    while (!shared->stop) {
        if (kib) {
            sum = crowd_round(sum, own, kib);
        } else {
            make_one(number + sum++);
        }
        shared->rounds[number]++;
    }
    _exit(kib && sum == 0);
}

static uint64_t all_rounds(const struct shared *shared, unsigned n)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < n; i++) {
        sum += shared->rounds[i];
    }
    return sum;
}

static void crowd(unsigned n, unsigned kib, double ms, bool mesh)
{
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int gate[2];
    bench_require(shared != MAP_FAILED && n <= MOST && pipe(gate) == 0);
    struct bench_time start = bench_now();
    for (unsigned i = 0; i < n; i++) {
        pid_t pid = fork();
        bench_require(pid >= 0);
        if (pid == 0) {
            close(gate[1]);
            member(shared, gate[0], i, kib, mesh);
        }
    }
    while (shared->n_ready < n) {
        sched_yield();
    }
    put("start", bench_since(start).ns / n);
    close(gate[1]);
    usleep((useconds_t)(ms * 300)); /* warm */
    uint64_t before = all_rounds(shared, n);
    start = bench_now();
    usleep((useconds_t)(ms * 1000));
    uint64_t n_rounds = all_rounds(shared, n) - before;
    double ns = bench_since(start).ns;
    shared->stop = 1;
    while (wait(NULL) > 0) {
    }
    put("round", n_rounds ? ns / (double)n_rounds : ns);
}

/* ---- memory and processes ---- */

static void touch_mib(unsigned mib)
{
    uint8_t *own = own_memory(mib << 10);
    madvise(own, (size_t)mib << 20, MADV_NOHUGEPAGE);
    unsigned n_pages = mib << 8;
    struct bench_time start = bench_now();
    touch(own, mib << 10);
    put("touch", bench_since(start).ns / n_pages);
    start = bench_now();
    touch(own, mib << 10);
    touch(own, mib << 10);
    put("again", bench_since(start).ns / n_pages / 2);
}

static double spawn_one(const char *self, double ms)
{
    unsigned n = 0;
    struct bench_time start = bench_now();
    do {
        pid_t pid = fork();
        bench_require(pid >= 0);
        if (pid == 0) {
            if (self) {
                execl(self, self, (char *)NULL);
            }
            _exit(self != NULL);
        }
        int status;
        bench_require(waitpid(pid, &status, 0) == pid && status == 0);
        n++;
    } while (bench_since(start).ns < ms * 1e6);
    return bench_since(start).ns / n;
}

static void spawn(double ms)
{
    spawn_one(NULL, ms / 4);
    put("fork", spawn_one(NULL, ms));
    put("exec", spawn_one("/proc/self/exe", ms));
}

static void maps(uint32_t seed)
{
    uint32_t sum = 0;
    for (unsigned i = 0; i < 60; i++) {
        unsigned kib = 64 + bench_random(&seed) % 960;
        uint32_t *own = (uint32_t *)own_memory(kib);
        unsigned n_words = kib << 8;
        for (unsigned j = 0; j < n_words; j += 97) {
            own[j] = bench_random(&seed);
        }
        bench_require(mprotect(own, 32 << 10, PROT_READ) == 0);
        pid_t pid = i % 8 == 0 ? fork() : -1;
        if (pid == 0) {
            for (unsigned j = 1 << 14; j < n_words; j += 1024) {
                own[j] = 0;
            }
            _exit(0);
        }
        if (pid > 0) {
            waitpid(pid, NULL, 0);
        }
        for (unsigned j = 0; j < n_words; j += 97) {
            sum = bench_mix(sum, own[j]);
        }
        munmap(own, (size_t)kib << 10);
    }
    printf("%08x\n", (unsigned)sum);
}

int main(int argc, char **argv)
{
    double number[3] = {0};
    for (int i = 2; i < argc && i < 5; i++) {
        number[i - 2] = atof(argv[i]);
    }
    const char *what = argc > 1 ? argv[1] : "exit";
    if (strcmp(what, "ring") == 0) {
        ring((unsigned)number[0], (unsigned)number[1], number[2]);
    } else if (strcmp(what, "crowd") == 0 || strcmp(what, "mesh") == 0) {
        crowd((unsigned)number[0], (unsigned)number[1], number[2], what[0] == 'm');
    } else if (strcmp(what, "touch") == 0) {
        touch_mib((unsigned)number[0]);
    } else if (strcmp(what, "spawn") == 0) {
        spawn(number[0]);
    } else if (strcmp(what, "maps") == 0) {
        maps((uint32_t)number[0]);
    } else if (argc > 1) {
        fprintf(stderr, "scaling: no test is called %s\n", what);
        return 2;
    }
    return 0;
}

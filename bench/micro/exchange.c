/* exchange.c - two or more tasks that wait for one another: pipes, futexes, sockets, rings.
 *
 * bench/run pins the native run to one CPU, as guests have one.
 */
#define _GNU_SOURCE
#include "micro.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Where to write to the partner, and where its answer comes. */
static int out_fd, in_fd;

/* Answers each byte with the next one. */
static void answer_bytes(int in, int out)
{
    uint8_t byte;
    while (read(in, &byte, 1) == 1) {
        byte++;
        if (write(out, &byte, 1) != 1)
            break;
    }
}

/* A partner dies with the test. */
static pid_t start_partner(void)
{
    pid_t parent = getpid(), partner = fork();
    bench_require(partner >= 0);
    if (partner == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(0);
    }
    return partner;
}

static uint32_t round_trips(unsigned n)
{
    uint32_t sum = 0;
    for (unsigned i = 0; i < n; i++) {
        uint8_t sent = i, byte = i;
        bench_require(write(out_fd, &byte, 1) == 1);
        bench_require(read(in_fd, &byte, 1) == 1);
        bench_require(byte == (uint8_t)(sent + 1));
        sum += byte;
    }
    return sum;
}

void setup_pipe_process(void)
{
    int there[2], back[2];
    bench_require(pipe(there) == 0 && pipe(back) == 0);
    if (start_partner() == 0) {
        answer_bytes(there[0], back[1]);
        _exit(0);
    }
    out_fd = there[1], in_fd = back[0];
}

uint32_t micro_pipe_process(unsigned n)
{
    return round_trips(n);
}

static int thread_fds[2];

static void *answer_thread(void *unused)
{
    answer_bytes(thread_fds[0], thread_fds[1]);
    return unused;
}

void setup_pipe_threads(void)
{
    int there[2], back[2];
    pthread_t thread;
    bench_require(pipe(there) == 0 && pipe(back) == 0);
    thread_fds[0] = there[0], thread_fds[1] = back[1];
    bench_require(pthread_create(&thread, NULL, answer_thread, NULL) == 0);
    out_fd = there[1], in_fd = back[0];
}

uint32_t micro_pipe_threads(unsigned n)
{
    return round_trips(n);
}

/* A word that two threads wait for in turn: odd is the partner's turn. */
static volatile uint32_t turn;

static void wait_while(uint32_t value)
{
    while (turn == value)
        syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void hand_over(void)
{
    turn++;
    syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *futex_thread(void *unused)
{
    for (;;) {
        uint32_t seen = turn;
        if (seen & 1)
            hand_over();
        else
            wait_while(seen);
    }
    return unused;
}

void setup_futex_threads(void)
{
    pthread_t thread;
    bench_require(pthread_create(&thread, NULL, futex_thread, NULL) == 0);
}

uint32_t micro_futex_threads(unsigned n)
{
    uint32_t before = turn;
    for (unsigned i = 0; i < n; i++) {
        hand_over();
        uint32_t seen = before + 2 * i + 1;
        wait_while(seen);
        bench_require(turn == seen + 1);
    }
    return turn - before;
}

/* Two processes that only yield to one another. */
static volatile uint32_t *yield_counts;

void setup_yield_pair(void)
{
    yield_counts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bench_require(yield_counts != MAP_FAILED);
    if (start_partner() == 0)
        for (;;) {
            sched_yield();
            yield_counts[0]++;
        }
}

uint32_t micro_yield_pair(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        bench_require(sched_yield() == 0);
    return n;
}

static void setup_unix(int type)
{
    int ends[2];
    bench_require(socketpair(AF_UNIX, type, 0, ends) == 0);
    if (start_partner() == 0) {
        close(ends[0]);
        answer_bytes(ends[1], ends[1]);
        _exit(0);
    }
    close(ends[1]);
    out_fd = in_fd = ends[0];
}

void setup_unix_stream(void)
{
    setup_unix(SOCK_STREAM);
}

void setup_unix_datagram(void)
{
    setup_unix(SOCK_DGRAM);
}

uint32_t micro_unix_stream(unsigned n)
{
    return round_trips(n);
}

uint32_t micro_unix_datagram(unsigned n)
{
    return round_trips(n);
}

/* lmbench's lat_ctx: a token goes around n_processes, each of which reads its own array first.
 * One operation is one lap. */
static int n_in_ring;
static volatile uint32_t array[65536 / 4];

static uint32_t touch_array(int n_words)
{
    uint32_t sum = 0;
    for (int i = 0; i < n_words; i += 16)
        sum += array[i];
    return sum;
}

static void setup_ring(int n_processes, int n_words)
{
    int first[2], here[2], next[2];
    bench_require(pipe(first) == 0);
    here[0] = first[0];
    for (int i = 1; i < n_processes; i++) {
        bench_require(pipe(next) == 0);
        if (start_partner() == 0) {
            uint8_t byte;
            for (int j = 0; j < n_words; j++)
                array[j] = 0;
            while (read(here[0], &byte, 1) == 1) {
                byte += 1 + touch_array(n_words);
                if (write(next[1], &byte, 1) != 1)
                    break;
            }
            _exit(0);
        }
        here[0] = next[0];
    }
    n_in_ring = n_processes;
    out_fd = first[1], in_fd = here[0];
}

static uint32_t laps(unsigned n)
{
    uint32_t sum = 0;
    for (unsigned i = 0; i < n; i++) {
        uint8_t byte = 0;
        bench_require(write(out_fd, &byte, 1) == 1);
        bench_require(read(in_fd, &byte, 1) == 1);
        bench_require(byte == n_in_ring - 1);
        sum += byte;
    }
    return sum;
}

void setup_ring_2(void)
{
    setup_ring(2, 0);
}

void setup_ring_8(void)
{
    setup_ring(8, 0);
}

void setup_ring_8_64k(void)
{
    setup_ring(8, 65536 / 4);
}

uint32_t micro_switch_2(unsigned n)
{
    return laps(n);
}

uint32_t micro_switch_8(unsigned n)
{
    return laps(n);
}

uint32_t micro_switch_8_64k(unsigned n)
{
    return laps(n);
}

/* Eight processes fed from one pipe, answering into another. One operation: 16 messages. */
void setup_crowd(void)
{
    int there[2], back[2];
    bench_require(pipe(there) == 0 && pipe(back) == 0);
    for (int i = 0; i < 8; i++)
        if (start_partner() == 0) {
            answer_bytes(there[0], back[1]);
            _exit(0);
        }
    out_fd = there[1], in_fd = back[0];
}

uint32_t micro_crowd(unsigned n)
{
    uint32_t sum = 0;
    for (unsigned i = 0; i < n; i++) {
        uint8_t byte = 6;
        for (int j = 0; j < 16; j++)
            bench_require(write(out_fd, &byte, 1) == 1);
        for (int j = 0; j < 16; j++) {
            bench_require(read(in_fd, &byte, 1) == 1 && byte == 7);
            sum += byte;
        }
    }
    return sum;
}

/* 64 KiB through a pipe to a process that reads it all. */
static uint8_t block[65536];

void setup_pipe_sink(void)
{
    int there[2], back[2];
    bench_require(pipe(there) == 0 && pipe(back) == 0);
    if (start_partner() == 0) {
        unsigned n_read = 0;
        for (;;) {
            ssize_t got = read(there[0], block, sizeof block);
            if (got <= 0)
                _exit(0);
            n_read += got;
            if (n_read >= sizeof block) {
                n_read -= sizeof block;
                if (write(back[1], "k", 1) != 1)
                    _exit(0);
            }
        }
    }
    out_fd = there[1], in_fd = back[0];
}

uint32_t micro_pipe_64k(unsigned n)
{
    uint8_t byte = 0;
    for (unsigned i = 0; i < n; i++) {
        bench_require(write(out_fd, block, sizeof block) == (ssize_t)sizeof block);
        bench_require(read(in_fd, &byte, 1) == 1 && byte == 'k');
    }
    return n;
}

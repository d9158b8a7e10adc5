/* syscalls.c - one system call each; nothing blocks but sleep. */
#include "micro.h"

#include <asm/ldt.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int zero_fd, null_fd;

void setup_descriptors(void)
{
    zero_fd = open("/dev/zero", O_RDONLY);
    null_fd = open("/dev/null", O_WRONLY);
    bench_require(zero_fd >= 0 && null_fd >= 0);
}

uint32_t micro_getppid(unsigned n)
{
    int parent = getppid();
    for (unsigned i = 0; i < n; i++)
        bench_require(getppid() == parent);
    return n;
}

uint32_t micro_getppid_int80(unsigned n)
{
    int parent = getppid(), answer;
    for (unsigned i = 0; i < n; i++) {
        __asm__ volatile("int $0x80" : "=a"(answer) : "a"(SYS_getppid) : "memory");
        bench_require(answer == parent);
    }
    return n;
}

uint32_t micro_gettimeofday(unsigned n)
{
    struct timeval last = {0, 0}, now;
    for (unsigned i = 0; i < n; i++) {
        bench_require(gettimeofday(&now, NULL) == 0);
        bench_require(now.tv_sec > last.tv_sec ||
                      (now.tv_sec == last.tv_sec && now.tv_usec >= last.tv_usec));
        last = now;
    }
    return n;
}

/* The system call itself, not the vDSO. */
uint32_t micro_clock_syscall(unsigned n)
{
    struct timespec now;
    for (unsigned i = 0; i < n; i++)
        bench_require(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) == 0);
    return n;
}

uint32_t micro_read_zero(unsigned n)
{
    uint8_t byte = 1;
    for (unsigned i = 0; i < n; i++)
        bench_require(read(zero_fd, &byte, 1) == 1);
    return n + byte;
}

uint32_t micro_write_null(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        bench_require(write(null_fd, "x", 1) == 1);
    return n;
}

uint32_t micro_stat(unsigned n)
{
    struct stat about;
    for (unsigned i = 0; i < n; i++)
        bench_require(stat("bench-file", &about) == 0);
    return n + (uint32_t)about.st_size;
}

uint32_t micro_fstat(unsigned n)
{
    struct stat about;
    for (unsigned i = 0; i < n; i++)
        bench_require(fstat(zero_fd, &about) == 0);
    return n + (S_ISCHR(about.st_mode) ? 1 : 0);
}

uint32_t micro_open_close(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        int fd = open("bench-file", O_RDONLY);
        bench_require(fd >= 0);
        bench_require(close(fd) == 0);
    }
    return n;
}

enum { N_FDS = 64 };
static int fds[N_FDS];

/* 64 pipes, the last one readable. */
void setup_fds(void)
{
    int ends[2] = {-1, -1};
    for (int i = 0; i < N_FDS; i++) {
        bench_require(pipe(ends) == 0);
        fds[i] = ends[0];
    }
    bench_require(write(ends[1], "x", 1) == 1);
}

uint32_t micro_select_64(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct timeval no_time = {0, 0};
        fd_set set;
        FD_ZERO(&set);
        for (int j = 0; j < N_FDS; j++)
            FD_SET(fds[j], &set);
        bench_require(select(fds[N_FDS - 1] + 1, &set, NULL, NULL, &no_time) == 1);
        bench_require(FD_ISSET(fds[N_FDS - 1], &set));
    }
    return n;
}

uint32_t micro_poll_64(unsigned n)
{
    struct pollfd set[N_FDS];
    for (int j = 0; j < N_FDS; j++)
        set[j] = (struct pollfd){.fd = fds[j], .events = POLLIN};
    for (unsigned i = 0; i < n; i++) {
        bench_require(poll(set, N_FDS, 0) == 1);
        bench_require(set[N_FDS - 1].revents == POLLIN);
    }
    return n;
}

uint32_t micro_sched_yield(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        bench_require(sched_yield() == 0);
    return n;
}

/* Rewrites a descriptor of the GDT and loads it: what a thread switch does to %gs. */
uint32_t micro_set_thread_area(unsigned n)
{
    static uint32_t word[2] = {0x1234, 0x5678};
    static unsigned entry = -1;
    uint32_t sum = 0;
    for (unsigned i = 0; i < n; i++) {
        struct user_desc desc;
        uint32_t value;
        memset(&desc, 0, sizeof desc);
        desc.entry_number = entry;
        desc.base_addr = (uintptr_t)&word[i & 1];
        desc.limit = 0xFFFFF;
        desc.seg_32bit = desc.limit_in_pages = desc.useable = 1;
        bench_require(syscall(SYS_set_thread_area, &desc) == 0);
        entry = desc.entry_number;
        __asm__ volatile("mov %1, %%fs; mov %%fs:0, %0"
                         : "=r"(value)
                         : "r"(entry * 8 + 3)
                         : "memory");
        bench_require(value == word[i & 1]);
        sum += value;
    }
    return sum;
}

uint32_t micro_sleep_100us(unsigned n)
{
    struct timespec nap = {0, 100000};
    for (unsigned i = 0; i < n; i++)
        bench_require(nanosleep(&nap, NULL) == 0);
    return n;
}

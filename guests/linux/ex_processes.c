/* ex_processes.c - fork, exec, pipes and ptrace: many address spaces, short lives. */
#include "exercise.h"

#include <errno.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

static void forks(void)
{
    unsigned bad = 0;
    for (unsigned i = 0; i < 200; i++) {
        pid_t child = fork();
        if (child == 0) {
            _exit((int)(i & 0x7f));
        }
        int status;
        bad += child < 0 || waitpid(child, &status, 0) != child || status != (int)(i & 0x7f) << 8;
    }
    check_equal("fork", bad, 0);
    /* Thirty at once, each with another value in the same place. */
    static volatile unsigned mine;
    int pipes[2];
    bad = pipe(pipes);
    for (unsigned i = 0; i < 30; i++) {
        if (fork() == 0) {
            mine = i;
            for (int round = 0; round < 20; round++) {
                usleep(100);
                if (mine != i) {
                    _exit(1);
                }
            }
            _exit(write(pipes[1], (const void *)&mine, sizeof(mine)) != sizeof(mine));
        }
    }
    unsigned sum = 0, got;
    for (unsigned i = 0; i < 30; i++) {
        int status;
        wait(&status);
        bad += status != 0;
        bad += read(pipes[0], &got, sizeof(got)) != sizeof(got);
        sum += got;
    }
    check(bad == 0 && sum == 435, "thirty-at-once", "%u bad, sum %u", bad, sum);
}

static void execs(void)
{
    volatile unsigned bad = 0; /* vfork returns twice */
    for (volatile unsigned i = 0; i < 60; i++) {
        char code[8];
        snprintf(code, sizeof(code), "%u", i + 1);
        pid_t child = i % 2 ? vfork() : fork();
        if (child == 0) {
            execl("/proc/self/exe", "exercise", "--exit", code, (char *)NULL);
            _exit(127);
        }
        int status;
        waitpid(child, &status, 0);
        bad += status != (int)(i + 1) << 8;
    }
    check_equal("exec", bad, 0);
}

static void piping(void)
{
    enum { TOTAL = 4 << 20 };
    int pipes[2];
    if (pipe(pipes)) {
        check(false, "pipe", "errno %d", errno);
        return;
    }
    static uint8_t chunk[9973];
    pid_t child = fork();
    if (child == 0) {
        uint32_t state = 1;
        for (size_t sent = 0; sent < TOTAL;) {
            for (size_t i = 0; i < sizeof(chunk); i++) {
                state = state * 1664525 + 1013904223;
                chunk[i] = (uint8_t)(state >> 24);
            }
            size_t n = TOTAL - sent < sizeof(chunk) ? TOTAL - sent : sizeof(chunk);
            if (write(pipes[1], chunk, n) != (ssize_t)n) {
                _exit(1);
            }
            sent += n;
        }
        _exit(0);
    }
    close(pipes[1]);
    uint64_t hash = HASH_START;
    size_t total = 0;
    ssize_t n;
    while ((n = read(pipes[0], chunk, sizeof(chunk))) > 0) {
        hash = hash_bytes(hash, chunk, (size_t)n);
        total += (size_t)n;
    }
    int status;
    waitpid(child, &status, 0);
    check(status == 0 && total == TOTAL, "pipe-length", "status %x, %zu bytes", status, total);
    check_equal("pipe-contents", hash, 0xfe880ac9d43d399eull);
    close(pipes[0]);
}

extern uint8_t traced_here[];
/* A debugger writes a breakpoint into code that has already run in the other process. */
__attribute__((noinline)) static int traced(int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++) {
        __asm__ volatile(".globl traced_here\ntraced_here: addl $3, %0" : "+r"(sum));
    }
    return sum;
}
static void tracing(void)
{
    pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        int before = traced(100);
        raise(SIGSTOP);
        int after = traced(10);
        _exit(before == 300 && after == 30 ? 42 : 1);
    }
    int status, n_hits = 0;
    waitpid(child, &status, 0);
    bool stopped = WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP;
    long word = ptrace(PTRACE_PEEKTEXT, child, traced_here, NULL);
    ptrace(PTRACE_POKETEXT, child, traced_here, (void *)((word & ~0xffl) | 0xcc));
    ptrace(PTRACE_CONT, child, NULL, NULL);
    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status) &&
           WSTOPSIG(status) == SIGTRAP && n_hits < 100) {
        struct user_regs_struct regs;
        ptrace(PTRACE_GETREGS, child, NULL, &regs);
        if ((uint32_t)regs.eip != (uint32_t)(uintptr_t)traced_here + 1) {
            break;
        }
        n_hits++;
        /* Put it back, step over it, plant again: what every debugger does. */
        regs.eip--;
        ptrace(PTRACE_SETREGS, child, NULL, &regs);
        ptrace(PTRACE_POKETEXT, child, traced_here, (void *)word);
        ptrace(PTRACE_SINGLESTEP, child, NULL, NULL);
        waitpid(child, &status, 0);
        ptrace(PTRACE_POKETEXT, child, traced_here, (void *)((word & ~0xffl) | 0xcc));
        ptrace(PTRACE_CONT, child, NULL, NULL);
    }
    check(stopped && n_hits == 10 && WIFEXITED(status) && WEXITSTATUS(status) == 42,
          "ptrace-breakpoint", "stopped %d hits %d status %x", stopped, n_hits, status);
    if (!WIFEXITED(status)) {
        kill(child, SIGKILL);
    }
    /* The parent's own copy of the page is untouched. */
    check_equal("ptrace-private", (uint32_t)traced(100), 300);
}

void ex_processes(void)
{
    forks();
    execs();
    piping();
    tracing();
}

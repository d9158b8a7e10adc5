/* bench.c - clocks, result lines and the one-child-per-test rule; see bench.h. */
#include "bench.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Shared with the children: the reason a test gave before it died. */
static char *last_words;
enum { LAST_WORDS_BYTES = 200 };

struct bench_time bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (struct bench_time){now.tv_sec * 1e9 + now.tv_nsec, (double)__builtin_ia32_rdtsc()};
}

struct bench_time bench_since(struct bench_time start)
{
    struct bench_time now = bench_now();
    return (struct bench_time){now.ns - start.ns, now.tsc - start.tsc};
}

/* One write(), so that a line stays one piece. */
static void put_line(const char *line)
{
    size_t left = strlen(line);
    while (left > 0) {
        ssize_t done = write(STDOUT_FILENO, line, left);
        if (done <= 0)
            _exit(3);
        line += done;
        left -= done;
    }
}

void bench_report(const char *group, const char *name, uint32_t check, struct bench_time spent)
{
    char line[256];
    snprintf(line, sizeof line, "@r %s/%s check=%08x ns=%.3f tsc=%.1f ok\n", group, name,
             (unsigned)check, spent.ns, spent.tsc);
    put_line(line);
}

void bench_report_fail(const char *group, const char *name, const char *why)
{
    char line[512];
    snprintf(line, sizeof line, "@r %s/%s FAIL %s ok\n", group, name, why);
    put_line(line);
}

void bench_die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (last_words)
        vsnprintf(last_words, LAST_WORDS_BYTES, format, args);
    va_end(args);
    _exit(9);
}

void bench_in_child(const char *group, const char *name, unsigned timeout_s, void (*body)(void *),
                    void *arg)
{
    if (!last_words)
        last_words =
            mmap(NULL, LAST_WORDS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (last_words == MAP_FAILED) {
        last_words = NULL;
        bench_report_fail(group, name, "no shared page");
        return;
    }
    last_words[0] = 0;
    pid_t child = fork();
    if (child < 0) {
        bench_report_fail(group, name, "fork failed");
        return;
    }
    if (child == 0) {
        setpgid(0, 0);
        alarm(timeout_s);
        body(arg);
        _exit(0);
    }
    int status;
    while (waitpid(child, &status, 0) < 0)
        ;
    /* What a failed test left behind (its ring of processes) goes with it. */
    kill(-child, SIGKILL);
    char why[LAST_WORDS_BYTES + 40];
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        snprintf(why, sizeof why, "no result in %u s", timeout_s);
    else if (WIFSIGNALED(status))
        snprintf(why, sizeof why, "signal %d", WTERMSIG(status));
    else
        snprintf(why, sizeof why, "%s", last_words[0] ? last_words : "exited without a reason");
    bench_report_fail(group, name, why);
}

int bench_wanted(const char *group, const char *name, char **patterns, int n_patterns)
{
    size_t group_length = strlen(group);
    for (int i = 0; i < n_patterns; i++) {
        const char *pattern = patterns[i];
        if (!strncmp(pattern, group, group_length) && pattern[group_length] == '/')
            pattern += group_length + 1;
        size_t length = strlen(pattern);
        if (length > 0 && pattern[length - 1] == '*' ? !strncmp(pattern, name, length - 1)
                                                     : !strcmp(pattern, name))
            return 1;
    }
    return n_patterns == 0;
}

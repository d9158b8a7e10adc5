/* processes.c - processes and threads made, replaced and buried. */
#define _GNU_SOURCE
#include "micro.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *const hello[] = {(char *)"micro", (char *)"--hello", NULL};
static char *const no_environment[] = {NULL};

static uint32_t reap(pid_t child)
{
    int status;
    bench_require(child > 0);
    bench_require(waitpid(child, &status, 0) == child);
    bench_require(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    return 42;
}

uint32_t micro_fork_wait(unsigned n)
{
    uint32_t sum = 0;
    for (unsigned i = 0; i < n; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(42);
        sum += reap(child);
    }
    return sum;
}

/* The parent has 16 MiB of touched memory whose page tables must be copied. */
uint32_t micro_fork_touched(unsigned n)
{
    return micro_fork_wait(n);
}

uint32_t micro_vfork_wait(unsigned n)
{
    uint32_t sum = 0;
    for (unsigned i = 0; i < n; i++) {
        pid_t child = vfork();
        if (child == 0)
            _exit(42);
        sum += reap(child);
    }
    return sum;
}

uint32_t micro_fork_exec(unsigned n)
{
    uint32_t sum = 0;
    for (unsigned i = 0; i < n; i++) {
        pid_t child = fork();
        if (child == 0) {
            execve("/proc/self/exe", hello, no_environment);
            _exit(1);
        }
        sum += reap(child);
    }
    return sum;
}

uint32_t micro_vfork_exec(unsigned n)
{
    uint32_t sum = 0;
    for (unsigned i = 0; i < n; i++) {
        pid_t child = vfork();
        if (child == 0) {
            execve("/proc/self/exe", hello, no_environment);
            _exit(1);
        }
        sum += reap(child);
    }
    return sum;
}

/* What a shell does for "a | b | c": three processes in a row, the last one's word is read. */
uint32_t micro_shell_pipeline(unsigned n)
{
    uint32_t sum = 0;
    for (unsigned i = 0; i < n; i++) {
        pid_t children[3];
        int input = -1, ends[2];
        for (int stage = 0; stage < 3; stage++) {
            bench_require(pipe(ends) == 0);
            children[stage] = fork();
            bench_require(children[stage] >= 0);
            if (children[stage] == 0) {
                char byte = 'a';
                close(ends[0]);
                if (input >= 0 && read(input, &byte, 1) != 1)
                    _exit(1);
                byte++;
                if (write(ends[1], &byte, 1) != 1)
                    _exit(1);
                execve("/proc/self/exe", hello, no_environment);
                _exit(1);
            }
            close(ends[1]);
            if (input >= 0)
                close(input);
            input = ends[0];
        }
        char byte = 0;
        bench_require(read(input, &byte, 1) == 1 && byte == 'd');
        close(input);
        for (int stage = 0; stage < 3; stage++)
            sum += reap(children[stage]);
    }
    return sum;
}

static void *add_one(void *count)
{
    ++*(uint32_t *)count;
    return NULL;
}

uint32_t micro_thread_create(unsigned n)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < n; i++) {
        pthread_t thread;
        bench_require(pthread_create(&thread, NULL, add_one, &count) == 0);
        bench_require(pthread_join(thread, NULL) == 0);
    }
    bench_require(count == n);
    return count;
}

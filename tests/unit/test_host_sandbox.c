/* test_host_sandbox.c - what a machine can still do behind the filter, and what it cannot. Each
 * case runs in a child. Without libseccomp the cases are skipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "host/sandbox.h"

enum { IN_CHILD = 77 }; /* the child could not enter */

/* Runs body behind the filter; its result is the exit status. */
static int in_sandbox(int (*body)(void))
{
    pid_t child = fork();
    if (child == 0) {
        int error = host_sandbox_enter(NULL, 0);
        if (error) {
            _exit(error == -ENOSYS ? IN_CHILD : IN_CHILD + 1);
        }
        _exit(body());
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == IN_CHILD) {
        skip();
    }
    return status;
}

/* Number of the check that failed, 0 if all hold. */
#define NEED(condition)                                                                            \
    if (!(condition)) {                                                                            \
        return __LINE__ % 250 + 1;                                                                 \
    }

static void expect_ok(int (*body)(void))
{
    int status = in_sandbox(body);
    if (!WIFEXITED(status)) {
        fail_msg("killed by signal %d", WTERMSIG(status));
    }
    if (WEXITSTATUS(status)) {
        fail_msg("check in line n with n %% 250 + 1 == %d", WEXITSTATUS(status));
    }
}

static int memory_body(void)
{
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(page != MAP_FAILED);
    NEED(mprotect(page, 4096, PROT_READ) == 0);
    NEED(mprotect(page, 4096, PROT_READ | PROT_EXEC) == -1 && errno == EPERM);
    NEED(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
             MAP_FAILED &&
         errno == EPERM);
    NEED(madvise(page, 4096, MADV_DONTNEED) == 0);
    NEED(munmap(page, 4096) == 0);
    for (size_t n = 16; n <= 64 << 20; n *= 4) { /* malloc by brk and by mmap */
        char *bytes = malloc(n);
        NEED(bytes);
        bytes = realloc(bytes, 2 * n);
        NEED(bytes);
        free(bytes);
    }
    return 0;
}
static void memory(void **state)
{
    (void)state;
    expect_ok(memory_body);
}

static int files_body(void)
{
    char bytes[16];
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    NEED(fd >= 0 && read(fd, bytes, sizeof(bytes)) > 0 && lseek(fd, 0, SEEK_SET) == 0);
    NEED(close(fd) == 0);
    FILE *file = fopen("/proc/self/status", "re"); /* stdio: fstat, malloc */
    NEED(file && fgets(bytes, sizeof(bytes), file) && fclose(file) == 0);
    NEED(open("/dev/null", O_WRONLY) == -1 && errno == EPERM);
    NEED(open("/dev/null", O_RDWR) == -1 && errno == EPERM);
    NEED(open("/tmp", O_PATH) == -1 && errno == EPERM);
    NEED(open("/tmp/plex86-sandbox-test", O_RDONLY | O_CREAT, 0600) == -1 && errno == EPERM);
    NEED(creat("/tmp/plex86-sandbox-test", 0600) == -1 && errno == EPERM);
    NEED(rename("/tmp/a", "/tmp/b") == -1 && errno == EPERM);
    NEED(unlink("/tmp/plex86-sandbox-none") == -1 && errno == ENOENT); /* the pid file */
    NEED(dup(1) == -1 && errno == EPERM);
    NEED(socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == EPERM);
    NEED(eventfd(0, 0) == -1 && errno == EPERM);
    NEED(memfd_create("x", 0) == -1 && errno == EPERM);
    NEED(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == -1 && errno == EPERM);
    return 0;
}
static void files(void **state)
{
    (void)state;
    expect_ok(files_body);
}

static atomic_int n_signals;
static void on_signal(int signal)
{
    (void)signal;
    atomic_fetch_add(&n_signals, 1);
}

static int signals_body(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t set, before;
    NEED(sigaction(SIGRTMIN, &action, NULL) == 0);
    NEED(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGRTMIN) == 0 && n_signals == 1);
    sigemptyset(&set);
    NEED(sigprocmask(SIG_BLOCK, &set, &before) == 0);
    NEED(syscall(SYS_tgkill, 1, 1, 0) == -1 && errno == EPERM); /* not ours */
    struct timespec now, short_time = {.tv_nsec = 1000};
    NEED(clock_gettime(CLOCK_MONOTONIC_RAW, &now) == 0);
    NEED(nanosleep(&short_time, NULL) == 0);
    NEED(ppoll(NULL, 0, &short_time, NULL) == 0);
    return 0;
}
static void signals(void **state)
{
    (void)state;
    expect_ok(signals_body);
}

/* The machine's own timer and threads are made before, and used after. */
static int wake_fd;
static void *io_thread(void *arg)
{
    struct pollfd poll_fd = {.fd = wake_fd, .events = POLLIN};
    uint64_t n;
    poll(&poll_fd, 1, -1);
    /* the filter holds here too */
    *(bool *)arg =
        read(wake_fd, &n, sizeof(n)) == sizeof(n) && socket(AF_UNIX, SOCK_STREAM, 0) == -1;
    return NULL;
}

static int running_machine(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    struct sigaction action = {.sa_handler = on_signal};
    struct itimerspec soon = {.it_value.tv_nsec = 100000};
    timer_t timer;
    pthread_t thread;
    bool is_confined = false;
    uint64_t one = 1;
    wake_fd = eventfd(0, EFD_CLOEXEC);
    NEED(sigaction(SIGRTMIN, &action, NULL) == 0);
    NEED(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    NEED(pthread_create(&thread, NULL, io_thread, &is_confined) == 0);
    int error = host_sandbox_enter(NULL, 0);
    if (error) {
        return error == -ENOSYS ? IN_CHILD : IN_CHILD + 1;
    }
    NEED(timer_settime(timer, 0, &soon, NULL) == 0);
    for (unsigned i = 0; i < 1000 && !n_signals; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    NEED(n_signals == 1);
    NEED(write(wake_fd, &one, sizeof(one)) == sizeof(one));
    NEED(pthread_join(thread, NULL) == 0);
    NEED(is_confined);
    NEED(timer_delete(timer) == 0);
    return 0;
}

static void timer_and_thread(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        _exit(running_machine());
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == IN_CHILD) {
        skip();
    }
    assert_int_equal(status, 0);
}

static int terminal_body(void)
{
    struct termios mode;
    char c = 'x';
    NEED(tcgetattr(0, &mode) == 0 || errno != EPERM);
    NEED(tcsetattr(0, TCSANOW, &mode) == 0 || errno != EPERM);
    NEED(ioctl(0, TIOCSTI, &c) == -1 && errno == EPERM);
    return 0;
}
static void terminal(void **state)
{
    (void)state;
    expect_ok(terminal_body);
}

static int exec_body(void)
{
    return execl("/bin/true", "true", (char *)NULL);
}
static int fork_body(void)
{
    return fork() == 0;
}
static int ptrace_body(void)
{
    return ptrace(PTRACE_TRACEME, 0, 0, 0) == 0;
}
static int kill_body(void)
{
    return kill(getppid(), 0);
}
static int int80_body(void)
{
    int result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory", "cc"); /* getpid of i386 */
    return result > 0;
}

static void deadly(void **state)
{
    (void)state;
    static int (*const bodies[])(void) = {exec_body, fork_body, ptrace_body, kill_body, int80_body};
    for (unsigned i = 0; i < ARRAY_SIZE(bodies); i++) {
        int status = in_sandbox(bodies[i]);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS) {
            fail_msg("number %u: status %x", i, status);
        }
    }
}

static int abort_body(void)
{
    abort();
}

/* BUG's last words: abort() still is SIGABRT. */
static void bug(void **state)
{
    (void)state;
    int status = in_sandbox(abort_body);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* As nobody, without any right. */
static void unprivileged(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        if (getuid() == 0 && (setgid(65534) || setuid(65534))) {
            _exit(IN_CHILD);
        }
        int error = host_sandbox_enter(NULL, 0);
        _exit(error ? (error == -ENOSYS ? IN_CHILD : 1) : files_body());
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == IN_CHILD) {
        skip();
    }
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory),   cmocka_unit_test(files),
        cmocka_unit_test(signals),  cmocka_unit_test(timer_and_thread),
        cmocka_unit_test(terminal), cmocka_unit_test(deadly),
        cmocka_unit_test(bug),      cmocka_unit_test(unprivileged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

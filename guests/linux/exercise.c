/* exercise.c - a static 32-bit Linux program that uses the machine in every way user code can, and
 * knows the right answers.
 *
 * Usage: exercise [PART...]. Each part runs in a process of its own, so that one that dies does not
 * hide the others. Runs as well on a real 64-bit PC with 32-bit support: that is how the answers
 * were checked. tests/boot/expected lists the names that must appear.
 */
#include "exercise.h"

#include <stdarg.h>
#include <sys/wait.h>

static const char *part_name = "exercise";

void check_print(bool good, const char *name, const char *why, ...)
{
    char line[400];
    int n = snprintf(line, sizeof(line), "T %s %s.%s", good ? "ok" : "FAIL", part_name, name);
    if (!good) {
        va_list list;
        va_start(list, why);
        n += snprintf(line + n, sizeof(line) - n, ": ");
        vsnprintf(line + n, sizeof(line) - n, why, list);
        va_end(list);
    }
    /* One write per line: parts with threads and children must not interleave. */
    strcat(line, "\n");
    if (write(1, line, strlen(line)) < 0) {
        _exit(99);
    }
}

void check_equal(const char *name, uint64_t got, uint64_t expected)
{
    check(got == expected, name, "got 0x%llx, expected 0x%llx", (unsigned long long)got,
          (unsigned long long)expected);
}

uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++) {
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3ull;
    }
    return hash;
}

struct caught caught;
static sigjmp_buf caught_jump;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    caught.signal = signal;
    caught.code = info->si_code;
    caught.fault_lin = (uintptr_t)info->si_addr;
    memcpy(caught.regs, uc->uc_mcontext.gregs, sizeof(caught.regs));
    siglongjmp(caught_jump, 1);
}

int catch_fault(void (*body)(void *arg), void *arg)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    static uint8_t stack[65536];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    struct sigaction before[ARRAY_SIZE(signals)];
    memset(&caught, 0, sizeof(caught));
    sigaltstack(&alternate, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        sigaction(signals[i], &action, &before[i]);
    }
    if (!sigsetjmp(caught_jump, 1)) {
        body(arg);
    }
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        sigaction(signals[i], &before[i], NULL);
    }
    return caught.signal;
}

static const struct part {
    const char *name;
    void (*run)(void);
} parts[] = {
    {"numerics", ex_numerics}, {"memory", ex_memory},   {"signals", ex_signals},
    {"threads", ex_threads},   {"selfmod", ex_selfmod}, {"processes", ex_processes},
    {"odd", ex_odd},
};

static void run_part(const struct part *part)
{
    part_name = part->name;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(240);
        part->run();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    check(status == 0, "finished", "wait status 0x%x", status);
}

int main(int argc, char **argv)
{
    /* The processes part runs this program again. */
    if (argc > 2 && !strcmp(argv[1], "--exit")) {
        return atoi(argv[2]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        bool wanted = argc < 2;
        for (int j = 1; j < argc; j++) {
            wanted |= !strcmp(argv[j], parts[i].name);
        }
        if (wanted) {
            run_part(&parts[i]);
        }
    }
    return 0;
}

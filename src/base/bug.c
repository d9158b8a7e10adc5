/* bug.c - what happens when we are wrong (HACKING.md, "Errors", kind 3).
 *
 * Owns the one mutable global of base/: the reporter, set by the machine. Must work anywhere, light
 * code and signal handlers included: only write(2) and abort().
 */
#include "base/base.h"
#include "base/text.h"

#include <stdlib.h>

static struct {
    void (*report)(void *arg);
    void *arg;
    uint64_t fs_base;
} reporter;

void bug_set_reporter(void (*report)(void *arg), void *arg)
{
    __atomic_store_n(&reporter.report, NULL,
                     __ATOMIC_SEQ_CST); /* never a new arg for an old function */
    reporter.arg = arg;
    __asm__ volatile("rdfsbase %0" : "=r"(reporter.fs_base));
    __atomic_store_n(&reporter.report, report, __ATOMIC_SEQ_CST);
}

__attribute__((noinline)) static _Noreturn void print_bug(const char *file, int line,
                                                          const char *string)
{
    char bytes[512];
    struct text text;
    text_begin(&text, bytes, sizeof bytes);
    text_add(&text, "BUG ");
    text_add(&text, file);
    text_add_char(&text, ':');
    text_add_int(&text, line);
    text_add(&text, ": ");
    text_add(&text, string);
    text_add_char(&text, '\n');
    text_write(&text, 2);

    /* Taken, not read: a BUG inside the reporter must end, not recurse. */
    void (*report)(void *) = __atomic_exchange_n(&reporter.report, NULL, __ATOMIC_SEQ_CST);
    if (report) {
        report(reporter.arg);
    }
    abort();
}

/* Light code runs with FS.base at a window (run/fpu_light.c), multiples of 4 GiB. */
_Noreturn void bug_at(const char *file, int line, const char *string)
{
    uint64_t base = 1;
    if (reporter.fs_base) {
        __asm__ volatile("rdfsbase %0" : "=r"(base));
    }
    if (!(uint32_t)base) {
        __asm__ volatile("wrfsbase %0" : : "r"(reporter.fs_base));
    }
    print_bug(file, line, string);
}

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
} reporter;

void bug_set_reporter(void (*report)(void *arg), void *arg)
{
    __atomic_store_n(&reporter.report, NULL,
                     __ATOMIC_SEQ_CST); /* never a new arg for an old function */
    reporter.arg = arg;
    __atomic_store_n(&reporter.report, report, __ATOMIC_SEQ_CST);
}

_Noreturn void bug_at(const char *file, int line, const char *string)
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

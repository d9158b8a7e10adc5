/* log.h - where -d output goes: a mask of categories and a file. Knows no category by name (cli/
 * does). Not for light code: it formats with libc; light code counts, or leaves an exit.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/base.h"

struct log {
    unsigned mask; /* categories that are on */
    int fd;        /* -1: nowhere */
};

/* path NULL: stderr. 0, or -errno of open. The file is truncated, as -D of QEMU does. */
int log_open(struct log *log, unsigned mask, const char *path);
void log_close(struct log *log);
static inline bool log_has(const struct log *log, unsigned category)
{
    return log && (log->mask & category);
}
/* One line, newline added; one write(2), so that nothing is lost when the process stops in a BUG.
 * Lines longer than 1 KiB are cut and end in "...". */
__attribute__((format(printf, 3, 4))) void log_line(const struct log *log, unsigned category,
                                                    const char *format, ...);

#endif

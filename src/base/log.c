/* log.c - the log of log.h. Owns nothing but the descriptor in the caller's struct log. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LOG_LINE_BYTES = 1024 };

int log_open(struct log *log, unsigned mask, const char *path)
{
    log->mask = mask;
    log->fd = STDERR_FILENO;
    if (!path) {
        return 0;
    }
    log->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
    if (log->fd < 0) {
        log->mask = 0;
        return -errno;
    }
    return 0;
}

void log_close(struct log *log)
{
    if (log->fd > STDERR_FILENO) {
        close(log->fd);
    }
    log->fd = -1;
    log->mask = 0;
}

static void write_all(int fd, const char *bytes, size_t n_bytes)
{
    while (n_bytes) {
        ssize_t n = write(fd, bytes, n_bytes);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return; /* a full disk must not stop the guest */
        }
        bytes += n;
        n_bytes -= (size_t)n;
    }
}

void log_line(const struct log *log, unsigned category, const char *format, ...)
{
    if (!log_has(log, category) || log->fd < 0) {
        return;
    }
    int saved_errno = errno;
    char line[LOG_LINE_BYTES];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    if (n >= 0) {
        size_t n_bytes = (size_t)n;
        if (n_bytes > sizeof line - 2) {
            n_bytes = sizeof line - 2;
            memcpy(line + n_bytes - 3, "...", 3);
        }
        line[n_bytes++] = '\n';
        write_all(log->fd, line, n_bytes);
    }
    errno = saved_errno;
}

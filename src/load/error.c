/* error.c - the one line that a loader leaves when it cannot go on: what was tried, what to do. */
#include "load/room.h"

#include <stdarg.h>
#include <stdio.h>

int load_fail(char **error, int number, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (vasprintf(error, format, args) < 0) {
        *error = NULL;
    }
    va_end(args);
    return -number;
}

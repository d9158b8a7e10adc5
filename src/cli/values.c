/* values.c - readers of option values: lists, numbers, sizes, dates. Pure: text in, value out; the
 * messages are their callers'. A value is taken whole or not at all.
 */
#include "cli/parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

char *value_next(char **rest)
{
    char *item = *rest;
    if (!item) {
        return NULL;
    }
    char *out = item;
    const char *in = item;
    for (;; in++) {
        if (in[0] == ',' && in[1] == ',') {
            in++;
        } else if (in[0] == ',' || in[0] == 0) {
            break;
        }
        *out++ = *in;
    }
    *rest = *in ? (char *)in + 1 : NULL;
    *out = 0;
    return item;
}

char *value_of_key(char *item, const char *key)
{
    size_t n = strlen(key);
    return !strncmp(item, key, n) && item[n] == '=' ? item + n + 1 : NULL;
}

bool value_number(const char *string, uint64_t max, uint64_t *number)
{
    if (*string < '0' || *string > '9') { /* strtoull takes blanks and signs */
        return false;
    }
    char *end;
    errno = 0;
    unsigned long long value = strtoull(string, &end, 0);
    if (errno || *end || value > max) {
        return false;
    }
    *number = value;
    return true;
}

bool value_size(const char *string, unsigned shift, uint64_t *n_bytes)
{
    if (*string < '0' || *string > '9') {
        return false;
    }
    char *end;
    errno = 0;
    unsigned long long value = strtoull(string, &end, 10);
    if (errno) {
        return false;
    }
    if (*end) {
        static const char suffixes[] = "bBkKmMgGtT";
        const char *suffix = strchr(suffixes, *end);
        if (!suffix || end[1]) {
            return false;
        }
        shift = 10 * (unsigned)((suffix - suffixes) / 2);
    }
    if (value > UINT64_MAX >> shift) {
        return false;
    }
    *n_bytes = (uint64_t)value << shift;
    return true;
}

bool value_date(const char *string, int64_t *seconds)
{
    struct tm date = {0};
    int n = 0;
    int n_fields = sscanf(string, "%4d-%2d-%2d%nT%2d:%2d:%2d%n", &date.tm_year, &date.tm_mon,
                          &date.tm_mday, &n, &date.tm_hour, &date.tm_min, &date.tm_sec, &n);
    if ((n_fields != 3 && n_fields != 6) || string[n]) {
        return false;
    }
    struct tm asked = date;
    date.tm_year -= 1900;
    date.tm_mon -= 1;
    time_t result = timegm(&date); /* normalizes: the 31st of June comes back as July */
    if (asked.tm_year < 1970 || date.tm_mon != asked.tm_mon - 1 || date.tm_mday != asked.tm_mday ||
        date.tm_hour != asked.tm_hour || date.tm_min != asked.tm_min ||
        date.tm_sec != asked.tm_sec) {
        return false;
    }
    *seconds = result;
    return true;
}

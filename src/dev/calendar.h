/* calendar.h - seconds since 1970 <-> Gregorian date and time of day. Pure, light. */
#ifndef DEV_CALENDAR_H
#define DEV_CALENDAR_H

#include <stdint.h>

struct calendar {
    int year;            /* 1600 .. */
    unsigned month, day; /* from 1 */
    unsigned weekday;    /* 1 = Sunday .. 7 */
    unsigned hour, minute, second;
};

void calendar_from_seconds(struct calendar *calendar, int64_t seconds);
int64_t calendar_to_seconds(const struct calendar *calendar); /* weekday is not looked at */

#endif

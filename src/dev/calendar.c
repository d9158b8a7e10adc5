/* calendar.c - seconds since 1970 <-> Gregorian date. Pure, light.
 *
 * Years are counted from March, so that the leap day is a year's last and the month lengths follow
 * one formula: (153 * m + 2) / 5 days before month m.
 */
#include "dev/calendar.h"

enum {
    DAYS_PER_ERA = 146097, /* 400 years */
    DAYS_TO_1970 = 719468, /* from 0000-03-01 to 1970-01-01 */
    SECONDS_PER_DAY = 86400,
};

void calendar_from_seconds(struct calendar *calendar, int64_t seconds)
{
    int64_t days = seconds / SECONDS_PER_DAY;
    int64_t second_of_day = seconds % SECONDS_PER_DAY;
    if (second_of_day < 0) {
        second_of_day += SECONDS_PER_DAY;
        days--;
    }
    calendar->hour = (unsigned)(second_of_day / 3600);
    calendar->minute = (unsigned)(second_of_day / 60 % 60);
    calendar->second = (unsigned)(second_of_day % 60);
    days += DAYS_TO_1970;
    calendar->weekday = (unsigned)((days + 3) % 7) + 1; /* 0000-03-01 was a Wednesday */
    int64_t era = days / DAYS_PER_ERA;
    unsigned day_of_era = (unsigned)(days % DAYS_PER_ERA);
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month = (5 * day_of_year + 2) / 153; /* 0 = March */
    calendar->day = day_of_year - (153 * month + 2) / 5 + 1;
    calendar->month = month < 10 ? month + 3 : month - 9;
    calendar->year = (int)(era * 400) + (int)year_of_era + (calendar->month <= 2);
}

int64_t calendar_to_seconds(const struct calendar *calendar)
{
    int64_t year = calendar->year - (calendar->month <= 2);
    int64_t era = year / 400;
    unsigned year_of_era = (unsigned)(year % 400);
    unsigned month = calendar->month > 2 ? calendar->month - 3 : calendar->month + 9;
    unsigned day_of_year = (153 * month + 2) / 5 + calendar->day - 1;
    unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    int64_t days = era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
    return days * SECONDS_PER_DAY + calendar->hour * 3600 + calendar->minute * 60 +
           calendar->second;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

/* Days since 1970 as a date of the Gregorian calendar. Counted from 1 March of year 0, a leap day
 * is the last of its year, and months have lengths that a line describes. */
static void date_of(long long days, int *ret_year, unsigned *ret_month, unsigned *ret_day)
{
    long long shifted = days + 719468, era = shifted / 146097;
    unsigned of_era = (unsigned)(shifted - era * 146097);
    unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
    unsigned month = (5 * of_year + 2) / 153;

    *ret_day = of_year - (153 * month + 2) / 5 + 1;
    *ret_month = month < 10 ? month + 3 : month - 9;
    *ret_year = (int)(era * 400) + (int)year + (*ret_month <= 2);
}

void clock_rfc3339(char text[CLOCK_SIZE])
{
    struct timespec now = {0};
    unsigned month, day, of_day;
    int year;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec < 0)
        now.tv_sec = 0;
    date_of(now.tv_sec / 86400, &year, &month, &day);
    of_day = (unsigned)(now.tv_sec % 86400);
    (void)snprintf(text, CLOCK_SIZE, "%04d-%02u-%02uT%02u:%02u:%02u.%09uZ", year, month % 100,
                   day % 100, of_day / 3600, of_day / 60 % 60, of_day % 60, (unsigned)now.tv_nsec);
}

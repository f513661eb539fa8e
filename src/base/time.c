/* Clock and RFC 3339 times. */
#include "base.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#define YEAR_0 INT64_C(-62167219200) /* 0000-01-01T00:00:00Z */

int64_t base_time_s(void)
{
    return (int64_t)time(NULL);
}

int64_t base_monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void base_time_format(char out[BASE_TIME_TEXT], int64_t unix_s)
{
    time_t t = (time_t)unix_s;
    struct tm tm;
    GALEN_ASSERT(gmtime_r(&t, &tm) != NULL && tm.tm_year >= -1900 && tm.tm_year < 8100);
    /* strftime's %Y does not pad the year. */
    snprintf(out, BASE_TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
             tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Reads exactly n digits; -1 otherwise. */
static int digits(const char **at, int n)
{
    int value = 0;
    for (int i = 0; i < n; i++) {
        if (!isdigit((unsigned char)**at))
            return -1;
        value = 10 * value + (*(*at)++ - '0');
    }
    return value;
}

static bool accept(const char **at, const char *any_of)
{
    if (**at == '\0' || strchr(any_of, **at) == NULL)
        return false;
    (*at)++;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

enum galen_err base_time_parse(int64_t *unix_s, const char *text, struct galen_errinfo *info)
{
    const char *at = text;
    struct tm tm = {0};
    int offset_s = 0;
    bool good = (tm.tm_year = digits(&at, 4)) >= 0 && accept(&at, "-") &&
                (tm.tm_mon = digits(&at, 2)) >= 1 && tm.tm_mon <= 12 && accept(&at, "-") &&
                (tm.tm_mday = digits(&at, 2)) >= 1 &&
                tm.tm_mday <= days_in_month(tm.tm_year, tm.tm_mon) && accept(&at, "Tt") &&
                (tm.tm_hour = digits(&at, 2)) >= 0 && tm.tm_hour < 24 && accept(&at, ":") &&
                (tm.tm_min = digits(&at, 2)) >= 0 && tm.tm_min < 60 && accept(&at, ":") &&
                (tm.tm_sec = digits(&at, 2)) >= 0 && tm.tm_sec <= 60;
    if (good && accept(&at, ".")) {
        good = isdigit((unsigned char)*at);
        while (isdigit((unsigned char)*at))
            at++;
    }
    if (good && !accept(&at, "Zz")) {
        int sign = *at == '-' ? -1 : 1;
        int hours = -1;
        int minutes = -1;
        good = accept(&at, "+-") && (hours = digits(&at, 2)) >= 0 && hours < 24 &&
               accept(&at, ":") && (minutes = digits(&at, 2)) >= 0 && minutes < 60;
        offset_s = sign * (hours * 3600 + minutes * 60);
    }
    if (!good || *at != '\0')
        return base_fail(info, GALEN_ERR_PARSE, "not an RFC 3339 time (like 2026-01-31T23:59:59Z)");
    bool leap_second = tm.tm_sec == 60;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    int64_t value = (int64_t)timegm(&tm) - offset_s;
    /* A leap second ends a UTC day. An offset may lead out of the years that have four digits, and
     * base_time_format has no text for those. */
    if ((leap_second && value % 86400 != 0) || value < YEAR_0 || value > BASE_TIME_MAX)
        return base_fail(info, GALEN_ERR_PARSE, "no such time in UTC");
    *unix_s = value;
    return GALEN_OK;
}

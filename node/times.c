#include "node/times.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS UINT64_C(86400000)

struct date {
    uint64_t year;
    unsigned month, day;
};

/* Exactly n digits. */
static bool take_digits(const char **p, unsigned n, unsigned *out)
{
    unsigned v = 0;
    for (unsigned i = 0; i < n; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return false;
        v = v * 10 + (unsigned)(**p - '0');
    }
    *out = v;
    return true;
}

static bool take(const char **p, char c)
{
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

static bool is_leap(uint64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned month_days(uint64_t year, unsigned month)
{
    static const unsigned days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days since 1970-01-01; the year is at least 1970. */
static uint64_t days_of(const struct date *d)
{
    uint64_t y = d->year - 1;
    uint64_t days = y * 365 + y / 4 - y / 100 + y / 400 - 719162;
    for (unsigned m = 1; m < d->month; m++)
        days += month_days(d->year, m);
    return days + d->day - 1;
}

static struct date date_of(uint64_t days)
{
    struct date d = {1970 + days / 366, 1, 1};
    while (days_of(&(struct date){d.year + 1, 1, 1}) <= days)
        d.year++;
    days -= days_of(&d);
    while (days >= month_days(d.year, d.month))
        days -= month_days(d.year, d.month++);
    d.day = 1 + (unsigned)days;
    return d;
}

static bool take_date(const char **p, struct date *d)
{
    unsigned year;
    if (!take_digits(p, 4, &year) || !take(p, '-') || !take_digits(p, 2, &d->month) || !take(p, '-') ||
        !take_digits(p, 2, &d->day))
        return false;
    d->year = year;
    return year >= 1970 && d->month >= 1 && d->month <= 12 && d->day >= 1 && d->day <= month_days(year, d->month);
}

/* "17:00", "17:00:05", "17:00:05.25": ms of the day. A leap second counts as the next second's start. */
static bool take_clock(const char **p, uint64_t *ms)
{
    unsigned hour, minute, second = 0;
    uint64_t fraction = 0;
    if (!take_digits(p, 2, &hour) || !take(p, ':') || !take_digits(p, 2, &minute) || hour > 23 || minute > 59)
        return false;
    if (take(p, ':')) {
        if (!take_digits(p, 2, &second) || second > 60)
            return false;
        if (take(p, '.')) {
            unsigned digit, scale = 100;
            if (!take_digits(p, 1, &digit))
                return false;
            do {
                fraction += digit * scale;
                scale /= 10;
            } while (take_digits(p, 1, &digit));
        }
    }
    *ms = ((hour * UINT64_C(60) + minute) * 60 + second) * 1000 + fraction;
    return true;
}

/* Z, or an offset from UTC in ms. */
static bool take_zone(const char **p, bool *west, uint64_t *offset_ms)
{
    unsigned hour, minute;
    *west = false;
    *offset_ms = 0;
    if (take(p, 'Z') || take(p, 'z'))
        return true;
    if (take(p, '-'))
        *west = true;
    else if (!take(p, '+'))
        return false;
    if (!take_digits(p, 2, &hour) || !take(p, ':') || !take_digits(p, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *offset_ms = (hour * UINT64_C(60) + minute) * 60000;
    return true;
}

enum shape { SHAPE_NONE, SHAPE_DATE, SHAPE_ZONELESS, SHAPE_FULL };

static enum shape parse(uint64_t *ms, const char *text)
{
    const char *p = text;
    struct date d;
    if (!take_date(&p, &d))
        return SHAPE_NONE;
    uint64_t start = days_of(&d) * DAY_MS, clock, offset;
    *ms = start;
    if (*p == '\0')
        return SHAPE_DATE;
    if ((!take(&p, 'T') && !take(&p, 't') && !take(&p, ' ')) || !take_clock(&p, &clock))
        return SHAPE_NONE;
    if (*p == '\0')
        return SHAPE_ZONELESS;
    bool west;
    if (!take_zone(&p, &west, &offset) || *p != '\0')
        return SHAPE_NONE;
    if (west)
        *ms = start + clock + offset;
    else if (start + clock >= offset)
        *ms = start + clock - offset;
    else
        return SHAPE_NONE;
    return SHAPE_FULL;
}

static bool parse_span(uint64_t *ms, const char *text)
{
    static const struct {
        char unit;
        uint64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', DAY_MS}, {'w', 7 * DAY_MS}};
    uint64_t n = 0;
    const char *p = text;
    unsigned digit;
    while (take_digits(&p, 1, &digit)) {
        n = n * 10 + digit;
        if (n > TIMES_MS_MAX)
            return false;
    }
    if (p == text || p[0] == '\0' || p[1] != '\0')
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (*p == units[i].unit && n <= TIMES_MS_MAX / units[i].ms) {
            *ms = n * units[i].ms;
            return true;
        }
    return false;
}

enum gmm_err times_parse(uint64_t *ms, const char *text, uint64_t now_ms, struct gmm_msg *msg)
{
    uint64_t span;
    if (parse_span(&span, text)) {
        *ms = span < now_ms ? now_ms - span : 0;
        return GMM_OK;
    }
    switch (parse(ms, text)) {
    case SHAPE_DATE:
    case SHAPE_FULL:
        return GMM_OK;
    case SHAPE_ZONELESS:
        return gmm_fail(msg, GMM_EUSAGE, "'%s' has no zone: add Z for UTC, or an offset such as +01:00", text);
    case SHAPE_NONE:
        break;
    }
    return gmm_fail(msg, GMM_EUSAGE,
                    "'%s' is no time: give 2026-03-14T17:00Z, 2026-03-14T17:00+01:00, a date (2026-03-14) or a span "
                    "back from now (7d, 36h)",
                    text);
}

enum gmm_err times_parse_deadline(uint64_t *ms, const char *text, struct gmm_msg *msg)
{
    switch (parse(ms, text)) {
    case SHAPE_FULL:
        return GMM_OK;
    case SHAPE_DATE:
    case SHAPE_ZONELESS:
        return gmm_fail(msg, GMM_EUSAGE,
                        "the deadline '%s' has no zone: give the hour and Z for UTC, or an offset (%.10sT17:00+01:00)",
                        text, text);
    case SHAPE_NONE:
        break;
    }
    return gmm_fail(msg, GMM_EUSAGE,
                    "'%s' is no deadline: give the day, the hour and the zone (2026-03-14T17:00+01:00)", text);
}

enum gmm_err times_parse_span(uint64_t *ms, const char *text, struct gmm_msg *msg)
{
    if (parse_span(ms, text))
        return GMM_OK;
    return gmm_fail(msg, GMM_EUSAGE, "'%s' is no span: give a number and s, m, h, d or w (90s, 36h, 7d)", text);
}

void times_format(uint64_t ms, char out[TIMES_TEXT_BYTES])
{
    if (ms > TIMES_MS_MAX)
        ms = TIMES_MS_MAX;
    struct date d = date_of(ms / DAY_MS);
    unsigned rest = (unsigned)(ms % DAY_MS);
    int n = snprintf(out, TIMES_TEXT_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u", (unsigned)d.year, d.month, d.day,
                     rest / 3600000, rest / 60000 % 60, rest / 1000 % 60);
    if (n < 0 || (size_t)n + sizeof ".000Z" > TIMES_TEXT_BYTES)
        return;
    if (rest % 1000 != 0)
        snprintf(out + n, TIMES_TEXT_BYTES - (size_t)n, ".%03uZ", rest % 1000);
    else
        snprintf(out + n, TIMES_TEXT_BYTES - (size_t)n, "Z");
}

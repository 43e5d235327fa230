#include "node/peerlimits.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION 1u
#define ENCODED_MAX 256u
#define ALL_DAYS 127u

static const char *const day_names[7] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* ---- text */

struct unit {
    const char *name;
    uint64_t times, by;
};

/* A number, with one of these units behind it; *end is behind that. */
static bool parse_amount(const char *text, const struct unit *units, size_t count, uint64_t *out, const char **end)
{
    uint64_t number = 0;
    const char *p = text;
    const struct unit *best = NULL;
    for (; *p >= '0' && *p <= '9'; p++) {
        if (number > UINT64_C(1000000000000))
            return false;
        number = number * 10 + (uint64_t)(*p - '0');
    }
    if (p == text)
        return false;
    for (size_t i = 0; i < count; i++)
        if (strncmp(p, units[i].name, strlen(units[i].name)) == 0 &&
            (best == NULL || strlen(units[i].name) > strlen(best->name)))
            best = &units[i];
    if (best == NULL || number > UINT64_MAX / best->times)
        return false;
    *out = number * best->times / best->by;
    *end = p + strlen(best->name);
    return true;
}

enum gmm_err peerlimits_parse_rate(uint64_t *out, uint64_t *in, const char *text, struct gmm_msg *msg)
{
    static const struct unit units[] = {{"kbit", 1000, 8},
                                        {"mbit", 1000000, 8},
                                        {"gbit", UINT64_C(1000000000), 8},
                                        {"kB", 1000, 1},
                                        {"MB", 1000000, 1}};
    const char *end = text;
    *out = *in = 0;
    if (strcmp(text, "off") == 0)
        return GMM_OK;
    bool good = parse_amount(text, units, sizeof units / sizeof units[0], out, &end);
    *in = *out;
    if (good && *end == '/')
        good = parse_amount(end + 1, units, sizeof units / sizeof units[0], in, &end);
    if (!good || *end != '\0' || *out < 100 || *in < 100)
        return gmm_fail(msg, GMM_EUSAGE,
                        "'%s' is not a rate: write 64kbit, 2mbit or 500kB (a second; out/in: 64kbit/1mbit), or off",
                        text);
    return GMM_OK;
}

enum gmm_err peerlimits_parse_size(uint64_t *bytes, const char *text, struct gmm_msg *msg)
{
    static const struct unit units[] = {{"k", 1000, 1},
                                        {"M", 1000000, 1},
                                        {"G", UINT64_C(1000000000), 1},
                                        {"T", UINT64_C(1000000000000), 1},
                                        {"", 1, 1}};
    const char *end = text;
    *bytes = 0;
    if (strcmp(text, "off") == 0)
        return GMM_OK;
    if (!parse_amount(text, units, sizeof units / sizeof units[0], bytes, &end) || *end != '\0' || *bytes == 0)
        return gmm_fail(msg, GMM_EUSAGE, "'%s' is not a number of bytes: write 500M or 2G (k, M, G, T), or off", text);
    return GMM_OK;
}

static bool parse_day(const char **text, unsigned *day)
{
    for (unsigned i = 0; i < 7; i++)
        if (strncmp(*text, day_names[i], 3) == 0) {
            *day = i;
            *text += 3;
            return true;
        }
    return false;
}

/* "mon-fri", "sat,sun", "fri-mon,wed" */
static bool parse_days(const char **text, uint8_t *days)
{
    *days = 0;
    do {
        unsigned first, last;
        *text += **text == ',';
        if (!parse_day(text, &first))
            return false;
        last = first;
        if (**text == '-') {
            ++*text;
            if (!parse_day(text, &last))
                return false;
        }
        for (unsigned i = first;; i = (i + 1) % 7) {
            *days |= (uint8_t)(1u << i);
            if (i == last)
                break;
        }
    } while (**text == ',');
    return true;
}

static bool parse_two(const char **text, unsigned *out)
{
    const char *p = *text;
    if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
        return false;
    *out = (unsigned)(p[0] - '0') * 10u + (unsigned)(p[1] - '0');
    *text += 2;
    return true;
}

static bool parse_time(const char **text, uint16_t *minute)
{
    unsigned hours, minutes;
    if (!parse_two(text, &hours) || **text != ':')
        return false;
    ++*text;
    if (!parse_two(text, &minutes) || minutes > 59 || hours * 60u + minutes > PEERLIMITS_DAY)
        return false;
    *minute = (uint16_t)(hours * 60u + minutes);
    return true;
}

enum gmm_err peerlimits_parse_window(struct peerlimits_window *window, const char *text, struct gmm_msg *msg)
{
    const char *p = text;
    *window = (struct peerlimits_window){.days = ALL_DAYS, .from = 0, .to = PEERLIMITS_DAY};
    bool has_days = *p >= 'a' && *p <= 'z', good = !has_days || parse_days(&p, &window->days);
    if (good && has_days && *p == ' ')
        p++;
    else if (has_days && *p != '\0')
        good = false;
    if (good && (*p != '\0' || !has_days)) {
        good = parse_time(&p, &window->from) && *p == '-';
        p += good;
        good = good && parse_time(&p, &window->to) && *p == '\0' && window->from < PEERLIMITS_DAY;
    }
    return good ? GMM_OK
                : gmm_fail(msg, GMM_EUSAGE,
                           "'%s' is not a window: write \"22:00-06:00\", \"mon-fri 18:00-08:00\" or \"sat,sun\"", text);
}

void peerlimits_format_window(const struct peerlimits_window *window, char out[PEERLIMITS_WINDOW_TEXT])
{
    char *p = out;
    for (unsigned i = 0; i < 7 && window->days != ALL_DAYS; i++)
        if ((window->days & (1u << i)) != 0)
            p += snprintf(p, 5, "%s%s", p == out ? "" : ",", day_names[i]);
    snprintf(p, 32, "%s%02u:%02u-%02u:%02u", p == out ? "" : " ", window->from / 60u % 25u, window->from % 60u,
             window->to / 60u % 25u, window->to % 60u);
}

bool peerlimits_none(const struct peerlimits *limits)
{
    return limits->rate_out == 0 && limits->rate_in == 0 && limits->quota == 0 && !limits->metered &&
           limits->window_count == 0;
}

bool peerlimits_open(const struct peerlimits *limits, unsigned weekday, unsigned minute)
{
    unsigned before = (weekday + 6u) % 7u;
    for (unsigned i = 0; i < limits->window_count; i++) {
        const struct peerlimits_window *w = &limits->windows[i];
        bool today = (w->days & (1u << weekday)) != 0, yesterday = (w->days & (1u << before)) != 0;
        if (w->from < w->to ? today && minute >= w->from && minute < w->to
                            : (today && minute >= w->from) || (yesterday && minute < w->to))
            return true;
    }
    return limits->window_count == 0;
}

/* ---- the store */

void peerlimits_encode(struct buffer *out, const struct peerlimits *limits)
{
    buffer_put_u8(out, VERSION);
    buffer_put_u64(out, limits->rate_out);
    buffer_put_u64(out, limits->rate_in);
    buffer_put_u64(out, limits->quota);
    buffer_put_u8(out, limits->metered);
    buffer_put_u8(out, (uint8_t)limits->window_count);
    for (unsigned i = 0; i < limits->window_count; i++) {
        buffer_put_u8(out, limits->windows[i].days);
        buffer_put_u16(out, limits->windows[i].from);
        buffer_put_u16(out, limits->windows[i].to);
    }
}

enum gmm_err peerlimits_decode(struct peerlimits *limits, const void *bytes, size_t len)
{
    struct bytes_in in;
    *limits = (struct peerlimits){0};
    bytes_in_init(&in, bytes, len);
    unsigned version = bytes_get_u8(&in);
    limits->rate_out = bytes_get_u64(&in);
    limits->rate_in = bytes_get_u64(&in);
    limits->quota = bytes_get_u64(&in);
    unsigned metered = bytes_get_u8(&in), count = bytes_get_u8(&in);
    bool good = version == VERSION && metered <= 1 && count <= PEERLIMITS_WINDOWS;
    limits->metered = metered == 1;
    for (unsigned i = 0; good && i < count; i++) {
        struct peerlimits_window *w = &limits->windows[i];
        w->days = bytes_get_u8(&in);
        w->from = bytes_get_u16(&in);
        w->to = bytes_get_u16(&in);
        good = w->days <= ALL_DAYS && w->from < PEERLIMITS_DAY && w->to <= PEERLIMITS_DAY;
        limits->window_count++;
    }
    if (good && bytes_in_done(&in))
        return GMM_OK;
    *limits = (struct peerlimits){0};
    return GMM_EFORMAT;
}

static void name_of(char out[STORE_NAME_BYTES], const char *prefix, const struct gmm_id *pid, const char *office)
{
    uint8_t hash[16];
    char hex[sizeof hash * 2 + 1];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, pid->b, sizeof pid->b);
    crypto_generichash_update(&state, (const uint8_t *)office, strlen(office));
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    snprintf(out, STORE_NAME_BYTES, "%s%s", prefix, hex);
}

enum gmm_err peerlimits_load(struct store *store, const struct gmm_id *pid, const char *office,
                             struct peerlimits *limits)
{
    char name[STORE_NAME_BYTES];
    uint8_t *bytes = NULL;
    size_t len = 0;
    *limits = (struct peerlimits){0};
    name_of(name, "link.", pid, office);
    enum gmm_err err = store_get(store, name, &bytes, &len);
    if (err == GMM_OK)
        err = peerlimits_decode(limits, bytes, len);
    free(bytes);
    return err == GMM_ENOTFOUND ? GMM_OK : err;
}

enum gmm_err peerlimits_save(struct store *store, const struct gmm_id *pid, const char *office,
                             const struct peerlimits *limits)
{
    char name[STORE_NAME_BYTES];
    struct buffer out;
    name_of(name, "link.", pid, office);
    if (peerlimits_none(limits)) {
        enum gmm_err gone = store_unset(store, name);
        return gone == GMM_ENOTFOUND ? GMM_OK : gone;
    }
    buffer_init(&out, ENCODED_MAX);
    peerlimits_encode(&out, limits);
    enum gmm_err err = out.failed == GMM_OK ? store_set(store, name, out.p, out.len) : out.failed;
    buffer_close(&out);
    return err;
}

/* day u32 ‖ bytes u64 */
uint64_t peerlimits_used(struct store *store, const struct gmm_id *pid, const char *office, uint32_t day)
{
    char name[STORE_NAME_BYTES];
    uint8_t *bytes = NULL;
    size_t len = 0;
    uint64_t used = 0;
    name_of(name, "linkused.", pid, office);
    if (store_get(store, name, &bytes, &len) == GMM_OK && len == 12 && bytes_load_u32(bytes) == day)
        used = bytes_load_u64(bytes + 4);
    free(bytes);
    return used;
}

enum gmm_err peerlimits_use(struct store *store, const struct gmm_id *pid, const char *office, uint32_t day,
                            uint64_t more)
{
    char name[STORE_NAME_BYTES];
    uint8_t value[12];
    name_of(name, "linkused.", pid, office);
    bytes_store_u32(value, day);
    bytes_store_u64(value + 4, peerlimits_used(store, pid, office, day) + more);
    return store_set(store, name, value, sizeof value);
}

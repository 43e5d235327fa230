#include "node/peerlimits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"

static void test_rates(void **state)
{
    static const struct {
        const char *text;
        uint64_t out, in;
    } good[] = {{"64kbit", 8000, 8000},
                {"64kbit/1mbit", 8000, 125000},
                {"500kB/2MB", 500000, 2000000},
                {"1gbit", 125000000, 125000000},
                {"off", 0, 0}};
    static const char *const bad[] = {"",        "64",       "kbit",    "64kbits",
                                      "64kbit/", "64kbit/1", "-1kbit",  "64kbit/1mbit/",
                                      " 64kbit", "0kbit",    "64kbit ", "99999999999999kbit"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        uint64_t out, in;
        assert_int_equal(peerlimits_parse_rate(&out, &in, good[i].text, NULL), GMM_OK);
        assert_int_equal(out, good[i].out);
        assert_int_equal(in, good[i].in);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint64_t out, in;
        assert_int_equal(peerlimits_parse_rate(&out, &in, bad[i], NULL), GMM_EUSAGE);
    }
}

static void test_sizes(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {{"1", 1}, {"500M", 500000000}, {"2G", 2000000000}, {"3k", 3000}, {"1T", 1000000000000}, {"off", 0}};
    static const char *const bad[] = {"", "M", "0", "5MB", "1.5G", "-1", "99999999999999999"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        uint64_t bytes;
        assert_int_equal(peerlimits_parse_size(&bytes, good[i].text, NULL), GMM_OK);
        assert_int_equal(bytes, good[i].bytes);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint64_t bytes;
        assert_int_equal(peerlimits_parse_size(&bytes, bad[i], NULL), GMM_EUSAGE);
    }
}

enum { MON, TUE, WED, THU, FRI, SAT, SUN };

static void test_windows(void **state)
{
    static const struct {
        const char *text, *shown;
        struct {
            unsigned day, minute;
            bool open;
        } at[6];
    } rows[] = {
        {"08:00-18:00",
         "08:00-18:00",
         {{MON, 479, false},
          {MON, 480, true},
          {SUN, 1079, true},
          {SUN, 1080, false},
          {WED, 0, false},
          {WED, 720, true}}},
        {"22:00-06:00",
         "22:00-06:00",
         {{MON, 1320, true},
          {TUE, 359, true},
          {TUE, 360, false},
          {MON, 1319, false},
          {SUN, 0, true},
          {SUN, 1439, true}}},
        {"mon-fri 18:00-08:00",
         "mon,tue,wed,thu,fri 18:00-08:00",
         {{SAT, 479, true},
          {SAT, 480, false},
          {SAT, 1200, false},
          {MON, 60, false},
          {MON, 1080, true},
          {TUE, 60, true}}},
        {"sat,sun",
         "sat,sun 00:00-24:00",
         {{SAT, 0, true}, {SUN, 1439, true}, {MON, 0, false}, {FRI, 1439, false}, {WED, 700, false}, {SAT, 700, true}}},
        {"sun-mon 00:00-24:00",
         "mon,sun 00:00-24:00",
         {{SUN, 0, true}, {MON, 1439, true}, {TUE, 0, false}, {SAT, 1439, false}, {WED, 700, false}, {MON, 700, true}}},
    };
    static const char *const bad[] = {
        "",     "8:00-18:00", "08:00",       "08:00-", "08:00-18:60",     "25:00-26:00",     "monday",
        "mon-", "mon 08:00",  "24:00-01:00", "mon,",   "08:00-18:00 mon", "mon  08:00-09:00"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct peerlimits limits = {.window_count = 1};
        char text[PEERLIMITS_WINDOW_TEXT];
        assert_int_equal(peerlimits_parse_window(&limits.windows[0], rows[i].text, NULL), GMM_OK);
        peerlimits_format_window(&limits.windows[0], text);
        assert_string_equal(text, rows[i].shown);
        for (size_t k = 0; k < 6; k++)
            assert_int_equal(peerlimits_open(&limits, rows[i].at[k].day, rows[i].at[k].minute), rows[i].at[k].open);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct peerlimits_window window;
        assert_int_equal(peerlimits_parse_window(&window, bad[i], NULL), GMM_EUSAGE);
    }
    struct peerlimits never = {.window_count = 0};
    assert_true(peerlimits_open(&never, MON, 0));
}

static void test_coding(void **state)
{
    struct peerlimits in = {.rate_out = 1, .rate_in = 2, .quota = 3, .metered = true, .window_count = 2}, out;
    struct buffer bytes;
    (void)state;
    in.windows[0] = (struct peerlimits_window){127, 0, 1440};
    in.windows[1] = (struct peerlimits_window){3, 1000, 20};
    assert_false(peerlimits_none(&in));
    buffer_init(&bytes, 256);
    peerlimits_encode(&bytes, &in);
    assert_int_equal(peerlimits_decode(&out, bytes.p, bytes.len), GMM_OK);
    assert_memory_equal(&in, &out, sizeof in);
    for (size_t n = 0; n < bytes.len; n++) {
        assert_int_equal(peerlimits_decode(&out, bytes.p, n), GMM_EFORMAT);
        assert_true(peerlimits_none(&out));
    }
    bytes.p[25] = 2; /* metered */
    assert_int_equal(peerlimits_decode(&out, bytes.p, bytes.len), GMM_EFORMAT);
    bytes.p[25] = 1;
    bytes.p[26] = PEERLIMITS_WINDOWS + 1;
    assert_int_equal(peerlimits_decode(&out, bytes.p, bytes.len), GMM_EFORMAT);
    buffer_close(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rates), cmocka_unit_test(test_sizes),
                                       cmocka_unit_test(test_windows), cmocka_unit_test(test_coding)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

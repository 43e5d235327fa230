#include "node/times.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NOW UINT64_C(1794000000000)
#define DAY UINT64_C(86400000)

static void test_accepts(void **state)
{
    static const struct {
        const char *text;
        uint64_t ms;
    } cases[] = {
        {"1970-01-01", 0},
        {"1970-01-01T00:00:00Z", 0},
        {"2014-03-14T17:00+01:00", UINT64_C(1394812800000)},
        {"2014-03-14T16:00:00Z", UINT64_C(1394812800000)},
        {"2014-03-14t11:30:00.5-04:30", UINT64_C(1394812800500)},
        {"2014-03-14 16:00:00.001999z", UINT64_C(1394812800001)},
        {"2016-12-31T23:59:60Z", UINT64_C(1483228800000)},
        {"2000-02-29", UINT64_C(951782400000)},
        {"9999-12-31T23:59:59.999Z", UINT64_C(253402300799999)},
        {"7d", NOW - 7 * DAY},
        {"36h", NOW - 36 * 3600000},
        {"2w", NOW - 14 * DAY},
        {"0s", NOW},
        {"90000w", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t ms = 1;
        assert_int_equal(times_parse(&ms, cases[i].text, NOW, NULL), GMM_OK);
        assert_int_equal(ms, cases[i].ms);
    }
}

static void test_refuses(void **state)
{
    static const char *const cases[] = {
        "",
        "now",
        "2014",
        "2014-3-14",
        "2014-02-29",
        "2100-02-29",
        "2014-13-01",
        "2014-00-01",
        "2014-01-00",
        "2014-01-32",
        "1969-12-31",
        "2014-03-14T",
        "2014-03-14T17",
        "2014-03-14T24:00Z",
        "2014-03-14T17:60Z",
        "2014-03-14T17:00:61Z",
        "2014-03-14T17:00:00.Z",
        "2014-03-14T17:00+0100",
        "2014-03-14T17:00+24:00",
        "2014-03-14T17:00+01:00 ",
        "2014-03-14T17:00Zx",
        "2014-03-14x",
        "2014-03-14T17:00",
        "2014-03-14T17:00:00",
        "1970-01-01T00:00+00:01",
        "7",
        "d",
        "7x",
        "7dd",
        "-7d",
        "7 d",
        "99999999999999999999d",
        "9999999999w",
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t ms;
        struct gmm_msg msg = {""};
        assert_int_equal(times_parse(&ms, cases[i], NOW, &msg), GMM_EUSAGE);
        assert_non_null(strstr(msg.text, cases[i]));
    }
}

static void test_deadline_wants_a_zone(void **state)
{
    uint64_t ms;
    struct gmm_msg msg;
    (void)state;
    assert_int_equal(times_parse_deadline(&ms, "2014-03-14T17:00+01:00", NULL), GMM_OK);
    assert_int_equal(ms, UINT64_C(1394812800000));
    assert_int_equal(times_parse_deadline(&ms, "2014-03-14", &msg), GMM_EUSAGE);
    assert_non_null(strstr(msg.text, "zone"));
    assert_int_equal(times_parse_deadline(&ms, "2014-03-14T17:00", &msg), GMM_EUSAGE);
    assert_non_null(strstr(msg.text, "zone"));
    assert_int_equal(times_parse_deadline(&ms, "7d", &msg), GMM_EUSAGE);
    assert_int_equal(times_parse(&ms, "2014-03-14T17:00", NOW, &msg), GMM_EUSAGE);
    assert_non_null(strstr(msg.text, "zone"));
}

static void test_span(void **state)
{
    uint64_t ms;
    (void)state;
    assert_int_equal(times_parse_span(&ms, "90s", NULL), GMM_OK);
    assert_int_equal(ms, 90000);
    assert_int_equal(times_parse_span(&ms, "15m", NULL), GMM_OK);
    assert_int_equal(ms, 900000);
    assert_int_equal(times_parse_span(&ms, "2014-03-14", NULL), GMM_EUSAGE);
    assert_int_equal(times_parse_span(&ms, "3257812230d", NULL), GMM_EUSAGE);
}

/* Every day from 1970 to 2110, and the far end, come back as they were written. */
static void test_round_trip(void **state)
{
    char text[TIMES_TEXT_BYTES];
    (void)state;
    for (uint64_t day = 0; day < 51200; day++) {
        uint64_t ms = day * DAY + (day * 7919) % DAY, back = 0;
        times_format(ms, text);
        assert_int_equal(times_parse_deadline(&back, text, NULL), GMM_OK);
        assert_int_equal(back, ms);
    }
    times_format(UINT64_C(1394812800000), text);
    assert_string_equal(text, "2014-03-14T16:00:00Z");
    times_format(UINT64_C(1394812800042), text);
    assert_string_equal(text, "2014-03-14T16:00:00.042Z");
    times_format(TIMES_MS_MAX, text);
    assert_string_equal(text, "10889-08-02T05:31:50.655Z");
    times_format(UINT64_MAX, text);
    assert_string_equal(text, "10889-08-02T05:31:50.655Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts), cmocka_unit_test(test_refuses),    cmocka_unit_test(test_deadline_wants_a_zone),
        cmocka_unit_test(test_span),    cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

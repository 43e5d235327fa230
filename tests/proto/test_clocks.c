#include "proto/clocks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"

#define NOW UINT64_C(1800000000000)
#define MIN INT64_C(60000)
#define DAY UINT64_C(86400000)

static struct clocks clocks;

static int fresh(void **state)
{
    (void)state;
    memset(&clocks, 0, sizeof clocks);
    return 0;
}

static struct gmm_id pid_of(unsigned n)
{
    struct gmm_id pid = {{(uint8_t)(n >> 8), (uint8_t)n, 7}};
    return pid;
}

/* Participant n's clock says that ours is so far ahead of it. */
static void hear(unsigned n, int64_t ahead_ms, uint64_t now_ms)
{
    struct gmm_id pid = pid_of(n);
    clocks_hear(&clocks, &pid, now_ms - (uint64_t)ahead_ms, now_ms);
}

static void expect(uint64_t now_ms, size_t count, int64_t ahead_ms, bool refuse)
{
    int64_t got = -1;
    assert_int_equal(clocks_median(&clocks, now_ms, &got), count);
    assert_int_equal(got, ahead_ms);
    assert_int_equal(clocks_refuse(&clocks, now_ms, &got), refuse);
    assert_int_equal(got, ahead_ms);
}

static void test_median(void **state)
{
    (void)state;
    expect(NOW, 0, 0, false);
    hear(1, 30 * MIN, NOW);
    expect(NOW, 1, 30 * MIN, false); /* one may be wrong itself: a warning at most */
    hear(2, 10 * MIN, NOW);
    expect(NOW, 2, 20 * MIN, false);
    hear(3, -2 * MIN, NOW);
    expect(NOW, 3, 10 * MIN, true);
    hear(4, -4 * MIN, NOW);
    expect(NOW, 4, 4 * MIN, false);
    hear(5, -90 * MIN, NOW);
    hear(6, -90 * MIN, NOW);
    expect(NOW, 6, -3 * MIN, false);
    hear(7, -90 * MIN, NOW);
    hear(8, -90 * MIN, NOW);
    hear(9, -90 * MIN, NOW);
    expect(NOW, 9, -90 * MIN, true);
}

static void test_five_minutes_are_allowed(void **state)
{
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        fresh(NULL);
        for (unsigned n = 0; n < 3; n++)
            hear(n, sign * 5 * MIN, NOW);
        expect(NOW, 3, sign * 5 * MIN, false);
        fresh(NULL);
        for (unsigned n = 0; n < 3; n++)
            hear(n, sign * (5 * MIN + 1), NOW);
        expect(NOW, 3, sign * (5 * MIN + 1), true);
    }
}

static void test_one_row_a_participant(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        hear(1, 10 * MIN, NOW + i);
    expect(NOW, 1, 10 * MIN, false);
    hear(1, 10 * MIN + 59999, NOW);
    expect(NOW, 1, 10 * MIN + 59999, false);
    assert_int_equal(clocks.rows[0].moved_ms, 0);
    hear(1, 0, NOW);
    expect(NOW, 1, 0, false);
    assert_int_equal(clocks.rows[0].moved_ms, -10 * MIN - 59999);
}

static void test_a_day(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 3; n++)
        hear(n, 6 * MIN, NOW + n);
    expect(NOW + DAY, 3, 6 * MIN, true);
    expect(NOW + DAY + 1, 2, 6 * MIN, false);
    expect(NOW + DAY + 3, 0, 0, false);
    expect(NOW - DAY, 1, 6 * MIN, false); /* our clock went back by a day: what it says of then is nothing */
}

static void test_our_clock_was_set(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 9; n++)
        hear(n, 20 * MIN, NOW + n);
    expect(NOW, 9, 20 * MIN, true);
    uint64_t now = NOW - 20 * 60000;
    hear(4, 0, now); /* alone it may have been its own */
    expect(now, 9, 20 * MIN, true);
    hear(5, 2 * MIN, now); /* another way than that one's */
    expect(now, 9, 20 * MIN, true);
    hear(6, 500, now);
    expect(now, 3, 500, false);
    hear(7, -500, now);
    expect(now, 4, 250, false); /* of -500, 0, 500 and 120000 */
    for (size_t i = 0; i + 1 < clocks.count; i++)
        assert_int_equal(clocks.rows[i].moved_ms, 0);
}

static void test_liars_silence_but_do_not_accuse(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 20; n++)
        hear(n, 0, NOW);
    for (unsigned i = 0; i < 10; i++) {
        hear(0, (int64_t)(i + 1) * 100 * MIN, NOW);
        hear(1, (int64_t)(i + 1) * 100 * MIN, NOW);
        int64_t ahead;
        assert_false(clocks_refuse(&clocks, NOW, &ahead));
    }
}

static void test_bound(void **state)
{
    (void)state;
    for (unsigned n = 0; n < LIMIT_PARTICIPANTS + 3; n++)
        hear(n, (int64_t)n, NOW);
    struct gmm_id first = pid_of(3), last = pid_of(LIMIT_PARTICIPANTS + 2);
    assert_int_equal(clocks.count, LIMIT_PARTICIPANTS);
    assert_memory_equal(&clocks.rows[0].pid, &first, sizeof first);
    assert_memory_equal(&clocks.rows[LIMIT_PARTICIPANTS - 1].pid, &last, sizeof last);
}

static void test_absurd_clocks(void **state)
{
    (void)state;
    struct gmm_id a = pid_of(1), b = pid_of(2), c = pid_of(3);
    const int64_t most = (INT64_C(1) << 48) - 1;
    clocks_hear(&clocks, &a, UINT64_MAX, 0);
    clocks_hear(&clocks, &b, UINT64_MAX, 0);
    clocks_hear(&clocks, &c, UINT64_MAX, 0);
    expect(0, 3, -most, true);
    clocks_hear(&clocks, &a, 0, UINT64_MAX);
    assert_int_equal(clocks.rows[2].ahead_ms, most);
    assert_int_equal(clocks.rows[2].moved_ms, 2 * most);
    struct buffer out;
    struct clocks back;
    buffer_init(&out, CLOCKS_BYTES_MAX);
    assert_int_equal(clocks_encode(&out, &clocks), GMM_OK);
    assert_int_equal(clocks_decode(&back, out.p, out.len), GMM_OK);
    assert_memory_equal(&back, &clocks, sizeof back);
    buffer_close(&out);
}

static void test_codec(void **state)
{
    (void)state;
    struct buffer out;
    static struct clocks back;
    for (unsigned n = 0; n < LIMIT_PARTICIPANTS; n++)
        hear(n, n % 2 == 0 ? (int64_t)n * 1000 : -(int64_t)n * 1000, NOW + n);
    hear(7, 9 * MIN, NOW);
    buffer_init(&out, CLOCKS_BYTES_MAX);
    assert_int_equal(clocks_encode(&out, &clocks), GMM_OK);
    assert_int_equal(out.len, CLOCKS_BYTES_MAX);
    assert_int_equal(clocks_decode(&back, out.p, out.len), GMM_OK);
    assert_memory_equal(&back, &clocks, sizeof back);
    uint8_t wrong[2 * 56];
    for (size_t at = 32; at < 56; at += 8) { /* each number beyond its range */
        memcpy(wrong, out.p, sizeof wrong);
        wrong[56 + at] = 0x40;
        assert_int_equal(clocks_decode(&back, wrong, sizeof wrong), GMM_EFORMAT);
        assert_int_equal(back.count, 0);
    }
    assert_int_equal(clocks_decode(&back, out.p, 55), GMM_EFORMAT);
    assert_int_equal(clocks_decode(&back, out.p, 0), GMM_OK);
    assert_int_equal(back.count, 0);
    buffer_close(&out);
    static uint8_t many[CLOCKS_BYTES_MAX + 56];
    assert_int_equal(clocks_decode(&back, many, sizeof many), GMM_EFORMAT);
}

static void test_memory(void **state)
{
    (void)state;
    struct buffer out;
    hear(1, 0, NOW);
    buffer_init(&out, CLOCKS_BYTES_MAX);
    failmalloc_at(0);
    assert_int_equal(clocks_encode(&out, &clocks), GMM_ENOMEM);
    failmalloc_off();
    buffer_close(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_median, fresh),
        cmocka_unit_test_setup(test_five_minutes_are_allowed, fresh),
        cmocka_unit_test_setup(test_one_row_a_participant, fresh),
        cmocka_unit_test_setup(test_a_day, fresh),
        cmocka_unit_test_setup(test_our_clock_was_set, fresh),
        cmocka_unit_test_setup(test_liars_silence_but_do_not_accuse, fresh),
        cmocka_unit_test_setup(test_bound, fresh),
        cmocka_unit_test_setup(test_absurd_clocks, fresh),
        cmocka_unit_test_setup(test_codec, fresh),
        cmocka_unit_test_setup(test_memory, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* RANGES on the wire: what may stand in it, and what may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/message.h"
#include "proto/message_ranges.h"

static uint8_t salt[MESSAGE_RANGES_SALT] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
static struct buffer out;

static int setup(void **state)
{
    (void)state;
    buffer_init(&out, LIMIT_MESSAGE_BYTES);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&out);
    return 0;
}

static void restart(uint8_t round)
{
    buffer_close(&out);
    message_ranges_begin(&out, round, salt);
}

static void put_split(uint32_t from, const uint32_t *uptos, uint8_t count)
{
    uint8_t parts[256 * MESSAGE_RANGES_PART];
    for (size_t i = 0; i < count; i++) {
        memset(parts + i * MESSAGE_RANGES_PART, (int)i + 1, MESSAGE_RANGES_PART);
        bytes_store_u32(parts + i * MESSAGE_RANGES_PART, uptos[i]);
    }
    struct message_range range = {MESSAGE_RANGE_SPLIT, from, 0, count, parts};
    message_ranges_put(&out, &range);
}

static void put_marks(enum message_range_kind kind, uint32_t from, uint32_t upto, uint8_t first, uint8_t count)
{
    uint8_t marks[256 * MESSAGE_RANGES_MARK] = {0};
    for (size_t i = 0; i < count; i++)
        marks[i * MESSAGE_RANGES_MARK] = (uint8_t)(first + i);
    struct message_range range = {kind, from, upto, count, marks};
    message_ranges_put(&out, &range);
}

static enum gmm_err decoded(uint16_t count, bool last)
{
    struct message_ranges ranges;
    message_ranges_end(&out, count, last);
    assert_int_equal(out.failed, GMM_OK);
    enum gmm_err err = message_ranges_decode(&ranges, out.p, out.len);
    uint8_t *copy = malloc(out.len);
    assert_non_null(copy);
    for (size_t n = 0; err == GMM_OK && n < out.len; n++) {
        memcpy(copy, out.p, n);
        assert_int_equal(message_ranges_decode(&ranges, copy, n), GMM_EFORMAT);
    }
    free(copy);
    return err;
}

static void test_what_was_put_comes_back(void **state)
{
    (void)state;
    const uint32_t uptos[] = {7, 8, 100};
    struct message_ranges ranges;
    struct message_range range;
    restart(3);
    put_split(5, uptos, 3);
    put_marks(MESSAGE_RANGE_LIST, 101, 101, 0, 0);
    put_marks(MESSAGE_RANGE_LIST, 102, 200, 10, MESSAGE_RANGES_LIST);
    put_marks(MESSAGE_RANGE_NEED, 300, UINT32_MAX, 20, 2);
    assert_int_equal(decoded(4, false), GMM_OK);
    assert_int_equal(message_ranges_decode(&ranges, out.p, out.len), GMM_OK);
    assert_int_equal(ranges.round, 3);
    assert_false(ranges.last);
    assert_memory_equal(ranges.salt, salt, MESSAGE_RANGES_NAME);
    assert_true(message_ranges_next(&ranges, &range));
    assert_int_equal(range.kind, MESSAGE_RANGE_SPLIT);
    assert_int_equal(range.from, 5);
    assert_int_equal(range.upto, 100);
    uint32_t upto;
    assert_int_equal(message_range_part(&range, 1, &upto)[0], 2);
    assert_int_equal(upto, 8);
    assert_true(message_ranges_next(&ranges, &range));
    assert_int_equal(range.count, 0);
    assert_true(message_ranges_next(&ranges, &range));
    assert_int_equal(message_range_mark(&range, 31)[0], 41);
    assert_true(message_ranges_next(&ranges, &range));
    assert_int_equal(range.kind, MESSAGE_RANGE_NEED);
    assert_int_equal(range.upto, UINT32_MAX);
    assert_false(message_ranges_next(&ranges, &range));
}

static void test_the_largest_fits(void **state)
{
    (void)state;
    restart(1);
    for (uint32_t i = 0; i < MESSAGE_RANGES_MAX; i++) {
        uint32_t uptos[MESSAGE_RANGES_PARTS];
        for (uint32_t k = 0; k < MESSAGE_RANGES_PARTS; k++)
            uptos[k] = i * 100 + k;
        put_split(i * 100, uptos, MESSAGE_RANGES_PARTS);
    }
    message_ranges_end(&out, MESSAGE_RANGES_MAX, true);
    struct message_ranges ranges;
    assert_int_equal(message_ranges_decode(&ranges, out.p, out.len), GMM_OK);
    assert_true(out.len <= message_payload_max(MESSAGE_RANGES));
    message_ranges_end(&out, MESSAGE_RANGES_MAX + 1, true);
    assert_int_equal(message_ranges_decode(&ranges, out.p, out.len), GMM_ELIMIT);
}

static void test_the_opening_is_one_range_over_everything(void **state)
{
    (void)state;
    const uint32_t everything[] = {UINT32_MAX}, less[] = {UINT32_MAX - 1};
    restart(0);
    put_split(0, everything, 1);
    assert_int_equal(decoded(1, true), GMM_OK);
    restart(0);
    put_marks(MESSAGE_RANGE_LIST, 0, UINT32_MAX, 0, 0);
    assert_int_equal(decoded(1, true), GMM_OK);
    message_ranges_end(&out, 1, false);
    assert_int_equal(decoded(1, false), GMM_EFORMAT);
    restart(0);
    put_split(0, less, 1);
    assert_int_equal(decoded(1, true), GMM_EFORMAT);
    restart(0);
    put_split(1, everything, 1);
    assert_int_equal(decoded(1, true), GMM_EFORMAT);
    restart(0);
    put_marks(MESSAGE_RANGE_NEED, 0, UINT32_MAX, 0, 1);
    assert_int_equal(decoded(1, true), GMM_EFORMAT);
    restart(0);
    assert_int_equal(decoded(0, true), GMM_EFORMAT);
    restart(0);
    put_marks(MESSAGE_RANGE_LIST, 0, 7, 0, 0);
    put_marks(MESSAGE_RANGE_LIST, 8, UINT32_MAX, 0, 0);
    assert_int_equal(decoded(2, true), GMM_EFORMAT);
}

static void test_ranges_ascend(void **state)
{
    (void)state;
    const uint32_t falling[] = {9, 8}, same[] = {9, 9}, early[] = {4};
    restart(1);
    put_split(5, falling, 2);
    assert_int_equal(decoded(1, true), GMM_EFORMAT);
    restart(1);
    put_split(5, same, 2);
    assert_int_equal(decoded(1, true), GMM_EFORMAT);
    restart(1);
    put_split(5, early, 1);
    assert_int_equal(decoded(1, true), GMM_EFORMAT);
    restart(1);
    put_marks(MESSAGE_RANGE_LIST, 5, 4, 0, 0);
    assert_int_equal(decoded(1, true), GMM_EFORMAT);
    restart(1);
    put_marks(MESSAGE_RANGE_LIST, 5, 9, 0, 0);
    put_marks(MESSAGE_RANGE_LIST, 9, 9, 0, 0);
    assert_int_equal(decoded(2, true), GMM_EFORMAT);
}

static void test_limits_and_unknown_values(void **state)
{
    (void)state;
    uint32_t uptos[MESSAGE_RANGES_PARTS + 1];
    for (uint32_t k = 0; k <= MESSAGE_RANGES_PARTS; k++)
        uptos[k] = k;
    restart(1);
    put_split(0, uptos, MESSAGE_RANGES_PARTS + 1);
    assert_int_equal(decoded(1, true), GMM_ELIMIT);
    restart(1);
    put_split(0, uptos, 0);
    assert_int_equal(decoded(1, true), GMM_EFORMAT);
    restart(1);
    put_marks(MESSAGE_RANGE_LIST, 0, 1, 0, MESSAGE_RANGES_LIST + 1);
    assert_int_equal(decoded(1, true), GMM_ELIMIT);
    restart(1);
    put_marks(MESSAGE_RANGE_NEED, 0, 1, 0, 0);
    assert_int_equal(decoded(1, true), GMM_EFORMAT);
    restart(1);
    put_marks((enum message_range_kind)4, 0, 1, 0, 1);
    assert_int_equal(decoded(1, true), GMM_EFORMAT);
    restart(MESSAGE_RANGES_ROUND_MAX + 1);
    assert_int_equal(decoded(0, true), GMM_ELIMIT);
    restart(1);
    assert_int_equal(decoded(0, true), GMM_OK);
    assert_int_equal(decoded(0, false), GMM_EFORMAT);
    out.p[1] = 2;
    struct message_ranges ranges;
    assert_int_equal(message_ranges_decode(&ranges, out.p, out.len), GMM_EFORMAT);
    restart(1);
    put_marks(MESSAGE_RANGE_LIST, 0, 1, 255, 2); /* 255, then 0 */
    assert_int_equal(decoded(1, true), GMM_EFORMAT);
    restart(1);
    put_marks(MESSAGE_RANGE_LIST, 0, 1, 1, 2);
    assert_int_equal(decoded(1, true), GMM_OK);
    buffer_put_u8(&out, 0);
    assert_int_equal(decoded(1, true), GMM_EFORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_was_put_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_largest_fits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_opening_is_one_range_over_everything, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ranges_ascend, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits_and_unknown_values, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

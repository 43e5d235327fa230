#include "proto/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/packer.h"
#include "tests/lib/failmalloc.h"

/* Bytes of a literal without its NUL. */
#define CHECK(literal) reader_check(literal, sizeof(literal) - 1)

static struct reader reading(const void *data, size_t len)
{
    struct reader r;
    assert_int_equal(reader_init(&r, data, len), GMM_OK);
    return r;
}
#define READING(literal) reading(literal, sizeof(literal) - 1)

static void test_scalars(void **state)
{
    (void)state;
    struct reader r = READING("\xc0");
    assert_int_equal(reader_peek(&r), READER_NIL);
    reader_nil(&r);
    assert_int_equal(reader_done(&r), GMM_OK);
    assert_int_equal(reader_peek(&r), READER_NONE);

    r = READING("\xc3");
    assert_int_equal(reader_peek(&r), READER_BOOL);
    assert_true(reader_bool(&r));
    r = READING("\xc2");
    assert_false(reader_bool(&r));
    assert_int_equal(reader_done(&r), GMM_OK);

    size_t len;
    r = READING("\xa3"
                "abc");
    assert_int_equal(reader_peek(&r), READER_STR);
    assert_memory_equal(reader_str(&r, 3, &len), "abc", 3);
    assert_int_equal(len, 3);
    r = READING("\xc4\x02\x00\xff");
    assert_int_equal(reader_peek(&r), READER_BIN);
    assert_memory_equal(reader_bin(&r, 2, &len), "\x00\xff", 2);
    assert_int_equal(len, 2);
    assert_int_equal(reader_done(&r), GMM_OK);

    r = READING("\xc4\x00");
    assert_non_null(reader_bin(&r, 0, &len));
    assert_int_equal(len, 0);
}

/* Every integer at a boundary of a form is read back from its own shortest form. */
static void test_integers(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {0,       1,          0x7f,       0x80,      0xff,       0x100,     0xffff,
                                       0x10000, UINT32_MAX, 1ull << 32, INT64_MAX, 1ull << 63, UINT64_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct buffer b;
        buffer_init(&b, 16);
        packer_uint(&b, numbers[i]);
        struct reader r = reading(b.p, b.len);
        assert_int_equal(reader_peek(&r), READER_INT);
        assert_true(reader_uint(&r) == numbers[i]);
        assert_int_equal(reader_done(&r), GMM_OK);
        r = reading(b.p, b.len);
        int64_t v = reader_int(&r);
        assert_int_equal(r.failed, numbers[i] > INT64_MAX ? GMM_EFORMAT : GMM_OK);
        assert_true(v == (numbers[i] > INT64_MAX ? 0 : (int64_t)numbers[i]));
        buffer_close(&b);
    }
    static const int64_t negative[] = {-1,        -32,           -33,       INT8_MIN,        INT8_MIN - 1,
                                       INT16_MIN, INT16_MIN - 1, INT32_MIN, INT32_MIN - 1ll, INT64_MIN};
    for (size_t i = 0; i < sizeof negative / sizeof *negative; i++) {
        struct buffer b;
        buffer_init(&b, 16);
        packer_int(&b, negative[i]);
        struct reader r = reading(b.p, b.len);
        assert_true(reader_int(&r) == negative[i]);
        assert_int_equal(reader_done(&r), GMM_OK);
        r = reading(b.p, b.len);
        assert_true(reader_uint(&r) == 0);
        assert_int_equal(r.failed, GMM_EFORMAT);
        buffer_close(&b);
    }
}

static void test_signed_forms_of_positive_numbers(void **state)
{
    (void)state;
    assert_int_equal(CHECK("\xd0\x7f"), GMM_EFORMAT);
    assert_int_equal(CHECK("\xd0\xdf"), GMM_OK);
    assert_int_equal(CHECK("\xd0\xe0"), GMM_EFORMAT);
    assert_int_equal(CHECK("\xd1\xff\x7f"), GMM_OK);
    assert_int_equal(CHECK("\xd1\xff\x80"), GMM_EFORMAT);
    assert_int_equal(CHECK("\xd2\x00\x01\x00\x00"), GMM_EFORMAT);
    assert_int_equal(CHECK("\xd2\xff\xff\x7f\xff"), GMM_OK);
    assert_int_equal(CHECK("\xd3\x00\x00\x00\x01\x00\x00\x00\x00"), GMM_EFORMAT);
    assert_int_equal(CHECK("\xd3\xff\xff\xff\xff\x7f\xff\xff\xff"), GMM_OK);
    assert_int_equal(CHECK("\xd3\xff\xff\xff\xff\x80\x00\x00\x00"), GMM_EFORMAT);
}

/* 31, 255 and 65,535 bytes are the longest of their forms. */
static void test_string_forms(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 31, 32, 255, 256, 65535, 65536};
    static uint8_t data[65536];
    memset(data, 'x', sizeof data);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (int bin = 0; bin < 2; bin++) {
            struct buffer b;
            buffer_init(&b, 70000);
            if (bin)
                packer_bin(&b, data, lengths[i]);
            else
                packer_str(&b, (const char *)data, lengths[i]);
            struct reader r = reading(b.p, b.len);
            size_t len;
            const void *p = bin ? (const void *)reader_bin(&r, lengths[i], &len) : reader_str(&r, lengths[i], &len);
            assert_non_null(p);
            assert_int_equal(len, lengths[i]);
            assert_memory_equal(p, data, len);
            assert_int_equal(reader_done(&r), GMM_OK);
            assert_int_equal(reader_check(b.p, b.len - 1), GMM_EFORMAT);
            buffer_close(&b);
        }
    }
}

static void test_text_is_utf8_without_nul(void **state)
{
    (void)state;
    assert_int_equal(CHECK("\xa2\xc3\xa9"), GMM_OK);
    assert_int_equal(CHECK("\xa1\xc3"), GMM_EFORMAT);
    assert_int_equal(CHECK("\xa1\x00"), GMM_EFORMAT);
    assert_int_equal(CHECK("\xc4\x01\x00"), GMM_OK);
    assert_int_equal(CHECK("\x81\xa1\xff\x01"), GMM_EFORMAT);
}

static void test_depth(void **state)
{
    (void)state;
    uint8_t data[LIMIT_MSGPACK_DEPTH + 2];
    memset(data, 0x91, sizeof data);
    data[LIMIT_MSGPACK_DEPTH] = 0xc0;
    assert_int_equal(reader_check(data, LIMIT_MSGPACK_DEPTH + 1), GMM_OK);
    data[LIMIT_MSGPACK_DEPTH] = 0x90; /* an empty array is one level more */
    assert_int_equal(reader_check(data, LIMIT_MSGPACK_DEPTH + 1), GMM_ELIMIT);
    data[LIMIT_MSGPACK_DEPTH] = 0x91;
    data[LIMIT_MSGPACK_DEPTH + 1] = 0xc0;
    assert_int_equal(reader_check(data, LIMIT_MSGPACK_DEPTH + 2), GMM_ELIMIT);
    data[LIMIT_MSGPACK_DEPTH - 1] = 0x80;
    assert_int_equal(reader_check(data, LIMIT_MSGPACK_DEPTH), GMM_OK);
    /* siblings do not add up */
    assert_int_equal(CHECK("\x93\x91\x91\x01\x91\x91\x01\x81\x01\x90"), GMM_OK);
}

static void test_map_order(void **state)
{
    (void)state;
    assert_int_equal(CHECK("\x82\xa1"
                           "a"
                           "\x01\xa1"
                           "b"
                           "\x02"),
                     GMM_OK);
    assert_int_equal(CHECK("\x82\xa1"
                           "b"
                           "\x01\xa1"
                           "a"
                           "\x02"),
                     GMM_EFORMAT);
    assert_int_equal(CHECK("\x82\xa1"
                           "a"
                           "\x01\xa1"
                           "a"
                           "\x02"),
                     GMM_EFORMAT);
    /* shorter keys first */
    assert_int_equal(CHECK("\x82\xa1"
                           "b"
                           "\x01\xa2"
                           "aa"
                           "\x02"),
                     GMM_OK);
    assert_int_equal(CHECK("\x82\xa2"
                           "aa"
                           "\x01\xa1"
                           "b"
                           "\x02"),
                     GMM_EFORMAT);
    /* keys of other types go by their bytes too: 1 < "" < nil < -1 */
    assert_int_equal(CHECK("\x84\x01\x00\xa0\x00\xc0\x00\xff\x00"), GMM_OK);
    assert_int_equal(CHECK("\x82\xc0\x00\x01\x00"), GMM_EFORMAT);
    /* keys that are containers, and order inside values and keys */
    assert_int_equal(CHECK("\x82\x91\x01\x00\x91\x02\x00"), GMM_OK);
    assert_int_equal(CHECK("\x82\x91\x02\x00\x91\x01\x00"), GMM_EFORMAT);
    assert_int_equal(CHECK("\x81\x01\x82\x02\x00\x01\x00"), GMM_EFORMAT);
    assert_int_equal(CHECK("\x81\x82\x02\x00\x01\x00\x01"), GMM_EFORMAT);
    /* an inner map leaves the order of the outer one alone */
    assert_int_equal(CHECK("\x82\x05\x81\x01\x00\x06\x00"), GMM_OK);
    assert_int_equal(CHECK("\x82\x05\x81\x09\x00\x04\x00"), GMM_EFORMAT);
    assert_int_equal(CHECK("\x81\x01"), GMM_EFORMAT);
}

static void test_counts_before_anything_else(void **state)
{
    (void)state;
    assert_int_equal(CHECK("\xdd\xff\xff\xff\xff"), GMM_EFORMAT);
    assert_int_equal(CHECK("\xdf\xff\xff\xff\xff"), GMM_EFORMAT);
    assert_int_equal(CHECK("\x82\xa1"
                           "a"
                           "\x01"),
                     GMM_EFORMAT);
    assert_int_equal(CHECK(""), GMM_EFORMAT);
    assert_int_equal(reader_check(NULL, 0), GMM_EFORMAT);
    assert_int_equal(CHECK("\x01\x02"), GMM_EFORMAT);
}

static void test_every_truncation_is_refused(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 1000);
    packer_map(&b, 2);
    packer_text(&b, "a");
    packer_array(&b, 3);
    packer_int(&b, -70000);
    packer_bin(&b, "xyz", 3);
    packer_nil(&b);
    packer_text(&b, "bb");
    packer_text(&b, "a text that is longer than thirty-one bytes");
    assert_int_equal(reader_check(b.p, b.len), GMM_OK);
    for (size_t n = 0; n < b.len; n++)
        assert_int_equal(reader_check(b.p, n), GMM_EFORMAT);
    buffer_close(&b);
}

static void test_failure_sticks(void **state)
{
    (void)state;
    struct reader r = READING("\x93\x01\x02\xc3");
    size_t len = 9;
    assert_int_equal(reader_array(&r, 3), 3);
    assert_null(reader_str(&r, 10, &len));
    assert_int_equal(len, 0);
    assert_int_equal(r.failed, GMM_EFORMAT);
    assert_true(reader_uint(&r) == 0);
    assert_true(reader_int(&r) == 0);
    assert_false(reader_bool(&r));
    assert_null(reader_bin(&r, 1, &len));
    assert_int_equal(reader_array(&r, 1), 0);
    assert_int_equal(reader_map(&r, 1), 0);
    assert_false(reader_key(&r, ""));
    reader_nil(&r);
    reader_skip(&r);
    assert_int_equal(reader_peek(&r), READER_NONE);
    struct gmm_id id;
    memset(&id, 7, sizeof id);
    reader_id(&r, &id);
    assert_true(id_is_zero(&id));
    reader_fail(&r, GMM_ENOMEM);
    assert_int_equal(reader_done(&r), GMM_EFORMAT);
}

static void test_bounds_of_the_caller(void **state)
{
    (void)state;
    size_t len;
    struct reader r = READING("\xa3"
                              "abc");
    assert_null(reader_str(&r, 2, &len));
    assert_int_equal(reader_done(&r), GMM_ELIMIT);
    r = READING("\xc4\x02"
                "ab");
    assert_null(reader_bin(&r, 1, &len));
    assert_int_equal(reader_done(&r), GMM_ELIMIT);
    r = READING("\x92\x01\x02");
    assert_int_equal(reader_array(&r, 1), 0);
    assert_int_equal(reader_done(&r), GMM_ELIMIT);
    r = READING("\x81\x01\x02");
    assert_int_equal(reader_map(&r, 0), 0);
    assert_int_equal(reader_done(&r), GMM_ELIMIT);
    r = READING("\x92\x01\x02");
    assert_int_equal(reader_array(&r, 2), 2);
    assert_true(reader_uint(&r) == 1);
    assert_int_equal(reader_done(&r), GMM_EFORMAT); /* one is left */
}

static void test_ids(void **state)
{
    (void)state;
    uint8_t data[36] = {0xc4, 32};
    memset(data + 2, 5, 33);
    struct gmm_id id;
    struct reader r = reading(data, 34);
    reader_id(&r, &id);
    assert_int_equal(reader_done(&r), GMM_OK);
    assert_memory_equal(id.b, data + 2, 32);
    for (uint8_t n = 31; n <= 33; n += 2) {
        data[1] = n;
        r = reading(data, 2u + n);
        reader_id(&r, &id);
        assert_int_equal(reader_done(&r), GMM_EFORMAT);
        assert_true(id_is_zero(&id));
    }
}

static void test_keys_and_skipping(void **state)
{
    (void)state;
    struct reader r = READING("\x83\x07\x92\x01\x91\xc0\xa3"
                              "key"
                              "\xa1"
                              "v"
                              "\xa4"
                              "keys"
                              "\x05");
    assert_int_equal(reader_map(&r, 8), 3);
    assert_false(reader_key(&r, "key"));
    reader_skip(&r);
    reader_skip(&r);
    assert_false(reader_key(&r, "ke"));
    assert_false(reader_key(&r, "keys"));
    assert_false(reader_key(&r, "kex"));
    assert_true(reader_key(&r, "key"));
    reader_skip(&r);
    assert_true(reader_key(&r, "keys"));
    assert_true(reader_uint(&r) == 5);
    assert_int_equal(reader_done(&r), GMM_OK);
    reader_skip(&r); /* nothing is left */
    assert_int_equal(reader_done(&r), GMM_EFORMAT);
}

static void test_a_refused_input_stays_refused(void **state)
{
    (void)state;
    struct reader r;
    assert_int_equal(reader_init(&r, "\x01\x02", 2), GMM_EFORMAT);
    assert_true(reader_uint(&r) == 0);
    assert_int_equal(reader_done(&r), GMM_EFORMAT);
}

static void test_nothing_is_allocated(void **state)
{
    (void)state;
    failmalloc_count();
    assert_int_equal(CHECK("\x82\xa1"
                           "a"
                           "\x91\x91\xc4\x01\x00\xa1"
                           "b"
                           "\xa1"
                           "c"),
                     GMM_OK);
    assert_false(failmalloc_off());
    assert_int_equal(failmalloc_calls(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_signed_forms_of_positive_numbers),
        cmocka_unit_test(test_string_forms),
        cmocka_unit_test(test_text_is_utf8_without_nul),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_map_order),
        cmocka_unit_test(test_counts_before_anything_else),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_failure_sticks),
        cmocka_unit_test(test_bounds_of_the_caller),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_keys_and_skipping),
        cmocka_unit_test(test_a_refused_input_stays_refused),
        cmocka_unit_test(test_nothing_is_allocated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

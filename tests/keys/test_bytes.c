#include "keys/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"

static void numbers_are_big_endian(void **state)
{
    (void)state;
    uint8_t raw[15];
    raw[0] = 0x01;
    bytes_store_u16(raw + 1, 0x0203);
    bytes_store_u32(raw + 3, 0x04050607);
    bytes_store_u64(raw + 7, 0x08090a0b0c0d0e0f);
    for (size_t i = 0; i < sizeof raw; i++)
        assert_int_equal(raw[i], i + 1);
    struct bytes_in in;
    bytes_in_init(&in, raw, sizeof raw);
    assert_int_equal(bytes_get_u8(&in), 0x01);
    assert_int_equal(bytes_get_u16(&in), 0x0203);
    assert_int_equal(bytes_get_u32(&in), 0x04050607);
    assert_false(bytes_in_done(&in));
    assert_true(bytes_get_u64(&in) == 0x08090a0b0c0d0e0f);
    assert_true(bytes_in_done(&in));
    uint8_t ones[8];
    memset(ones, 0xff, sizeof ones);
    assert_int_equal(bytes_load_u16(ones), UINT16_MAX);
    assert_true(bytes_load_u32(ones) == UINT32_MAX);
    assert_true(bytes_load_u64(ones) == UINT64_MAX);
}

static void a_short_read_is_sticky(void **state)
{
    (void)state;
    const uint8_t raw[] = {1, 2, 3};
    struct bytes_in in;
    struct gmm_id id;
    uint8_t out[4] = {9, 9, 9, 9};
    size_t len = 5;

    bytes_in_init(&in, raw, sizeof raw);
    assert_int_equal(bytes_get_u32(&in), 0);
    assert_true(in.failed);
    /* three bytes are there, but nothing is read after a failure */
    assert_int_equal(bytes_get_u8(&in), 0);
    assert_int_equal(bytes_get_u16(&in), 0);
    assert_true(bytes_get_u64(&in) == 0);
    bytes_get(&in, out, sizeof out);
    assert_int_equal(out[0] | out[3], 0);
    memset(&id, 1, sizeof id);
    bytes_get_id(&in, &id);
    assert_true(id_is_zero(&id));
    assert_null(bytes_take(&in, 0));
    assert_null(bytes_take_text8(&in, 255, &len));
    assert_int_equal(len, 0);
    assert_false(bytes_in_done(&in));

    bytes_in_init(&in, raw, sizeof raw);
    assert_null(bytes_take(&in, SIZE_MAX));
    assert_true(in.failed);
    bytes_in_init(&in, raw, sizeof raw);
    bytes_fail(&in);
    assert_false(bytes_in_done(&in));
}

static void empty_input(void **state)
{
    (void)state;
    struct bytes_in in;
    bytes_in_init(&in, NULL, 0);
    assert_non_null(bytes_take(&in, 0));
    bytes_get(&in, NULL, 0);
    assert_true(bytes_in_done(&in));
    assert_int_equal(bytes_get_u8(&in), 0);
    assert_false(bytes_in_done(&in));
}

static bool text_read(const void *raw, size_t n, size_t max, bool wide)
{
    struct bytes_in in;
    size_t len;
    bytes_in_init(&in, raw, n);
    const char *text = wide ? bytes_take_text16(&in, max, &len) : bytes_take_text8(&in, max, &len);
    assert_int_equal(text == NULL, in.failed);
    if (text != NULL) {
        assert_true(bytes_in_done(&in));
        assert_int_equal(len, n - (wide ? 2 : 1));
    }
    return text != NULL;
}

static void texts(void **state)
{
    (void)state;
    assert_true(text_read("\x00", 1, 0, false));
    assert_true(text_read("\x03"
                          "abc",
                          4, 3, false));
    assert_false(text_read("\x03"
                           "abc",
                           4, 2, false));
    assert_false(text_read("\x04"
                           "abc",
                           4, 255, false));
    assert_false(text_read("\x03"
                           "a\0c",
                           4, 255, false));
    assert_false(text_read("\x02\xc3\x28", 3, 255, false));
    assert_true(text_read("\x00\x02\xc3\xa9", 4, 2, true));
    assert_false(text_read("\x02\x00\xc3\xa9", 4, 1024, true));
    assert_false(text_read("\x00", 1, 1024, true));

    char out[4];
    struct bytes_in in;
    bytes_in_init(&in,
                  "\x03"
                  "abc\x04"
                  "abcd",
                  9);
    bytes_get_text8(&in, out, 3);
    assert_string_equal(out, "abc");
    bytes_get_text8(&in, out, 3);
    assert_string_equal(out, "");
    assert_true(in.failed);
}

static void utf8(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "plain",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2\x41",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xe4\xb8",
        "\xe4\xb8\x41",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf0\x9f\x98",
        "\xff",
        "\xfe",
        "ok\xc3",
        "\xe4\x41\x96",
        "\xf0\x9f\x41\x80",
        "\xf0\x9f\x98\x41",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(bytes_is_utf8(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(bytes_is_utf8(bad[i], strlen(bad[i])));
    assert_true(bytes_is_utf8("a\0b", 3));
}

/* Every code point encoded by the book is valid; the surrogates are not. */
static void utf8_every_code_point(void **state)
{
    (void)state;
    for (uint32_t c = 0x80; c < 0x120000; c++) {
        uint8_t p[4];
        size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        for (size_t i = n - 1; i > 0; i--)
            p[i] = (uint8_t)(0x80 | (c >> (6 * (n - 1 - i)) & 0x3f));
        p[0] = (uint8_t)((n == 2 ? 0xc0u : n == 3 ? 0xe0u : 0xf0u) | c >> (6 * (n - 1)));
        bool surrogate = c >= 0xd800 && c < 0xe000;
        if (bytes_is_utf8(p, n) != (!surrogate && c < 0x110000))
            fail_msg("U+%X", (unsigned)c);
    }
}

static void buffer_round_trip(void **state)
{
    (void)state;
    struct buffer b;
    struct gmm_id id = {{1, 2, 3}}, read;
    uint8_t *p;
    size_t len, n;
    buffer_init(&b, 4096);
    buffer_put_u8(&b, 1);
    buffer_put_u16(&b, 2);
    buffer_put_u32(&b, 3);
    buffer_put_u64(&b, 4);
    buffer_put_id(&b, &id);
    buffer_put_text8(&b, "caf\xc3\xa9", 5);
    buffer_put_text16(&b, "", 0);
    buffer_put(&b, "xyz", 3);
    memset(buffer_extend(&b, 1000), 7, 1000);
    assert_int_equal(buffer_take(&b, &p, &len), GMM_OK);
    assert_null(b.p);
    assert_int_equal(b.len, 0);

    struct bytes_in in;
    bytes_in_init(&in, p, len);
    assert_int_equal(bytes_get_u8(&in), 1);
    assert_int_equal(bytes_get_u16(&in), 2);
    assert_int_equal(bytes_get_u32(&in), 3);
    assert_int_equal(bytes_get_u64(&in), 4);
    bytes_get_id(&in, &read);
    assert_true(id_equal(&id, &read));
    assert_memory_equal(bytes_take_text8(&in, 255, &n), "caf\xc3\xa9", 5);
    assert_non_null(bytes_take_text16(&in, 0, &n));
    assert_memory_equal(bytes_take(&in, 3), "xyz", 3);
    const uint8_t *sevens = bytes_take(&in, 1000);
    assert_int_equal(sevens[0] & sevens[999], 7);
    assert_true(bytes_in_done(&in));
    free(p);
}

static void buffer_bound_is_sticky(void **state)
{
    (void)state;
    struct buffer b;
    uint8_t *p = NULL;
    size_t len;
    buffer_init(&b, 10);
    buffer_put(&b, "0123456789", 10);
    assert_int_equal(b.failed, GMM_OK);
    buffer_put(&b, NULL, 0);
    assert_int_equal(b.failed, GMM_OK);
    buffer_put_u8(&b, 1);
    assert_int_equal(b.failed, GMM_ELIMIT);
    assert_null(buffer_extend(&b, 0));
    assert_int_equal(b.len, 10);
    assert_int_equal(buffer_take(&b, &p, &len), GMM_ELIMIT);
    assert_null(p);
    /* reset: the bound stays, the failure is gone */
    buffer_put(&b, "0123456789", 10);
    assert_int_equal(b.failed, GMM_OK);
    assert_null(buffer_extend(&b, SIZE_MAX));
    assert_int_equal(b.failed, GMM_ELIMIT);
    buffer_close(&b);
    buffer_close(&b);
}

static void buffer_text_bounds(void **state)
{
    (void)state;
    static char text[65536];
    struct buffer b;
    memset(text, 'a', sizeof text);
    buffer_init(&b, 1u << 20);
    buffer_put_text8(&b, text, 255);
    buffer_put_text16(&b, text, 65535);
    assert_int_equal(b.failed, GMM_OK);
    assert_int_equal(b.len, 256 + 65537);
    size_t len = b.len;
    buffer_put_text8(&b, text, 256);
    assert_int_equal(b.failed, GMM_ELIMIT);
    assert_int_equal(b.len, len);
    buffer_close(&b);
    buffer_put_text16(&b, text, 65536);
    assert_int_equal(b.failed, GMM_ELIMIT);
    buffer_close_wiped(&b);
}

static void an_empty_buffer_gives_a_pointer(void **state)
{
    (void)state;
    struct buffer b;
    uint8_t *p;
    size_t len;
    buffer_init(&b, 0);
    assert_int_equal(buffer_take(&b, &p, &len), GMM_OK);
    assert_non_null(p);
    assert_int_equal(len, 0);
    free(p);
}

static void buffer_without_memory(void **state)
{
    (void)state;
    for (long i = 0;; i++) {
        struct buffer b;
        uint8_t *p;
        size_t len;
        buffer_init(&b, 1u << 20);
        failmalloc_at(i);
        for (uint32_t n = 0; n < 1000; n++)
            buffer_put_u32(&b, n);
        enum gmm_err err = buffer_take(&b, &p, &len);
        bool failed = failmalloc_off();
        assert_int_equal(err, failed ? GMM_ENOMEM : GMM_OK);
        if (!failed) {
            assert_int_equal(len, 4000);
            assert_int_equal(bytes_load_u32(p + 3996), 999);
            free(p);
            break;
        }
        assert_null(p);
        assert_null(b.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_big_endian),
        cmocka_unit_test(a_short_read_is_sticky),
        cmocka_unit_test(empty_input),
        cmocka_unit_test(texts),
        cmocka_unit_test(utf8),
        cmocka_unit_test(utf8_every_code_point),
        cmocka_unit_test(buffer_round_trip),
        cmocka_unit_test(buffer_bound_is_sticky),
        cmocka_unit_test(buffer_text_bounds),
        cmocka_unit_test(an_empty_buffer_gives_a_pointer),
        cmocka_unit_test(buffer_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

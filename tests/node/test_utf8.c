#include "node/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "keys/bytes.h"

/* Every code point comes back, and only those that are none are refused. */
static void test_round_trip(void **state)
{
    (void)state;
    for (int32_t c = 0; c <= 0x10ffff; c++) {
        char bytes[UTF8_BYTES_MAX];
        size_t n = utf8_put(bytes, c), at = 0;
        bool surrogate = c >= 0xd800 && c <= 0xdfff;
        if (utf8_next(bytes, n, &at) != (surrogate ? -1 : c))
            fail_msg("U+%04X", (unsigned)c);
        assert_int_equal(at, surrogate ? 1 : n);
    }
}

/* Agrees with the check that guards everything that comes from outside, for all inputs of two bytes and many of four.
 */
static void test_agrees_with_bytes_is_utf8(void **state)
{
    (void)state;
    static const char thirds[] = {0, 0x7f, (char)0x80, (char)0xbf, (char)0xc0};
    for (unsigned i = 0; i < 0x10000; i++) {
        for (size_t k = 0; k < sizeof thirds; k++) {
            char text[4] = {(char)(i >> 8), (char)i, thirds[k], (char)0x80};
            for (size_t len = 1; len <= 4; len++) {
                bool valid = true;
                for (size_t at = 0; at < len;)
                    valid = utf8_next(text, len, &at) >= 0 && valid;
                if (valid != bytes_is_utf8(text, len))
                    fail_msg("%04x, %zu bytes", i, len);
            }
        }
    }
}

static void test_an_error_costs_one_byte(void **state)
{
    (void)state;
    static const char text[] = "\xe2\x82"
                               "a";
    size_t at = 0;
    assert_int_equal(utf8_next(text, 3, &at), -1);
    assert_int_equal(at, 1);
    assert_int_equal(utf8_next(text, 3, &at), -1);
    assert_int_equal(utf8_next(text, 3, &at), 'a');
    assert_int_equal(at, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_agrees_with_bytes_is_utf8),
        cmocka_unit_test(test_an_error_costs_one_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "keys/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "keys/bytes.h"

static void each_code_has_a_name_and_a_text(void **state)
{
    (void)state;
    static const enum gmm_err codes[] = {
#define CODE(name, value, text) name,
        GMM_ERRORS(CODE)
#undef CODE
    };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        assert_int_equal(codes[i], -(int)i);
        assert_int_equal(strncmp(gmm_err_name(codes[i]), "GMM_", 4), 0);
        assert_string_not_equal(gmm_err_text(codes[i]), "unknown error");
    }
    assert_string_equal(gmm_err_name(GMM_EFORK), "GMM_EFORK");
    assert_string_equal(gmm_err_text(GMM_EPASSPHRASE), "wrong or missing passphrase");
    assert_string_equal(gmm_err_text((enum gmm_err) - 1000), "unknown error");
    assert_string_equal(gmm_err_name((enum gmm_err)1), "unknown error");
}

static void fail_formats_and_returns(void **state)
{
    (void)state;
    struct gmm_msg msg;
    assert_int_equal(gmm_fail(&msg, GMM_EIO, "%s: %d", "disk", 5), GMM_EIO);
    assert_string_equal(msg.text, "disk: 5");
    assert_int_equal(gmm_fail(NULL, GMM_EFULL, "%s", "ignored"), GMM_EFULL);
}

/* Characters of 1 to 4 bytes, moved across the end of the buffer. */
static void a_long_message_is_cut_at_a_character(void **state)
{
    (void)state;
    static const char *const characters[] = {"x", "\xc3\xa9", "\xe4\xb8\x96", "\xf0\x9f\x98\x80"};
    struct gmm_msg msg;
    char text[1024];
    for (size_t c = 0; c < 4; c++) {
        size_t width = strlen(characters[c]);
        for (size_t shift = 0; shift < 4; shift++) {
            memset(text, 'a', shift);
            size_t n = shift;
            for (; n + width < sizeof text; n += width)
                memcpy(text + n, characters[c], width);
            text[n] = '\0';
            gmm_fail(&msg, GMM_EFORMAT, "%s", text);
            size_t len = strlen(msg.text);
            assert_true(len < sizeof msg.text && len + width >= sizeof msg.text);
            assert_true(bytes_is_utf8(msg.text, len));
            assert_memory_equal(msg.text, text, len);
        }
    }
}

/* Bytes that are no text end up cut anywhere, but inside the buffer. */
static void what_is_no_text_stays_bounded(void **state)
{
    (void)state;
    struct gmm_msg msg;
    char text[1024];
    memset(text, 0x80, sizeof text);
    text[sizeof text - 1] = '\0';
    gmm_fail(&msg, GMM_EFORMAT, "%s", text);
    assert_int_equal(strlen(msg.text), sizeof msg.text - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_code_has_a_name_and_a_text),
        cmocka_unit_test(fail_formats_and_returns),
        cmocka_unit_test(a_long_message_is_cut_at_a_character),
        cmocka_unit_test(what_is_no_text_stays_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

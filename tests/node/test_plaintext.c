#include "node/plaintext.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect(const char *name, const char *bytes, size_t len, const char *text)
{
    struct buffer out;
    buffer_init(&out, 2u * PLAINTEXT_MAX);
    assert_int_equal(plaintext_append(&out, name, bytes, len), GMM_OK);
    assert_int_equal(out.len, strlen(text));
    if (out.len > 0)
        assert_memory_equal(out.p, text, out.len);
    buffer_close(&out);
}
#define EXPECT(name, bytes, text) expect(name, bytes, sizeof bytes - 1, text)

static void test_text(void **state)
{
    (void)state;
    EXPECT("a.txt", "d\xc3\xa9j\xc3\xa0 <b>vu</b> &amp;", "d\xc3\xa9j\xc3\xa0 <b>vu</b> &amp;");
    EXPECT(NULL, "\xef\xbb\xbfx", "x");
    EXPECT("a.txt", "", "");
}

static void test_not_text(void **state)
{
    (void)state;
    EXPECT("a.txt", "a\0b", "");
    EXPECT("a.txt", "\xff\xfe", "");
    char *large = malloc(PLAINTEXT_MAX + 1);
    assert_non_null(large);
    memset(large, 'x', PLAINTEXT_MAX + 1);
    assert_true(plaintext_is_text(large, PLAINTEXT_MAX));
    assert_false(plaintext_is_text(large, PLAINTEXT_MAX + 1));
    free(large);
}

static void test_html(void **state)
{
    (void)state;
    EXPECT("a.HTML", "<p class=\"a>b\">main<b>-d</b>\xe2\x80\x99\xc5\x93uvre<br>next",
           "\nmain-d\xe2\x80\x99\xc5\x93uvre\nnext");
    EXPECT("x", "<!DOCTYPE html><script>var no = '<p>';</script><td>yes</td>", "   yes ");
    EXPECT("a.htm", "&eacute;&amp;&#233;&#xE9;&nosuch;&&lt;", "\xc3\xa9&\xc3\xa9\xc3\xa9&nosuch;&<");
    EXPECT("a.htm", "<!-- hidden -->1 < 2 <unclosed", "1 < 2  ");
    EXPECT("a.htm", "&#0;&#xD800;&#x110000;&", "&#0;&#xD800;&#x110000;&");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_not_text),
                                       cmocka_unit_test(test_html)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

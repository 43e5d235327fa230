#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/tokenizer.h"
#include "node/utf8.h"
#include "tests/lib/failmalloc.h"

#define FILLER "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore "

static void expect(const char *text, const char *words, size_t max, const char *expected)
{
    struct buffer b;
    buffer_init(&b, 65536);
    assert_int_equal(tokenizer_snippet(&b, text, strlen(text), words, max), GMM_OK);
    buffer_put_u8(&b, 0);
    assert_string_equal((const char *)b.p, expected);
    buffer_close(&b);
}

static void test_short_texts_stand_whole(void **state)
{
    (void)state;
    expect("", "word", 160, "");
    expect("one word only", "word", 160, "one word only");
    expect("one word only", "absent", 160, "one word only");
    expect("one word only", "", 160, "one word only");
    expect("one word only", "word", 13, "one word only");
}

static void test_around_the_first_match(void **state)
{
    (void)state;
    expect(FILLER "the Liberté of persons " FILLER, "liberte", 40, "…the Liberté of persons lorem ipsum…");
    expect(FILLER "the liberte\xcc\x81 of persons " FILLER, "LIBERTÉ", 40, "…the liberte\xcc\x81 of persons lorem…");
    expect(FILLER "first then second " FILLER, "second first", 24, "…first then second…");
    /* without a match, the beginning */
    expect(FILLER, "absent", 20, "lorem ipsum dolor…");
    /* a match at the end leaves more room before it */
    expect(FILLER "end", "end", 30, "…incididunt ut labore end");
    expect("begin " FILLER, "begin", 20, "begin lorem ipsum…");
}

static void test_phrases(void **state)
{
    (void)state;
    expect("draft, " FILLER "comments on draft-comments " FILLER, "draft-comments", 30, "…on draft-comments lorem…");
    /* in a row, not merely in order */
    expect("a x b " FILLER " y a b z", "a-b", 12, "…y a b z");
}

static void test_scripts_without_spaces(void **state)
{
    (void)state;
    expect("人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。", "良心", 12,
           "…理性和良心,并应以兄弟关…");
    expect("มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์", "อิสระ", 16, "…มามีอิสระและเสมอ…");
}

static void test_white_space_and_controls(void **state)
{
    (void)state;
    expect("  one\n\n\ttwo\x1b[31m\x01three\xc2\xa0\xe2\x80\xa8"
           "four  ",
           "two", 160, "one two [31m three four");
    expect("a\xe2\x80\xae"
           "b\xe2\x81\xa6"
           "c\xef\xbb\xbf",
           "b", 160, "abc");
    expect("a\xff"
           "b",
           "b", 160,
           "a\xef\xbf\xbd"
           "b");
}

/* Whatever is cut, the ends are between characters and the length holds. */
static void test_every_length(void **state)
{
    (void)state;
    static const char *const texts[] = {FILLER "liberte\xcc\x81\xcc\xa3 " FILLER,
                                        "ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ", "མི་རིགས་ལིབ liberte\xcc\x81",
                                        "\xff\xff liberte \xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (size_t max = 0; max < 120; max++) {
            struct buffer b;
            buffer_init(&b, 65536);
            assert_int_equal(tokenizer_snippet(&b, texts[i], strlen(texts[i]), "liberté", max), GMM_OK);
            assert_true(bytes_is_utf8(b.p, b.len));
            size_t chars = 0;
            for (size_t at = 0; at < b.len; chars++)
                (void)utf8_next((const char *)b.p, b.len, &at);
            assert_true(chars <= max + 2);
            buffer_close(&b);
        }
    }
}

static void test_memory_ends(void **state)
{
    (void)state;
    struct buffer b;
    long at = 0;
    for (;; at++) {
        buffer_init(&b, 1000);
        failmalloc_at(at);
        enum gmm_err err = tokenizer_snippet(&b, "a word", 6, "word", 100);
        bool failed = failmalloc_off();
        buffer_close(&b);
        if (!failed)
            break;
        assert_int_equal(err, GMM_ENOMEM);
    }
    assert_int_equal(at, 3);
    buffer_init(&b, 3);
    assert_int_equal(tokenizer_snippet(&b, "a word", 6, "word", 100), GMM_ELIMIT);
    buffer_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_texts_stand_whole),
        cmocka_unit_test(test_around_the_first_match),
        cmocka_unit_test(test_phrases),
        cmocka_unit_test(test_scripts_without_spaces),
        cmocka_unit_test(test_white_space_and_controls),
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

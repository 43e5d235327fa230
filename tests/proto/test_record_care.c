#include "proto/record_care.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(literal) ((struct record_text){(literal), sizeof(literal) - 1})

static struct record_practice practice_full(void)
{
    return (struct record_practice){.theme = 4,
                                    .level = 3,
                                    .title = TEXT("Recrutement \xc3\xa9quitable"),
                                    .text = TEXT("what"),
                                    .results = TEXT("fewer fees"),
                                    .country = TEXT("PH"),
                                    .lang = TEXT("fr"),
                                    .person = TEXT("amina")};
}

static enum gmm_err practice_again(const struct record_practice *r)
{
    struct record_practice back;
    struct buffer b, again;
    buffer_init(&b, 10000);
    enum gmm_err err = record_practice_encode(&b, r);
    if (err == GMM_OK) {
        assert_int_equal(record_practice_decode(&back, b.p, b.len), GMM_OK);
        buffer_init(&again, 10000);
        assert_int_equal(record_practice_encode(&again, &back), GMM_OK);
        assert_int_equal(again.len, b.len);
        assert_memory_equal(again.p, b.p, b.len);
        buffer_close(&again);
        for (size_t n = 0; n < b.len; n++)
            assert_int_equal(record_practice_decode(&back, b.p, n), GMM_EFORMAT);
    }
    buffer_close(&b);
    return err;
}

static void test_practices(void **state)
{
    (void)state;
    struct record_practice r = practice_full();
    assert_int_equal(practice_again(&r), GMM_OK);
    r.country = TEXT("ph");
    assert_int_equal(practice_again(&r), GMM_EFORMAT);
    r.country = TEXT("PHL");
    assert_int_equal(practice_again(&r), GMM_EFORMAT);
    r = practice_full();
    r.level = 5;
    assert_int_equal(practice_again(&r), GMM_EFORMAT);
    r = practice_full();
    r.theme = 0;
    assert_int_equal(practice_again(&r), GMM_EFORMAT);
    r.theme = 6;
    assert_int_equal(practice_again(&r), GMM_EFORMAT);
    r = practice_full();
    r.title.len = 0;
    assert_int_equal(practice_again(&r), GMM_EFORMAT);
    r = (struct record_practice){.theme = 1, .title = TEXT("x")};
    assert_int_equal(practice_again(&r), GMM_OK);
}

static void test_marks(void **state)
{
    (void)state;
    struct record_mark r = {.marking = RECORD_CONFIDENTIAL,
                            .tlp = RECORD_TLP_RED,
                            .reason = TEXT("names"),
                            .person = TEXT("k")},
                       back;
    struct buffer b;
    buffer_init(&b, 1000);
    assert_int_equal(record_mark_encode(&b, &r), GMM_OK);
    assert_int_equal(record_mark_decode(&back, b.p, b.len), GMM_OK);
    assert_int_equal(back.marking, r.marking);
    assert_int_equal(back.tlp, r.tlp);
    for (size_t n = 0; n < b.len; n++)
        assert_int_equal(record_mark_decode(&back, b.p, n), GMM_EFORMAT);
    buffer_close(&b);
    r.marking = (enum record_marking)3;
    buffer_init(&b, 1000);
    assert_int_equal(record_mark_encode(&b, &r), GMM_EFORMAT);
    buffer_close(&b);
}

static void test_retentions(void **state)
{
    (void)state;
    struct record_retain r = {.until_ms = 1420070400000}, back;
    struct buffer b;
    buffer_init(&b, 1000);
    assert_int_equal(record_retain_encode(&b, &r), GMM_OK);
    assert_int_equal(record_retain_decode(&back, b.p, b.len), GMM_OK);
    assert_true(back.until_ms == r.until_ms);
    for (size_t n = 0; n < b.len; n++)
        assert_int_equal(record_retain_decode(&back, b.p, n), GMM_EFORMAT);
    r.until_ms = 0;
    assert_int_equal(record_retain_encode(&b, &r), GMM_EFORMAT);
    r.until_ms = UINT64_C(1) << 48;
    assert_int_equal(record_retain_encode(&b, &r), GMM_EFORMAT);
    buffer_close(&b);
}

static void test_words(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= RECORD_THEMES; i++)
        assert_int_equal(record_theme_from_text(record_theme_text(i)), i);
    assert_string_equal(record_theme_text(4), "decent-work");
    assert_null(record_theme_text(0));
    assert_null(record_theme_text(6));
    assert_int_equal(record_theme_from_text("work"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_practices),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_retentions),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

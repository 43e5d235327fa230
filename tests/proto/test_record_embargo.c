#include "proto/record_embargo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(s) ((struct record_text){s, sizeof(s) - 1})

static const struct gmm_id nid = {{1}}, gid = {{2}}, author = {{3}};
static const struct embargo_place place = {&nid, &gid, &author};
static const uint8_t key[EMBARGO_KEY_BYTES] = {9}, wrong[EMBARGO_KEY_BYTES] = {8};

static struct record_document whole(void)
{
    return (struct record_document){.version = 2,
                                    .marking = RECORD_CONFIDENTIAL,
                                    .tlp = RECORD_TLP_RED,
                                    .title = TEXT("Report"),
                                    .symbol = TEXT("S/1"),
                                    .lang = TEXT("fr"),
                                    .name = TEXT("report.txt"),
                                    .content = {.size = 5, .inline_bytes = (const uint8_t *)"words"}};
}

/* The record that is posted: sealed is the caller's. */
static struct record_document covered_of(const struct record_document *doc, struct buffer *sealed)
{
    struct record_document outer = *doc;
    buffer_init(sealed, 1u << 20);
    assert_int_equal(record_document_cover(sealed, doc, key, &place), GMM_OK);
    outer.name = (struct record_text){0};
    outer.content = (struct manifest){0};
    outer.sealed = sealed->p;
    outer.sealed_len = sealed->len;
    outer.embargo_ms = 1000;
    return outer;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct buffer sealed, bytes, again;
    struct record_document doc = whole(), back;
    struct record_document outer = covered_of(&doc, &sealed);
    buffer_init(&bytes, 1u << 20);
    buffer_init(&again, 1u << 20);
    assert_int_equal(record_document_encode(&bytes, &outer), GMM_OK);
    assert_null(memmem(bytes.p, bytes.len, "words", 5));
    assert_null(memmem(bytes.p, bytes.len, "report.txt", 10));
    assert_int_equal(record_document_decode(&back, bytes.p, bytes.len), GMM_OK);
    assert_true(record_is_covered(&back) && back.embargo_ms == 1000 && back.name.len == 0);
    assert_int_equal(record_document_encode(&again, &back), GMM_OK);
    assert_true(again.len == bytes.len && memcmp(again.p, bytes.p, bytes.len) == 0);
    assert_int_equal(record_document_lift(&back, wrong, &place), GMM_EDECRYPT);
    assert_true(record_is_covered(&back));
    assert_int_equal(record_document_lift(&back, key, &place), GMM_OK);
    assert_false(record_is_covered(&back));
    assert_true(back.content.size == 5 && memcmp(back.content.inline_bytes, "words", 5) == 0);
    assert_true(back.name.len == 10 && back.title.len == 6);
    assert_int_equal(record_document_lift(&back, key, &place), GMM_OK);
    record_document_close(&back);
    buffer_close(&again);
    buffer_close(&bytes);
    buffer_close(&sealed);
}

static void expect_lift(const struct record_document *inner, enum gmm_err wanted)
{
    struct buffer plain, sealed;
    struct record_document outer = {.version = 2, .marking = RECORD_CONFIDENTIAL, .embargo_ms = 1};
    buffer_init(&plain, 1u << 20);
    buffer_init(&sealed, 1u << 20);
    assert_int_equal(record_document_encode(&plain, inner), GMM_OK);
    assert_int_equal(embargo_seal(&sealed, key, &place, plain.p, plain.len), GMM_OK);
    outer.sealed = sealed.p;
    outer.sealed_len = sealed.len;
    assert_int_equal(record_document_lift(&outer, key, &place), wanted);
    record_document_close(&outer);
    buffer_close(&sealed);
    buffer_close(&plain);
}

static void test_inner_says_nothing_else(void **state)
{
    (void)state;
    struct record_document inner = {
        .version = 2, .marking = RECORD_CONFIDENTIAL, .content = {.size = 1, .inline_bytes = (const uint8_t *)"x"}};
    expect_lift(&inner, GMM_OK);
    struct record_document other = inner;
    other.version = 3;
    expect_lift(&other, GMM_EFORMAT);
    other = inner;
    other.marking = RECORD_UNCLASSIFIED;
    expect_lift(&other, GMM_EFORMAT);
    other = inner;
    other.title = TEXT("Another");
    expect_lift(&other, GMM_EFORMAT);
    other = inner;
    other.has_revises = true;
    expect_lift(&other, GMM_EFORMAT);
    struct buffer sealed;
    other = covered_of(&inner, &sealed); /* one under embargo inside another */
    other.tlp = RECORD_TLP_NONE;
    expect_lift(&other, GMM_EFORMAT);
    buffer_close(&sealed);
}

static void test_what_cannot_be_written(void **state)
{
    (void)state;
    struct buffer sealed, out;
    struct record_document doc = whole();
    struct record_document outer = covered_of(&doc, &sealed);
    buffer_init(&out, 1u << 20);
    outer.embargo_ms = 0;
    assert_int_equal(record_document_encode(&out, &outer), GMM_EFORMAT);
    outer.embargo_ms = UINT64_C(1) << 48;
    assert_int_equal(record_document_encode(&out, &outer), GMM_EFORMAT);
    outer.embargo_ms = 1;
    outer.name = TEXT("name");
    assert_int_equal(record_document_encode(&out, &outer), GMM_EFORMAT);
    doc.embargo_ms = 1;
    assert_int_equal(record_document_encode(&out, &doc), GMM_EFORMAT);
    buffer_close(&out);
    buffer_close(&sealed);
}

static void test_disclose(void **state)
{
    (void)state;
    struct record_disclose r = {.document = {{7}}}, back;
    struct buffer out;
    memcpy(r.key, key, sizeof r.key);
    buffer_init(&out, 256);
    assert_int_equal(record_disclose_encode(&out, &r), GMM_OK);
    assert_int_equal(record_disclose_decode(&back, out.p, out.len), GMM_OK);
    assert_memory_equal(&back, &r, sizeof r);
    for (size_t len = 0; len < out.len; len++)
        assert_int_not_equal(record_disclose_decode(&back, out.p, len), GMM_OK);
    out.p[6] = 31; /* a shorter key, and trailing bytes */
    assert_int_not_equal(record_disclose_decode(&back, out.p, out.len), GMM_OK);
    buffer_close(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_inner_says_nothing_else),
        cmocka_unit_test(test_what_cannot_be_written),
        cmocka_unit_test(test_disclose),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}

#include "proto/record_consult.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"

#define TEXT(literal) ((struct record_text){(literal), sizeof(literal) - 1})

static struct gmm_id ids[300];

static void make_ids(void)
{
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        ids[i].b[0] = (uint8_t)(i >> 8);
        ids[i].b[1] = (uint8_t)i;
        ids[i].b[31] = 1;
    }
}

static struct record_consult open_full(void)
{
    return (struct record_consult){.action = RECORD_CONSULT_OPEN,
                                   .document = ids[9],
                                   .zone = TEXT("+01:00"),
                                   .lang_count = 3,
                                   .langs = {TEXT("ar"), TEXT("en"), TEXT("es")},
                                   .deadline_ms = 1394812800000,
                                   .invited = {.count = 3, .ids = ids},
                                   .person = TEXT("amina")};
}

static enum gmm_err consult_again(const struct record_consult *r)
{
    struct record_consult back;
    struct buffer b, again;
    buffer_init(&b, 1u << 20);
    enum gmm_err err = record_consult_encode(&b, r);
    if (err == GMM_OK) {
        assert_int_equal(record_consult_decode(&back, b.p, b.len), GMM_OK);
        assert_int_equal(back.action, r->action);
        assert_int_equal(back.invited.count, r->invited.count);
        for (uint32_t i = 0; i < r->invited.count; i++) {
            struct gmm_id id;
            record_ids_at(&back.invited, i, &id);
            assert_true(id_equal(&id, &r->invited.ids[i]));
        }
        buffer_init(&again, 1u << 20);
        assert_int_equal(record_consult_encode(&again, &back), GMM_OK);
        assert_int_equal(again.len, b.len);
        assert_memory_equal(again.p, b.p, b.len);
        buffer_close(&again);
        record_consult_close(&back);
        for (size_t n = 0; n < b.len && n < 400; n++)
            assert_int_equal(record_consult_decode(&back, b.p, n), GMM_EFORMAT);
    }
    buffer_close(&b);
    return err;
}

static void test_open(void **state)
{
    (void)state;
    struct record_consult r = open_full();
    assert_int_equal(consult_again(&r), GMM_OK);
    r.invited.count = RECORD_INVITED;
    assert_int_equal(consult_again(&r), GMM_OK);
    r.invited.count++;
    assert_int_equal(consult_again(&r), GMM_ELIMIT);
    r = open_full();
    struct gmm_id twice[2] = {ids[4], ids[4]};
    r.invited = (struct record_ids){.count = 2, .ids = twice};
    assert_int_equal(consult_again(&r), GMM_EFORMAT);
    r = open_full();
    r.langs[2] = TEXT("ar");
    assert_int_equal(consult_again(&r), GMM_EFORMAT);
    r = open_full();
    r.deadline_ms = UINT64_C(1) << 48;
    assert_int_equal(consult_again(&r), GMM_EFORMAT);
    r = open_full();
    r.zone = TEXT("+01:00:00");
    assert_int_equal(consult_again(&r), GMM_ELIMIT);
}

/* What each action lacks or has too much. */
static void test_actions(void **state)
{
    (void)state;
    struct record_consult r = open_full();
    r.has_key = true;
    assert_int_equal(consult_again(&r), GMM_EFORMAT);
    r = open_full();
    r.invited.count = 0;
    assert_int_equal(consult_again(&r), GMM_EFORMAT);
    r = open_full();
    r.deadline_ms = 0;
    assert_int_equal(consult_again(&r), GMM_EFORMAT);
    r = open_full();
    r.short_reason = TEXT("urgent");
    assert_int_equal(consult_again(&r), GMM_EFORMAT);
    struct record_consult round = {
        .action = RECORD_CONSULT_ROUND, .has_key = true, .key = ids[1], .round = 2, .deadline_ms = 5};
    assert_int_equal(consult_again(&round), GMM_OK);
    round.round = 1;
    assert_int_equal(consult_again(&round), GMM_EFORMAT);
    struct record_consult silence = {.action = RECORD_CONSULT_SILENCE,
                                     .has_key = true,
                                     .deadline_ms = 5,
                                     .short_reason = TEXT("the session ends tomorrow")};
    assert_int_equal(consult_again(&silence), GMM_OK);
    silence.round = 2;
    assert_int_equal(consult_again(&silence), GMM_EFORMAT);
    struct record_consult close = {.action = RECORD_CONSULT_CLOSE,
                                   .has_key = true,
                                   .outcome = RECORD_OUTCOME_ADOPTED,
                                   .has_report = true,
                                   .report = {.size = 2, .inline_bytes = (const uint8_t *)"{}"}};
    assert_int_equal(consult_again(&close), GMM_OK);
    close.outcome = RECORD_OUTCOME_NONE;
    assert_int_equal(consult_again(&close), GMM_EFORMAT);
    close.outcome = (enum record_consult_outcome)9;
    assert_int_equal(consult_again(&close), GMM_EFORMAT);
    close.outcome = RECORD_OUTCOME_COMMENTS;
    close.has_report = false;
    assert_int_equal(consult_again(&close), GMM_EFORMAT);
    struct record_consult none = {.has_key = true, .deadline_ms = 5};
    assert_int_equal(consult_again(&none), GMM_EFORMAT);
    none.action = (enum record_consult_action)7;
    assert_int_equal(consult_again(&none), GMM_EFORMAT);
}

static void test_dispositions(void **state)
{
    (void)state;
    struct record_disposition r = {.note = ids[1],
                                   .document = ids[2],
                                   .as = RECORD_ACCEPTED_IN_PART,
                                   .reason = TEXT("see paragraph 9"),
                                   .person = TEXT("k")},
                              back;
    struct buffer b;
    buffer_init(&b, 10000);
    assert_int_equal(record_disposition_encode(&b, &r), GMM_OK);
    assert_int_equal(record_disposition_decode(&back, b.p, b.len), GMM_OK);
    assert_int_equal(back.as, r.as);
    assert_true(id_equal(&back.note, &r.note) && id_equal(&back.document, &r.document));
    assert_int_equal(back.reason.len, r.reason.len);
    for (size_t n = 0; n < b.len; n++)
        assert_int_equal(record_disposition_decode(&back, b.p, n), GMM_EFORMAT);
    buffer_close(&b);
    r.as = RECORD_SUPPORT;
    buffer_init(&b, 10000);
    assert_int_equal(record_disposition_encode(&b, &r), GMM_EFORMAT);
    buffer_close(&b);
}

static void test_releases(void **state)
{
    (void)state;
    struct record_release r = {.document = ids[2],
                               .has_clear = true,
                               .clear = ids[3],
                               .para = 7,
                               .position = RECORD_OBJECTION,
                               .text = TEXT("no"),
                               .proposed = TEXT("better"),
                               .lang = TEXT("fr"),
                               .person = TEXT("head"),
                               .notes = {.count = 5, .ids = ids},
                               .supersedes = {.count = 2, .ids = ids + 7}},
                          back;
    struct buffer b, again;
    buffer_init(&b, 10000);
    assert_int_equal(record_release_encode(&b, &r), GMM_OK);
    assert_int_equal(record_release_decode(&back, b.p, b.len), GMM_OK);
    assert_int_equal(back.notes.count, 5);
    assert_int_equal(back.supersedes.count, 2);
    buffer_init(&again, 10000);
    assert_int_equal(record_release_encode(&again, &back), GMM_OK);
    assert_int_equal(again.len, b.len);
    assert_memory_equal(again.p, b.p, b.len);
    buffer_close(&again);
    for (size_t n = 0; n < b.len; n++)
        assert_int_equal(record_release_decode(&back, b.p, n), GMM_EFORMAT);
    buffer_close(&b);
    static const unsigned wrong[] = {0, 9, 32, 37, 99};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        r.position = (enum record_position)wrong[i];
        buffer_init(&b, 10000);
        assert_int_equal(record_release_encode(&b, &r), GMM_EFORMAT);
        buffer_close(&b);
    }
}

static void test_clears(void **state)
{
    (void)state;
    struct record_clear r = {.subject = ids[1], .document = ids[2], .person = TEXT("head")}, back;
    struct buffer b;
    buffer_init(&b, 1000);
    assert_int_equal(record_clear_encode(&b, &r), GMM_OK);
    assert_int_equal(record_clear_decode(&back, b.p, b.len), GMM_OK);
    assert_true(id_equal(&back.subject, &ids[1]) && id_equal(&back.document, &ids[2]));
    for (size_t n = 0; n < b.len; n++)
        assert_int_equal(record_clear_decode(&back, b.p, n), GMM_EFORMAT);
    buffer_close(&b);
}

static void test_memory_ends(void **state)
{
    (void)state;
    struct record_consult r = open_full();
    struct buffer b;
    for (long at = 0;; at++) {
        buffer_init(&b, 1u << 20);
        failmalloc_at(at);
        enum gmm_err err = record_consult_encode(&b, &r);
        bool failed = failmalloc_off();
        buffer_close(&b);
        if (!failed)
            break;
        assert_int_equal(err, GMM_ENOMEM);
    }
}

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(record_consult_action_text(RECORD_CONSULT_REOPEN), "reopen");
    assert_null(record_consult_action_text(0));
    assert_null(record_consult_action_text(7));
    assert_string_equal(record_consult_outcome_text(RECORD_OUTCOME_BROKEN), "broken");
    assert_null(record_consult_outcome_text(4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),     cmocka_unit_test(test_actions), cmocka_unit_test(test_dispositions),
        cmocka_unit_test(test_releases), cmocka_unit_test(test_clears),  cmocka_unit_test(test_memory_ends),
        cmocka_unit_test(test_words),
    };
    make_ids();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

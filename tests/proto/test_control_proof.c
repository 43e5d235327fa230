#include "proto/control_proof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"

static struct buffer body;

static int setup(void **state)
{
    (void)state;
    buffer_init(&body, LIMIT_BODY_BYTES);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&body);
    return 0;
}

static struct control_anchor_head head_of(uint8_t author, uint64_t instance, uint64_t seq)
{
    struct control_anchor_head head = {.instance = instance, .seq = seq};
    memset(head.author.b, author, 32);
    memset(head.id.b, (int)seq, 32);
    return head;
}

static struct gmm_id id_of(uint8_t value)
{
    struct gmm_id id;
    memset(id.b, value, 32);
    return id;
}

static const struct gmm_id holders[] = {{{1}}, {{2}}, {{3}}};
static const uint8_t marks[] = {0x00, 0x81};

static struct control_anchor_source whole(const struct control_anchor_head *heads, uint16_t count)
{
    return (struct control_anchor_source){holders, 3, marks, 2, heads, count};
}

static enum gmm_err decode(struct control_anchor *out)
{
    return control_anchor_decode(out, body.p, body.len);
}

static void an_anchor(void **state)
{
    (void)state;
    const struct control_anchor_head heads[] = {head_of(1, 5, 7), head_of(1, 5, 9), head_of(1, 6, 2), head_of(4, 0, 0)};
    const struct control_anchor_source source = whole(heads, 4);
    struct control_anchor r;
    assert_int_equal(control_anchor_encode(&body, &source), GMM_OK);
    assert_int_equal(body.len, 1 + 1 + 2 + 3 * 32 + 2 + 2 + 2 + 4 * 80);
    assert_int_equal(decode(&r), GMM_OK);
    assert_true(r.kind == CONTROL_ANCHOR_HEADS && r.new_count == 3 && r.mark_len == 2 && r.count == 4);
    assert_memory_equal(r.marks, marks, 2);
    for (uint16_t i = 0; i < 4; i++) {
        struct control_anchor_head head;
        control_anchor_head_at(&r, i, &head);
        assert_int_equal(control_anchor_head_compare(&head, &heads[i]), 0);
        assert_true(id_equal(&head.id, &heads[i].id));
    }
    struct gmm_id third = control_anchor_holder_at(&r, 2);
    assert_true(id_equal(&third, &holders[2]));
}

static void a_report(void **state)
{
    (void)state;
    const struct gmm_id ids[] = {id_of(3), id_of(4)};
    struct control_anchor r;
    assert_int_equal(control_report_encode(&body, ids, 2), GMM_OK);
    assert_int_equal(decode(&r), GMM_OK);
    assert_true(r.kind == CONTROL_ANCHOR_REPORT && r.count == 2 && r.new_count == 0 && r.mark_len == 0);
    struct gmm_id second = control_anchor_report_at(&r, 1);
    assert_true(id_equal(&second, &ids[1]));
}

static void only_in_order(void **state)
{
    (void)state;
    const struct control_anchor_head falling[] = {head_of(1, 5, 7), head_of(1, 4, 9)},
                                     twice[] = {head_of(1, 5, 7), head_of(1, 5, 7)};
    const struct gmm_id ids[] = {id_of(3), id_of(3)};
    struct control_anchor_source source = whole(falling, 2);
    assert_int_equal(control_anchor_encode(&body, &source), GMM_EFORMAT);
    source = whole(twice, 2);
    assert_int_equal(control_anchor_encode(&body, &source), GMM_EFORMAT);
    source = (struct control_anchor_source){ids, 2, marks, 2, NULL, 0};
    assert_int_equal(control_anchor_encode(&body, &source), GMM_EFORMAT);
    assert_int_equal(control_report_encode(&body, ids, 2), GMM_EFORMAT);
    assert_int_equal(body.len, 0);
}

/* "An anchor has a head or a mark", and marks have one form. */
static void not_empty(void **state)
{
    (void)state;
    static const uint8_t trailing[] = {1, 0};
    struct control_anchor_source source = {holders, 3, NULL, 0, NULL, 0};
    assert_int_equal(control_anchor_encode(&body, &source), GMM_EFORMAT);
    source = (struct control_anchor_source){NULL, 0, trailing, 2, NULL, 0};
    assert_int_equal(control_anchor_encode(&body, &source), GMM_EFORMAT);
    source.mark_len = 1;
    assert_int_equal(control_anchor_encode(&body, &source), GMM_OK);
    assert_int_equal(control_report_encode(&body, NULL, 0), GMM_EFORMAT);
    assert_int_equal(control_report_encode(&body, NULL, LIMIT_CUTS + 1), GMM_ELIMIT);
    source.count = LIMIT_CUTS + 1;
    assert_int_equal(control_anchor_encode(&body, &source), GMM_ELIMIT);
}

static enum gmm_err with_byte(size_t at, uint8_t value)
{
    struct control_anchor r;
    uint8_t kept = body.p[at];
    body.p[at] = value;
    enum gmm_err err = decode(&r);
    body.p[at] = kept;
    return err;
}

static void malformed_anchors(void **state)
{
    (void)state;
    const struct control_anchor_head heads[] = {head_of(1, 5, 7), head_of(1, 5, 9)};
    const struct control_anchor_source source = whole(heads, 2);
    struct control_anchor r;
    assert_int_equal(control_anchor_encode(&body, &source), GMM_OK);
    for (size_t n = 0; n < body.len; n++)
        assert_int_equal(control_anchor_decode(&r, body.p, n), GMM_EFORMAT);
    buffer_put_u8(&body, 0);
    assert_int_equal(decode(&r), GMM_EFORMAT);
    body.len--;
    assert_int_equal(with_byte(0, 2), GMM_EVERSION);
    assert_int_equal(with_byte(1, 0), GMM_EFORMAT);
    assert_int_equal(with_byte(1, 3), GMM_EFORMAT);
    assert_int_equal(with_byte(4, 9), GMM_EFORMAT);              /* holders fall */
    assert_int_equal(with_byte(4 + 96 + 2 + 1, 0), GMM_EFORMAT); /* the last byte of the marks is zero */
    size_t seq = 4 + 96 + 4 + 2 + 40;
    assert_int_equal(with_byte(seq + 7, 9), GMM_EFORMAT); /* one log and seq twice */
    memset(body.p + seq + 80, 0xff, 8);
    assert_int_equal(decode(&r), GMM_EFORMAT); /* no entry has that seq */
}

static void a_vouch(void **state)
{
    (void)state;
    struct control_cut list[] = {{.log = {id_of(2), id_of(9), 5}, .seq = 3, .id = id_of(7)},
                                 {.log = {id_of(0), id_of(9), 5}, .seq = 4, .id = id_of(8)}};
    const struct control_vouch v = {.sign_pk = id_of(9), .cuts = {2, list}};
    struct control_vouch r;
    assert_int_equal(control_vouch_encode(&body, &v), GMM_OK);
    assert_int_equal(control_vouch_decode(&r, body.p, body.len), GMM_OK);
    assert_true(id_equal(&r.sign_pk, &v.sign_pk) && r.cuts.count == 2 && r.cuts.list[0].seq == 4);
    control_cuts_close(&r.cuts);
    for (size_t n = 0; n < body.len; n++)
        assert_int_equal(control_vouch_decode(&r, body.p, n), GMM_EFORMAT);
    body.p[0] = 2;
    assert_int_equal(control_vouch_decode(&r, body.p, body.len), GMM_EVERSION);
    body.p[0] = 1;
    body.p[1] ^= 1; /* another key than the one whose logs it names */
    assert_int_equal(control_vouch_decode(&r, body.p, body.len), GMM_EFORMAT);
    list[0].log.author = id_of(8);
    assert_int_equal(control_vouch_encode(&body, &v), GMM_EFORMAT);
    const struct control_vouch none = {.sign_pk = id_of(9)};
    assert_int_equal(control_vouch_encode(&body, &none), GMM_EFORMAT);
}

static void without_memory(void **state)
{
    (void)state;
    struct control_cut cut = {.log = {id_of(2), id_of(9), 5}};
    const struct control_vouch v = {.sign_pk = id_of(9), .cuts = {1, &cut}};
    struct control_vouch r;
    assert_int_equal(control_vouch_encode(&body, &v), GMM_OK);
    failmalloc_at(0);
    enum gmm_err err = control_vouch_decode(&r, body.p, body.len);
    assert_true(failmalloc_off());
    assert_int_equal(err, GMM_ENOMEM);
    assert_null(r.cuts.list);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_anchor),         TEST(a_report), TEST(only_in_order),  TEST(not_empty),
        TEST(malformed_anchors), TEST(a_vouch),  TEST(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

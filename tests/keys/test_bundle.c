#include "keys/bundle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"
#include "tests/lib/sample.h"

static const uint8_t eph_sk[32] = {9, 9, 1};
static struct sample_office maker, reader;
static struct gmm_id nid;
static struct bundle_opening opening;

static int setup(void **state)
{
    (void)state;
    if (sodium_init() < 0)
        return 1;
    nid = sample_id(7);
    sample_office(&maker, 1);
    sample_office(&reader, 2);
    opening = (struct bundle_opening){
        .from = maker.sign_pk, .to = reader.sign_pk, .number = 7, .part = 2, .rests = 5, .time_ms = 1700000000000};
    return 0;
}

static void seal(struct bundle_seal *s, struct buffer *out, const char *const *frames)
{
    buffer_init(out, 1u << 20);
    assert_int_equal(bundle_seal_init(s, &nid, &reader.wrap_pk, eph_sk), GMM_OK);
    for (; *frames != NULL; frames++)
        assert_int_equal(bundle_seal_frame(out, s, *frames, strlen(*frames)), GMM_OK);
}

/* The frame that stands at *at of a copy of out; *at goes on. */
static enum gmm_err open_next(struct bundle_seal *s, const struct buffer *out, size_t *at, char *text)
{
    size_t n = bytes_load_u32(out->p + *at), len = 0;
    uint8_t *copy = malloc(n);
    assert_non_null(copy);
    memcpy(copy, out->p + *at + 4, n);
    *at += 4 + n;
    enum gmm_err err = bundle_open_frame(s, copy, n, &len);
    if (err == GMM_OK) {
        memcpy(text, copy, len);
        text[len] = '\0';
    }
    free(copy);
    return err;
}

static void test_round_trip(void **state)
{
    static const char *const frames[] = {"the opening", "an item", "another", NULL};
    struct bundle_seal s, o;
    struct bundle_head head;
    struct buffer out;
    size_t at = 0;
    char text[64];
    (void)state;
    seal(&s, &out, frames);
    assert_int_equal(bundle_head_decode(&head, s.head), GMM_OK);
    assert_true(id_equal(&head.nid, &nid) && id_equal(&head.eph_pk, &s.eph_pk));
    assert_int_equal(bundle_open_init(&o, s.head, reader.wrap_sk), GMM_OK);
    for (unsigned i = 0; frames[i] != NULL; i++) {
        assert_int_equal(open_next(&o, &out, &at, text), GMM_OK);
        assert_string_equal(text, frames[i]);
    }
    assert_int_equal(at, out.len);
    bundle_seal_close(&o);
    assert_true(sodium_is_zero(o.key, sizeof o.key));
    buffer_close(&out);
    bundle_seal_close(&s);
}

static void test_frames_keep_their_place(void **state)
{
    static const char *const frames[] = {"first", "secnd", NULL};
    struct bundle_seal s, o;
    struct buffer out;
    size_t at = 4 + 5 + BUNDLE_TAG_BYTES;
    char text[64];
    (void)state;
    seal(&s, &out, frames);
    assert_int_equal(bundle_open_init(&o, s.head, reader.wrap_sk), GMM_OK);
    assert_int_equal(open_next(&o, &out, &at, text), GMM_EDECRYPT);
    at = 0;
    assert_int_equal(open_next(&o, &out, &at, text), GMM_OK);
    at = 0;
    assert_int_equal(open_next(&o, &out, &at, text), GMM_EDECRYPT); /* twice */
    buffer_close(&out);
}

static void test_each_bit(void **state)
{
    static const char *const frames[] = {"content", NULL};
    struct bundle_seal s, o;
    struct buffer out;
    char text[64];
    (void)state;
    seal(&s, &out, frames);
    for (size_t bit = 32; bit < 8 * out.len; bit++) {
        size_t at = 0;
        out.p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_equal(bundle_open_init(&o, s.head, reader.wrap_sk), GMM_OK);
        assert_int_equal(open_next(&o, &out, &at, text), GMM_EDECRYPT);
        out.p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    for (size_t bit = 0; bit < 8 * sizeof s.head; bit++) {
        uint8_t head[BUNDLE_HEAD_BYTES];
        size_t at = 0;
        memcpy(head, s.head, sizeof head);
        head[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        enum gmm_err err = bundle_open_init(&o, head, reader.wrap_sk);
        if (err == GMM_OK)
            err = open_next(&o, &out, &at, text);
        assert_true(err == GMM_EFORMAT || err == GMM_EVERSION || err == GMM_EKEY || err == GMM_EDECRYPT);
    }
    buffer_close(&out);
}

static void test_keys_that_are_none(void **state)
{
    struct bundle_seal s;
    struct gmm_id zero = {{0}}, high = sample_id(0xff);
    uint8_t head[BUNDLE_HEAD_BYTES];
    (void)state;
    assert_int_equal(bundle_seal_init(&s, &nid, &zero, eph_sk), GMM_EKEY);
    assert_int_equal(bundle_seal_init(&s, &nid, &high, eph_sk), GMM_EKEY);
    assert_int_equal(bundle_seal_init(&s, &nid, &reader.wrap_pk, eph_sk), GMM_OK);
    memcpy(head, s.head, sizeof head);
    memset(head + 48, 0, 32);
    assert_int_equal(bundle_open_init(&s, head, reader.wrap_sk), GMM_EKEY);
}

static void test_limits(void **state)
{
    struct bundle_seal s;
    struct buffer out;
    uint8_t byte = 0;
    size_t len;
    (void)state;
    buffer_init(&out, 16);
    assert_int_equal(bundle_seal_init(&s, &nid, &reader.wrap_pk, eph_sk), GMM_OK);
    assert_int_equal(bundle_seal_frame(&out, &s, &byte, 0), GMM_ELIMIT);
    assert_int_equal(bundle_seal_frame(&out, &s, &byte, (size_t)LIMIT_BUNDLE_FRAME + 1), GMM_ELIMIT);
    assert_int_equal(bundle_seal_frame(&out, &s, &byte, 1), GMM_ELIMIT); /* the buffer's */
    assert_int_equal(bundle_open_frame(&s, &byte, BUNDLE_TAG_BYTES, &len), GMM_ELIMIT);
    assert_int_equal(bundle_open_frame(&s, &byte, (size_t)LIMIT_BUNDLE_FRAME + BUNDLE_TAG_BYTES + 1, &len), GMM_ELIMIT);
    buffer_close(&out);
    failmalloc_at(0);
    buffer_init(&out, 4096);
    assert_int_equal(bundle_seal_frame(&out, &s, &byte, 1), GMM_ENOMEM);
    assert_true(failmalloc_off());
    buffer_close(&out);
}

static void test_opening(void **state)
{
    struct bundle_seal s, other;
    struct bundle_opening back;
    uint8_t bytes[BUNDLE_OPENING_BYTES + 1] = {0};
    const struct gmm_id other_nid = sample_id(8);
    (void)state;
    assert_int_equal(bundle_seal_init(&s, &nid, &reader.wrap_pk, eph_sk), GMM_OK);
    bundle_opening_encode(bytes, &opening, &s, &nid, maker.sign_sk);
    assert_int_equal(bundle_opening_decode(&back, &s, &nid, bytes, BUNDLE_OPENING_BYTES), GMM_OK);
    assert_true(id_equal(&back.from, &opening.from) && id_equal(&back.to, &opening.to));
    assert_true(back.number == 7 && back.part == 2 && back.rests == 5 && back.time_ms == opening.time_ms);
    for (size_t n = 0; n < BUNDLE_OPENING_BYTES; n++)
        assert_int_equal(bundle_opening_decode(&back, &s, &nid, bytes, n), GMM_EFORMAT);
    assert_int_equal(bundle_opening_decode(&back, &s, &nid, bytes, sizeof bytes), GMM_EFORMAT);
    for (size_t bit = 0; bit < 8u * BUNDLE_OPENING_BYTES; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_not_equal(bundle_opening_decode(&back, &s, &nid, bytes, BUNDLE_OPENING_BYTES), GMM_OK);
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    /* It opens no other section, and none of another network. */
    assert_int_equal(bundle_seal_init(&other, &nid, &reader.wrap_pk, maker.wrap_sk), GMM_OK);
    assert_int_equal(bundle_opening_decode(&back, &other, &nid, bytes, BUNDLE_OPENING_BYTES), GMM_ESIGNATURE);
    assert_int_equal(bundle_opening_decode(&back, &s, &other_nid, bytes, BUNDLE_OPENING_BYTES), GMM_ESIGNATURE);
}

static void test_opening_says_nonsense(void **state)
{
    struct bundle_seal s;
    struct bundle_opening back, bad[4] = {opening, opening, opening, opening};
    uint8_t bytes[BUNDLE_OPENING_BYTES];
    (void)state;
    bad[0].number = 0;
    bad[1].part = 0;
    bad[2].rests = 7; /* on itself */
    bad[3].time_ms = UINT64_C(1) << 48;
    assert_int_equal(bundle_seal_init(&s, &nid, &reader.wrap_pk, eph_sk), GMM_OK);
    for (size_t i = 0; i < 4; i++) {
        bundle_opening_encode(bytes, &bad[i], &s, &nid, maker.sign_sk);
        assert_int_equal(bundle_opening_decode(&back, &s, &nid, bytes, sizeof bytes), GMM_EFORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_frames_keep_their_place),
        cmocka_unit_test(test_each_bit),
        cmocka_unit_test(test_keys_that_are_none),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_opening),
        cmocka_unit_test(test_opening_says_nonsense),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}

#include "keys/welcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/armor.h"
#include "tests/lib/failmalloc.h"
#include "tests/lib/sample.h"

static const uint8_t invite_secret[32] = {1, 2, 3}, eph_sk[32] = {9, 9};
static const char addresses[LIMIT_ADDRESSES][ADDRESS_BYTES] = {"hq.example.org:4460", "[2001:db8::7]:4460"};
static struct sample_office newcomer;
static struct gmm_id nid;
static struct welcome_target target;
static struct welcome_items objects, runs;

static int setup(void **state)
{
    (void)state;
    if (sodium_init() < 0)
        return 1;
    nid = sample_id(7);
    sample_office(&newcomer, 1);
    target = (struct welcome_target){.nid = &nid, .wrap_pk = &newcomer.wrap_pk, .invite_secret = invite_secret};
    welcome_items_init(&objects);
    welcome_items_init(&runs);
    welcome_items_put(&objects, "charter", 7);
    welcome_items_put(&objects, "c", 1);
    welcome_items_put(&runs, "a run", 5);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    welcome_items_close(&objects);
    welcome_items_close(&runs);
    return 0;
}

static void seal(struct buffer *out)
{
    buffer_init(out, LIMIT_WELCOME_BYTES);
    assert_int_equal(welcome_seal(out, &target, eph_sk, 2, addresses, &objects, &runs), GMM_OK);
}

static enum gmm_err open_bytes(const uint8_t *bytes, size_t len)
{
    struct welcome w;
    enum gmm_err err = welcome_open(&w, &target, newcomer.wrap_sk, bytes, len);
    if (err != GMM_OK)
        assert_null(w.content);
    welcome_close(&w);
    return err;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct buffer out;
    struct welcome w;
    struct welcome_item item;
    struct gmm_id named;
    seal(&out);
    assert_int_equal(welcome_peek(&named, out.p, out.len), GMM_OK);
    assert_true(id_equal(&named, &nid));
    assert_int_equal(welcome_open(&w, &target, newcomer.wrap_sk, out.p, out.len), GMM_OK);
    assert_int_equal(w.address_count, 2);
    assert_string_equal(w.addresses[1], addresses[1]);
    assert_int_equal(w.object_count, 2);
    assert_true(welcome_next_object(&w, &item));
    assert_int_equal(item.len, 7);
    assert_memory_equal(item.bytes, "charter", 7);
    assert_true(welcome_next_object(&w, &item));
    assert_int_equal(item.len, 1);
    assert_false(welcome_next_object(&w, &item));
    assert_int_equal(w.run_count, 1);
    assert_true(welcome_next_run(&w, &item));
    assert_memory_equal(item.bytes, "a run", 5);
    assert_false(welcome_next_run(&w, &item));
    welcome_close(&w);
    welcome_close(&w);
    buffer_close(&out);
}

static void test_nothing_in_it(void **state)
{
    (void)state;
    struct welcome_items none;
    struct buffer out;
    struct welcome w;
    struct welcome_item item;
    welcome_items_init(&none);
    buffer_init(&out, LIMIT_WELCOME_BYTES);
    assert_int_equal(welcome_seal(&out, &target, eph_sk, 0, addresses, &none, &none), GMM_OK);
    assert_int_equal(welcome_open(&w, &target, newcomer.wrap_sk, out.p, out.len), GMM_OK);
    assert_false(welcome_next_object(&w, &item));
    assert_false(welcome_next_run(&w, &item));
    welcome_close(&w);
    buffer_close(&out);
}

static void test_every_bit_counts(void **state)
{
    (void)state;
    struct buffer out;
    seal(&out);
    for (size_t i = 0; i < 8 * out.len; i++) {
        out.p[i / 8] ^= (uint8_t)(1u << (i % 8));
        assert_int_not_equal(open_bytes(out.p, out.len), GMM_OK);
        out.p[i / 8] ^= (uint8_t)(1u << (i % 8));
    }
    for (size_t n = 0; n < out.len; n++)
        assert_int_not_equal(open_bytes(out.p, n), GMM_OK);
    assert_int_equal(open_bytes(out.p, out.len), GMM_OK);
    buffer_close(&out);
}

static void test_for_others(void **state)
{
    (void)state;
    struct buffer out;
    struct welcome w;
    struct sample_office other;
    struct gmm_id other_nid = sample_id(8);
    const uint8_t other_secret[32] = {3, 2, 1};
    sample_office(&other, 2);
    seal(&out);
    struct welcome_target t = target;
    t.wrap_pk = &other.wrap_pk;
    assert_int_equal(welcome_open(&w, &t, other.wrap_sk, out.p, out.len), GMM_ENOTFOUND);
    t = target;
    t.nid = &other_nid;
    assert_int_equal(welcome_open(&w, &t, newcomer.wrap_sk, out.p, out.len), GMM_ENETWORK);
    t = target;
    t.invite_secret = other_secret;
    assert_int_equal(welcome_open(&w, &t, newcomer.wrap_sk, out.p, out.len), GMM_EDECRYPT);
    out.p[0] = 2;
    assert_int_equal(open_bytes(out.p, out.len), GMM_EVERSION);
    buffer_close(&out);
}

static void test_refused_when_made(void **state)
{
    (void)state;
    struct buffer out;
    struct welcome_items bad;
    const struct gmm_id low_order = {{0}};
    const char wrong[LIMIT_ADDRESSES][ADDRESS_BYTES] = {"no port"};
    struct welcome_target t = target;
    buffer_init(&out, LIMIT_WELCOME_BYTES);
    buffer_put_u8(&out, 1);
    t.wrap_pk = &low_order;
    assert_int_equal(welcome_seal(&out, &t, eph_sk, 0, addresses, &objects, &runs), GMM_EKEY);
    assert_int_equal(welcome_seal(&out, &target, eph_sk, 1, wrong, &objects, &runs), GMM_EFORMAT);
    welcome_items_init(&bad);
    welcome_items_put(&bad, "", 0);
    assert_int_equal(welcome_seal(&out, &target, eph_sk, 0, addresses, &bad, &runs), GMM_EFORMAT);
    assert_int_equal(welcome_seal(&out, &target, eph_sk, 0, addresses, &objects, &bad), GMM_EFORMAT);
    welcome_items_close(&bad);
    assert_int_equal(out.len, 1);
    buffer_close(&out);
}

static enum gmm_err decode(const void *bytes, size_t len)
{
    struct welcome w;
    return welcome_decode(&w, bytes, len);
}

static void test_strict_content(void **state)
{
    (void)state;
    const uint8_t empty[] = {0, 0, 0, 0, 0, 0, 0, 0, 0};
    const uint8_t trailing[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    const uint8_t empty_item[] = {0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
    const uint8_t many[] = {0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 1, 0, 0, 0, 0};
    const uint8_t beyond[] = {0, 0, 0, 0, 1, 0, 0, 0, 9, 1, 0, 0, 0, 0};
    assert_int_equal(decode(empty, sizeof empty), GMM_OK);
    assert_int_equal(decode(trailing, sizeof trailing), GMM_EFORMAT);
    assert_int_equal(decode(empty_item, sizeof empty_item), GMM_EFORMAT);
    assert_int_equal(decode(many, sizeof many), GMM_EFORMAT);
    assert_int_equal(decode(beyond, sizeof beyond), GMM_EFORMAT);
}

static void test_memory_ends(void **state)
{
    (void)state;
    struct buffer out;
    for (long i = 0;; i++) {
        buffer_init(&out, LIMIT_WELCOME_BYTES);
        failmalloc_at(i);
        enum gmm_err err = welcome_seal(&out, &target, eph_sk, 2, addresses, &objects, &runs);
        bool failed = failmalloc_off();
        assert_int_equal(err, failed ? GMM_ENOMEM : GMM_OK);
        if (!failed)
            break;
        buffer_close(&out);
    }
    struct welcome w;
    failmalloc_at(0);
    assert_int_equal(welcome_open(&w, &target, newcomer.wrap_sk, out.p, out.len), GMM_ENOMEM);
    assert_true(failmalloc_off());
    buffer_close(&out);
}

/* A welcome may be larger than what a person copies as one line. */
static void test_long_armor(void **state)
{
    (void)state;
    struct buffer line;
    uint8_t *big = calloc(1, 2 * LIMIT_ARMOR_BYTES), *back = NULL;
    size_t len = 0;
    assert_non_null(big);
    buffer_init(&line, LIMIT_WELCOME_ARMOR);
    assert_int_equal(armor_write(&line, "card", big, 2 * LIMIT_ARMOR_BYTES), GMM_ELIMIT);
    assert_int_equal(armor_write(&line, "welcome", big, 2 * LIMIT_ARMOR_BYTES), GMM_OK);
    assert_int_equal(armor_read(&back, &len, "welcome", (const char *)line.p, line.len, NULL), GMM_OK);
    assert_int_equal(len, 2 * LIMIT_ARMOR_BYTES);
    assert_memory_equal(big, back, len);
    free(back);
    free(big);
    buffer_close(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),        cmocka_unit_test(test_nothing_in_it),
        cmocka_unit_test(test_every_bit_counts),  cmocka_unit_test(test_for_others),
        cmocka_unit_test(test_refused_when_made), cmocka_unit_test(test_strict_content),
        cmocka_unit_test(test_memory_ends),       cmocka_unit_test(test_long_armor),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

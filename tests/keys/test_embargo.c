#include "keys/embargo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct gmm_id nid = {{1}}, gid = {{2}}, author = {{3}}, other = {{4}};
static const struct embargo_place place = {&nid, &gid, &author};
static const uint8_t key[EMBARGO_KEY_BYTES] = {9}, wrong[EMBARGO_KEY_BYTES] = {8};
static const char text[] = "nothing before its time";
static struct buffer sealed;

static int start(void **state)
{
    (void)state;
    buffer_init(&sealed, 4096);
    return sodium_init() < 0 || embargo_seal(&sealed, key, &place, text, sizeof text) != GMM_OK;
}

static int stop(void **state)
{
    (void)state;
    buffer_close(&sealed);
    return 0;
}

static void test_round_trip(void **state)
{
    (void)state;
    uint8_t out[sizeof text];
    struct gmm_id commit;
    assert_int_equal(sealed.len, sizeof text + EMBARGO_OVERHEAD);
    embargo_commit(&commit, key);
    assert_memory_equal(sealed.p, commit.b, 32);
    assert_int_equal(embargo_open(out, key, &place, sealed.p, sealed.len), GMM_OK);
    assert_memory_equal(out, text, sizeof text);
}

static void test_another_key_or_place(void **state)
{
    (void)state;
    uint8_t out[sizeof text];
    const struct embargo_place places[] = {{&other, &gid, &author}, {&nid, &other, &author}, {&nid, &gid, &other}};
    assert_int_equal(embargo_open(out, wrong, &place, sealed.p, sealed.len), GMM_EDECRYPT);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(embargo_open(out, key, &places[i], sealed.p, sealed.len), GMM_EDECRYPT);
}

static void test_each_bit(void **state)
{
    (void)state;
    uint8_t out[sizeof text];
    for (size_t bit = 0; bit < 8 * sealed.len; bit++) {
        sealed.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(embargo_open(out, key, &place, sealed.p, sealed.len), GMM_EDECRYPT);
        sealed.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void test_each_length(void **state)
{
    (void)state;
    uint8_t out[sizeof text];
    for (size_t len = 0; len < sealed.len; len++)
        assert_int_equal(embargo_open(out, key, &place, sealed.p, len),
                         len < EMBARGO_OVERHEAD ? GMM_EFORMAT : GMM_EDECRYPT);
}

static void test_no_room(void **state)
{
    (void)state;
    struct buffer small;
    buffer_init(&small, sizeof text + EMBARGO_OVERHEAD - 1);
    assert_int_equal(embargo_seal(&small, key, &place, text, sizeof text), GMM_ELIMIT);
    buffer_close(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_another_key_or_place),
        cmocka_unit_test(test_each_bit),   cmocka_unit_test(test_each_length),
        cmocka_unit_test(test_no_room),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

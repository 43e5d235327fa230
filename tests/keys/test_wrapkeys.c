#include "keys/wrapkeys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NOW UINT64_C(1400000000000)

static struct keystore *ks;

static int setup(void **state)
{
    (void)state;
    ks = keystore_new();
    return ks == NULL;
}

static int teardown(void **state)
{
    (void)state;
    keystore_free(ks);
    return 0;
}

static void add(uint8_t byte, uint64_t now_ms)
{
    uint8_t sk[32];
    memset(sk, byte, sizeof sk);
    assert_true(wrapkeys_renew(ks, sk, now_ms));
}

static uint8_t key(size_t i)
{
    return ks->wraps[i].sk[0];
}

/* A new one every 30 days. */
static void a_new_one_every_30_days(void **state)
{
    (void)state;
    const uint8_t sk[32] = {9};
    struct gmm_id pk, expected;
    assert_false(wrapkeys_current(ks, &pk));
    assert_true(wrapkeys_due_ms(ks) == 0);
    add(1, NOW);
    assert_true(ks->wraps[0].created_ms == NOW && ks->wraps[0].retired_ms == 0);
    assert_true(wrapkeys_due_ms(ks) == NOW + LIMIT_WRAP_KEY_MS);
    assert_false(wrapkeys_renew(ks, sk, NOW + LIMIT_WRAP_KEY_MS - 1));
    assert_int_equal(ks->wrap_count, 1);
    assert_true(wrapkeys_renew(ks, sk, NOW + LIMIT_WRAP_KEY_MS));
    assert_int_equal(ks->wrap_count, 2);
    assert_true(wrapkeys_current(ks, &pk));
    assert_int_equal(crypto_scalarmult_base(expected.b, sk), 0);
    assert_true(id_equal(&pk, &expected));
}

/* Deleted 30 days after an epoch wrapped to a later one was opened. */
static void old_ones_go_after_their_successor_was_used(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 3; i++)
        add(i + 1, NOW + i * LIMIT_WRAP_KEY_MS);
    uint64_t now = NOW + 2 * LIMIT_WRAP_KEY_MS + 5;
    assert_false(wrapkeys_expire(ks, now + 100 * LIMIT_WRAP_KEY_MS)); /* nothing was opened under a later one */
    assert_false(wrapkeys_retire(ks, 0, now));
    assert_true(wrapkeys_retire(ks, 2, now));
    assert_false(wrapkeys_retire(ks, 2, now + 1000)); /* its time is that of the first opening */
    assert_true(ks->wraps[0].retired_ms == now && ks->wraps[1].retired_ms == now && ks->wraps[2].retired_ms == 0);
    assert_true(wrapkeys_due_ms(ks) == NOW + 3 * LIMIT_WRAP_KEY_MS); /* a new one, before the old ones go */
    assert_false(wrapkeys_expire(ks, now + LIMIT_WRAP_KEY_MS - 1));
    add(4, NOW + 3 * LIMIT_WRAP_KEY_MS);
    assert_true(wrapkeys_due_ms(ks) == now + LIMIT_WRAP_KEY_MS);
    assert_true(wrapkeys_expire(ks, now + LIMIT_WRAP_KEY_MS));
    assert_true(ks->wrap_count == 2 && key(0) == 3 && key(1) == 4);
    assert_true(sodium_is_zero((const uint8_t *)&ks->wraps[2], 2 * sizeof *ks->wraps)); /* wiped */
    assert_false(wrapkeys_expire(ks, now + 10 * LIMIT_WRAP_KEY_MS));
}

static void the_one_in_use_stays(void **state)
{
    (void)state;
    add(1, NOW);
    assert_false(wrapkeys_retire(ks, 1, NOW + 1));
    assert_false(wrapkeys_retire(ks, 7, NOW + 1));
    ks->wraps[0].retired_ms = 1; /* a file that says so */
    assert_false(wrapkeys_expire(ks, NOW + 100 * LIMIT_WRAP_KEY_MS));
    assert_int_equal(ks->wrap_count, 1);
}

static void a_full_keystore_loses_its_oldest(void **state)
{
    (void)state;
    for (unsigned i = 0; i < KEYSTORE_WRAPS; i++)
        add((uint8_t)(i + 1), NOW + i * LIMIT_WRAP_KEY_MS);
    assert_true(ks->wrap_count == KEYSTORE_WRAPS && key(0) == 1);
    add(200, NOW + KEYSTORE_WRAPS * LIMIT_WRAP_KEY_MS);
    assert_true(ks->wrap_count == KEYSTORE_WRAPS && key(0) == 2 && key(KEYSTORE_WRAPS - 1) == 200);
}

static void times_out_of_range(void **state)
{
    (void)state;
    add(1, NOW);
    ks->wraps[0].created_ms = UINT64_MAX - 1;
    assert_true(wrapkeys_due_ms(ks) == UINT64_MAX);
    const uint8_t sk[32] = {3};
    assert_false(wrapkeys_renew(ks, sk, NOW));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_new_one_every_30_days), TEST(old_ones_go_after_their_successor_was_used),
        TEST(the_one_in_use_stays),    TEST(a_full_keystore_loses_its_oldest),
        TEST(times_out_of_range),
    };
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

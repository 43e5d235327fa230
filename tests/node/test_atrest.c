#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "keys/secret.h"
#include "node/atrest.h"

static const uint8_t node_secret[32] = {1, 2, 3};

static void test_round_trip(void **state)
{
    (void)state;
    struct buffer out;
    char plain[16] = {0};
    buffer_init(&out, 4096);
    assert_int_equal(atrest_seal(&out, node_secret, LABEL_RING, "place", 5, "secret text", 12), GMM_OK);
    assert_int_equal(out.len, 12 + ATREST_OVERHEAD);
    assert_null(memmem(out.p, out.len, "secret", 6));
    assert_int_equal(atrest_open(plain, node_secret, LABEL_RING, "place", 5, out.p, out.len), GMM_OK);
    assert_string_equal(plain, "secret text");
    buffer_close(&out);
}

static void test_any_change_is_refused(void **state)
{
    (void)state;
    struct buffer out;
    char plain[16];
    buffer_init(&out, 4096);
    assert_int_equal(atrest_seal(&out, node_secret, LABEL_RING, "place", 5, "x", 1), GMM_OK);
    for (size_t bit = 0; bit < 8 * out.len; bit++) {
        out.p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_equal(atrest_open(plain, node_secret, LABEL_RING, "place", 5, out.p, out.len), GMM_ECORRUPT);
        out.p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    assert_int_equal(atrest_open(plain, node_secret, LABEL_RING, "other", 5, out.p, out.len), GMM_ECORRUPT);
    assert_int_equal(atrest_open(plain, node_secret, LABEL_SUMMARY, "place", 5, out.p, out.len), GMM_ECORRUPT);
    assert_int_equal(atrest_open(plain, node_secret, LABEL_RING, "place", 5, out.p, 39), GMM_ECORRUPT);
    buffer_close(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip), cmocka_unit_test(test_any_change_is_refused)};
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

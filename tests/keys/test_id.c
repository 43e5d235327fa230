#include "keys/id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char HEX[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff";

static void hex_round_trip(void **state)
{
    (void)state;
    struct gmm_id id;
    char out[GMM_ID_HEX + 1];
    assert_true(id_from_hex(&id, HEX, GMM_ID_HEX));
    assert_int_equal(id.b[0], 0);
    assert_int_equal(id.b[10], 10);
    assert_int_equal(id.b[31], 255);
    id_to_hex(&id, out);
    assert_string_equal(out, HEX);

    char upper[GMM_ID_HEX + 1];
    for (size_t i = 0; i <= GMM_ID_HEX; i++)
        upper[i] = (char)(HEX[i] >= 'a' ? HEX[i] - 32 : HEX[i]);
    struct gmm_id same;
    assert_true(id_from_hex(&same, upper, GMM_ID_HEX));
    assert_true(id_equal(&id, &same));
}

static void hex_is_strict(void **state)
{
    (void)state;
    struct gmm_id id = {{7}}, kept = id;
    char text[GMM_ID_HEX + 2];
    memcpy(text, HEX, GMM_ID_HEX);
    text[GMM_ID_HEX] = '0';
    assert_false(id_from_hex(&id, text, GMM_ID_HEX - 1));
    assert_false(id_from_hex(&id, text, GMM_ID_HEX + 1));
    assert_false(id_from_hex(&id, text, 0));
    static const char bad[] = {'g', 'G', ' ', '\0', '/', ':', '@', '`', '-', (char)0xff};
    for (size_t i = 0; i < sizeof bad; i++) {
        for (size_t at = 0; at < GMM_ID_HEX; at++) {
            char was = text[at];
            text[at] = bad[i];
            assert_false(id_from_hex(&id, text, GMM_ID_HEX));
            text[at] = was;
        }
    }
    assert_true(id_equal(&id, &kept));
}

static void order_is_that_of_the_bytes(void **state)
{
    (void)state;
    struct gmm_id a = {{0}}, b = {{0}};
    assert_true(id_is_zero(&a));
    assert_int_equal(id_compare(&a, &b), 0);
    for (size_t i = 0; i < GMM_ID_BYTES; i++) {
        b.b[i] = 0x80;
        assert_false(id_is_zero(&b));
        assert_false(id_equal(&a, &b));
        assert_true(id_compare(&a, &b) < 0);
        assert_true(id_compare(&b, &a) > 0);
        b.b[i] = 0;
    }
    a.b[0] = 1;
    b.b[31] = 255;
    assert_true(id_compare(&a, &b) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_round_trip),
        cmocka_unit_test(hex_is_strict),
        cmocka_unit_test(order_is_that_of_the_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

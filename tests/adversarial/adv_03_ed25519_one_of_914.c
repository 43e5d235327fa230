/* Adversarial test 3: of the 914 CCTV Ed25519 vectors exactly one key and signature is accepted. A signature of ours
 * covers a label, so the vectors meet the two checks that hash_verify and every decoder stand on: the key's, once, and
 * libsodium's verification. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/hash.h"
#include "tests/lib/testdata.h"

static void exactly_one_is_accepted(void **state)
{
    (void)state;
    json_t *json = testdata_vectors("cctv-ed25519vectors.json"), *rows = json_object_get(json, "vectors"), *row;
    size_t index, len, accepted = 0, verified = 0;
    assert_int_equal(json_array_size(rows), 914);
    json_array_foreach(rows, index, row)
    {
        struct gmm_id pk;
        uint8_t *key = testdata_hex(row, "key", &len);
        assert_int_equal(len, sizeof pk.b);
        memcpy(pk.b, key, sizeof pk.b);
        uint8_t *sig = testdata_hex(row, "sig", &len);
        assert_int_equal(len, HASH_SIG_BYTES);
        const char *msg = json_string_value(json_object_get(row, "msg"));
        bool verifies = crypto_sign_verify_detached(sig, (const uint8_t *)msg, strlen(msg), pk.b) == 0;
        verified += verifies;
        if (verifies && hash_check_sign_pk(&pk) == GMM_OK) {
            accepted++;
            /* the one ordinary vector: no flag of low order */
            assert_true(json_is_null(json_object_get(row, "flags")));
        }
        free(key);
        free(sig);
    }
    assert_int_equal(accepted, 1);
    assert_true(verified > 1); /* else the check of keys is not what was tested */
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(exactly_one_is_accepted)};
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}

/* The primitives under keys/hash.h against public vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/hash.h"
#include "keys/identity.h"
#include "tests/lib/testdata.h"

static int start(void **state)
{
    (void)state;
    return sodium_init() < 0;
}

/* The 512 rows of BLAKE2's own suite; hashed whole and in two pieces, as hash_update does. */
static void blake2b_suite(void **state)
{
    (void)state;
    json_t *json = testdata_vectors("blake2b-kat.json"), *rows = json_object_get(json, "vectors"), *row;
    size_t index, in_len, key_len, out_len;
    assert_int_equal(json_array_size(rows), 512);
    json_array_foreach(rows, index, row)
    {
        uint8_t *in = testdata_hex(row, "in", &in_len), *key = testdata_hex(row, "key", &key_len);
        uint8_t *out = testdata_hex(row, "out", &out_len), got[64];
        crypto_generichash_state h;
        assert_int_equal(out_len, 64);
        crypto_generichash(got, 64, in, in_len, key, key_len);
        assert_memory_equal(got, out, 64);
        crypto_generichash_init(&h, key, key_len, 64);
        crypto_generichash_update(&h, in, in_len / 2);
        crypto_generichash_update(&h, in + in_len / 2, in_len - in_len / 2);
        crypto_generichash_final(&h, got, 64);
        assert_memory_equal(got, out, 64);
        free(in);
        free(key);
        free(out);
    }
    json_decref(json);
}

static void blake2b_256(void **state)
{
    (void)state;
    json_t *json = testdata_vectors("generated-blake2b-256.json"), *rows = json_object_get(json, "vectors"), *row;
    size_t index, in_len, key_len, salt_len, personal_len, out_len;
    assert_true(json_array_size(rows) > 0);
    json_array_foreach(rows, index, row)
    {
        uint8_t *in = testdata_hex(row, "in", &in_len), *key = testdata_hex(row, "key", &key_len);
        uint8_t *salt = testdata_hex(row, "salt", &salt_len), *personal = testdata_hex(row, "personal", &personal_len);
        uint8_t *out = testdata_hex(row, "out", &out_len), got[32];
        assert_int_equal(out_len, 32);
        crypto_generichash_blake2b_salt_personal(got, 32, in, in_len, key, key_len, salt_len == 0 ? NULL : salt,
                                                 personal_len == 0 ? NULL : personal);
        assert_memory_equal(got, out, 32);
        if (salt_len == 0 && personal_len == 0) {
            crypto_generichash(got, 32, in, in_len, key, key_len);
            assert_memory_equal(got, out, 32);
        }
        free(in);
        free(key);
        free(salt);
        free(personal);
        free(out);
    }
    json_decref(json);
}

static void check_ed25519(const json_t *test, const struct gmm_id *pk)
{
    size_t msg_len, sig_len;
    uint8_t *msg = testdata_hex(test, "msg", &msg_len), *sig = testdata_hex(test, "sig", &sig_len);
    bool valid = strcmp(json_string_value(json_object_get(test, "result")), "valid") == 0;
    /* Our decoders take signatures of one length only. */
    bool accepted = sig_len == HASH_SIG_BYTES && crypto_sign_verify_detached(sig, msg, msg_len, pk->b) == 0;
    if (accepted != valid)
        fail_msg("test %d", (int)json_integer_value(json_object_get(test, "tcId")));
    free(msg);
    free(sig);
}

static void ed25519_wycheproof(void **state)
{
    (void)state;
    json_t *json = testdata_vectors("wycheproof-ed25519_test.json"), *group, *test;
    size_t index, at, count = 0, len;
    json_array_foreach(json_object_get(json, "testGroups"), index, group)
    {
        struct gmm_id pk;
        uint8_t *raw = testdata_hex(json_object_get(group, "publicKey"), "pk", &len);
        assert_int_equal(len, sizeof pk.b);
        memcpy(pk.b, raw, sizeof pk.b);
        free(raw);
        assert_int_equal(hash_check_sign_pk(&pk), GMM_OK);
        json_array_foreach(json_object_get(group, "tests"), at, test)
        {
            check_ed25519(test, &pk);
            count++;
        }
    }
    assert_int_equal(count, json_integer_value(json_object_get(json, "numberOfTests")));
    json_decref(json);
}

/* 'Taming the many EdDSAs': twelve edge cases; none has a key and a signature that both pass. */
static void ed25519_speccheck(void **state)
{
    (void)state;
    json_t *json = testdata_vectors("speccheck-ed25519.json"), *rows = json_object_get(json, "vectors"), *row;
    size_t index, msg_len, pk_len, sig_len;
    assert_int_equal(json_array_size(rows), 12);
    json_array_foreach(rows, index, row)
    {
        uint8_t *msg = testdata_hex(row, "message", &msg_len), *pk = testdata_hex(row, "pub_key", &pk_len);
        uint8_t *sig = testdata_hex(row, "signature", &sig_len);
        struct gmm_id key;
        assert_true(pk_len == 32 && sig_len == 64);
        memcpy(key.b, pk, 32);
        assert_false(hash_check_sign_pk(&key) == GMM_OK && crypto_sign_verify_detached(sig, msg, msg_len, pk) == 0);
        free(msg);
        free(pk);
        free(sig);
    }
    json_decref(json);
}

/* A key that gives a shared secret of zeros, and only such a key or one not canonically encoded, is refused. */
static void x25519_keys(void **state)
{
    (void)state;
    json_t *json = testdata_vectors("wycheproof-x25519_test.json"), *group, *test;
    size_t index, at, len, zeros = 0;
    json_array_foreach(json_object_get(json, "testGroups"), index, group)
        json_array_foreach(json_object_get(group, "tests"), at, test)
    {
        struct gmm_id pk, shared;
        uint8_t *raw = testdata_hex(test, "public", &len), *expected = testdata_hex(test, "shared", &len);
        memcpy(pk.b, raw, 32);
        memcpy(shared.b, expected, 32);
        bool odd = false;
        json_t *flags = json_object_get(test, "flags"), *flag;
        size_t f;
        json_array_foreach(flags, f, flag) odd |= strcmp(json_string_value(flag), "NonCanonicalPublic") == 0;
        bool refused = identity_check_dh_pk(&pk) == GMM_EKEY;
        if (id_is_zero(&shared)) {
            zeros++;
            assert_true(refused);
        } else if (refused != (odd || (pk.b[31] & 0x80) != 0)) {
            fail_msg("test %d", (int)json_integer_value(json_object_get(test, "tcId")));
        }
        free(raw);
        free(expected);
    }
    assert_true(zeros > 0);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blake2b_suite),     cmocka_unit_test(blake2b_256), cmocka_unit_test(ed25519_wycheproof),
        cmocka_unit_test(ed25519_speccheck), cmocka_unit_test(x25519_keys),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}

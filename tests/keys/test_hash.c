#include "keys/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int start(void **state)
{
    (void)state;
    return sodium_init() < 0;
}

/* By hand: one BLAKE2b-256 over the bytes of the definition. */
static void h_and_k_are_as_defined(void **state)
{
    (void)state;
    static const uint8_t joined[] = "\x08GMM1/xyzsome bytes";
    const uint8_t key[32] = {1, 2, 3};
    struct gmm_id id, expected;
    uint8_t k[32];
    crypto_generichash(expected.b, 32, joined, sizeof joined - 1, NULL, 0);
    hash_h(&id, "GMM1/xyz", "some bytes", 10);
    assert_true(id_equal(&id, &expected));
    crypto_generichash(expected.b, 32, joined, sizeof joined - 1, key, sizeof key);
    hash_k(k, key, "GMM1/xyz", "some bytes", 10);
    assert_memory_equal(k, expected.b, 32);
    hash_h(&id, "GMM1/xyz", NULL, 0);
    crypto_generichash(expected.b, 32, joined, 9, NULL, 0);
    assert_true(id_equal(&id, &expected));
}

static void pieces_equal_the_whole(void **state)
{
    (void)state;
    const uint8_t key[32] = {9};
    uint8_t data[300], whole[32], pieces[32];
    memset(data, 0x5a, sizeof data);
    for (size_t cut = 0; cut <= sizeof data; cut += 7) {
        struct hash h;
        hash_init_keyed(&h, key, "GMM1/x");
        hash_update(&h, data, cut);
        hash_update(&h, NULL, 0);
        hash_update(&h, data + cut, sizeof data - cut);
        hash_final(&h, pieces);
        static const struct hash wiped;
        assert_memory_equal(&h, &wiped, sizeof h);
        hash_k(whole, key, "GMM1/x", data, sizeof data);
        assert_memory_equal(whole, pieces, 32);
    }
}

/* The length of a label keeps "ab" ‖ "c" apart from "a" ‖ "bc". */
static void labels_are_separated(void **state)
{
    (void)state;
    struct gmm_id a, b;
    hash_h(&a, "GMM1/ab", "c", 1);
    hash_h(&b, "GMM1/a", "bc", 2);
    assert_false(id_equal(&a, &b));
}

static void signature_covers_all_it_names(void **state)
{
    (void)state;
    uint8_t seed[32] = {3}, sk[64], sig[64], x[40] = {1, 2, 3};
    struct gmm_id pk, nid = {{7}};
    crypto_sign_seed_keypair(pk.b, sk, seed);
    hash_sign(sig, sk, "GMM1/test", &nid, x, sizeof x);
    assert_int_equal(hash_verify(sig, &pk, "GMM1/test", &nid, x, sizeof x), GMM_OK);
    assert_int_equal(hash_verify(sig, &pk, "GMM1/tesu", &nid, x, sizeof x), GMM_ESIGNATURE);
    assert_int_equal(hash_verify(sig, &pk, "GMM1/test", &nid, x, sizeof x - 1), GMM_ESIGNATURE);
    for (size_t bit = 0; bit < 8 * 32; bit++) {
        nid.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(hash_verify(sig, &pk, "GMM1/test", &nid, x, sizeof x), GMM_ESIGNATURE);
        nid.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        pk.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(hash_verify(sig, &pk, "GMM1/test", &nid, x, sizeof x), GMM_ESIGNATURE);
        pk.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * 64; bit++) {
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(hash_verify(sig, &pk, "GMM1/test", &nid, x, sizeof x), GMM_ESIGNATURE);
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof x; bit++) {
        x[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(hash_verify(sig, &pk, "GMM1/test", &nid, x, sizeof x), GMM_ESIGNATURE);
        x[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(hash_verify(sig, &pk, "GMM1/test", &nid, x, sizeof x), GMM_OK);
}

/* SIG by hand: Ed25519 over lp(L) ‖ nid ‖ BLAKE2b-256(x). */
static void signature_is_as_defined(void **state)
{
    (void)state;
    uint8_t seed[32] = {3}, sk[64], sig[64], expected[64], message[6 + 32 + 32] = "\x05GMM1/";
    struct gmm_id pk, nid = {{7}};
    crypto_sign_seed_keypair(pk.b, sk, seed);
    memcpy(message + 6, nid.b, 32);
    crypto_generichash(message + 38, 32, (const uint8_t *)"xyz", 3, NULL, 0);
    crypto_sign_detached(expected, NULL, message, sizeof message, sk);
    hash_sign(sig, sk, "GMM1/", &nid, "xyz", 3);
    assert_memory_equal(sig, expected, 64);
}

static void unusable_keys(void **state)
{
    (void)state;
    struct gmm_id key = {{0}};
    assert_int_equal(hash_check_sign_pk(&key), GMM_EKEY); /* of order 4 */
    key.b[0] = 1;
    assert_int_equal(hash_check_sign_pk(&key), GMM_EKEY); /* the neutral element */
    memset(&key, 0xff, sizeof key);
    assert_int_equal(hash_check_sign_pk(&key), GMM_EKEY); /* not canonical */
    memset(&key, 0, sizeof key);
    key.b[0] = 2;
    assert_int_equal(hash_check_sign_pk(&key), GMM_EKEY); /* not on the curve */
    uint8_t seed[32] = {5}, sk[64];
    crypto_sign_seed_keypair(key.b, sk, seed);
    assert_int_equal(hash_check_sign_pk(&key), GMM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(h_and_k_are_as_defined),  cmocka_unit_test(pieces_equal_the_whole),
        cmocka_unit_test(labels_are_separated),    cmocka_unit_test(signature_covers_all_it_names),
        cmocka_unit_test(signature_is_as_defined), cmocka_unit_test(unusable_keys),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}

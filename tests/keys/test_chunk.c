#include "keys/chunk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SMALL_SEALED (256 + 16 + 32)

static const struct gmm_id nid = {{1}}, gid = {{2}}, other_id = {{3}};
static uint8_t conv[32];

static int start(void **state)
{
    (void)state;
    const uint8_t secret[32] = {7};
    chunk_domain(conv, secret, &gid);
    return sodium_init() < 0;
}

/* A sealed chunk around any padded content, with a right commitment: what a hostile member could make. */
static void seal_by_hand(uint8_t *sealed, const uint8_t *padded, size_t len, const uint8_t key[32])
{
    static const uint8_t nonce[24];
    uint8_t ad[14 + 64], label[18] = "\x11GMM1/chunk-commit";
    ad[0] = 13;
    memcpy(ad + 1, "GMM1/chunk-ad", 13);
    memcpy(ad + 14, nid.b, 32);
    memcpy(ad + 46, gid.b, 32);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, NULL, padded, len, ad, sizeof ad, NULL, nonce, key);
    crypto_generichash(sealed + len + 16, 32, label, sizeof label, key, 32);
}

static void round_trip(size_t n)
{
    size_t size = chunk_sealed_size(n);
    uint8_t *plain = malloc(n), *sealed = malloc(size), *out = malloc(size), key[32];
    struct gmm_id id, expected;
    assert_true(plain != NULL && sealed != NULL && out != NULL);
    for (size_t i = 0; i < n; i++)
        plain[i] = (uint8_t)(i * 13 + 5);
    assert_int_equal(chunk_seal(sealed, key, &id, conv, &nid, &gid, plain, n), GMM_OK);
    chunk_id(&expected, &nid, &gid, sealed, size);
    assert_true(id_equal(&id, &expected));
    assert_int_equal(chunk_open(out, n, key, &nid, &gid, sealed, size), GMM_OK);
    assert_memory_equal(out, plain, n);
    assert_int_equal(chunk_open(sealed, n, key, &nid, &gid, sealed, size), GMM_OK);
    assert_memory_equal(sealed, plain, n);
    free(plain);
    free(sealed);
    free(out);
}

static void chunks_come_back(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 251, 252, 253, 268, 269, 4096, LIMIT_CHUNK_MIN, LIMIT_CHUNK_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        round_trip(sizes[i]);
    assert_true(chunk_sealed_size(LIMIT_CHUNK_MAX) <= LIMIT_CHUNK_SEALED);
    assert_true(chunk_sealed_size(SIZE_MAX) == SIZE_MAX);
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    uint8_t sealed[SMALL_SEALED], out[SMALL_SEALED], key[32];
    struct gmm_id id;
    assert_int_equal(chunk_seal(sealed, key, &id, conv, &nid, &gid, "", 0), GMM_ELIMIT);
    assert_int_equal(chunk_seal(sealed, key, &id, conv, &nid, &gid, "", LIMIT_CHUNK_MAX + 1), GMM_ELIMIT);
    assert_int_equal(chunk_seal(sealed, key, &id, conv, &nid, &gid, "plain", 5), GMM_OK);
    assert_int_equal(chunk_open(out, 0, key, &nid, &gid, sealed, sizeof sealed), GMM_EFORMAT);
    assert_int_equal(chunk_open(out, LIMIT_CHUNK_MAX + 1, key, &nid, &gid, sealed, sizeof sealed), GMM_EFORMAT);
    assert_int_equal(chunk_open(out, SIZE_MAX, key, &nid, &gid, sealed, sizeof sealed), GMM_EFORMAT);
    for (size_t n = 0; n < sizeof sealed; n++)
        assert_int_equal(chunk_open(out, 5, key, &nid, &gid, sealed, n), GMM_EFORMAT);
    /* the manifest names another length */
    assert_int_equal(chunk_open(out, 6, key, &nid, &gid, sealed, sizeof sealed), GMM_EFORMAT);
    assert_true(sodium_is_zero(out, 256));
    assert_int_equal(chunk_open(out, 5, key, &nid, &gid, sealed, sizeof sealed), GMM_OK);
}

static void the_chunk_is_laid_out_as_defined(void **state)
{
    (void)state;
    static const uint8_t plain[] = "content";
    uint8_t sealed[SMALL_SEALED], expected[SMALL_SEALED], padded[256] = {0, 0, 0, sizeof plain}, key[32], hash_key[32];
    uint8_t secret[32] = {7}, domain[32], joined[128];
    struct gmm_id id, digest;
    joined[0] = 17;
    memcpy(joined + 1, "GMM1/chunk-domain", 17);
    memcpy(joined + 18, gid.b, 32);
    crypto_generichash(domain, 32, joined, 50, secret, 32);
    assert_memory_equal(conv, domain, 32);
    assert_int_equal(chunk_seal(sealed, key, &id, conv, &nid, &gid, plain, sizeof plain), GMM_OK);
    hash_h(&digest, "GMM1/chunk-pt", plain, sizeof plain);
    hash_k(hash_key, conv, "GMM1/chunk-key", digest.b, 32);
    assert_memory_equal(key, hash_key, 32);
    memcpy(padded + 4, plain, sizeof plain);
    seal_by_hand(expected, padded, sizeof padded, key);
    assert_memory_equal(sealed, expected, sizeof sealed);
    memcpy(joined, "\x0dGMM1/chunk-id", 14);
    memcpy(joined + 14, nid.b, 32);
    memcpy(joined + 46, gid.b, 32);
    crypto_generichash_state h;
    crypto_generichash_init(&h, NULL, 0, 32);
    crypto_generichash_update(&h, joined, 78);
    crypto_generichash_update(&h, sealed, sizeof sealed);
    crypto_generichash_final(&h, digest.b, 32);
    assert_true(id_equal(&id, &digest));
}

/* Equal content is one chunk inside a domain, and another in every other domain, group and network. */
static void convergence_ends_with_the_domain(void **state)
{
    (void)state;
    const uint8_t secret[32] = {8}, same[32] = {7};
    uint8_t sealed[2][SMALL_SEALED], key[2][32], domain[32];
    struct gmm_id id[2];
    assert_int_equal(chunk_seal(sealed[0], key[0], &id[0], conv, &nid, &gid, "same", 4), GMM_OK);
    assert_int_equal(chunk_seal(sealed[1], key[1], &id[1], conv, &nid, &gid, "same", 4), GMM_OK);
    assert_true(id_equal(&id[0], &id[1]));
    chunk_domain(domain, secret, &gid);
    assert_int_equal(chunk_seal(sealed[1], key[1], &id[1], domain, &nid, &gid, "same", 4), GMM_OK);
    assert_false(id_equal(&id[0], &id[1]));
    assert_memory_not_equal(key[0], key[1], 32);
    chunk_domain(domain, same, &other_id);
    assert_memory_not_equal(domain, conv, 32);
    assert_int_equal(chunk_seal(sealed[1], key[1], &id[1], conv, &nid, &other_id, "same", 4), GMM_OK);
    assert_false(id_equal(&id[0], &id[1]));
    assert_int_equal(chunk_seal(sealed[1], key[1], &id[1], conv, &other_id, &gid, "same", 4), GMM_OK);
    assert_false(id_equal(&id[0], &id[1]));
}

static void every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    uint8_t sealed[SMALL_SEALED], out[SMALL_SEALED], key[32];
    struct gmm_id id, now;
    assert_int_equal(chunk_seal(sealed, key, &id, conv, &nid, &gid, "plain", 5), GMM_OK);
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(chunk_open(out, 5, key, &nid, &gid, sealed, sizeof sealed), GMM_EDECRYPT);
        chunk_id(&now, &nid, &gid, sealed, sizeof sealed);
        assert_false(id_equal(&id, &now));
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof key; bit++) {
        key[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(chunk_open(out, 5, key, &nid, &gid, sealed, sizeof sealed), GMM_EDECRYPT);
        key[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(chunk_open(out, 5, key, &other_id, &gid, sealed, sizeof sealed), GMM_EDECRYPT);
    assert_int_equal(chunk_open(out, 5, key, &nid, &other_id, sealed, sizeof sealed), GMM_EDECRYPT);
}

static void bad_padding_is_refused(void **state)
{
    (void)state;
    const uint8_t key[32] = {5};
    uint8_t padded[256] = {0, 0, 0, 5, 'p', 'l', 'a', 'i', 'n'}, sealed[SMALL_SEALED], out[SMALL_SEALED];
    seal_by_hand(sealed, padded, sizeof padded, key);
    assert_int_equal(chunk_open(out, 5, key, &nid, &gid, sealed, sizeof sealed), GMM_OK);
    assert_memory_equal(out, "plain", 5);
    for (size_t i = 9; i < sizeof padded; i++) {
        padded[i] = 0x80;
        seal_by_hand(sealed, padded, sizeof padded, key);
        assert_int_equal(chunk_open(out, 5, key, &nid, &gid, sealed, sizeof sealed), GMM_EFORMAT);
        padded[i] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_come_back),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(the_chunk_is_laid_out_as_defined),
        cmocka_unit_test(convergence_ends_with_the_domain),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(bad_padding_is_refused),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}

#include "keys/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"

#define BODY (24 + 32 + 256 + 16) /* of a short text */

static uint8_t epoch_secret[32], node_secret[32], prefix[192], entropy[32];

static int start(void **state)
{
    (void)state;
    memset(epoch_secret, 0xe1, sizeof epoch_secret);
    memset(node_secret, 0x0d, sizeof node_secret);
    memset(entropy, 0x42, sizeof entropy);
    for (size_t i = 0; i < sizeof prefix; i++)
        prefix[i] = (uint8_t)(i * 7);
    return sodium_init() < 0;
}

static enum gmm_err open_with(const uint8_t *secret, const uint8_t *header, const uint8_t *body, size_t len)
{
    uint8_t *plain;
    size_t n;
    enum seal_compression compression;
    enum gmm_err err = seal_open(&plain, &n, &compression, secret, header, body, len);
    if (err != GMM_OK) {
        assert_null(plain);
        assert_int_equal(n, 0);
    }
    seal_free(plain, n);
    return err;
}

/* By hand, after the header's words: key, commitment, associated data. */
static void key_of(uint8_t key[32], const uint8_t nonce[24])
{
    uint8_t joined[14 + 40 + 24];
    joined[0] = 13;
    memcpy(joined + 1, "GMM1/body-key", 13);
    memcpy(joined + 14, prefix + 72, 40);
    memcpy(joined + 54, nonce, 24);
    crypto_generichash(key, 32, joined, sizeof joined, epoch_secret, 32);
}

static void commit_of(uint8_t commit[32], const uint8_t key[32], const uint8_t nonce[24])
{
    uint8_t joined[17 + 32 + 24];
    joined[0] = 16;
    memcpy(joined + 1, "GMM1/body-commit", 16);
    memcpy(joined + 17, key, 32);
    memcpy(joined + 49, nonce, 24);
    crypto_generichash(commit, 32, joined, sizeof joined, NULL, 0);
}

static void ad_of(uint8_t ad[205])
{
    ad[0] = 12;
    memcpy(ad + 1, "GMM1/body-ad", 12);
    memcpy(ad + 13, prefix, 192);
}

/* A body around any padded content, as a hostile member could make it. */
static size_t seal_by_hand(uint8_t *body, const uint8_t *padded, size_t len)
{
    uint8_t key[32], ad[205];
    memset(body, 0x99, 24);
    key_of(key, body);
    commit_of(body + 24, key, body);
    ad_of(ad);
    crypto_aead_xchacha20poly1305_ietf_encrypt(body + 56, NULL, padded, len, ad, sizeof ad, NULL, body, key);
    return len + SEAL_OVERHEAD;
}

static void padded_sizes_are_padme(void **state)
{
    (void)state;
    static const size_t known[][2] = {{0, 256},     {1, 256},       {256, 256},     {257, 272},
                                      {272, 272},   {273, 288},     {511, 512},     {513, 544},
                                      {1025, 1088}, {65537, 67584}, {65536, 65536}, {1048577, 1081344}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_int_equal(seal_padded_size(known[i][0]), known[i][1]);
    size_t before = 0;
    for (size_t n = 0; n < 200000; n += n < 5000 ? 1 : 37) {
        size_t padded = seal_padded_size(n);
        assert_true(padded >= n && padded >= before);
        assert_int_equal(seal_padded_size(padded), padded);
        if (n > 256)
            assert_true((padded - n) * 100 <= n * 12);
        before = padded;
    }
    assert_int_equal(seal_padded_size(SIZE_MAX), SIZE_MAX);
    assert_true(seal_size(SIZE_MAX) == SIZE_MAX);
    assert_true(seal_size(SIZE_MAX - 10) == SIZE_MAX);
}

static void round_trip(size_t n, enum seal_compression compression)
{
    size_t size = seal_size(n), len;
    uint8_t *data = malloc(n + 1), *body = malloc(size), *plain;
    enum seal_compression got;
    assert_true(data != NULL && body != NULL);
    for (size_t i = 0; i < n; i++)
        data[i] = (uint8_t)(i * 31 + 1);
    assert_int_equal(seal_body(body, epoch_secret, prefix, compression, data, n, node_secret, entropy), GMM_OK);
    assert_int_equal(seal_open(&plain, &len, &got, epoch_secret, prefix, body, size), GMM_OK);
    assert_int_equal(len, n);
    assert_int_equal(got, compression);
    assert_memory_equal(plain, data, n);
    seal_free(plain, len);
    free(data);
    free(body);
}

static size_t largest(void)
{
    size_t n = LIMIT_BODY_BYTES;
    while (seal_size(n) > LIMIT_BODY_BYTES)
        n--;
    return n;
}

static void bodies_come_back(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 250, 251, 252, 267, 268, 4096, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        round_trip(sizes[i], i % 2 == 0 ? SEAL_PLAIN : SEAL_ZSTD);
    round_trip(largest(), SEAL_ZSTD);
}

static void what_exceeds_the_limit_is_refused(void **state)
{
    (void)state;
    size_t n = largest() + 1;
    uint8_t *data = calloc(1, n), *body = calloc(1, 2u << 20);
    assert_true(data != NULL && body != NULL);
    assert_int_equal(seal_body(body, epoch_secret, prefix, SEAL_PLAIN, data, n, node_secret, entropy), GMM_ELIMIT);
    assert_int_equal(seal_body(body, epoch_secret, prefix, SEAL_PLAIN, data, SIZE_MAX, node_secret, entropy),
                     GMM_ELIMIT);
    assert_int_equal(open_with(epoch_secret, prefix, body, LIMIT_BODY_BYTES + 1), GMM_EFORMAT);
    free(data);
    free(body);
}

static void the_body_is_laid_out_as_defined(void **state)
{
    (void)state;
    static const char text[] = "some text";
    uint8_t body[BODY], key[32], commit[32], ad[205], padded[256], nonce[24];
    assert_int_equal(seal_size(sizeof text), sizeof body);
    assert_int_equal(seal_body(body, epoch_secret, prefix, SEAL_ZSTD, text, sizeof text, node_secret, entropy), GMM_OK);
    key_of(key, body);
    commit_of(commit, key, body);
    assert_memory_equal(body + 24, commit, 32);
    ad_of(ad);
    assert_int_equal(
        crypto_aead_xchacha20poly1305_ietf_decrypt(padded, NULL, NULL, body + 56, 272, ad, sizeof ad, body, key), 0);
    static const uint8_t head[5] = {SEAL_ZSTD, 0, 0, 0, sizeof text};
    assert_memory_equal(padded, head, 5);
    assert_memory_equal(padded + 5, text, sizeof text);
    assert_true(sodium_is_zero(padded + 5 + sizeof text, 256 - 5 - sizeof text));

    uint8_t hedge[16 + 192 + 32 + 32];
    hedge[0] = 15;
    memcpy(hedge + 1, "GMM1/body-nonce", 15);
    memcpy(hedge + 16, prefix, 192);
    memcpy(hedge + 208, entropy, 32);
    crypto_generichash(hedge + 240, 32, (const uint8_t *)text, sizeof text, NULL, 0);
    crypto_generichash(nonce, 24, hedge, sizeof hedge, node_secret, 32);
    assert_memory_equal(body, nonce, 24);
}

/* Any change of what surrounds a body gives another nonce, even when the random bytes repeat. */
static void the_nonce_is_hedged(void **state)
{
    (void)state;
    uint8_t body[BODY], other[BODY], changed[192], secret[32], random[32];
    assert_int_equal(seal_body(body, epoch_secret, prefix, SEAL_PLAIN, "a", 1, node_secret, entropy), GMM_OK);
    assert_int_equal(seal_body(other, epoch_secret, prefix, SEAL_PLAIN, "a", 1, node_secret, entropy), GMM_OK);
    assert_memory_equal(body, other, sizeof body);
    assert_int_equal(seal_body(other, epoch_secret, prefix, SEAL_PLAIN, "b", 1, node_secret, entropy), GMM_OK);
    assert_memory_not_equal(body, other, 24);
    memcpy(changed, prefix, sizeof changed);
    changed[191] ^= 1;
    assert_int_equal(seal_body(other, epoch_secret, changed, SEAL_PLAIN, "a", 1, node_secret, entropy), GMM_OK);
    assert_memory_not_equal(body, other, 24);
    memcpy(secret, node_secret, sizeof secret);
    secret[0] ^= 1;
    assert_int_equal(seal_body(other, epoch_secret, prefix, SEAL_PLAIN, "a", 1, secret, entropy), GMM_OK);
    assert_memory_not_equal(body, other, 24);
    memcpy(random, entropy, sizeof random);
    random[31] ^= 1;
    assert_int_equal(seal_body(other, epoch_secret, prefix, SEAL_PLAIN, "a", 1, node_secret, random), GMM_OK);
    assert_memory_not_equal(body, other, 24);
}

static void every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    uint8_t body[BODY], header[192], secret[32];
    assert_int_equal(seal_body(body, epoch_secret, prefix, SEAL_PLAIN, "text", 4, node_secret, entropy), GMM_OK);
    for (size_t bit = 0; bit < 8 * sizeof body; bit++) {
        body[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(open_with(epoch_secret, prefix, body, sizeof body), GMM_EDECRYPT);
        body[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    memcpy(header, prefix, sizeof header);
    for (size_t bit = 0; bit < 8 * sizeof header; bit++) {
        header[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(open_with(epoch_secret, header, body, sizeof body), GMM_EDECRYPT);
        header[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    memcpy(secret, epoch_secret, sizeof secret);
    secret[7] ^= 16;
    assert_int_equal(open_with(secret, prefix, body, sizeof body), GMM_EDECRYPT);
    assert_int_equal(open_with(epoch_secret, prefix, body, sizeof body), GMM_OK);
}

static enum gmm_err open_revealed(const uint8_t key[32], const uint8_t *header, const uint8_t *body, size_t len)
{
    uint8_t *plain;
    size_t n;
    enum seal_compression compression;
    enum gmm_err err = seal_open_revealed(&plain, &n, &compression, key, header, body, len);
    if (err == GMM_OK)
        assert_memory_equal(plain, "text", n);
    else
        assert_null(plain);
    seal_free(plain, n);
    return err;
}

/* One body's key opens it, under its own header, and no other body of the same log and epoch. */
static void one_body_can_be_shown(void **state)
{
    (void)state;
    uint8_t body[BODY], next[BODY], key[32], next_key[32], again[32];
    assert_int_equal(seal_body(body, epoch_secret, prefix, SEAL_PLAIN, "text", 4, node_secret, entropy), GMM_OK);
    assert_int_equal(seal_body(next, epoch_secret, prefix, SEAL_PLAIN, "more", 4, node_secret, entropy), GMM_OK);
    assert_int_equal(seal_reveal(key, epoch_secret, prefix, body, sizeof body), GMM_OK);
    assert_int_equal(seal_reveal(next_key, epoch_secret, prefix, next, sizeof next), GMM_OK);
    key_of(again, body);
    assert_memory_equal(key, again, 32);
    assert_memory_not_equal(key, next_key, 32);
    assert_int_equal(open_revealed(key, prefix, body, sizeof body), GMM_OK);
    assert_int_equal(open_revealed(key, prefix, next, sizeof next), GMM_EDECRYPT);
    assert_int_equal(open_revealed(next_key, prefix, body, sizeof body), GMM_EDECRYPT);
    for (size_t bit = 0; bit < 8 * sizeof body; bit++) {
        body[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(open_revealed(key, prefix, body, sizeof body), GMM_EDECRYPT);
        body[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof key; bit++) {
        key[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(open_revealed(key, prefix, body, sizeof body), GMM_EDECRYPT);
        key[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t n = 0; n < sizeof body; n++)
        assert_int_equal(open_revealed(key, prefix, body, n), GMM_EFORMAT);
    prefix[0] ^= 1;
    assert_int_equal(open_revealed(key, prefix, body, sizeof body), GMM_EDECRYPT);
    prefix[0] ^= 1;
}

static void a_key_that_is_not_the_bodys_is_not_shown(void **state)
{
    (void)state;
    uint8_t body[BODY], other[32], key[32];
    assert_int_equal(seal_body(body, epoch_secret, prefix, SEAL_PLAIN, "text", 4, node_secret, entropy), GMM_OK);
    memcpy(other, epoch_secret, sizeof other);
    other[31] ^= 1;
    memset(key, 0xff, sizeof key);
    assert_int_equal(seal_reveal(key, other, prefix, body, sizeof body), GMM_EDECRYPT);
    assert_true(sodium_is_zero(key, sizeof key));
    memset(key, 0xff, sizeof key);
    assert_int_equal(seal_reveal(key, epoch_secret, prefix, body, sizeof body - 1), GMM_EFORMAT);
    assert_true(sodium_is_zero(key, sizeof key));
    prefix[72] ^= 1; /* another author */
    assert_int_equal(seal_reveal(key, epoch_secret, prefix, body, sizeof body), GMM_EDECRYPT);
    prefix[72] ^= 1;
}

static void other_sizes_are_refused(void **state)
{
    (void)state;
    uint8_t body[1024] = {0};
    for (size_t n = 0; n <= sizeof body; n++) {
        bool padme = n >= 256 + SEAL_OVERHEAD && seal_padded_size(n - SEAL_OVERHEAD) == n - SEAL_OVERHEAD;
        assert_int_equal(open_with(epoch_secret, prefix, body, n), padme ? GMM_EDECRYPT : GMM_EFORMAT);
    }
}

static void bad_padding_is_refused(void **state)
{
    (void)state;
    uint8_t padded[272] = {0}, body[272 + SEAL_OVERHEAD];
    padded[4] = 10;
    assert_int_equal(open_with(epoch_secret, prefix, body, seal_by_hand(body, padded, 256)), GMM_OK);
    for (size_t i = 15; i < 256; i++) {
        padded[i] = 1;
        assert_int_equal(open_with(epoch_secret, prefix, body, seal_by_hand(body, padded, 256)), GMM_EFORMAT);
        padded[i] = 0;
    }
    for (unsigned compression = 2; compression < 256; compression++) {
        padded[0] = (uint8_t)compression;
        assert_int_equal(open_with(epoch_secret, prefix, body, seal_by_hand(body, padded, 256)), GMM_EFORMAT);
    }
    padded[0] = 0;
    for (unsigned length = 0; length < 300; length++) {
        bytes_store_u32(padded + 1, length);
        assert_int_equal(open_with(epoch_secret, prefix, body, seal_by_hand(body, padded, 256)),
                         length <= 251 ? GMM_OK : GMM_EFORMAT);
        /* more padding than the size asks for */
        assert_int_equal(open_with(epoch_secret, prefix, body, seal_by_hand(body, padded, 272)),
                         length > 251 && length <= 267 ? GMM_OK : GMM_EFORMAT);
    }
    bytes_store_u32(padded + 1, UINT32_MAX);
    assert_int_equal(open_with(epoch_secret, prefix, body, seal_by_hand(body, padded, 256)), GMM_EFORMAT);
}

static void lack_of_memory_is_reported(void **state)
{
    (void)state;
    uint8_t body[BODY], *plain;
    size_t len;
    enum seal_compression compression;
    assert_int_equal(seal_body(body, epoch_secret, prefix, SEAL_PLAIN, "text", 4, node_secret, entropy), GMM_OK);
    long i = 0;
    for (;; i++) {
        failmalloc_at(i);
        enum gmm_err err = seal_open(&plain, &len, &compression, epoch_secret, prefix, body, sizeof body);
        bool failed = failmalloc_off();
        assert_int_equal(err, failed ? GMM_ENOMEM : GMM_OK);
        if (!failed)
            break;
        assert_null(plain);
    }
    assert_int_equal(i, 1);
    seal_free(plain, len);
    seal_free(NULL, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(padded_sizes_are_padme),
        cmocka_unit_test(bodies_come_back),
        cmocka_unit_test(what_exceeds_the_limit_is_refused),
        cmocka_unit_test(the_body_is_laid_out_as_defined),
        cmocka_unit_test(the_nonce_is_hedged),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(one_body_can_be_shown),
        cmocka_unit_test(a_key_that_is_not_the_bodys_is_not_shown),
        cmocka_unit_test(other_sizes_are_refused),
        cmocka_unit_test(bad_padding_is_refused),
        cmocka_unit_test(lack_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}

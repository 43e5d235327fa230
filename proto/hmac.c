#include "proto/hmac.h"

#include <sodium.h>
#include <string.h>

#define BLOCK_BYTES 128

struct hmac {
    crypto_generichash_blake2b_state inner, outer;
};

static void pad_into(crypto_generichash_blake2b_state *state, const uint8_t key[BLOCK_BYTES], uint8_t pad)
{
    uint8_t block[BLOCK_BYTES];
    for (size_t i = 0; i < BLOCK_BYTES; i++)
        block[i] = key[i] ^ pad;
    crypto_generichash_blake2b_init(state, NULL, 0, HMAC_BYTES);
    crypto_generichash_blake2b_update(state, block, sizeof block);
    sodium_memzero(block, sizeof block);
}

static void hmac_init(struct hmac *h, const void *key, size_t key_len)
{
    uint8_t block[BLOCK_BYTES] = {0};
    if (key_len > BLOCK_BYTES)
        crypto_generichash_blake2b(block, HMAC_BYTES, key, key_len, NULL, 0);
    else if (key_len > 0)
        memcpy(block, key, key_len);
    pad_into(&h->inner, block, 0x36);
    pad_into(&h->outer, block, 0x5c);
    sodium_memzero(block, sizeof block);
}

static void hmac_update(struct hmac *h, const void *data, size_t len)
{
    if (len > 0)
        crypto_generichash_blake2b_update(&h->inner, data, len);
}

static void hmac_final(struct hmac *h, uint8_t out[HMAC_BYTES])
{
    uint8_t inner[HMAC_BYTES];
    crypto_generichash_blake2b_final(&h->inner, inner, sizeof inner);
    crypto_generichash_blake2b_update(&h->outer, inner, sizeof inner);
    crypto_generichash_blake2b_final(&h->outer, out, HMAC_BYTES);
    sodium_memzero(inner, sizeof inner);
    sodium_memzero(h, sizeof *h);
}

void hmac_blake2b(uint8_t out[HMAC_BYTES], const void *key, size_t key_len, const void *data, size_t len)
{
    struct hmac h;
    hmac_init(&h, key, key_len);
    hmac_update(&h, data, len);
    hmac_final(&h, out);
}

/* HMAC(temp_key, previous output ‖ number) */
static void expand(uint8_t out[HMAC_BYTES], const uint8_t temp_key[HMAC_BYTES], const uint8_t *previous, uint8_t number)
{
    struct hmac h;
    hmac_init(&h, temp_key, HMAC_BYTES);
    hmac_update(&h, previous, previous == NULL ? 0 : HMAC_BYTES);
    hmac_update(&h, &number, 1);
    hmac_final(&h, out);
}

void hmac_hkdf(uint8_t out1[HMAC_BYTES], uint8_t out2[HMAC_BYTES], uint8_t *out3,
               const uint8_t chaining_key[HMAC_BYTES], const void *input, size_t len)
{
    uint8_t temp_key[HMAC_BYTES];
    hmac_blake2b(temp_key, chaining_key, HMAC_BYTES, input, len);
    expand(out1, temp_key, NULL, 1);
    expand(out2, temp_key, out1, 2);
    if (out3 != NULL)
        expand(out3, temp_key, out2, 3);
    sodium_memzero(temp_key, sizeof temp_key);
}

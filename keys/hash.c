#include "keys/hash.h"

#include <assert.h>
#include <string.h>

static_assert(sizeof(struct gmm_id) == 32, "hashes are written straight into ids");
static_assert(HASH_SIG_BYTES == crypto_sign_BYTES, "an Ed25519 signature");

/* Room for lp(L) ‖ nid ‖ hash: a label's length is one byte. */
#define SIGNED_BYTES_MAX (1 + 255 + 32 + 32)

/* lp(L) = u8 length ‖ ASCII label. */
static size_t label_write(uint8_t *out, const char *label)
{
    size_t len = strnlen(label, 256);
    assert(len > 0 && len <= 255);
    out[0] = (uint8_t)len;
    memcpy(out + 1, label, len);
    return 1 + len;
}

static void init(struct hash *h, const uint8_t *key, size_t key_len, const char *label)
{
    uint8_t lp[256];
    crypto_generichash_init(&h->state, key, key_len, 32);
    crypto_generichash_update(&h->state, lp, label_write(lp, label));
}

void hash_init(struct hash *h, const char *label)
{
    init(h, NULL, 0, label);
}

void hash_init_keyed(struct hash *h, const uint8_t key[32], const char *label)
{
    init(h, key, 32, label);
}

void hash_update(struct hash *h, const void *data, size_t len)
{
    if (len > 0)
        crypto_generichash_update(&h->state, data, len);
}

void hash_final(struct hash *h, uint8_t out[32])
{
    crypto_generichash_final(&h->state, out, 32);
    sodium_memzero(h, sizeof *h);
}

void hash_h(struct gmm_id *out, const char *label, const void *x, size_t len)
{
    struct hash h;
    hash_init(&h, label);
    hash_update(&h, x, len);
    hash_final(&h, out->b);
}

void hash_k(uint8_t out[32], const uint8_t key[32], const char *label, const void *x, size_t len)
{
    struct hash h;
    hash_init_keyed(&h, key, label);
    hash_update(&h, x, len);
    hash_final(&h, out);
}

/* The bytes that Ed25519 sees: lp(L) ‖ nid ‖ BLAKE2b-256(x). */
static size_t signed_bytes(uint8_t out[SIGNED_BYTES_MAX], const char *label, const struct gmm_id *nid, const void *x,
                           size_t len)
{
    size_t n = label_write(out, label);
    memcpy(out + n, nid->b, sizeof nid->b);
    n += sizeof nid->b;
    crypto_generichash(out + n, 32, x, len, NULL, 0);
    return n + 32;
}

void hash_sign(uint8_t sig[HASH_SIG_BYTES], const uint8_t sign_sk[64], const char *label, const struct gmm_id *nid,
               const void *x, size_t len)
{
    uint8_t message[SIGNED_BYTES_MAX];
    size_t n = signed_bytes(message, label, nid, x, len);
    crypto_sign_detached(sig, NULL, message, n, sign_sk);
}

enum gmm_err hash_verify(const uint8_t sig[HASH_SIG_BYTES], const struct gmm_id *sign_pk, const char *label,
                         const struct gmm_id *nid, const void *x, size_t len)
{
    uint8_t message[SIGNED_BYTES_MAX];
    size_t n = signed_bytes(message, label, nid, x, len);
    return crypto_sign_verify_detached(sig, message, n, sign_pk->b) == 0 ? GMM_OK : GMM_ESIGNATURE;
}

enum gmm_err hash_check_sign_pk(const struct gmm_id *sign_pk)
{
    return crypto_core_ed25519_is_valid_point(sign_pk->b) == 1 ? GMM_OK : GMM_EKEY;
}

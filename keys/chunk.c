#include "keys/chunk.h"

#include <assert.h>
#include <string.h>

#include "keys/labels.h"
#include "keys/seal.h"

#define LENGTH_BYTES 4
#define TAG_BYTES 16
#define COMMIT_BYTES 32
#define OVERHEAD (TAG_BYTES + COMMIT_BYTES)

static_assert(TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "Poly1305's tag");

/* A key belongs to one plaintext, so the nonce may stand still. */
static const uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];

struct associated {
    uint8_t bytes[1 + sizeof LABEL_CHUNK_AD - 1 + 32 + 32];
};

static void associated_init(struct associated *ad, const struct gmm_id *nid, const struct gmm_id *gid)
{
    ad->bytes[0] = sizeof LABEL_CHUNK_AD - 1;
    memcpy(ad->bytes + 1, LABEL_CHUNK_AD, sizeof LABEL_CHUNK_AD - 1);
    memcpy(ad->bytes + sizeof LABEL_CHUNK_AD, nid->b, 32);
    memcpy(ad->bytes + sizeof LABEL_CHUNK_AD + 32, gid->b, 32);
}

static void key_commit(uint8_t commit[COMMIT_BYTES], const uint8_t key[32])
{
    hash_k(commit, key, LABEL_CHUNK_COMMIT, NULL, 0);
}

void chunk_domain(uint8_t conv[32], const uint8_t epoch_secret[32], const struct gmm_id *gid)
{
    hash_k(conv, epoch_secret, LABEL_DOMAIN, gid->b, sizeof gid->b);
}

size_t chunk_sealed_size(size_t len)
{
    if (len > SIZE_MAX / 2)
        return SIZE_MAX;
    return seal_padded_size(LENGTH_BYTES + len) + OVERHEAD;
}

void chunk_id(struct gmm_id *id, const struct gmm_id *nid, const struct gmm_id *gid, const void *sealed, size_t len)
{
    struct hash h;
    hash_init(&h, LABEL_CHUNK_ID);
    hash_update(&h, nid->b, sizeof nid->b);
    hash_update(&h, gid->b, sizeof gid->b);
    hash_update(&h, sealed, len);
    hash_final(&h, id->b);
}

enum gmm_err chunk_seal_under(uint8_t *sealed, struct gmm_id *id, const uint8_t key[32], const struct gmm_id *nid,
                              const struct gmm_id *gid, const void *plain, size_t len)
{
    if (len == 0 || len > LIMIT_CHUNK_MAX)
        return GMM_ELIMIT;
    size_t padded = seal_padded_size(LENGTH_BYTES + len);
    struct associated ad;
    bytes_store_u32(sealed, (uint32_t)len);
    memcpy(sealed + LENGTH_BYTES, plain, len);
    memset(sealed + LENGTH_BYTES + len, 0, padded - LENGTH_BYTES - len);
    associated_init(&ad, nid, gid);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, NULL, sealed, padded, ad.bytes, sizeof ad.bytes, NULL, nonce,
                                               key);
    key_commit(sealed + padded + TAG_BYTES, key);
    chunk_id(id, nid, gid, sealed, padded + OVERHEAD);
    return GMM_OK;
}

enum gmm_err chunk_seal(uint8_t *sealed, uint8_t key[32], struct gmm_id *id, const uint8_t conv[32],
                        const struct gmm_id *nid, const struct gmm_id *gid, const void *plain, size_t len)
{
    if (len == 0 || len > LIMIT_CHUNK_MAX)
        return GMM_ELIMIT;
    struct gmm_id digest;
    hash_h(&digest, LABEL_CHUNK_PT, plain, len);
    hash_k(key, conv, LABEL_CHUNK_KEY, digest.b, sizeof digest.b);
    sodium_memzero(&digest, sizeof digest);
    return chunk_seal_under(sealed, id, key, nid, gid, plain, len);
}

enum gmm_err chunk_open(uint8_t *out, size_t expect_len, const uint8_t key[32], const struct gmm_id *nid,
                        const struct gmm_id *gid, const void *sealed, size_t sealed_len)
{
    if (expect_len == 0 || expect_len > LIMIT_CHUNK_MAX || sealed_len != chunk_sealed_size(expect_len))
        return GMM_EFORMAT;
    size_t padded = sealed_len - OVERHEAD;
    const uint8_t *bytes = sealed;
    uint8_t commit[COMMIT_BYTES];
    struct associated ad;
    /* Before anything is opened: Poly1305 alone lets one ciphertext open under two keys. */
    key_commit(commit, key);
    int other = sodium_memcmp(commit, bytes + padded + TAG_BYTES, COMMIT_BYTES);
    sodium_memzero(commit, sizeof commit);
    if (other != 0)
        return GMM_EDECRYPT;
    associated_init(&ad, nid, gid);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, bytes, padded + TAG_BYTES, ad.bytes,
                                                   sizeof ad.bytes, nonce, key) != 0)
        return GMM_EDECRYPT;
    if (bytes_load_u32(out) != expect_len ||
        !sodium_is_zero(out + LENGTH_BYTES + expect_len, padded - LENGTH_BYTES - expect_len)) {
        sodium_memzero(out, padded);
        return GMM_EFORMAT;
    }
    memmove(out, out + LENGTH_BYTES, expect_len);
    sodium_memzero(out + expect_len, LENGTH_BYTES);
    return GMM_OK;
}

#include "keys/embargo.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "keys/labels.h"

#define COMMIT_BYTES 32u
#define LABEL_LEN (sizeof LABEL_EMBARGO_AD - 1)

static const uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];

static_assert(EMBARGO_OVERHEAD == COMMIT_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES, "commitment and tag");

struct associated {
    uint8_t bytes[1 + LABEL_LEN + 3 * 32];
};

static void associated_init(struct associated *ad, const struct embargo_place *place)
{
    uint8_t *p = ad->bytes;
    *p++ = LABEL_LEN;
    memcpy(p, LABEL_EMBARGO_AD, LABEL_LEN);
    memcpy(p + LABEL_LEN, place->nid->b, 32);
    memcpy(p + LABEL_LEN + 32, place->gid->b, 32);
    memcpy(p + LABEL_LEN + 64, place->author->b, 32);
}

void embargo_commit(struct gmm_id *commit, const uint8_t key[EMBARGO_KEY_BYTES])
{
    hash_h(commit, LABEL_EMBARGO_COMMIT, key, EMBARGO_KEY_BYTES);
}

enum gmm_err embargo_seal(struct buffer *out, const uint8_t key[EMBARGO_KEY_BYTES], const struct embargo_place *place,
                          const void *inner, size_t len)
{
    uint8_t sealing[32];
    struct gmm_id commit;
    struct associated ad;
    uint8_t *sealed = buffer_extend(out, len + EMBARGO_OVERHEAD);
    if (sealed == NULL)
        return out->failed;
    embargo_commit(&commit, key);
    memcpy(sealed, commit.b, COMMIT_BYTES);
    associated_init(&ad, place);
    hash_k(sealing, key, LABEL_EMBARGO_KEY, place->author->b, sizeof place->author->b);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + COMMIT_BYTES, NULL, inner, len, ad.bytes, sizeof ad.bytes, NULL,
                                               nonce, sealing);
    sodium_memzero(sealing, sizeof sealing);
    return GMM_OK;
}

enum gmm_err embargo_open(uint8_t *out, const uint8_t key[EMBARGO_KEY_BYTES], const struct embargo_place *place,
                          const void *sealed, size_t sealed_len)
{
    uint8_t sealing[32];
    struct gmm_id commit;
    struct associated ad;
    const uint8_t *bytes = sealed;
    if (sealed_len < EMBARGO_OVERHEAD)
        return GMM_EFORMAT;
    embargo_commit(&commit, key);
    if (sodium_memcmp(commit.b, bytes, COMMIT_BYTES) != 0)
        return GMM_EDECRYPT;
    associated_init(&ad, place);
    hash_k(sealing, key, LABEL_EMBARGO_KEY, place->author->b, sizeof place->author->b);
    int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
        out, NULL, NULL, bytes + COMMIT_BYTES, sealed_len - COMMIT_BYTES, ad.bytes, sizeof ad.bytes, nonce, sealing);
    sodium_memzero(sealing, sizeof sealing);
    return failed ? GMM_EDECRYPT : GMM_OK;
}

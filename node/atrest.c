#include "node/atrest.h"

#include <sodium.h>

#include "keys/hash.h"

enum gmm_err atrest_seal(struct buffer *out, const uint8_t node_secret[32], const char *label, const void *context,
                         size_t context_len, const void *plain, size_t len)
{
    uint8_t key[32];
    uint8_t *sealed = buffer_extend(out, len + ATREST_OVERHEAD);
    if (sealed == NULL)
        return out->failed;
    randombytes_buf(sealed, 24);
    hash_k(key, node_secret, label, context, context_len);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + 24, NULL, plain, len, context, context_len, NULL, sealed, key);
    sodium_memzero(key, sizeof key);
    return GMM_OK;
}

enum gmm_err atrest_open(void *plain, const uint8_t node_secret[32], const char *label, const void *context,
                         size_t context_len, const void *sealed, size_t len)
{
    uint8_t key[32];
    const uint8_t *bytes = sealed;
    if (len < ATREST_OVERHEAD)
        return GMM_ECORRUPT;
    hash_k(key, node_secret, label, context, context_len);
    int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, bytes + 24, len - 24, context,
                                                            context_len, bytes, key);
    sodium_memzero(key, sizeof key);
    return failed ? GMM_ECORRUPT : GMM_OK;
}

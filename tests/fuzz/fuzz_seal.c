/* Sealed bodies: the input as a body, and the input as the padded content of one (sealed here, so that what lies behind
 * the tag is reached). What opens is padded exactly, and sealing it again gives as many bytes. */
#include <stdlib.h>
#include <string.h>

#include "keys/labels.h"
#include "keys/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t epoch_secret[32] = {0xe1}, prefix[192] = {1, 1};

static enum gmm_err open_body(const uint8_t *body, size_t size)
{
    uint8_t *plain;
    size_t len;
    enum seal_compression compression;
    enum gmm_err err = seal_open(&plain, &len, &compression, epoch_secret, prefix, body, size);
    if (err != GMM_OK && (plain != NULL || len != 0))
        abort();
    if (err == GMM_OK && seal_size(len) != size)
        abort();
    seal_free(plain, len);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t nonce[24];
    uint8_t ad[13 + 192] = "\x0cGMM1/body-ad", joined[40 + 24] = {0}, key[32 + 24] = {0}; /* with the nonce */
    struct gmm_id commit;
    (void)open_body(data, size);
    if (size > LIMIT_BODY_BYTES - SEAL_OVERHEAD)
        return 0;
    uint8_t *body = malloc(size + SEAL_OVERHEAD);
    if (body == NULL)
        return 0;
    memcpy(ad + 13, prefix, sizeof prefix);
    memcpy(joined, prefix + 72, 40);
    hash_k(key, epoch_secret, LABEL_BODY_KEY, joined, sizeof joined);
    hash_h(&commit, LABEL_BODY_COMMIT, key, sizeof key);
    memcpy(body, nonce, sizeof nonce);
    memcpy(body + 24, commit.b, 32);
    crypto_aead_xchacha20poly1305_ietf_encrypt(body + 56, NULL, data, size, ad, sizeof ad, NULL, nonce, key);
    if (open_body(body, size + SEAL_OVERHEAD) == GMM_EDECRYPT)
        abort();
    free(body);
    return 0;
}

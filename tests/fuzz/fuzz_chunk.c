/* Sealed chunks: two bytes name the expected length, the rest is a sealed chunk, and then the padded content of one
 * (sealed here, so that what lies behind tag and commitment is reached). */
#include <stdlib.h>
#include <string.h>

#include "keys/chunk.h"
#include "keys/labels.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct gmm_id nid = {{1}}, gid = {{2}};
static const uint8_t key[32] = {3};

static enum gmm_err open_chunk(size_t expect, const uint8_t *sealed, size_t size)
{
    uint8_t *out = malloc(size + 1);
    if (out == NULL)
        exit(1);
    enum gmm_err err = chunk_open(out, expect, key, &nid, &gid, sealed, size);
    if (err == GMM_OK && chunk_sealed_size(expect) != size)
        abort();
    free(out);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t nonce[24];
    uint8_t ad[14 + 64] = "\x0dGMM1/chunk-ad";
    if (size < 2)
        return 0;
    size_t expect = bytes_load_u16(data);
    data += 2;
    size -= 2;
    (void)open_chunk(expect, data, size);
    uint8_t *sealed = malloc(size + 48);
    if (sealed == NULL)
        return 0;
    memcpy(ad + 14, nid.b, 32);
    memcpy(ad + 46, gid.b, 32);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, NULL, data, size, ad, sizeof ad, NULL, nonce, key);
    hash_k(sealed + size + 16, key, LABEL_CHUNK_COMMIT, NULL, 0);
    if (open_chunk(expect, sealed, size + 48) == GMM_EDECRYPT)
        abort();
    free(sealed);
    return 0;
}

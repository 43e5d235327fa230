#include "keys/seal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "keys/labels.h"

#define NONCE_BYTES 24
#define COMMIT_BYTES 32
#define SEALED_AT (NONCE_BYTES + COMMIT_BYTES)
#define TAG_BYTES 16
#define CONTENT_HEADER 5 /* compression u8 ‖ length u32 */
#define PADDED_MIN 256u
#define PREFIX LIMIT_HEADER_PREFIX_BYTES
/* author 32 ‖ instance 8 stand together in a header */
#define AUTHOR_AT 72
#define AUTHOR_INSTANCE_BYTES 40

static_assert(SEAL_OVERHEAD == SEALED_AT + TAG_BYTES, "a body is nonce, commitment, padded content, tag");
static_assert(NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "XChaCha20's nonce");
static_assert(TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "Poly1305's tag");

struct associated {
    uint8_t bytes[1 + sizeof LABEL_BODY_AD - 1 + PREFIX];
};

static unsigned log2_floor(size_t n)
{
    unsigned e = 0;
    while (n >>= 1)
        e++;
    return e;
}

size_t seal_padded_size(size_t n)
{
    if (n <= PADDED_MIN)
        return PADDED_MIN;
    unsigned e = log2_floor(n), s = log2_floor(e) + 1;
    size_t mask = ((size_t)1 << (e - s)) - 1;
    return n > SIZE_MAX - mask ? SIZE_MAX : (n + mask) & ~mask;
}

size_t seal_size(size_t n)
{
    if (n > SIZE_MAX / 2)
        return SIZE_MAX;
    return seal_padded_size(CONTENT_HEADER + n) + SEAL_OVERHEAD;
}

static void associated_init(struct associated *ad, const uint8_t header_prefix[PREFIX])
{
    ad->bytes[0] = sizeof LABEL_BODY_AD - 1;
    memcpy(ad->bytes + 1, LABEL_BODY_AD, sizeof LABEL_BODY_AD - 1);
    memcpy(ad->bytes + sizeof LABEL_BODY_AD, header_prefix, PREFIX);
}

/* The nonce makes it the key of this one body: it can be shown without giving away any other. */
static void body_key(uint8_t key[32], const uint8_t epoch_secret[32], const uint8_t header_prefix[PREFIX],
                     const uint8_t nonce[NONCE_BYTES])
{
    struct hash h;
    hash_init_keyed(&h, epoch_secret, LABEL_BODY_KEY);
    hash_update(&h, header_prefix + AUTHOR_AT, AUTHOR_INSTANCE_BYTES);
    hash_update(&h, nonce, NONCE_BYTES);
    hash_final(&h, key);
}

static void body_commit(uint8_t commit[COMMIT_BYTES], const uint8_t key[32], const uint8_t nonce[NONCE_BYTES])
{
    struct hash h;
    hash_init(&h, LABEL_BODY_COMMIT);
    hash_update(&h, key, 32);
    hash_update(&h, nonce, NONCE_BYTES);
    hash_final(&h, commit);
}

/* Hedged: a node that was set back to an older state, or whose random source fails, still repeats no nonce for other
 * content. */
static void body_nonce(uint8_t nonce[NONCE_BYTES], const uint8_t node_secret[32], const uint8_t header_prefix[PREFIX],
                       const uint8_t random[32], const void *data, size_t len)
{
    static const uint8_t label[] = LABEL_BODY_NONCE;
    const uint8_t label_len = sizeof label - 1;
    uint8_t digest[32];
    crypto_generichash_state state;
    crypto_generichash(digest, sizeof digest, data, len, NULL, 0);
    crypto_generichash_init(&state, node_secret, 32, NONCE_BYTES);
    crypto_generichash_update(&state, &label_len, 1);
    crypto_generichash_update(&state, label, label_len);
    crypto_generichash_update(&state, header_prefix, PREFIX);
    crypto_generichash_update(&state, random, 32);
    crypto_generichash_update(&state, digest, sizeof digest);
    crypto_generichash_final(&state, nonce, NONCE_BYTES);
    sodium_memzero(&state, sizeof state);
    sodium_memzero(digest, sizeof digest);
}

enum gmm_err seal_body(uint8_t *out, const uint8_t epoch_secret[32], const uint8_t header_prefix[192],
                       enum seal_compression compression, const void *data, size_t len, const uint8_t node_secret[32],
                       const uint8_t random[32])
{
    assert(compression == SEAL_PLAIN || compression == SEAL_ZSTD);
    if (seal_size(len) > LIMIT_BODY_BYTES)
        return GMM_ELIMIT;
    size_t padded = seal_padded_size(CONTENT_HEADER + len);
    uint8_t key[32], *content = out + SEALED_AT;
    struct associated ad;
    body_nonce(out, node_secret, header_prefix, random, data, len);
    content[0] = (uint8_t)compression;
    bytes_store_u32(content + 1, (uint32_t)len);
    if (len > 0)
        memcpy(content + CONTENT_HEADER, data, len);
    memset(content + CONTENT_HEADER + len, 0, padded - CONTENT_HEADER - len);
    body_key(key, epoch_secret, header_prefix, out);
    body_commit(out + NONCE_BYTES, key, out);
    associated_init(&ad, header_prefix);
    crypto_aead_xchacha20poly1305_ietf_encrypt(content, NULL, content, padded, ad.bytes, sizeof ad.bytes, NULL, out,
                                               key);
    sodium_memzero(key, sizeof key);
    return GMM_OK;
}

/* Moves the data to the front of the padded content and wipes the rest. */
static enum gmm_err content_unpad(uint8_t *content, size_t padded, size_t *len, enum seal_compression *compression)
{
    size_t n = bytes_load_u32(content + 1);
    if (content[0] != SEAL_PLAIN && content[0] != SEAL_ZSTD)
        return GMM_EFORMAT;
    if (n > padded - CONTENT_HEADER || seal_padded_size(CONTENT_HEADER + n) != padded)
        return GMM_EFORMAT;
    if (!sodium_is_zero(content + CONTENT_HEADER + n, padded - CONTENT_HEADER - n))
        return GMM_EFORMAT;
    *compression = content[0] == SEAL_ZSTD ? SEAL_ZSTD : SEAL_PLAIN;
    *len = n;
    memmove(content, content + CONTENT_HEADER, n);
    sodium_memzero(content + n, CONTENT_HEADER);
    return GMM_OK;
}

static bool size_plausible(size_t body_len)
{
    return body_len >= PADDED_MIN + SEAL_OVERHEAD && body_len <= LIMIT_BODY_BYTES &&
           seal_padded_size(body_len - SEAL_OVERHEAD) == body_len - SEAL_OVERHEAD;
}

static bool commits_to(const uint8_t *body, const uint8_t key[32])
{
    uint8_t commit[COMMIT_BYTES];
    body_commit(commit, key, body);
    return sodium_memcmp(commit, body + NONCE_BYTES, COMMIT_BYTES) == 0;
}

enum gmm_err seal_reveal(uint8_t key[32], const uint8_t epoch_secret[32], const uint8_t header_prefix[192],
                         const void *body, size_t body_len)
{
    sodium_memzero(key, 32);
    if (!size_plausible(body_len))
        return GMM_EFORMAT;
    body_key(key, epoch_secret, header_prefix, body);
    if (commits_to(body, key))
        return GMM_OK;
    sodium_memzero(key, 32);
    return GMM_EDECRYPT;
}

enum gmm_err seal_open_revealed(uint8_t **plain, size_t *len, enum seal_compression *compression, const uint8_t key[32],
                                const uint8_t header_prefix[192], const void *body, size_t body_len)
{
    *plain = NULL;
    *len = 0;
    *compression = SEAL_PLAIN;
    if (!size_plausible(body_len))
        return GMM_EFORMAT;
    /* Before the tag: that one can be made to fit two keys. */
    if (!commits_to(body, key))
        return GMM_EDECRYPT;
    size_t padded = body_len - SEAL_OVERHEAD;
    uint8_t *content = malloc(padded);
    if (content == NULL)
        return GMM_ENOMEM;
    const uint8_t *nonce = body;
    struct associated ad;
    associated_init(&ad, header_prefix);
    enum gmm_err err = GMM_EDECRYPT;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(content, NULL, NULL, nonce + SEALED_AT, padded + TAG_BYTES, ad.bytes,
                                                   sizeof ad.bytes, nonce, key) == 0)
        err = content_unpad(content, padded, len, compression);
    if (err == GMM_OK)
        *plain = content;
    else
        seal_free(content, padded);
    return err;
}

enum gmm_err seal_open(uint8_t **plain, size_t *len, enum seal_compression *compression, const uint8_t epoch_secret[32],
                       const uint8_t header_prefix[192], const void *body, size_t body_len)
{
    *plain = NULL;
    *len = 0;
    *compression = SEAL_PLAIN;
    if (!size_plausible(body_len))
        return GMM_EFORMAT;
    uint8_t key[32];
    body_key(key, epoch_secret, header_prefix, body);
    enum gmm_err err = seal_open_revealed(plain, len, compression, key, header_prefix, body, body_len);
    sodium_memzero(key, sizeof key);
    return err;
}

void seal_free(uint8_t *plain, size_t len)
{
    if (plain == NULL)
        return;
    sodium_memzero(plain, len);
    free(plain);
}

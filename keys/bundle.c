#include "keys/bundle.h"

#include <string.h>

#include "keys/epoch.h"
#include "keys/identity.h"
#include "keys/labels.h"

#define VERSION 1
static const uint8_t magic[7] = {'G', 'M', 'M', 'B', 'N', 'D', 'L'};

static_assert(BUNDLE_TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "a frame ends with the tag");
static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == 24, "16 zeros and a frame's number");

/* sk and pk are those of the caller's side of the exchange. */
static enum gmm_err derive(struct bundle_seal *seal, const struct gmm_id *nid, const struct gmm_id *wrap_pk,
                           const uint8_t sk[32], const struct gmm_id *pk)
{
    uint8_t shared[32];
    struct hash h;
    enum gmm_err err = GMM_OK;
    if (crypto_scalarmult(shared, sk, pk->b) != 0) {
        err = GMM_EKEY;
    } else {
        hash_init_keyed(&h, shared, LABEL_BUNDLE);
        hash_update(&h, nid->b, sizeof nid->b);
        hash_update(&h, seal->eph_pk.b, sizeof seal->eph_pk.b);
        hash_update(&h, wrap_pk->b, sizeof wrap_pk->b);
        hash_final(&h, seal->key);
    }
    sodium_memzero(shared, sizeof shared);
    return err;
}

enum gmm_err bundle_seal_init(struct bundle_seal *seal, const struct gmm_id *nid, const struct gmm_id *wrap_pk,
                              const uint8_t eph_sk[32])
{
    memset(seal, 0, sizeof *seal);
    enum gmm_err err = identity_check_dh_pk(wrap_pk);
    if (err != GMM_OK)
        return err;
    crypto_scalarmult_base(seal->eph_pk.b, eph_sk);
    memcpy(seal->head, magic, sizeof magic);
    seal->head[7] = VERSION;
    memcpy(seal->head + 8, nid->b, 32);
    epoch_wrap_id(seal->head + 40, wrap_pk);
    memcpy(seal->head + 48, seal->eph_pk.b, 32);
    return derive(seal, nid, wrap_pk, eph_sk, wrap_pk);
}

enum gmm_err bundle_head_decode(struct bundle_head *out, const uint8_t bytes[BUNDLE_HEAD_BYTES])
{
    if (memcmp(bytes, magic, sizeof magic) != 0)
        return GMM_EFORMAT;
    if (bytes[7] != VERSION)
        return GMM_EVERSION;
    memcpy(out->nid.b, bytes + 8, 32);
    memcpy(out->wrap_id, bytes + 40, sizeof out->wrap_id);
    memcpy(out->eph_pk.b, bytes + 48, 32);
    return GMM_OK;
}

enum gmm_err bundle_open_init(struct bundle_seal *seal, const uint8_t bytes[BUNDLE_HEAD_BYTES],
                              const uint8_t wrap_sk[32])
{
    struct bundle_head head;
    struct gmm_id wrap_pk;
    memset(seal, 0, sizeof *seal);
    enum gmm_err err = bundle_head_decode(&head, bytes);
    if (err == GMM_OK)
        err = identity_check_dh_pk(&head.eph_pk);
    if (err != GMM_OK)
        return err;
    memcpy(seal->head, bytes, sizeof seal->head);
    seal->eph_pk = head.eph_pk;
    crypto_scalarmult_base(wrap_pk.b, wrap_sk);
    return derive(seal, &head.nid, &wrap_pk, wrap_sk, &head.eph_pk);
}

void bundle_seal_close(struct bundle_seal *seal)
{
    sodium_memzero(seal, sizeof *seal);
}

static void nonce_of(uint8_t nonce[24], uint64_t frame)
{
    memset(nonce, 0, 24);
    bytes_store_u64(nonce + 16, frame);
}

enum gmm_err bundle_seal_frame(struct buffer *out, struct bundle_seal *seal, const void *content, size_t len)
{
    uint8_t nonce[24];
    if (len == 0 || len > LIMIT_BUNDLE_FRAME)
        return GMM_ELIMIT;
    buffer_put_u32(out, (uint32_t)(len + BUNDLE_TAG_BYTES));
    uint8_t *sealed = buffer_extend(out, len + BUNDLE_TAG_BYTES);
    if (sealed == NULL)
        return out->failed;
    nonce_of(nonce, seal->frame++);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, NULL, content, len, seal->head, sizeof seal->head, NULL, nonce,
                                               seal->key);
    return GMM_OK;
}

enum gmm_err bundle_open_frame(struct bundle_seal *seal, uint8_t *bytes, size_t n, size_t *len)
{
    uint8_t nonce[24];
    if (n <= BUNDLE_TAG_BYTES || n > LIMIT_BUNDLE_FRAME + BUNDLE_TAG_BYTES)
        return GMM_ELIMIT;
    nonce_of(nonce, seal->frame);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(bytes, NULL, NULL, bytes, n, seal->head, sizeof seal->head, nonce,
                                                   seal->key) != 0)
        return GMM_EDECRYPT;
    seal->frame++;
    *len = n - BUNDLE_TAG_BYTES;
    return GMM_OK;
}

#define SIGNED_BYTES (BUNDLE_OPENING_BYTES - HASH_SIG_BYTES)

static void to_sign(uint8_t out[SIGNED_BYTES + 32], const uint8_t *content, const struct bundle_seal *seal)
{
    memcpy(out, content, SIGNED_BYTES);
    memcpy(out + SIGNED_BYTES, seal->eph_pk.b, 32);
}

void bundle_opening_encode(uint8_t out[BUNDLE_OPENING_BYTES], const struct bundle_opening *opening,
                           const struct bundle_seal *seal, const struct gmm_id *nid, const uint8_t sign_sk[64])
{
    uint8_t input[SIGNED_BYTES + 32];
    out[0] = VERSION;
    memcpy(out + 1, opening->from.b, 32);
    memcpy(out + 33, opening->to.b, 32);
    bytes_store_u64(out + 65, opening->number);
    bytes_store_u32(out + 73, opening->part);
    bytes_store_u64(out + 77, opening->rests);
    bytes_store_u64(out + 85, opening->time_ms);
    to_sign(input, out, seal);
    hash_sign(out + SIGNED_BYTES, sign_sk, LABEL_BUNDLE_SIG, nid, input, sizeof input);
}

enum gmm_err bundle_opening_decode(struct bundle_opening *out, const struct bundle_seal *seal, const struct gmm_id *nid,
                                   const void *bytes, size_t len)
{
    uint8_t input[SIGNED_BYTES + 32], sig[HASH_SIG_BYTES];
    struct bytes_in in;
    bytes_in_init(&in, bytes, len);
    uint8_t version = bytes_get_u8(&in);
    if (!in.failed && version != VERSION)
        return GMM_EVERSION;
    bytes_get_id(&in, &out->from);
    bytes_get_id(&in, &out->to);
    out->number = bytes_get_u64(&in);
    out->part = bytes_get_u32(&in);
    out->rests = bytes_get_u64(&in);
    out->time_ms = bytes_get_u64(&in);
    bytes_get(&in, sig, sizeof sig);
    if (!bytes_in_done(&in) || out->number == 0 || out->part == 0 || out->rests >= out->number ||
        out->time_ms > IDENTITY_TIME_MS_MAX)
        return GMM_EFORMAT;
    if (hash_check_sign_pk(&out->from) != GMM_OK)
        return GMM_ESIGNATURE;
    to_sign(input, bytes, seal);
    return hash_verify(sig, &out->from, LABEL_BUNDLE_SIG, nid, input, sizeof input);
}

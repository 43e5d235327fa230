#include "keys/welcome.h"

#include <stdlib.h>
#include <string.h>

#include "keys/epoch.h"
#include "keys/hash.h"
#include "keys/labels.h"

#define VERSION 1
#define WRAP_ID_BYTES 8
#define HEAD_BYTES (1u + 32u + WRAP_ID_BYTES + 32u)
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES

/* Every welcome has its own ephemeral key, so its key seals once. */
static const uint8_t zero_nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];

void welcome_items_init(struct welcome_items *items)
{
    buffer_init(&items->bytes, LIMIT_WELCOME_BYTES);
    items->count = 0;
}

void welcome_items_close(struct welcome_items *items)
{
    buffer_close(&items->bytes);
    items->count = 0;
}

void welcome_items_put(struct welcome_items *items, const void *bytes, size_t len)
{
    struct buffer *b = &items->bytes;
    if (b->failed == GMM_OK && (len == 0 || len > LIMIT_WELCOME_BYTES))
        b->failed = len == 0 ? GMM_EFORMAT : GMM_ELIMIT;
    buffer_put_u32(b, (uint32_t)len);
    buffer_put(b, bytes, len);
    if (b->failed == GMM_OK)
        items->count++;
}

/* key = K(ss, welcome, nid ‖ eph_pk ‖ wrap_pk ‖ invite secret); sk and pk are those of the caller's side. */
static enum gmm_err derive_key(uint8_t key[32], const struct welcome_target *target, const struct gmm_id *eph_pk,
                               const uint8_t sk[32], const struct gmm_id *pk)
{
    uint8_t shared[32];
    struct hash h;
    if (crypto_scalarmult(shared, sk, pk->b) != 0) {
        sodium_memzero(shared, sizeof shared);
        return GMM_EKEY;
    }
    hash_init_keyed(&h, shared, LABEL_WELCOME);
    hash_update(&h, target->nid->b, sizeof target->nid->b);
    hash_update(&h, eph_pk->b, sizeof eph_pk->b);
    hash_update(&h, target->wrap_pk->b, sizeof target->wrap_pk->b);
    hash_update(&h, target->invite_secret, 32);
    hash_final(&h, key);
    sodium_memzero(shared, sizeof shared);
    return GMM_OK;
}

static void content_put(struct buffer *out, uint8_t address_count, const char addresses[LIMIT_ADDRESSES][ADDRESS_BYTES],
                        const struct welcome_items *objects, const struct welcome_items *runs)
{
    address_list_put(out, address_count, addresses);
    buffer_put_u32(out, objects->count);
    buffer_put(out, objects->bytes.p, objects->bytes.len);
    buffer_put_u32(out, runs->count);
    buffer_put(out, runs->bytes.p, runs->bytes.len);
}

/* Encrypts what stands in out behind the head, in place. */
static enum gmm_err encrypt(struct buffer *out, size_t start, const struct welcome_target *target,
                            const struct gmm_id *eph_pk, const uint8_t eph_sk[32])
{
    uint8_t key[32];
    size_t content_len = out->len - start - HEAD_BYTES;
    struct welcome check;
    enum gmm_err err = welcome_decode(&check, out->p + start + HEAD_BYTES, content_len);
    if (err != GMM_OK)
        return err;
    buffer_extend(out, TAG_BYTES);
    if (out->failed != GMM_OK)
        return out->failed;
    err = derive_key(key, target, eph_pk, eph_sk, target->wrap_pk);
    if (err != GMM_OK)
        return err;
    uint8_t *head = out->p + start, *content = head + HEAD_BYTES;
    crypto_aead_xchacha20poly1305_ietf_encrypt(content, NULL, content, content_len, head, HEAD_BYTES, NULL, zero_nonce,
                                               key);
    sodium_memzero(key, sizeof key);
    return GMM_OK;
}

enum gmm_err welcome_seal(struct buffer *out, const struct welcome_target *target, const uint8_t eph_sk[32],
                          uint8_t address_count, const char addresses[LIMIT_ADDRESSES][ADDRESS_BYTES],
                          const struct welcome_items *objects, const struct welcome_items *runs)
{
    struct gmm_id eph_pk;
    uint8_t wrap_id[WRAP_ID_BYTES];
    size_t start = out->len;
    if (objects->bytes.failed != GMM_OK)
        return objects->bytes.failed;
    if (runs->bytes.failed != GMM_OK)
        return runs->bytes.failed;
    crypto_scalarmult_base(eph_pk.b, eph_sk);
    epoch_wrap_id(wrap_id, target->wrap_pk);
    buffer_put_u8(out, VERSION);
    buffer_put_id(out, target->nid);
    buffer_put(out, wrap_id, sizeof wrap_id);
    buffer_put_id(out, &eph_pk);
    content_put(out, address_count, addresses, objects, runs);
    enum gmm_err err = out->failed;
    if (err == GMM_OK && out->len - start + TAG_BYTES > LIMIT_WELCOME_BYTES)
        err = GMM_ELIMIT;
    if (err == GMM_OK)
        err = encrypt(out, start, target, &eph_pk, eph_sk);
    if (err != GMM_OK)
        buffer_cut(out, start);
    return err;
}

struct head {
    struct gmm_id nid, eph_pk;
    uint8_t wrap_id[WRAP_ID_BYTES];
};

static enum gmm_err head_decode(struct head *out, const void *bytes, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, bytes, len);
    uint8_t version = bytes_get_u8(&in);
    if (!in.failed && version != VERSION)
        return GMM_EVERSION;
    bytes_get_id(&in, &out->nid);
    bytes_get(&in, out->wrap_id, sizeof out->wrap_id);
    bytes_get_id(&in, &out->eph_pk);
    if (in.failed || in.left < TAG_BYTES)
        return GMM_EFORMAT;
    return len > LIMIT_WELCOME_BYTES ? GMM_ELIMIT : GMM_OK;
}

enum gmm_err welcome_peek(struct gmm_id *nid, const void *bytes, size_t len)
{
    struct head head;
    enum gmm_err err = head_decode(&head, bytes, len);
    if (err == GMM_OK)
        *nid = head.nid;
    return err;
}

static bool take_item(struct bytes_in *in, struct welcome_item *item)
{
    item->len = bytes_get_u32(in);
    item->bytes = bytes_take(in, item->len);
    if (!in->failed && item->len == 0)
        bytes_fail(in);
    return !in->failed;
}

/* Passes over a list; *items walks it again. */
static void skip_items(struct bytes_in *in, uint32_t *count, struct bytes_in *items)
{
    struct welcome_item item;
    *count = bytes_get_u32(in);
    if (*count > in->left / 5) /* a length and a byte each */
        bytes_fail(in);
    *items = *in;
    for (uint32_t i = 0; i < *count && !in->failed; i++)
        take_item(in, &item);
    items->left -= in->left;
}

enum gmm_err welcome_decode(struct welcome *out, const void *content, size_t len)
{
    struct bytes_in in;
    memset(out, 0, sizeof *out);
    bytes_in_init(&in, content, len);
    address_list_get(&in, &out->address_count, out->addresses);
    skip_items(&in, &out->object_count, &out->objects);
    skip_items(&in, &out->run_count, &out->runs);
    if (bytes_in_done(&in))
        return GMM_OK;
    memset(out, 0, sizeof *out);
    return GMM_EFORMAT;
}

static enum gmm_err decrypt(uint8_t **content, size_t *content_len, const struct welcome_target *target,
                            const struct head *head, const uint8_t wrap_sk[32], const uint8_t *bytes, size_t len)
{
    uint8_t key[32];
    enum gmm_err err = derive_key(key, target, &head->eph_pk, wrap_sk, &head->eph_pk);
    if (err != GMM_OK)
        return err;
    *content_len = len - HEAD_BYTES - TAG_BYTES;
    *content = malloc(*content_len + 1);
    err = *content == NULL ? GMM_ENOMEM : GMM_OK;
    if (err == GMM_OK &&
        crypto_aead_xchacha20poly1305_ietf_decrypt(*content, NULL, NULL, bytes + HEAD_BYTES, len - HEAD_BYTES, bytes,
                                                   HEAD_BYTES, zero_nonce, key) != 0)
        err = GMM_EDECRYPT;
    sodium_memzero(key, sizeof key);
    if (err != GMM_OK) {
        free(*content);
        *content = NULL;
    }
    return err;
}

enum gmm_err welcome_open(struct welcome *out, const struct welcome_target *target, const uint8_t wrap_sk[32],
                          const void *bytes, size_t len)
{
    struct head head;
    uint8_t wrap_id[WRAP_ID_BYTES], *content = NULL;
    size_t content_len = 0;
    memset(out, 0, sizeof *out);
    enum gmm_err err = head_decode(&head, bytes, len);
    if (err != GMM_OK)
        return err;
    if (!id_equal(&head.nid, target->nid))
        return GMM_ENETWORK;
    epoch_wrap_id(wrap_id, target->wrap_pk);
    if (memcmp(wrap_id, head.wrap_id, sizeof wrap_id) != 0)
        return GMM_ENOTFOUND;
    err = decrypt(&content, &content_len, target, &head, wrap_sk, bytes, len);
    if (err != GMM_OK)
        return err;
    err = welcome_decode(out, content, content_len);
    if (err != GMM_OK)
        free(content);
    else
        out->content = content;
    return err;
}

bool welcome_next_object(struct welcome *welcome, struct welcome_item *item)
{
    return welcome->objects.left > 0 && take_item(&welcome->objects, item);
}

bool welcome_next_run(struct welcome *welcome, struct welcome_item *item)
{
    return welcome->runs.left > 0 && take_item(&welcome->runs, item);
}

void welcome_close(struct welcome *welcome)
{
    free(welcome->content);
    memset(welcome, 0, sizeof *welcome);
}

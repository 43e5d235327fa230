#include "keys/epoch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "keys/labels.h"

#define VERSION 1
#define RECIPIENT_BYTES (32 + 8 + EPOCH_WRAP_BYTES)

static_assert(EPOCH_WRAP_BYTES == 32 + crypto_aead_chacha20poly1305_ietf_ABYTES, "a wrap is a secret and a tag");

/* Every key that wraps is used once. */
static const uint8_t zero_nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

static void hash_put(struct hash *h, const struct gmm_id *id)
{
    hash_update(h, id->b, sizeof id->b);
}

static void hash_put_u32(struct hash *h, uint32_t v)
{
    uint8_t raw[4];
    bytes_store_u32(raw, v);
    hash_update(h, raw, sizeof raw);
}

static void wrap_seal(uint8_t wrap[EPOCH_WRAP_BYTES], const uint8_t kek[32], const uint8_t secret[32])
{
    crypto_aead_chacha20poly1305_ietf_encrypt(wrap, NULL, secret, 32, NULL, 0, NULL, zero_nonce, kek);
}

static enum gmm_err wrap_open(uint8_t secret[32], const uint8_t kek[32], const uint8_t wrap[EPOCH_WRAP_BYTES])
{
    if (crypto_aead_chacha20poly1305_ietf_decrypt(secret, NULL, NULL, wrap, EPOCH_WRAP_BYTES, NULL, 0, zero_nonce,
                                                  kek) == 0)
        return GMM_OK;
    sodium_memzero(secret, 32);
    return GMM_EDECRYPT;
}

void epoch_wrap_id(uint8_t out[8], const struct gmm_id *wrap_pk)
{
    struct gmm_id id;
    hash_h(&id, LABEL_WRAP_ID, wrap_pk->b, sizeof wrap_pk->b);
    memcpy(out, id.b, 8);
}

/* kek = K(ss, kek, nid ‖ gid ‖ author ‖ gen ‖ eph_pk ‖ sign_pk ‖ wrap_pk ‖ commit ‖ psk 32 zero). One side has eph_sk
 * and the target's public key, the other its own private key and eph_pk: sk and pk are those of the caller's side. */
static enum gmm_err wrap_kek(uint8_t kek[32], const uint8_t sk[32], const struct gmm_id *pk, const struct epoch *epoch,
                             const struct epoch_context *ctx, const struct gmm_id *eph_pk,
                             const struct epoch_target *target)
{
    static const uint8_t psk[32];
    uint8_t shared[32];
    struct hash h;
    enum gmm_err err = crypto_scalarmult(shared, sk, pk->b) == 0 ? GMM_OK : GMM_EKEY;
    hash_init_keyed(&h, shared, LABEL_KEK);
    hash_put(&h, ctx->nid);
    hash_put(&h, ctx->gid);
    hash_put(&h, ctx->author);
    hash_put_u32(&h, epoch->gen);
    hash_put(&h, eph_pk);
    hash_put(&h, &target->sign_pk);
    hash_put(&h, &target->wrap_pk);
    hash_put(&h, &epoch->commit);
    hash_update(&h, psk, sizeof psk);
    hash_final(&h, kek);
    sodium_memzero(shared, sizeof shared);
    return err;
}

static enum gmm_err wrap_to(uint8_t wrap[EPOCH_WRAP_BYTES], const struct epoch *epoch, const struct epoch_context *ctx,
                            const struct epoch_target *target, const uint8_t secret[32], const uint8_t eph_sk[32],
                            const struct gmm_id *eph_pk)
{
    uint8_t kek[32];
    enum gmm_err err = wrap_kek(kek, eph_sk, &target->wrap_pk, epoch, ctx, eph_pk, target);
    if (err == GMM_OK)
        wrap_seal(wrap, kek, secret);
    sodium_memzero(kek, sizeof kek);
    return err;
}

/* The other side of wrap_to; what comes out must be what the epoch commits to. */
static enum gmm_err wrap_from(uint8_t secret[32], const struct epoch *epoch, const struct epoch_context *ctx,
                              const struct gmm_id *sign_pk, const uint8_t wrap_sk[32], const struct gmm_id *eph_pk,
                              const uint8_t wrap_id[8], const uint8_t wrap[EPOCH_WRAP_BYTES])
{
    struct epoch_target self = {.sign_pk = *sign_pk};
    uint8_t own_id[8], kek[32];
    sodium_memzero(secret, 32);
    crypto_scalarmult_base(self.wrap_pk.b, wrap_sk);
    epoch_wrap_id(own_id, &self.wrap_pk);
    if (memcmp(own_id, wrap_id, sizeof own_id) != 0)
        return GMM_ENOTFOUND;
    enum gmm_err err = wrap_kek(kek, wrap_sk, eph_pk, epoch, ctx, eph_pk, &self);
    if (err == GMM_OK)
        err = wrap_open(secret, kek, wrap);
    if (err == GMM_OK)
        err = epoch_check(epoch, ctx, secret);
    if (err != GMM_OK)
        sodium_memzero(secret, 32);
    sodium_memzero(kek, sizeof kek);
    return err;
}

static void history_kek(uint8_t kek[32], const struct epoch *epoch, unsigned index, const uint8_t secret[32])
{
    struct hash h;
    hash_init_keyed(&h, secret, LABEL_HISTORY);
    hash_put(&h, &epoch->parents[index]);
    hash_put(&h, &epoch->commit);
    hash_final(&h, kek);
}

static void commit_to(struct gmm_id *commit, const struct epoch *epoch, const struct epoch_context *ctx,
                      const uint8_t secret[32])
{
    struct hash h;
    hash_init(&h, LABEL_EPOCH_COMMIT);
    hash_update(&h, secret, 32);
    hash_put(&h, ctx->nid);
    hash_put(&h, ctx->gid);
    hash_put_u32(&h, epoch->gen);
    hash_put(&h, &epoch->eph_pk);
    hash_final(&h, commit->b);
}

enum gmm_err epoch_check(const struct epoch *epoch, const struct epoch_context *ctx, const uint8_t secret[32])
{
    struct gmm_id commit;
    commit_to(&commit, epoch, ctx, secret);
    return sodium_memcmp(commit.b, epoch->commit.b, sizeof commit.b) == 0 ? GMM_OK : GMM_EDECRYPT;
}

static int compare_recipients(const void *a, const void *b)
{
    const struct epoch_recipient *x = a, *y = b;
    return id_compare(&x->sign_pk, &y->sign_pk);
}

static int compare_targets(const void *a, const void *b)
{
    const struct epoch_target *x = a, *y = b;
    return id_compare(&x->sign_pk, &y->sign_pk);
}

static bool parents_differ(const struct gmm_id *parents, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (id_equal(&parents[i], &parents[j]))
                return false;
    return true;
}

/* What must hold between the fields whoever made them. */
static bool shape_ok(uint32_t gen, size_t parent_count, const struct gmm_id *parents, unsigned domain)
{
    if (gen == 0 || (gen == 1) != (parent_count == 0))
        return false;
    if (domain > EPOCH_DOMAIN_INHERITED || (domain == EPOCH_DOMAIN_INHERITED && parent_count == 0))
        return false;
    return parents_differ(parents, parent_count);
}

static void make_history(struct epoch *epoch, const uint8_t *const *parent_secrets, const uint8_t secret[32])
{
    uint8_t kek[32];
    for (unsigned i = 0; i < epoch->parent_count; i++) {
        if (parent_secrets[i] == NULL)
            continue;
        struct epoch_history *history = &epoch->history[epoch->history_count++];
        history->parent = (uint8_t)i;
        history_kek(kek, epoch, i, secret);
        wrap_seal(history->wrap, kek, parent_secrets[i]);
    }
    sodium_memzero(kek, sizeof kek);
}

/* Wraps to every target, sorted. */
static enum gmm_err make_recipients(struct epoch *epoch, const struct epoch_context *ctx,
                                    const struct epoch_target *targets, size_t count, const uint8_t secret[32],
                                    const uint8_t eph_sk[32])
{
    enum gmm_err err = GMM_ENOMEM;
    struct epoch_target *sorted = calloc(count, sizeof *sorted);
    epoch->recipients = calloc(count, sizeof *epoch->recipients);
    if (sorted == NULL || epoch->recipients == NULL)
        goto done;
    memcpy(sorted, targets, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_targets);
    for (size_t i = 0; i < count; i++) {
        struct epoch_recipient *recipient = &epoch->recipients[i];
        err = GMM_EFORMAT;
        if (i > 0 && id_equal(&sorted[i].sign_pk, &sorted[i - 1].sign_pk))
            goto done;
        recipient->sign_pk = sorted[i].sign_pk;
        epoch_wrap_id(recipient->wrap_id, &sorted[i].wrap_pk);
        err = wrap_to(recipient->wrap, epoch, ctx, &sorted[i], secret, eph_sk, &epoch->eph_pk);
        if (err != GMM_OK)
            goto done;
    }
    epoch->recipient_count = (uint16_t)count;
    err = GMM_OK;
done:
    free(sorted);
    return err;
}

enum gmm_err epoch_make(struct epoch *out, const struct epoch_context *ctx, uint32_t gen, enum epoch_domain domain,
                        const struct gmm_id *parents, const uint8_t *const *parent_secrets, size_t parent_count,
                        bool history, const struct epoch_target *targets, size_t target_count, const uint8_t secret[32],
                        const uint8_t eph_sk[32])
{
    *out = (struct epoch){.gen = gen, .domain = (uint8_t)domain};
    if (parent_count > LIMIT_EPOCH_PARENTS || target_count > LIMIT_OFFICES)
        return GMM_ELIMIT;
    if (!shape_ok(gen, parent_count, parents, domain) || target_count == 0)
        return GMM_EFORMAT;
    out->parent_count = (uint8_t)parent_count;
    if (parent_count > 0)
        memcpy(out->parents, parents, parent_count * sizeof *parents);
    crypto_scalarmult_base(out->eph_pk.b, eph_sk);
    commit_to(&out->commit, out, ctx, secret);
    if (history && parent_secrets != NULL)
        make_history(out, parent_secrets, secret);
    enum gmm_err err = make_recipients(out, ctx, targets, target_count, secret, eph_sk);
    if (err != GMM_OK)
        epoch_close(out);
    return err;
}

enum gmm_err epoch_encode(struct buffer *out, const struct epoch *epoch)
{
    buffer_put_u8(out, VERSION);
    buffer_put_u32(out, epoch->gen);
    buffer_put_u8(out, epoch->parent_count);
    for (size_t i = 0; i < epoch->parent_count; i++)
        buffer_put_id(out, &epoch->parents[i]);
    buffer_put_id(out, &epoch->eph_pk);
    buffer_put_id(out, &epoch->commit);
    buffer_put_u8(out, epoch->domain);
    buffer_put_u8(out, epoch->history_count);
    for (size_t i = 0; i < epoch->history_count; i++) {
        buffer_put_u8(out, epoch->history[i].parent);
        buffer_put(out, epoch->history[i].wrap, EPOCH_WRAP_BYTES);
    }
    buffer_put_u16(out, epoch->recipient_count);
    for (size_t i = 0; i < epoch->recipient_count; i++) {
        buffer_put_id(out, &epoch->recipients[i].sign_pk);
        buffer_put(out, epoch->recipients[i].wrap_id, sizeof epoch->recipients[i].wrap_id);
        buffer_put(out, epoch->recipients[i].wrap, EPOCH_WRAP_BYTES);
    }
    return out->failed;
}

static void decode_parents(struct bytes_in *in, struct epoch *epoch)
{
    epoch->parent_count = bytes_get_u8(in);
    if (epoch->parent_count > LIMIT_EPOCH_PARENTS) {
        epoch->parent_count = 0;
        bytes_fail(in);
    }
    for (size_t i = 0; i < epoch->parent_count; i++)
        bytes_get_id(in, &epoch->parents[i]);
}

/* At most one wrap a parent, in the order of the parents. */
static void decode_history(struct bytes_in *in, struct epoch *epoch)
{
    unsigned next = 0;
    epoch->history_count = bytes_get_u8(in);
    if (epoch->history_count > epoch->parent_count) {
        epoch->history_count = 0;
        bytes_fail(in);
    }
    for (size_t i = 0; i < epoch->history_count; i++) {
        struct epoch_history *history = &epoch->history[i];
        history->parent = bytes_get_u8(in);
        bytes_get(in, history->wrap, EPOCH_WRAP_BYTES);
        if (history->parent < next || history->parent >= epoch->parent_count)
            bytes_fail(in);
        next = history->parent + 1u;
    }
}

static enum gmm_err decode_recipients(struct bytes_in *in, struct epoch *epoch)
{
    size_t count = bytes_get_u16(in);
    if (in->failed || count == 0 || count > LIMIT_OFFICES || in->left != count * RECIPIENT_BYTES)
        return GMM_EFORMAT;
    epoch->recipients = calloc(count, sizeof *epoch->recipients);
    if (epoch->recipients == NULL)
        return GMM_ENOMEM;
    epoch->recipient_count = (uint16_t)count;
    for (size_t i = 0; i < count; i++) {
        struct epoch_recipient *recipient = &epoch->recipients[i];
        bytes_get_id(in, &recipient->sign_pk);
        bytes_get(in, recipient->wrap_id, sizeof recipient->wrap_id);
        bytes_get(in, recipient->wrap, EPOCH_WRAP_BYTES);
        if (i > 0 && compare_recipients(recipient - 1, recipient) >= 0)
            return GMM_EFORMAT;
    }
    return bytes_in_done(in) ? GMM_OK : GMM_EFORMAT;
}

enum gmm_err epoch_decode(struct epoch *out, const void *bytes, size_t len)
{
    struct bytes_in in;
    *out = (struct epoch){0};
    bytes_in_init(&in, bytes, len);
    if (bytes_get_u8(&in) != VERSION)
        return in.failed ? GMM_EFORMAT : GMM_EVERSION;
    out->gen = bytes_get_u32(&in);
    decode_parents(&in, out);
    bytes_get_id(&in, &out->eph_pk);
    bytes_get_id(&in, &out->commit);
    out->domain = bytes_get_u8(&in);
    decode_history(&in, out);
    enum gmm_err err = decode_recipients(&in, out);
    if (err == GMM_OK && !shape_ok(out->gen, out->parent_count, out->parents, out->domain))
        err = GMM_EFORMAT;
    if (err != GMM_OK)
        epoch_close(out);
    return err;
}

void epoch_close(struct epoch *epoch)
{
    free(epoch->recipients);
    epoch->recipients = NULL;
    epoch->recipient_count = 0;
}

const struct epoch_recipient *epoch_find(const struct epoch *epoch, const struct gmm_id *sign_pk)
{
    if (epoch->recipient_count == 0)
        return NULL;
    struct epoch_recipient key = {.sign_pk = *sign_pk};
    return bsearch(&key, epoch->recipients, epoch->recipient_count, sizeof key, compare_recipients);
}

enum gmm_err epoch_unwrap(uint8_t secret[32], const struct epoch *epoch, const struct epoch_context *ctx,
                          const struct gmm_id *sign_pk, const uint8_t wrap_sk[32])
{
    const struct epoch_recipient *recipient = epoch_find(epoch, sign_pk);
    if (recipient == NULL) {
        sodium_memzero(secret, 32);
        return GMM_ENOTFOUND;
    }
    return wrap_from(secret, epoch, ctx, sign_pk, wrap_sk, &epoch->eph_pk, recipient->wrap_id, recipient->wrap);
}

enum gmm_err epoch_unwrap_parent(uint8_t parent_secret[32], const struct epoch *epoch, unsigned index,
                                 const uint8_t secret[32])
{
    uint8_t kek[32];
    for (size_t i = 0; i < epoch->history_count; i++) {
        if (epoch->history[i].parent != index)
            continue;
        history_kek(kek, epoch, index, secret);
        enum gmm_err err = wrap_open(parent_secret, kek, epoch->history[i].wrap);
        sodium_memzero(kek, sizeof kek);
        return err;
    }
    sodium_memzero(parent_secret, 32);
    return GMM_ENOTFOUND;
}

enum gmm_err epoch_rewrap(uint8_t out[EPOCH_REWRAP_BYTES], const struct gmm_id *epoch_id, const struct epoch *epoch,
                          const struct epoch_context *ctx, const struct epoch_target *target, const uint8_t secret[32],
                          const uint8_t eph_sk[32])
{
    struct gmm_id eph_pk;
    enum gmm_err err = epoch_check(epoch, ctx, secret);
    if (err != GMM_OK)
        return err;
    crypto_scalarmult_base(eph_pk.b, eph_sk);
    out[0] = VERSION;
    memcpy(out + 1, epoch_id->b, 32);
    memcpy(out + 33, eph_pk.b, 32);
    memcpy(out + 65, target->sign_pk.b, 32);
    epoch_wrap_id(out + 97, &target->wrap_pk);
    return wrap_to(out + 105, epoch, ctx, target, secret, eph_sk, &eph_pk);
}

struct rewrap {
    struct gmm_id epoch_id, eph_pk, sign_pk;
    uint8_t wrap_id[8], wrap[EPOCH_WRAP_BYTES];
};

static enum gmm_err rewrap_decode(struct rewrap *out, const void *bytes, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, bytes, len);
    if (bytes_get_u8(&in) != VERSION)
        return in.failed ? GMM_EFORMAT : GMM_EVERSION;
    bytes_get_id(&in, &out->epoch_id);
    bytes_get_id(&in, &out->eph_pk);
    bytes_get_id(&in, &out->sign_pk);
    bytes_get(&in, out->wrap_id, sizeof out->wrap_id);
    bytes_get(&in, out->wrap, sizeof out->wrap);
    return bytes_in_done(&in) ? GMM_OK : GMM_EFORMAT;
}

enum gmm_err epoch_rewrap_peek(struct gmm_id *epoch_id, struct gmm_id *sign_pk, const void *bytes, size_t len)
{
    struct rewrap rewrap;
    enum gmm_err err = rewrap_decode(&rewrap, bytes, len);
    if (err != GMM_OK)
        return err;
    *epoch_id = rewrap.epoch_id;
    *sign_pk = rewrap.sign_pk;
    return GMM_OK;
}

enum gmm_err epoch_rewrap_key(uint8_t wrap_id[8], const void *bytes, size_t len)
{
    struct rewrap rewrap;
    enum gmm_err err = rewrap_decode(&rewrap, bytes, len);
    if (err == GMM_OK)
        memcpy(wrap_id, rewrap.wrap_id, sizeof rewrap.wrap_id);
    return err;
}

enum gmm_err epoch_rewrap_open(uint8_t secret[32], const struct epoch *epoch, const struct epoch_context *ctx,
                               const struct gmm_id *sign_pk, const uint8_t wrap_sk[32], const void *bytes, size_t len)
{
    struct rewrap rewrap;
    sodium_memzero(secret, 32);
    enum gmm_err err = rewrap_decode(&rewrap, bytes, len);
    if (err != GMM_OK)
        return err;
    if (!id_equal(&rewrap.sign_pk, sign_pk))
        return GMM_ENOTFOUND;
    return wrap_from(secret, epoch, ctx, sign_pk, wrap_sk, &rewrap.eph_pk, rewrap.wrap_id, rewrap.wrap);
}

void epoch_group_id(struct gmm_id *gid, const struct gmm_id *nid, enum epoch_group_kind kind,
                    const struct gmm_id *owner_pid, const void *name, size_t name_len)
{
    struct hash h;
    const uint8_t raw = (uint8_t)kind;
    hash_init(&h, LABEL_GROUP);
    hash_put(&h, nid);
    hash_update(&h, &raw, 1);
    hash_put(&h, owner_pid);
    hash_update(&h, name, name_len);
    hash_final(&h, gid->b);
}

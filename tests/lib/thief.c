#include "tests/lib/thief.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/chunk.h"
#include "keys/seal.h"

static void must(bool ok)
{
    if (ok)
        return;
    fprintf(stderr, "the test's thief cannot work\n");
    exit(1);
}

void thief_open(struct thief *t, const struct gmm_id *nid)
{
    *t = (struct thief){.nid = *nid};
}

void thief_close(struct thief *t)
{
    free(t->secrets);
    *t = (struct thief){0};
}

bool thief_knows(const struct thief *t, const struct gmm_id *epoch_id)
{
    for (size_t i = 0; i < t->count; i++)
        if (id_equal(&t->secrets[i].epoch_id, epoch_id))
            return true;
    return false;
}

void thief_knew(struct thief *t, const struct gmm_id *epoch_id, const struct gmm_id *gid, const uint8_t secret[32])
{
    if (thief_knows(t, epoch_id))
        return;
    struct thief_secret *secrets = realloc(t->secrets, (t->count + 1) * sizeof *secrets);
    must(secrets != NULL);
    t->secrets = secrets;
    secrets[t->count] = (struct thief_secret){.epoch_id = *epoch_id, .gid = *gid};
    memcpy(secrets[t->count].secret, secret, 32);
    t->count++;
}

static const uint8_t *secret_of(const struct thief *t, const struct gmm_id *epoch_id)
{
    for (size_t i = 0; i < t->count; i++)
        if (id_equal(&t->secrets[i].epoch_id, epoch_id))
            return t->secrets[i].secret;
    return NULL;
}

/* Every wrap of the epoch with every key, as if it were to itself and as if it were whom the record names. */
static bool try_recipients(const struct view_epoch *e, const struct epoch_context *ctx, const struct keystore *keys,
                           uint8_t secret[32])
{
    for (size_t k = 0; k < keys->wrap_count; k++)
        for (uint16_t i = 0; i < e->epoch.recipient_count; i++) {
            struct epoch_recipient record = e->epoch.recipients[i];
            struct epoch one = e->epoch;
            struct gmm_id own_pk;
            one.recipients = &record;
            one.recipient_count = 1;
            if (epoch_unwrap(secret, &one, ctx, &record.sign_pk, keys->wraps[k].sk) == GMM_OK)
                return true;
            crypto_scalarmult_base(own_pk.b, keys->wraps[k].sk);
            epoch_wrap_id(record.wrap_id, &own_pk);
            if (epoch_unwrap(secret, &one, ctx, &record.sign_pk, keys->wraps[k].sk) == GMM_OK)
                return true;
            record.sign_pk = keys->sign_pk;
            if (epoch_unwrap(secret, &one, ctx, &keys->sign_pk, keys->wraps[k].sk) == GMM_OK)
                return true;
        }
    return false;
}

static bool try_wraps(const struct view_wrap *wraps, size_t count, const struct view_epoch *e, const struct gmm_id *nid,
                      const struct keystore *keys, uint8_t secret[32])
{
    for (size_t i = 0; i < count; i++) {
        const struct view_wrap *wrap = &wraps[i];
        struct epoch_context ctx = {.nid = nid, .gid = &e->gid, .author = &wrap->author};
        if (!id_equal(&wrap->epoch_id, &e->id))
            continue;
        for (size_t k = 0; k < keys->wrap_count; k++)
            if (epoch_rewrap_open(secret, &e->epoch, &ctx, &wrap->sign_pk, keys->wraps[k].sk, wrap->body, wrap->len) ==
                GMM_OK)
                return true;
    }
    return false;
}

/* A child that it knows wraps the secret as history. */
static bool try_children(const struct thief *t, const struct view *v, const struct view_epoch *e, uint8_t secret[32])
{
    struct epoch_context ctx = {.nid = &t->nid, .gid = &e->gid, .author = &e->author};
    for (size_t i = 0; i < v->epoch_count; i++) {
        const struct view_epoch *child = &v->epochs[i];
        const uint8_t *known = secret_of(t, &child->id);
        for (unsigned p = 0; known != NULL && p < child->epoch.parent_count; p++)
            if (id_equal(&child->epoch.parents[p], &e->id) &&
                epoch_unwrap_parent(secret, &child->epoch, p, known) == GMM_OK &&
                epoch_check(&e->epoch, &ctx, secret) == GMM_OK)
                return true;
    }
    return false;
}

void thief_tries(struct thief *t, const struct view *everything, const struct keystore *keys)
{
    uint8_t secret[32];
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < everything->epoch_count; i++) {
            const struct view_epoch *e = &everything->epochs[i];
            struct epoch_context ctx = {.nid = &t->nid, .gid = &e->gid, .author = &e->author};
            if (thief_knows(t, &e->id))
                continue;
            if (!try_recipients(e, &ctx, keys, secret) &&
                !try_wraps(everything->wraps, everything->wrap_count, e, &t->nid, keys, secret) &&
                !try_wraps(everything->strays, everything->stray_count, e, &t->nid, keys, secret) &&
                !try_children(t, everything, e, secret))
                continue;
            thief_knew(t, &e->id, &e->gid, secret);
            more = true;
        }
    }
}

bool thief_reads(const struct thief *t, const uint8_t header[HEADER_BYTES], const void *body, size_t len)
{
    for (size_t i = 0; i < t->count; i++) {
        uint8_t *plain = NULL;
        size_t plain_len = 0;
        enum seal_compression compression;
        if (seal_open(&plain, &plain_len, &compression, t->secrets[i].secret, header, body, len) != GMM_OK)
            continue;
        seal_free(plain, plain_len);
        return true;
    }
    return false;
}

void thief_chunk(struct gmm_id *chunk, const uint8_t conv[32], const struct gmm_id *nid, const struct gmm_id *gid,
                 const void *plain, size_t len)
{
    uint8_t key[32], *sealed = malloc(chunk_sealed_size(len));
    must(sealed != NULL && chunk_seal(sealed, key, chunk, conv, nid, gid, plain, len) == GMM_OK);
    free(sealed);
}

bool thief_confirms(const struct thief *t, const struct gmm_id *chunk, const void *plain, size_t len)
{
    for (size_t i = 0; i < t->count; i++) {
        struct gmm_id mine;
        uint8_t conv[32];
        chunk_domain(conv, t->secrets[i].secret, &t->secrets[i].gid);
        thief_chunk(&mine, conv, &t->nid, &t->secrets[i].gid, plain, len);
        if (id_equal(&mine, chunk))
            return true;
    }
    return false;
}

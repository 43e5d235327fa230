#include "keys/revocation.h"

#include <stdlib.h>
#include <string.h>

#include "keys/labels.h"

#define CUT_BYTES (32u + 8u + 8u + 32u)

static int log_compare(const void *a, const void *b)
{
    const struct revocation_cut *left = a, *right = b;
    int order = id_compare(&left->group, &right->group);
    if (order != 0)
        return order;
    return (left->instance > right->instance) - (left->instance < right->instance);
}

/* A sorted copy of the cuts; NULL when memory ends. */
static struct revocation_cut *sorted(const struct revocation *revocation)
{
    struct revocation_cut *cuts = calloc(revocation->count + 1u, sizeof *cuts);
    if (cuts == NULL)
        return NULL;
    if (revocation->count > 0) {
        memcpy(cuts, revocation->cuts, revocation->count * sizeof *cuts);
        qsort(cuts, revocation->count, sizeof *cuts, log_compare);
    }
    return cuts;
}

static enum gmm_err content_put(struct buffer *out, const struct revocation *revocation)
{
    struct revocation_cut *cuts = sorted(revocation);
    if (cuts == NULL)
        return GMM_ENOMEM;
    buffer_put_u8(out, 1);
    buffer_put_id(out, &revocation->nid);
    buffer_put_id(out, &revocation->pid);
    buffer_put_id(out, &revocation->sign_pk);
    buffer_put_id(out, &revocation->signer);
    buffer_put_u64(out, revocation->time_ms);
    buffer_put_text8(out, revocation->reason, strnlen(revocation->reason, sizeof revocation->reason));
    buffer_put_u16(out, revocation->count);
    for (size_t i = 0; i < revocation->count; i++) {
        buffer_put_id(out, &cuts[i].group);
        buffer_put_u64(out, cuts[i].instance);
        buffer_put_u64(out, cuts[i].seq);
        buffer_put_id(out, &cuts[i].id);
    }
    free(cuts);
    return out->failed;
}

enum gmm_err revocation_make(struct buffer *out, const struct revocation *revocation, const uint8_t signer_sk[64])
{
    struct revocation made;
    size_t start = out->len;
    enum gmm_err err = content_put(out, revocation);
    if (err == GMM_OK)
        err = identity_sign_object(out, start, signer_sk, &revocation->signer, LABEL_REVOCATION, &revocation->nid);
    if (err == GMM_OK) {
        err = revocation_open(&made, NULL, out->p + start, out->len - start);
        revocation_close(&made);
    }
    if (err != GMM_OK)
        buffer_cut(out, start);
    return err;
}

/* Strictly ascending, so that one set of cuts has one encoding and no log has two. */
static enum gmm_err cuts_get(struct revocation *out, struct bytes_in in)
{
    out->cuts = malloc(out->count * sizeof *out->cuts + (out->count == 0));
    if (out->cuts == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < out->count; i++) {
        struct revocation_cut *cut = &out->cuts[i];
        bytes_get_id(&in, &cut->group);
        cut->instance = bytes_get_u64(&in);
        cut->seq = bytes_get_u64(&in);
        bytes_get_id(&in, &cut->id);
        if (i > 0 && log_compare(cut - 1, cut) >= 0)
            return GMM_EFORMAT;
    }
    return GMM_OK;
}

/* All but the cuts, which are left in *cuts once it is known that they are there. */
static enum gmm_err decode(struct revocation *out, struct bytes_in *cuts, uint8_t sig[HASH_SIG_BYTES],
                           const void *bytes, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, bytes, len);
    uint8_t version = bytes_get_u8(&in);
    if (!in.failed && version != 1)
        return GMM_EVERSION;
    bytes_get_id(&in, &out->nid);
    bytes_get_id(&in, &out->pid);
    bytes_get_id(&in, &out->sign_pk);
    bytes_get_id(&in, &out->signer);
    out->time_ms = bytes_get_u64(&in);
    bytes_get_text8(&in, out->reason, LIMIT_REASON_TEXT);
    out->count = bytes_get_u16(&in);
    size_t cuts_len = (size_t)out->count * CUT_BYTES;
    bytes_in_init(cuts, bytes_take(&in, cuts_len), cuts_len);
    bytes_get(&in, sig, HASH_SIG_BYTES);
    size_t reason_len = strlen(out->reason);
    bool reason_ok = reason_len == 0 || identity_name_ok(out->reason, reason_len);
    return bytes_in_done(&in) && reason_ok && out->time_ms <= IDENTITY_TIME_MS_MAX ? GMM_OK : GMM_EFORMAT;
}

enum gmm_err revocation_open(struct revocation *out, const struct gmm_id *nid, const void *bytes, size_t len)
{
    uint8_t sig[HASH_SIG_BYTES];
    struct bytes_in cuts;
    memset(out, 0, sizeof *out);
    enum gmm_err err = decode(out, &cuts, sig, bytes, len);
    if (err == GMM_OK && nid != NULL && !id_equal(nid, &out->nid))
        err = GMM_ENETWORK;
    if (err == GMM_OK)
        err = cuts_get(out, cuts);
    if (err == GMM_OK && (hash_check_sign_pk(&out->sign_pk) != GMM_OK || hash_check_sign_pk(&out->signer) != GMM_OK))
        err = GMM_EKEY;
    if (err == GMM_OK)
        err = hash_verify(sig, &out->signer, LABEL_REVOCATION, &out->nid, bytes, len - HASH_SIG_BYTES);
    if (err != GMM_OK)
        revocation_close(out);
    return err;
}

void revocation_close(struct revocation *revocation)
{
    free(revocation->cuts);
    revocation->cuts = NULL;
    revocation->count = 0;
}

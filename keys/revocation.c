#include "keys/revocation.h"

#include <stdlib.h>
#include <string.h>

#include "keys/labels.h"

static int log_compare(const void *a, const void *b)
{
    const struct revocation_cut *left = a, *right = b;
    int order = id_compare(&left->group, &right->group);
    if (order != 0)
        return order;
    return (left->instance > right->instance) - (left->instance < right->instance);
}

enum gmm_err revocation_cuts_put(struct buffer *out, const struct revocation_cut *cuts, uint16_t count)
{
    struct revocation_cut *sorted = calloc(count + 1u, sizeof *sorted);
    if (sorted == NULL)
        return GMM_ENOMEM;
    if (count > 0) {
        memcpy(sorted, cuts, count * sizeof *sorted);
        qsort(sorted, count, sizeof *sorted, log_compare);
    }
    buffer_put_u16(out, count);
    for (size_t i = 0; i < count; i++) {
        buffer_put_id(out, &sorted[i].group);
        buffer_put_u64(out, sorted[i].instance);
        buffer_put_u64(out, sorted[i].seq);
        buffer_put_id(out, &sorted[i].id);
    }
    free(sorted);
    return out->failed;
}

static enum gmm_err content_put(struct buffer *out, const struct revocation *revocation)
{
    buffer_put_u8(out, 1);
    buffer_put_id(out, &revocation->nid);
    buffer_put_id(out, &revocation->pid);
    buffer_put_id(out, &revocation->sign_pk);
    buffer_put_id(out, &revocation->signer);
    buffer_put_u64(out, revocation->time_ms);
    buffer_put_text8(out, revocation->reason, strnlen(revocation->reason, sizeof revocation->reason));
    return revocation_cuts_put(out, revocation->cuts, revocation->count);
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
enum gmm_err revocation_cuts_get(struct revocation_cut **out, uint16_t count, struct bytes_in in)
{
    struct revocation_cut *cuts = malloc(count * sizeof *cuts + (count == 0));
    *out = NULL;
    if (cuts == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        bytes_get_id(&in, &cuts[i].group);
        cuts[i].instance = bytes_get_u64(&in);
        cuts[i].seq = bytes_get_u64(&in);
        bytes_get_id(&in, &cuts[i].id);
        if (i > 0 && log_compare(&cuts[i - 1], &cuts[i]) >= 0) {
            free(cuts);
            return GMM_EFORMAT;
        }
    }
    *out = cuts;
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
    size_t cuts_len = (size_t)out->count * REVOCATION_CUT_BYTES;
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
        err = revocation_cuts_get(&out->cuts, out->count, cuts);
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

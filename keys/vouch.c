#include "keys/vouch.h"

#include <stdlib.h>
#include <string.h>

#include "keys/labels.h"

enum gmm_err vouch_make(struct buffer *out, const struct vouch *vouch, const uint8_t signer_sk[64])
{
    struct vouch made;
    size_t start = out->len;
    buffer_put_u8(out, 1);
    buffer_put_id(out, &vouch->nid);
    buffer_put_id(out, &vouch->pid);
    buffer_put_id(out, &vouch->sign_pk);
    buffer_put_id(out, &vouch->signer);
    buffer_put_u64(out, vouch->time_ms);
    enum gmm_err err = revocation_cuts_put(out, vouch->cuts, vouch->count);
    if (err == GMM_OK)
        err = identity_sign_object(out, start, signer_sk, &vouch->signer, LABEL_VOUCH, &vouch->nid);
    if (err == GMM_OK) {
        err = vouch_open(&made, NULL, out->p + start, out->len - start);
        vouch_close(&made);
    }
    if (err != GMM_OK)
        buffer_cut(out, start);
    return err;
}

/* All but the cuts, which are left in *cuts once it is known that they are there. */
static enum gmm_err decode(struct vouch *out, struct bytes_in *cuts, uint8_t sig[HASH_SIG_BYTES], const void *bytes,
                           size_t len)
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
    out->count = bytes_get_u16(&in);
    size_t cuts_len = (size_t)out->count * REVOCATION_CUT_BYTES;
    bytes_in_init(cuts, bytes_take(&in, cuts_len), cuts_len);
    bytes_get(&in, sig, HASH_SIG_BYTES);
    return bytes_in_done(&in) && out->count > 0 && out->time_ms <= IDENTITY_TIME_MS_MAX ? GMM_OK : GMM_EFORMAT;
}

enum gmm_err vouch_open(struct vouch *out, const struct gmm_id *nid, const void *bytes, size_t len)
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
        err = hash_verify(sig, &out->signer, LABEL_VOUCH, &out->nid, bytes, len - HASH_SIG_BYTES);
    if (err != GMM_OK)
        vouch_close(out);
    return err;
}

void vouch_close(struct vouch *vouch)
{
    free(vouch->cuts);
    vouch->cuts = NULL;
    vouch->count = 0;
}

#include "keys/rekey.h"

#include "keys/labels.h"

enum gmm_err rekey_make(struct buffer *out, const struct rekey *rekey, const uint8_t sign_sk[64])
{
    struct rekey made;
    size_t start = out->len;
    if (rekey->card_len > CARD_BYTES_MAX)
        return GMM_EFORMAT;
    buffer_put_u8(out, 1);
    buffer_put_id(out, &rekey->nid);
    buffer_put_id(out, &rekey->pid);
    buffer_put_id(out, &rekey->sign_pk);
    buffer_put_u16(out, (uint16_t)rekey->card_len);
    buffer_put(out, rekey->card_bytes, rekey->card_len);
    enum gmm_err err = out->failed;
    if (err == GMM_OK)
        err = identity_sign_object(out, start, sign_sk, &rekey->sign_pk, LABEL_REKEY, &rekey->nid);
    if (err == GMM_OK)
        err = rekey_open(&made, NULL, out->p + start, out->len - start);
    if (err != GMM_OK)
        buffer_cut(out, start);
    return err;
}

enum gmm_err rekey_open(struct rekey *out, const struct gmm_id *nid, const void *bytes, size_t len)
{
    struct bytes_in in;
    uint8_t sig[HASH_SIG_BYTES];
    bytes_in_init(&in, bytes, len);
    uint8_t version = bytes_get_u8(&in);
    if (!in.failed && version != 1)
        return GMM_EVERSION;
    bytes_get_id(&in, &out->nid);
    bytes_get_id(&in, &out->pid);
    bytes_get_id(&in, &out->sign_pk);
    out->card_len = bytes_get_u16(&in);
    out->card_bytes = bytes_take(&in, out->card_len);
    bytes_get(&in, sig, sizeof sig);
    if (!bytes_in_done(&in))
        return GMM_EFORMAT;
    if (nid != NULL && !id_equal(nid, &out->nid))
        return GMM_ENETWORK;
    enum gmm_err err = card_open(&out->card, out->card_bytes, out->card_len);
    if (err == GMM_OK && id_equal(&out->card.sign_pk, &out->sign_pk))
        err = GMM_EFORMAT;
    if (err == GMM_OK)
        err = hash_check_sign_pk(&out->sign_pk);
    return err == GMM_OK ? hash_verify(sig, &out->sign_pk, LABEL_REKEY, &out->nid, bytes, len - HASH_SIG_BYTES) : err;
}

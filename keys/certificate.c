#include "keys/certificate.h"

#include <string.h>

#include "keys/labels.h"

static void content_put(struct buffer *out, const struct certificate *cert)
{
    buffer_put_u8(out, 1);
    buffer_put_id(out, &cert->nid);
    buffer_put_id(out, &cert->pid);
    buffer_put_u32(out, cert->root_n);
    buffer_put_id(out, &cert->root_pk);
    buffer_put_id(out, &cert->next_commit);
    buffer_put_u64(out, cert->serial);
    buffer_put_id(out, &cert->sign_pk);
    buffer_put_id(out, &cert->noise_pk);
    buffer_put_id(out, &cert->wrap_pk);
    buffer_put_text8(out, cert->office, strnlen(cert->office, sizeof cert->office));
    buffer_put_u8(out, cert->level);
    buffer_put_u16(out, cert->roles);
    buffer_put_u64(out, cert->not_before_ms);
    buffer_put_u64(out, cert->not_after_ms);
    address_list_put(out, cert->address_count, cert->addresses);
}

enum gmm_err certificate_make(struct buffer *out, const struct certificate *cert, const uint8_t root_sk[64])
{
    struct certificate made;
    size_t start = out->len;
    content_put(out, cert);
    enum gmm_err err = identity_sign_object(out, start, root_sk, &cert->root_pk, LABEL_CERTIFICATE, &cert->nid);
    if (err == GMM_OK)
        err = certificate_open(&made, NULL, out->p + start, out->len - start);
    if (err != GMM_OK)
        buffer_cut(out, start);
    return err;
}

static bool fields_ok(const struct certificate *cert)
{
    return identity_office_ok(cert->office, strlen(cert->office)) && identity_level_text(cert->level) != NULL &&
           (cert->roles & ~CERTIFICATE_ROLES_ALL) == 0 && cert->not_before_ms < cert->not_after_ms &&
           cert->not_after_ms <= IDENTITY_TIME_MS_MAX;
}

static enum gmm_err decode(struct certificate *out, uint8_t sig[HASH_SIG_BYTES], const void *bytes, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, bytes, len);
    uint8_t version = bytes_get_u8(&in);
    if (!in.failed && version != 1)
        return GMM_EVERSION;
    bytes_get_id(&in, &out->nid);
    bytes_get_id(&in, &out->pid);
    out->root_n = bytes_get_u32(&in);
    bytes_get_id(&in, &out->root_pk);
    bytes_get_id(&in, &out->next_commit);
    out->serial = bytes_get_u64(&in);
    bytes_get_id(&in, &out->sign_pk);
    bytes_get_id(&in, &out->noise_pk);
    bytes_get_id(&in, &out->wrap_pk);
    bytes_get_text8(&in, out->office, LIMIT_OFFICE_TEXT);
    out->level = bytes_get_u8(&in);
    out->roles = bytes_get_u16(&in);
    out->not_before_ms = bytes_get_u64(&in);
    out->not_after_ms = bytes_get_u64(&in);
    address_list_get(&in, &out->address_count, out->addresses);
    bytes_get(&in, sig, HASH_SIG_BYTES);
    return bytes_in_done(&in) && fields_ok(out) ? GMM_OK : GMM_EFORMAT;
}

/* "With root_n = 0, pid must be H(pid, root_pk ‖ next_commit): the certificate proves itself." */
static bool keys_ok(const struct certificate *cert)
{
    struct gmm_id pid;
    if (cert->root_n == 0) {
        identity_pid(&pid, &cert->root_pk, &cert->next_commit);
        if (!id_equal(&pid, &cert->pid))
            return false;
    }
    return hash_check_sign_pk(&cert->root_pk) == GMM_OK && hash_check_sign_pk(&cert->sign_pk) == GMM_OK &&
           identity_check_dh_pair(&cert->noise_pk, &cert->wrap_pk) == GMM_OK;
}

enum gmm_err certificate_open(struct certificate *out, const struct gmm_id *nid, const void *bytes, size_t len)
{
    uint8_t sig[HASH_SIG_BYTES];
    if (len > CERTIFICATE_BYTES_MAX)
        return GMM_EFORMAT;
    enum gmm_err err = decode(out, sig, bytes, len);
    if (err != GMM_OK)
        return err;
    if (nid != NULL && !id_equal(nid, &out->nid))
        return GMM_ENETWORK;
    if (!keys_ok(out))
        return GMM_EKEY;
    return hash_verify(sig, &out->root_pk, LABEL_CERTIFICATE, &out->nid, bytes, len - HASH_SIG_BYTES);
}

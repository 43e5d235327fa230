#include "proto/control_roster.h"

#include <string.h>

static void put_reason(struct buffer *out, const struct control_removal *r)
{
    control_version_put(out);
    buffer_put_id(out, &r->pid);
    buffer_put_text8(out, r->reason, strnlen(r->reason, sizeof r->reason));
}

static enum gmm_err get_reason(struct control_removal *out, struct bytes_in *in)
{
    enum gmm_err err;
    *out = (struct control_removal){0};
    if (!control_version_get(in, &err))
        return err;
    bytes_get_id(in, &out->pid);
    bytes_get_text8(in, out->reason, LIMIT_REASON_TEXT);
    size_t len = strlen(out->reason);
    return !in->failed && (len == 0 || identity_name_ok(out->reason, len)) ? GMM_OK : GMM_EFORMAT;
}

enum gmm_err control_removal_encode(struct buffer *out, const struct control_removal *r)
{
    put_reason(out, r);
    return control_cuts_put(out, &r->cuts, true);
}

enum gmm_err control_removal_decode(struct control_removal *out, const void *body, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, body, len);
    enum gmm_err err = get_reason(out, &in);
    if (err == GMM_OK)
        err = control_cuts_get(&out->cuts, &in, true);
    if (err == GMM_OK && !bytes_in_done(&in)) {
        control_cuts_close(&out->cuts);
        err = GMM_EFORMAT;
    }
    return err;
}

enum gmm_err control_restore_encode(struct buffer *out, const struct control_removal *r)
{
    put_reason(out, r);
    return out->failed;
}

enum gmm_err control_restore_decode(struct control_removal *out, const void *body, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, body, len);
    enum gmm_err err = get_reason(out, &in);
    return err == GMM_OK && !bytes_in_done(&in) ? GMM_EFORMAT : err;
}

enum gmm_err control_amend_encode(struct buffer *out, const struct control_amend *r)
{
    control_version_put(out);
    buffer_put_id(out, &r->pid);
    buffer_put_text8(out, r->name, strnlen(r->name, sizeof r->name));
    buffer_put_u8(out, r->kind);
    return out->failed;
}

enum gmm_err control_amend_decode(struct control_amend *out, const void *body, size_t len)
{
    struct bytes_in in;
    enum gmm_err err;
    bytes_in_init(&in, body, len);
    if (!control_version_get(&in, &err))
        return err;
    bytes_get_id(&in, &out->pid);
    bytes_get_text8(&in, out->name, LIMIT_NAME_TEXT);
    out->kind = bytes_get_u8(&in);
    return bytes_in_done(&in) && identity_name_ok(out->name, strlen(out->name)) && identity_kind_text(out->kind) != NULL
               ? GMM_OK
               : GMM_EFORMAT;
}

enum gmm_err control_replace_encode(struct buffer *out, const struct control_replace *r)
{
    control_version_put(out);
    buffer_put_id(out, &r->old);
    return control_admit_encode(out, &r->admit);
}

enum gmm_err control_replace_decode(struct control_replace *out, const struct gmm_id *nid, const void *body, size_t len)
{
    struct bytes_in in;
    enum gmm_err err;
    bytes_in_init(&in, body, len);
    if (!control_version_get(&in, &err))
        return err;
    bytes_get_id(&in, &out->old);
    if (in.failed)
        return GMM_EFORMAT;
    err = control_admit_decode(&out->admit, nid, in.p, in.left);
    return err == GMM_OK && id_equal(&out->old, &out->admit.pid) ? GMM_EFORMAT : err;
}

#include "proto/control_chair.h"

static bool times_ok(uint64_t from_ms, uint64_t until_ms)
{
    return from_ms < until_ms && until_ms <= IDENTITY_TIME_MS_MAX;
}

enum gmm_err control_handover_encode(struct buffer *out, const struct control_handover *r)
{
    control_version_put(out);
    buffer_put_u32(out, r->term);
    buffer_put_id(out, &r->to);
    buffer_put_u64(out, r->from_ms);
    buffer_put_u64(out, r->until_ms);
    buffer_put_id(out, &r->deputy);
    return out->failed;
}

enum gmm_err control_handover_decode(struct control_handover *out, const void *body, size_t len)
{
    struct bytes_in in;
    enum gmm_err err;
    bytes_in_init(&in, body, len);
    if (!control_version_get(&in, &err))
        return err;
    out->term = bytes_get_u32(&in);
    bytes_get_id(&in, &out->to);
    out->from_ms = bytes_get_u64(&in);
    out->until_ms = bytes_get_u64(&in);
    bytes_get_id(&in, &out->deputy);
    return bytes_in_done(&in) && out->term >= 2 && times_ok(out->from_ms, out->until_ms) ? GMM_OK : GMM_EFORMAT;
}

/* The cuts stand last. */
static enum gmm_err get_last_cuts(struct control_cuts *out, struct bytes_in *in)
{
    enum gmm_err err = control_cuts_get(out, in, false);
    if (err == GMM_OK && !bytes_in_done(in)) {
        control_cuts_close(out);
        err = GMM_EFORMAT;
    }
    return err;
}

enum gmm_err control_accept_encode(struct buffer *out, const struct control_accept *r)
{
    control_version_put(out);
    buffer_put_id(out, &r->subject);
    buffer_put_u32(out, r->term);
    return control_cuts_put(out, &r->cuts, false);
}

enum gmm_err control_accept_decode(struct control_accept *out, const void *body, size_t len)
{
    struct bytes_in in;
    enum gmm_err err;
    *out = (struct control_accept){0};
    bytes_in_init(&in, body, len);
    if (!control_version_get(&in, &err))
        return err;
    bytes_get_id(&in, &out->subject);
    out->term = bytes_get_u32(&in);
    if (in.failed || out->term == 1 || (out->term == 0 && id_is_zero(&out->subject)))
        return GMM_EFORMAT;
    return get_last_cuts(&out->cuts, &in);
}

enum gmm_err control_ballot_encode(struct buffer *out, const struct control_ballot *r)
{
    control_version_put(out);
    buffer_put_u32(out, r->term);
    buffer_put_id(out, &r->candidate);
    buffer_put_u64(out, r->until_ms);
    return control_cuts_put(out, &r->cuts, false);
}

enum gmm_err control_ballot_decode(struct control_ballot *out, const void *body, size_t len)
{
    struct bytes_in in;
    enum gmm_err err;
    *out = (struct control_ballot){0};
    bytes_in_init(&in, body, len);
    if (!control_version_get(&in, &err))
        return err;
    out->term = bytes_get_u32(&in);
    bytes_get_id(&in, &out->candidate);
    out->until_ms = bytes_get_u64(&in);
    if (in.failed || out->term == 0 || out->until_ms > IDENTITY_TIME_MS_MAX)
        return GMM_EFORMAT;
    return get_last_cuts(&out->cuts, &in);
}

enum gmm_err control_lead_encode(struct buffer *out, const struct control_lead *r)
{
    control_version_put(out);
    buffer_put_u8(out, r->thematic);
    buffer_put_id(out, &r->pid);
    buffer_put_u64(out, r->from_ms);
    buffer_put_u64(out, r->until_ms);
    return out->failed;
}

enum gmm_err control_lead_decode(struct control_lead *out, const void *body, size_t len)
{
    struct bytes_in in;
    enum gmm_err err;
    bytes_in_init(&in, body, len);
    if (!control_version_get(&in, &err))
        return err;
    out->thematic = bytes_get_u8(&in);
    bytes_get_id(&in, &out->pid);
    out->from_ms = bytes_get_u64(&in);
    out->until_ms = bytes_get_u64(&in);
    if (!bytes_in_done(&in) || out->thematic >= LIMIT_THEMATIC || out->from_ms > IDENTITY_TIME_MS_MAX)
        return GMM_EFORMAT;
    return out->until_ms == 0 || times_ok(out->from_ms, out->until_ms) ? GMM_OK : GMM_EFORMAT;
}

enum gmm_err control_cosign_encode(struct buffer *out, const struct gmm_id *subject)
{
    control_version_put(out);
    buffer_put_id(out, subject);
    return out->failed;
}

enum gmm_err control_cosign_decode(struct gmm_id *subject, const void *body, size_t len)
{
    struct bytes_in in;
    enum gmm_err err;
    bytes_in_init(&in, body, len);
    if (!control_version_get(&in, &err))
        return err;
    bytes_get_id(&in, subject);
    return bytes_in_done(&in) ? GMM_OK : GMM_EFORMAT;
}

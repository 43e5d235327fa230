#include "proto/control_relay.h"

enum gmm_err control_relay_encode(struct buffer *out, const struct control_relay *r)
{
    control_version_put(out);
    buffer_put_u8(out, r->on);
    buffer_put_id(out, &r->sign_pk);
    return out->failed;
}

enum gmm_err control_relay_decode(struct control_relay *out, const void *body, size_t len)
{
    struct bytes_in in;
    enum gmm_err err;
    bytes_in_init(&in, body, len);
    if (!control_version_get(&in, &err))
        return err;
    uint8_t on = bytes_get_u8(&in);
    bytes_get_id(&in, &out->sign_pk);
    out->on = on == 1;
    return bytes_in_done(&in) && on <= 1 ? GMM_OK : GMM_EFORMAT;
}

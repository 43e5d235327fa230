#include "proto/control_erase.h"

#include <string.h>

enum gmm_err control_erase_encode(struct buffer *out, const struct control_erase *r)
{
    control_version_put(out);
    buffer_put_id(out, &r->author);
    buffer_put_u64(out, r->instance);
    buffer_put_u64(out, r->seq);
    buffer_put_id(out, &r->id);
    return out->failed;
}

enum gmm_err control_erase_decode(struct control_erase *out, const void *body, size_t len)
{
    struct bytes_in in;
    enum gmm_err err;
    bytes_in_init(&in, body, len);
    if (!control_version_get(&in, &err))
        return err;
    bytes_get_id(&in, &out->author);
    out->instance = bytes_get_u64(&in);
    out->seq = bytes_get_u64(&in);
    bytes_get_id(&in, &out->id);
    return bytes_in_done(&in) ? GMM_OK : GMM_EFORMAT;
}

enum gmm_err control_erased_encode(struct buffer *out, const struct gmm_id *ids, size_t count)
{
    if (count == 0)
        return GMM_EFORMAT;
    if (count > LIMIT_CUTS)
        return GMM_ELIMIT;
    control_version_put(out);
    buffer_put_u16(out, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && id_compare(&ids[i - 1], &ids[i]) >= 0)
            return GMM_EFORMAT;
        buffer_put_id(out, &ids[i]);
    }
    return out->failed;
}

struct gmm_id control_erased_at(const struct control_erased *r, uint16_t index)
{
    struct gmm_id id;
    memcpy(id.b, r->ids + (size_t)index * GMM_ID_BYTES, sizeof id.b);
    return id;
}

enum gmm_err control_erased_decode(struct control_erased *out, const void *body, size_t len)
{
    struct bytes_in in;
    enum gmm_err err;
    *out = (struct control_erased){0};
    bytes_in_init(&in, body, len);
    if (!control_version_get(&in, &err))
        return err;
    uint16_t count = bytes_get_u16(&in);
    if (in.failed || count == 0 || count > LIMIT_CUTS || in.left != (size_t)count * GMM_ID_BYTES)
        return GMM_EFORMAT;
    struct control_erased r = {count, in.p};
    for (uint16_t i = 1; i < count; i++) {
        struct gmm_id before = control_erased_at(&r, (uint16_t)(i - 1)), id = control_erased_at(&r, i);
        if (id_compare(&before, &id) >= 0)
            return GMM_EFORMAT;
    }
    *out = r;
    return GMM_OK;
}

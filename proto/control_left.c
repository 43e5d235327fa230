#include "proto/control_left.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    const struct control_leaver *x = a, *y = b;
    return id_compare(&x->subject, &y->subject);
}

enum gmm_err control_left_encode(struct buffer *out, struct control_left *r)
{
    if (r->count == 0)
        return GMM_EFORMAT;
    if (r->count > LIMIT_CUTS)
        return GMM_ELIMIT;
    qsort(r->list, r->count, sizeof *r->list, compare);
    control_version_put(out);
    buffer_put_u16(out, r->count);
    for (uint16_t i = 0; i < r->count; i++) {
        if (i > 0 && compare(&r->list[i - 1], &r->list[i]) == 0)
            return GMM_EFORMAT;
        buffer_put_id(out, &r->list[i].subject);
        buffer_put_id(out, &r->list[i].record);
    }
    return out->failed;
}

enum gmm_err control_left_decode(struct control_left *out, const void *body, size_t len)
{
    struct bytes_in in;
    enum gmm_err err;
    *out = (struct control_left){0};
    bytes_in_init(&in, body, len);
    if (!control_version_get(&in, &err))
        return err;
    uint16_t count = bytes_get_u16(&in);
    if (in.failed || count == 0 || count > LIMIT_CUTS || in.left != (size_t)count * 64)
        return GMM_EFORMAT;
    out->list = calloc(count, sizeof *out->list);
    if (out->list == NULL)
        return GMM_ENOMEM;
    out->count = count;
    for (uint16_t i = 0; i < count; i++) {
        bytes_get_id(&in, &out->list[i].subject);
        bytes_get_id(&in, &out->list[i].record);
        if (i > 0 && compare(&out->list[i - 1], &out->list[i]) >= 0) {
            control_left_close(out);
            return GMM_EFORMAT;
        }
    }
    return GMM_OK;
}

void control_left_close(struct control_left *r)
{
    free(r->list);
    *r = (struct control_left){0};
}

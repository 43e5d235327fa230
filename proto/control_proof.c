#include "proto/control_proof.h"

#include <assert.h>
#include <string.h>

#define HEAD_BYTES (32u + 8u + 8u + 32u)
#define MARKS_MAX LIMIT_OFFICES /* bits for the certificates that a directory may hold */

int control_anchor_head_compare(const void *a, const void *b)
{
    const struct control_anchor_head *x = a, *y = b;
    int order = id_compare(&x->author, &y->author);
    if (order == 0)
        order = (x->instance > y->instance) - (x->instance < y->instance);
    return order != 0 ? order : (x->seq > y->seq) - (x->seq < y->seq);
}

static struct gmm_id id_at(const uint8_t *ids, size_t index)
{
    struct gmm_id id;
    memcpy(id.b, ids + index * sizeof id.b, sizeof id.b);
    return id;
}

static bool ids_ascend(const uint8_t *ids, uint16_t count)
{
    for (uint16_t i = 1; i < count; i++)
        if (memcmp(ids + 32u * (i - 1u), ids + 32u * i, 32) >= 0)
            return false;
    return true;
}

static bool sorted(const struct control_anchor_source *r)
{
    for (uint16_t i = 1; i < r->new_count; i++)
        if (id_compare(&r->new_holders[i - 1], &r->new_holders[i]) >= 0)
            return false;
    for (uint16_t i = 1; i < r->count; i++)
        if (control_anchor_head_compare(&r->heads[i - 1], &r->heads[i]) >= 0)
            return false;
    return true;
}

enum gmm_err control_anchor_encode(struct buffer *out, const struct control_anchor_source *r)
{
    if (r->count > LIMIT_CUTS || r->mark_len > MARKS_MAX)
        return GMM_ELIMIT;
    if (!sorted(r) || (r->mark_len > 0 && r->marks[r->mark_len - 1] == 0) || (r->count == 0 && r->mark_len == 0))
        return GMM_EFORMAT;
    control_version_put(out);
    buffer_put_u8(out, CONTROL_ANCHOR_HEADS);
    buffer_put_u16(out, r->new_count);
    for (uint16_t i = 0; i < r->new_count; i++)
        buffer_put_id(out, &r->new_holders[i]);
    buffer_put_u16(out, r->mark_len);
    buffer_put(out, r->marks, r->mark_len);
    buffer_put_u16(out, r->count);
    for (uint16_t i = 0; i < r->count; i++) {
        buffer_put_id(out, &r->heads[i].author);
        buffer_put_u64(out, r->heads[i].instance);
        buffer_put_u64(out, r->heads[i].seq);
        buffer_put_id(out, &r->heads[i].id);
    }
    return out->failed;
}

enum gmm_err control_report_encode(struct buffer *out, const struct gmm_id *ids, uint16_t count)
{
    if (count > LIMIT_CUTS)
        return GMM_ELIMIT;
    for (uint16_t i = 1; i < count; i++)
        if (id_compare(&ids[i - 1], &ids[i]) >= 0)
            return GMM_EFORMAT;
    if (count == 0)
        return GMM_EFORMAT;
    control_version_put(out);
    buffer_put_u8(out, CONTROL_ANCHOR_REPORT);
    buffer_put_u16(out, count);
    for (uint16_t i = 0; i < count; i++)
        buffer_put_id(out, &ids[i]);
    return out->failed;
}

static bool heads_ascend(const struct control_anchor *anchor)
{
    struct control_anchor_head before, head;
    for (uint16_t i = 0; i < anchor->count; i++) {
        control_anchor_head_at(anchor, i, &head);
        if (head.seq == UINT64_MAX || (i > 0 && control_anchor_head_compare(&before, &head) >= 0))
            return false;
        before = head;
    }
    return true;
}

static bool get_heads(struct control_anchor *out, struct bytes_in *in)
{
    out->new_count = bytes_get_u16(in);
    out->new_holders = bytes_take(in, 32u * out->new_count);
    out->mark_len = bytes_get_u16(in);
    out->marks = bytes_take(in, out->mark_len);
    out->count = bytes_get_u16(in);
    out->list = bytes_take(in, (size_t)HEAD_BYTES * out->count);
    return bytes_in_done(in) && out->count <= LIMIT_CUTS && out->mark_len <= MARKS_MAX &&
           (out->mark_len == 0 || out->marks[out->mark_len - 1] != 0) && (out->count > 0 || out->mark_len > 0) &&
           ids_ascend(out->new_holders, out->new_count) && heads_ascend(out);
}

static bool get_report(struct control_anchor *out, struct bytes_in *in)
{
    out->count = bytes_get_u16(in);
    out->list = bytes_take(in, 32u * out->count);
    return bytes_in_done(in) && out->count > 0 && out->count <= LIMIT_CUTS && ids_ascend(out->list, out->count);
}

enum gmm_err control_anchor_decode(struct control_anchor *out, const void *body, size_t len)
{
    struct bytes_in in;
    enum gmm_err err;
    *out = (struct control_anchor){0};
    bytes_in_init(&in, body, len);
    if (!control_version_get(&in, &err))
        return err;
    uint8_t kind = bytes_get_u8(&in);
    if (kind != CONTROL_ANCHOR_HEADS && kind != CONTROL_ANCHOR_REPORT)
        return GMM_EFORMAT;
    out->kind = (enum control_anchor_kind)kind;
    bool ok = kind == CONTROL_ANCHOR_HEADS ? get_heads(out, &in) : get_report(out, &in);
    return ok ? GMM_OK : GMM_EFORMAT;
}

void control_anchor_head_at(const struct control_anchor *anchor, uint16_t index, struct control_anchor_head *out)
{
    struct bytes_in in;
    assert(index < anchor->count && anchor->kind == CONTROL_ANCHOR_HEADS);
    bytes_in_init(&in, anchor->list + (size_t)HEAD_BYTES * index, HEAD_BYTES);
    bytes_get_id(&in, &out->author);
    out->instance = bytes_get_u64(&in);
    out->seq = bytes_get_u64(&in);
    bytes_get_id(&in, &out->id);
}

struct gmm_id control_anchor_holder_at(const struct control_anchor *anchor, uint16_t index)
{
    assert(index < anchor->new_count);
    return id_at(anchor->new_holders, index);
}

struct gmm_id control_anchor_report_at(const struct control_anchor *anchor, uint16_t index)
{
    assert(index < anchor->count && anchor->kind == CONTROL_ANCHOR_REPORT);
    return id_at(anchor->list, index);
}

/* A vouch is for the logs of the one key that it names. */
static bool of_the_key(const struct control_vouch *r)
{
    for (uint16_t i = 0; i < r->cuts.count; i++)
        if (!id_equal(&r->cuts.list[i].log.author, &r->sign_pk))
            return false;
    return r->cuts.count > 0;
}

enum gmm_err control_vouch_encode(struct buffer *out, const struct control_vouch *r)
{
    if (!of_the_key(r))
        return GMM_EFORMAT;
    control_version_put(out);
    buffer_put_id(out, &r->sign_pk);
    return control_cuts_put(out, &r->cuts, true);
}

enum gmm_err control_vouch_decode(struct control_vouch *out, const void *body, size_t len)
{
    struct bytes_in in;
    enum gmm_err err;
    *out = (struct control_vouch){0};
    bytes_in_init(&in, body, len);
    if (!control_version_get(&in, &err))
        return err;
    bytes_get_id(&in, &out->sign_pk);
    err = control_cuts_get(&out->cuts, &in, true);
    if (err == GMM_OK && (!bytes_in_done(&in) || !of_the_key(out))) {
        control_cuts_close(&out->cuts);
        err = GMM_EFORMAT;
    }
    return err;
}

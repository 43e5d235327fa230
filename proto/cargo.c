#include "proto/cargo.h"

#include <string.h>

#define HEAD_BYTES (32u + 32u + 8u + 8u)
#define LOST_BYTES 12u

static bool is_kind(unsigned kind)
{
    return kind >= CARGO_HEADS && kind <= CARGO_END;
}

enum gmm_err cargo_next(struct bytes_in *in, struct cargo_item *item)
{
    unsigned kind = bytes_get_u8(in);
    uint32_t len = bytes_get_u32(in);
    if (!in->failed && len > CARGO_PAYLOAD_MAX)
        return GMM_ELIMIT;
    const uint8_t *payload = bytes_take(in, len);
    if (in->failed || len == 0 || !is_kind(kind))
        return GMM_EFORMAT;
    *item = (struct cargo_item){(enum cargo_kind)kind, payload, len};
    return GMM_OK;
}

enum gmm_err cargo_whole(const uint8_t *bytes, size_t len, struct cargo_item *item)
{
    if (len < 2 || !is_kind(bytes[0]) || bytes[0] == CARGO_FRAGMENT || bytes[0] == CARGO_END)
        return GMM_EFORMAT;
    *item = (struct cargo_item){(enum cargo_kind)bytes[0], bytes + 1, len - 1};
    return GMM_OK;
}

void cargo_put(struct buffer *out, enum cargo_kind kind, const void *payload, size_t len)
{
    if (out->failed == GMM_OK && (len == 0 || len > CARGO_PAYLOAD_MAX))
        out->failed = len == 0 ? GMM_EFORMAT : GMM_ELIMIT;
    buffer_put_u8(out, (uint8_t)kind);
    buffer_put_u32(out, (uint32_t)len);
    buffer_put(out, payload, len);
}

int cargo_head_compare(const struct cargo_head *a, const struct cargo_head *b)
{
    return run_key_compare(&a->key, &b->key);
}

void cargo_heads_encode(struct buffer *out, const struct cargo_head *heads, size_t count)
{
    if (count > CARGO_HEADS_MAX && out->failed == GMM_OK)
        out->failed = GMM_ELIMIT;
    buffer_put_u16(out, (uint16_t)count);
    for (size_t i = 0; i < count && out->failed == GMM_OK; i++) {
        buffer_put_id(out, &heads[i].key.group);
        buffer_put_id(out, &heads[i].key.author);
        buffer_put_u64(out, heads[i].key.instance);
        buffer_put_u64(out, heads[i].next);
    }
}

void cargo_heads_at(const struct cargo_list *list, size_t index, struct cargo_head *head)
{
    const uint8_t *p = list->items + index * HEAD_BYTES;
    memcpy(head->key.group.b, p, 32);
    memcpy(head->key.author.b, p + 32, 32);
    head->key.instance = bytes_load_u64(p + 64);
    head->next = bytes_load_u64(p + 72);
}

enum gmm_err cargo_heads_decode(struct cargo_list *out, const void *payload, size_t len)
{
    struct bytes_in in;
    struct cargo_head head, before;
    bytes_in_init(&in, payload, len);
    out->count = bytes_get_u16(&in);
    if (out->count > CARGO_HEADS_MAX)
        return GMM_ELIMIT;
    out->items = bytes_take(&in, (size_t)out->count * HEAD_BYTES);
    if (!bytes_in_done(&in))
        return GMM_EFORMAT;
    for (size_t i = 0; i < out->count; i++) {
        cargo_heads_at(out, i, &head);
        if (head.next == 0 || (i > 0 && cargo_head_compare(&before, &head) >= 0))
            return GMM_EFORMAT;
        before = head;
    }
    return GMM_OK;
}

void cargo_things_encode(struct buffer *out, const uint64_t *things, size_t count)
{
    if (count > CARGO_THINGS_MAX && out->failed == GMM_OK)
        out->failed = GMM_ELIMIT;
    buffer_put_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count && out->failed == GMM_OK; i++)
        buffer_put_u64(out, things[i]);
}

uint64_t cargo_things_at(const struct cargo_list *list, size_t index)
{
    return bytes_load_u64(list->items + index * 8);
}

enum gmm_err cargo_things_decode(struct cargo_list *out, const void *payload, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, payload, len);
    out->count = bytes_get_u32(&in);
    if (out->count > CARGO_THINGS_MAX)
        return GMM_ELIMIT;
    out->items = bytes_take(&in, (size_t)out->count * 8);
    if (!bytes_in_done(&in))
        return GMM_EFORMAT;
    for (size_t i = 1; i < out->count; i++)
        if (cargo_things_at(out, i - 1) >= cargo_things_at(out, i))
            return GMM_EFORMAT;
    return GMM_OK;
}

void cargo_received_encode(struct buffer *out, uint64_t complete, const struct cargo_lost *lost, size_t count)
{
    if (count > CARGO_LOST_MAX && out->failed == GMM_OK)
        out->failed = GMM_ELIMIT;
    buffer_put_u64(out, complete);
    buffer_put_u16(out, (uint16_t)count);
    for (size_t i = 0; i < count && out->failed == GMM_OK; i++) {
        buffer_put_u64(out, lost[i].number);
        buffer_put_u32(out, lost[i].part);
    }
}

enum gmm_err cargo_received_decode(uint64_t *complete, struct cargo_list *out, const void *payload, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, payload, len);
    *complete = bytes_get_u64(&in);
    out->count = bytes_get_u16(&in);
    if (out->count > CARGO_LOST_MAX)
        return GMM_ELIMIT;
    out->items = bytes_take(&in, (size_t)out->count * LOST_BYTES);
    return bytes_in_done(&in) ? GMM_OK : GMM_EFORMAT;
}

void cargo_lost_at(const struct cargo_list *list, size_t index, struct cargo_lost *lost)
{
    lost->number = bytes_load_u64(list->items + index * LOST_BYTES);
    lost->part = bytes_load_u32(list->items + index * LOST_BYTES + 8);
}

enum gmm_err cargo_chunk_decode(struct gmm_id *gid, const uint8_t **sealed, size_t *sealed_len, const void *payload,
                                size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, payload, len);
    bytes_get_id(&in, gid);
    *sealed_len = in.left;
    *sealed = bytes_take(&in, in.left);
    if (in.failed || *sealed_len == 0)
        return GMM_EFORMAT;
    return *sealed_len > LIMIT_CHUNK_SEALED ? GMM_ELIMIT : GMM_OK;
}

void cargo_fragment_encode(struct buffer *out, const struct cargo_fragment *fragment)
{
    buffer_put_u32(out, fragment->item);
    buffer_put_u32(out, fragment->total);
    buffer_put_u32(out, fragment->offset);
    buffer_put(out, fragment->data, fragment->data_len);
}

enum gmm_err cargo_fragment_decode(struct cargo_fragment *out, const void *payload, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, payload, len);
    out->item = bytes_get_u32(&in);
    out->total = bytes_get_u32(&in);
    out->offset = bytes_get_u32(&in);
    out->data_len = in.left;
    out->data = bytes_take(&in, in.left);
    if (in.failed || out->data_len == 0)
        return GMM_EFORMAT;
    if (out->total > CARGO_PAYLOAD_MAX + 1)
        return GMM_ELIMIT;
    return out->offset <= out->total && out->data_len <= out->total - out->offset ? GMM_OK : GMM_EFORMAT;
}

enum gmm_err cargo_end_decode(bool *last, const void *payload, size_t len)
{
    const uint8_t *p = payload;
    *last = len == 1 && p[0] == 1;
    return len == 1 && p[0] <= 1 ? GMM_OK : GMM_EFORMAT;
}

uint64_t cargo_thing(const struct gmm_id *id)
{
    return bytes_load_u64(id->b);
}

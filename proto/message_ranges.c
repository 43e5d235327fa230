#include "proto/message_ranges.h"

#include <assert.h>
#include <string.h>

static enum gmm_err parts_get(struct bytes_in *in, struct message_range *range)
{
    range->count = bytes_get_u8(in);
    if (range->count > MESSAGE_RANGES_PARTS)
        return GMM_ELIMIT;
    range->list = bytes_take(in, range->count * (size_t)MESSAGE_RANGES_PART);
    if (in->failed || range->count == 0)
        return GMM_EFORMAT;
    for (size_t i = 0; i < range->count; i++) {
        uint32_t upto;
        message_range_part(range, i, &upto);
        if (i == 0 ? upto < range->from : upto <= range->upto)
            return GMM_EFORMAT;
        range->upto = upto;
    }
    return GMM_OK;
}

static enum gmm_err marks_get(struct bytes_in *in, struct message_range *range)
{
    range->upto = bytes_get_u32(in);
    range->count = bytes_get_u8(in);
    if (range->count > MESSAGE_RANGES_LIST)
        return GMM_ELIMIT;
    range->list = bytes_take(in, range->count * (size_t)MESSAGE_RANGES_MARK);
    if (in->failed || range->upto < range->from || (range->count == 0 && range->kind == MESSAGE_RANGE_NEED))
        return GMM_EFORMAT;
    for (size_t i = 1; i < range->count; i++)
        if (memcmp(message_range_mark(range, i - 1), message_range_mark(range, i), MESSAGE_RANGES_MARK) >= 0)
            return GMM_EFORMAT;
    return GMM_OK;
}

static enum gmm_err range_get(struct bytes_in *in, struct message_range *range)
{
    uint8_t kind = bytes_get_u8(in);
    if (kind < MESSAGE_RANGE_SPLIT || kind > MESSAGE_RANGE_NEED)
        return GMM_EFORMAT;
    range->kind = (enum message_range_kind)kind;
    range->from = bytes_get_u32(in);
    return range->kind == MESSAGE_RANGE_SPLIT ? parts_get(in, range) : marks_get(in, range);
}

enum gmm_err message_ranges_decode(struct message_ranges *out, const void *payload, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, payload, len);
    out->round = bytes_get_u8(&in);
    uint8_t flags = bytes_get_u8(&in);
    out->last = flags == MESSAGE_RANGES_LAST;
    out->count = bytes_get_u16(&in);
    out->salt = bytes_take(&in, out->round == 0 ? MESSAGE_RANGES_SALT : MESSAGE_RANGES_NAME);
    out->in = in;
    if (in.failed || (flags & ~MESSAGE_RANGES_LAST) != 0)
        return GMM_EFORMAT;
    if (out->round > MESSAGE_RANGES_ROUND_MAX || out->count > MESSAGE_RANGES_MAX)
        return GMM_ELIMIT;
    if (!out->last && (out->round == 0 || out->count == 0))
        return GMM_EFORMAT;
    struct message_range range = {0};
    for (size_t i = 0; i < out->count; i++) {
        uint32_t before = range.upto;
        enum gmm_err err = range_get(&in, &range);
        if (err != GMM_OK)
            return err;
        if (i > 0 && range.from <= before)
            return GMM_EFORMAT;
    }
    if (out->round == 0 &&
        (out->count != 1 || range.kind == MESSAGE_RANGE_NEED || range.from != 0 || range.upto != UINT32_MAX))
        return GMM_EFORMAT;
    return bytes_in_done(&in) ? GMM_OK : GMM_EFORMAT;
}

bool message_ranges_next(struct message_ranges *ranges, struct message_range *out)
{
    return ranges->in.left > 0 && range_get(&ranges->in, out) == GMM_OK;
}

const uint8_t *message_range_part(const struct message_range *split, size_t index, uint32_t *upto)
{
    assert(index < split->count);
    const uint8_t *part = split->list + index * MESSAGE_RANGES_PART;
    *upto = bytes_load_u32(part);
    return part + 4;
}

const uint8_t *message_range_mark(const struct message_range *list, size_t index)
{
    assert(index < list->count);
    return list->list + index * MESSAGE_RANGES_MARK;
}

void message_ranges_begin(struct buffer *out, uint8_t round, const uint8_t *salt)
{
    buffer_put_u8(out, round);
    buffer_put_u8(out, 0);
    buffer_put_u16(out, 0);
    buffer_put(out, salt, round == 0 ? MESSAGE_RANGES_SALT : MESSAGE_RANGES_NAME);
}

void message_ranges_put(struct buffer *out, const struct message_range *range)
{
    bool split = range->kind == MESSAGE_RANGE_SPLIT;
    buffer_put_u8(out, (uint8_t)range->kind);
    buffer_put_u32(out, range->from);
    if (!split)
        buffer_put_u32(out, range->upto);
    buffer_put_u8(out, range->count);
    buffer_put(out, range->list, range->count * (size_t)(split ? MESSAGE_RANGES_PART : MESSAGE_RANGES_MARK));
}

void message_ranges_end(struct buffer *out, uint16_t count, bool last)
{
    if (out->failed != GMM_OK)
        return;
    out->p[1] = last ? MESSAGE_RANGES_LAST : 0;
    bytes_store_u16(out->p + 2, count);
}

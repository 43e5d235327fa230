#include "proto/mux.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FLAG_LAST 1u
#define PART_LEAST 256u
#define CREDIT_BYTES 6u /* type u8, stream u8, bytes u32 */

/* The payload lies behind the struct (a copy), or is a block of its own (taken). */
struct mux_message {
    struct mux_message *next;
    uint8_t *taken;
    const uint8_t *payload;
    size_t len;  /* of the message: type and payload */
    size_t sent; /* of it */
    uint8_t type;
};

static_assert(sizeof(struct mux_message) <= MUX_MESSAGE_COST, "a message counts at least what it takes");

void mux_init(struct mux *m, unsigned stream_count, size_t in_max, size_t out_max)
{
    assert(stream_count >= 1 && stream_count <= MUX_STREAMS);
    assert(in_max <= LIMIT_MESSAGE_BYTES && out_max <= LIMIT_MESSAGE_BYTES);
    *m = (struct mux){.stream_count = stream_count, .in_max = in_max, .out_max = out_max, .part_max = MUX_PART_MAX};
    for (unsigned i = 0; i < MUX_STREAMS; i++)
        m->streams[i].credit = m->streams[i].window = MUX_WINDOW_BYTES;
}

static void message_free(struct mux_message *message)
{
    free(message->taken);
    free(message);
}

void mux_close(struct mux *m)
{
    for (unsigned i = 0; i < MUX_STREAMS; i++) {
        struct mux_stream *s = &m->streams[i];
        while (s->first != NULL) {
            struct mux_message *message = s->first;
            s->first = message->next;
            message_free(message);
        }
        free(s->parts);
    }
    free(m->delivered);
    *m = (struct mux){0};
}

/* Receiving */

static enum gmm_err credit_receive(struct mux *m, const uint8_t *payload, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, payload, len);
    unsigned stream = bytes_get_u8(&in);
    size_t bytes = bytes_get_u32(&in);
    if (!bytes_in_done(&in) || stream == 0 || stream >= m->stream_count)
        return GMM_EFORMAT;
    if (bytes == 0 || bytes > MUX_WINDOW_BYTES - m->streams[stream].credit)
        return GMM_EFORMAT;
    m->streams[stream].credit += bytes;
    return GMM_OK;
}

static enum gmm_err parts_reserve(struct mux_stream *s, size_t needed, size_t max)
{
    if (needed <= s->parts_cap)
        return GMM_OK;
    size_t cap = s->parts_cap > max / 2 ? max : 2 * s->parts_cap;
    if (cap < needed)
        cap = needed;
    uint8_t *parts = realloc(s->parts, cap);
    if (parts == NULL)
        return GMM_ENOMEM;
    s->parts = parts;
    s->parts_cap = cap;
    return GMM_OK;
}

static enum gmm_err message_complete(struct mux *m, unsigned stream, const uint8_t *message, size_t len,
                                     struct mux_item *item)
{
    if (stream == 0 && message[0] == MUX_CREDIT)
        return credit_receive(m, message + 1, len - 1);
    if (stream != 0)
        m->streams[stream].unread += len;
    item->complete = true;
    item->stream = stream;
    item->type = message[0];
    item->payload = message + 1;
    item->len = len - 1;
    return GMM_OK;
}

enum gmm_err mux_receive(struct mux *m, const uint8_t *frame, size_t len, struct mux_item *item)
{
    *item = (struct mux_item){0};
    free(m->delivered);
    m->delivered = NULL;
    if (len <= MUX_FRAME_HEADER || frame[0] >= m->stream_count || (frame[1] & ~FLAG_LAST) != 0)
        return GMM_EFORMAT;
    unsigned stream = frame[0];
    struct mux_stream *s = &m->streams[stream];
    const uint8_t *part = frame + MUX_FRAME_HEADER;
    size_t part_len = len - MUX_FRAME_HEADER;
    if (part_len > m->in_max - s->parts_len || (stream != 0 && part_len > s->window))
        return GMM_ELIMIT;
    if (stream != 0)
        s->window -= part_len;
    bool last = frame[1] == FLAG_LAST;
    if (last && s->parts_len == 0)
        return message_complete(m, stream, part, part_len, item);
    enum gmm_err err = parts_reserve(s, s->parts_len + part_len, m->in_max);
    if (err != GMM_OK)
        return err;
    memcpy(s->parts + s->parts_len, part, part_len);
    s->parts_len += part_len;
    if (!last)
        return GMM_OK;
    m->delivered = s->parts;
    size_t message_len = s->parts_len;
    s->parts = NULL;
    s->parts_len = s->parts_cap = 0;
    return message_complete(m, stream, m->delivered, message_len, item);
}

void mux_consumed(struct mux *m, unsigned stream, size_t bytes)
{
    assert(stream < m->stream_count);
    if (stream == 0)
        return;
    struct mux_stream *s = &m->streams[stream];
    assert(bytes <= s->unread);
    s->unread -= bytes;
    s->ungiven += bytes;
}

/* Sending */

static enum gmm_err send_allowed(const struct mux *m, unsigned stream, size_t len)
{
    if (stream >= m->stream_count)
        return GMM_EUSAGE;
    if (len >= m->out_max || m->streams[stream].queued >= LIMIT_IN_FLIGHT_BYTES)
        return GMM_ELIMIT;
    return GMM_OK;
}

static void enqueue(struct mux *m, unsigned stream, struct mux_message *message)
{
    struct mux_stream *s = &m->streams[stream];
    if (s->first == NULL)
        s->first = message;
    else
        s->last->next = message;
    s->last = message;
    s->queued += message->len + MUX_MESSAGE_COST;
}

enum gmm_err mux_send(struct mux *m, unsigned stream, uint8_t type, const void *payload, size_t len)
{
    enum gmm_err err = send_allowed(m, stream, len);
    if (err != GMM_OK)
        return err;
    struct mux_message *message = malloc(sizeof *message + len);
    if (message == NULL)
        return GMM_ENOMEM;
    uint8_t *copy = (uint8_t *)(message + 1);
    if (len > 0)
        memcpy(copy, payload, len);
    *message = (struct mux_message){.payload = copy, .len = 1 + len, .type = type};
    enqueue(m, stream, message);
    return GMM_OK;
}

enum gmm_err mux_send_take(struct mux *m, unsigned stream, uint8_t type, struct buffer *payload)
{
    if (payload->failed != GMM_OK)
        return payload->failed;
    enum gmm_err err = send_allowed(m, stream, payload->len);
    if (err != GMM_OK)
        return err;
    struct mux_message *message = malloc(sizeof *message);
    if (message == NULL)
        return GMM_ENOMEM;
    *message = (struct mux_message){.taken = payload->p, .payload = payload->p, .len = 1 + payload->len, .type = type};
    payload->p = NULL;
    buffer_close(payload);
    enqueue(m, stream, message);
    return GMM_OK;
}

size_t mux_queued(const struct mux *m, unsigned stream)
{
    assert(stream < MUX_STREAMS);
    return m->streams[stream].queued;
}

/* The stream whose message, or whose grant, goes next; MUX_STREAMS: none. */
static unsigned pick(const struct mux *m, bool *grant)
{
    *grant = false;
    if (m->streams[0].first != NULL)
        return 0;
    for (unsigned i = 1; i < m->stream_count; i++)
        if (m->streams[i].ungiven >= MUX_GRANT_BYTES) {
            *grant = true;
            return i;
        }
    for (unsigned i = 1; i < m->stream_count; i++)
        if (m->streams[i].first != NULL && m->streams[i].credit > 0)
            return i;
    return MUX_STREAMS;
}

static size_t part_size(const struct mux *m, unsigned stream)
{
    const struct mux_stream *s = &m->streams[stream];
    size_t n = s->first->len - s->first->sent;
    if (n > m->part_max)
        n = m->part_max;
    if (stream != 0 && n > s->credit)
        n = s->credit;
    return n;
}

void mux_part_max(struct mux *m, size_t bytes)
{
    m->part_max = bytes > MUX_PART_MAX ? MUX_PART_MAX : bytes < PART_LEAST ? PART_LEAST : bytes;
}

size_t mux_frame_size(const struct mux *m)
{
    bool grant;
    unsigned stream = pick(m, &grant);
    if (stream == MUX_STREAMS)
        return 0;
    return MUX_FRAME_HEADER + (grant ? CREDIT_BYTES : part_size(m, stream));
}

static void grant_write(struct mux *m, unsigned stream, uint8_t *out)
{
    struct mux_stream *s = &m->streams[stream];
    out[0] = 0;
    out[1] = FLAG_LAST;
    out[2] = MUX_CREDIT;
    out[3] = (uint8_t)stream;
    bytes_store_u32(out + 4, (uint32_t)s->ungiven);
    s->window += s->ungiven;
    s->ungiven = 0;
}

static void part_write(struct mux *m, unsigned stream, uint8_t *out)
{
    struct mux_stream *s = &m->streams[stream];
    struct mux_message *message = s->first;
    size_t n = part_size(m, stream), from = message->sent;
    message->sent += n;
    bool last = message->sent == message->len;
    *out++ = (uint8_t)stream;
    *out++ = last ? FLAG_LAST : 0;
    size_t payload_n = n;
    if (from == 0) {
        *out++ = message->type;
        payload_n--;
    } else {
        from--;
    }
    if (payload_n > 0)
        memcpy(out, message->payload + from, payload_n);
    s->queued -= n;
    if (stream != 0)
        s->credit -= n;
    if (!last)
        return;
    s->queued -= MUX_MESSAGE_COST;
    s->first = message->next;
    if (s->first == NULL)
        s->last = NULL;
    message_free(message);
}

void mux_frame_write(struct mux *m, uint8_t *out)
{
    bool grant;
    unsigned stream = pick(m, &grant);
    assert(stream != MUX_STREAMS);
    if (grant)
        grant_write(m, stream, out);
    else
        part_write(m, stream, out);
}

/* Frames of a peer into the streams: input = mode u8 ‖ steps. A step is u16 n < 0xff00 ‖ n bytes (a frame), or 0xffXY:
 * the owner consumes all of stream X and, when Y is not 0, sends Y times 997 bytes on it. Whatever the peer does,
 * memory stays bounded, and what we send is well formed for a second mux. */
#include <stdlib.h>
#include <string.h>

#include "proto/mux.h"

static void check_bounds(const struct mux *m)
{
    for (unsigned i = 0; i < m->stream_count; i++) {
        const struct mux_stream *s = &m->streams[i];
        if (s->parts_cap > m->in_max || s->parts_len > s->parts_cap || s->credit > MUX_WINDOW_BYTES)
            abort();
        if (i != 0 && s->window + s->parts_len + s->unread + s->ungiven != MUX_WINDOW_BYTES)
            abort();
    }
}

static void own_step(struct mux *m, struct mux *mirror, unsigned stream, unsigned amount)
{
    static uint8_t payload[15 * 997], frame[LIMIT_FRAME_PLAIN];
    struct mux_item item;
    if (stream >= m->stream_count)
        return;
    mux_consumed(m, stream, m->streams[stream].unread);
    if (amount > 0)
        mux_send(m, stream, 9, payload, amount * 997);
    size_t n = mux_frame_size(m);
    if (n == 0)
        return;
    mux_frame_write(m, frame);
    /* the mirror never sent anything: a grant is its only reason to refuse */
    bool grant = frame[0] == 0 && n == 8 && frame[2] == MUX_CREDIT;
    if (!grant && mux_receive(mirror, frame, n, &item) != GMM_OK)
        abort();
    if (!grant && item.complete)
        mux_consumed(mirror, item.stream, item.len + 1);
    /* grants of the mirror are dropped, or our credit would exceed what the input allows for */
    mirror->streams[stream].window = MUX_WINDOW_BYTES;
    mirror->streams[stream].ungiven = 0;
}

static enum gmm_err large_step(struct mux *m, unsigned stream, unsigned count)
{
    static uint8_t frame[60000];
    struct mux_item item;
    enum gmm_err err = GMM_OK;
    frame[0] = (uint8_t)stream;
    frame[1] = 1;
    while (count-- > 0 && err == GMM_OK)
        err = mux_receive(m, frame, sizeof frame, &item);
    return err;
}

static enum gmm_err step(struct mux *m, struct mux *mirror, struct bytes_in *in)
{
    struct mux_item item;
    unsigned n = bytes_get_u16(in);
    if (n >= 0xff00) {
        own_step(m, mirror, n >> 4 & 15, n & 15);
        return GMM_OK;
    }
    if (n >= 0xfe00)
        return large_step(m, n >> 4 & 15, n & 15);
    const uint8_t *frame = bytes_take(in, n);
    return frame == NULL ? GMM_EFORMAT : mux_receive(m, frame, n, &item);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mux m, mirror;
    struct bytes_in in;
    bytes_in_init(&in, data, size);
    bool join = (bytes_get_u8(&in) & 1) != 0;
    unsigned streams = join ? 1 : MUX_STREAMS;
    mux_init(&m, streams, join ? LIMIT_JOIN_REQUEST + 1 : LIMIT_MESSAGE_BYTES, LIMIT_MESSAGE_BYTES);
    mux_init(&mirror, streams, LIMIT_MESSAGE_BYTES, LIMIT_MESSAGE_BYTES);
    while (in.left > 0 && step(&m, &mirror, &in) == GMM_OK)
        check_bounds(&m);
    mux_close(&m);
    mux_close(&mirror);
    return 0;
}

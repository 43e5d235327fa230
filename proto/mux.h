/* Streams inside a session: messages cut into frames and joined again, credit both ways, priorities.
 *
 *   frame   = stream u8 ‖ flags u8 (1: last part of the message; other bits: reject) ‖ part (at least one byte)
 *   message = parts joined = type u8 ‖ payload
 *
 * Stream 0 is for control and needs no credit; the others may each have at most MUX_WINDOW_BYTES of message bytes on
 * the way, part of a message included, beyond what the receiver granted with MUX_CREDIT {stream u8, bytes u32} on
 * stream 0. A receiver grants what its owner consumed, in steps of MUX_GRANT_BYTES. Both sides keep count: a part
 * beyond the credit, or a grant beyond the window, is an error that closes the session.
 *
 * The lower stream goes first, frame by frame, so that a large transfer delays an urgent message by at most one frame.
 * Grants go behind what stream 0 has queued: they are messages of it and must not fall between two parts.
 */
#ifndef GMM_PROTO_MUX_H
#define GMM_PROTO_MUX_H

#include "keys/bytes.h"
#include "keys/limits.h"

#define MUX_STREAMS 4u
#define MUX_CREDIT 2u /* message type */
#define MUX_FRAME_HEADER 2u
#define MUX_PART_MAX (LIMIT_FRAME_PLAIN - MUX_FRAME_HEADER)
#define MUX_GRANT_BYTES (512u << 10)
#define MUX_WINDOW_BYTES (LIMIT_MESSAGE_BYTES + MUX_GRANT_BYTES)

/* A grant may be held back until MUX_GRANT_BYTES are due; the rest of the window must still take a whole message. */
static_assert(MUX_WINDOW_BYTES - MUX_GRANT_BYTES >= LIMIT_MESSAGE_BYTES, "the largest message always fits the credit");
static_assert((MUX_STREAMS - 1) * MUX_WINDOW_BYTES <= LIMIT_IN_FLIGHT_BYTES, "all windows together");

struct mux_message;
struct mux_stream {
    /* out */
    struct mux_message *first, *last;
    size_t queued; /* message bytes not yet framed, plus MUX_MESSAGE_COST a message */
    size_t credit; /* message bytes that we may still send */
    /* in */
    uint8_t *parts;
    size_t parts_len, parts_cap;
    size_t window;  /* message bytes that the peer may still send */
    size_t unread;  /* delivered, not yet consumed */
    size_t ungiven; /* consumed, not yet granted */
};
#define MUX_MESSAGE_COST 64u /* what a queued message counts beside its bytes */

struct mux {
    struct mux_stream streams[MUX_STREAMS];
    unsigned stream_count;
    size_t in_max, out_max; /* bytes of a message */
    size_t part_max;        /* of what we send */
    uint8_t *delivered;     /* the joined message given out last */
};

/* Uses streams 0 to stream_count - 1. in_max and out_max are at most LIMIT_MESSAGE_BYTES. */
void mux_init(struct mux *m, unsigned stream_count, size_t in_max, size_t out_max);
void mux_close(struct mux *m);

/* A whole message: borrowed from the frame, or from the mux until the next mux_receive or mux_close. */
struct mux_item {
    bool complete; /* false: a part, or a grant */
    unsigned stream;
    uint8_t type;
    const uint8_t *payload;
    size_t len;
};
/* Takes one frame's plaintext. GMM_EFORMAT: unknown stream or flag, no part, a malformed or excessive grant.
 * GMM_ELIMIT: a message over in_max, or beyond the credit; found before anything is allocated. GMM_ENOMEM. After an
 * error the streams are out of step: only mux_close is left. */
enum gmm_err mux_receive(struct mux *m, const uint8_t *frame, size_t len, struct mux_item *item);
/* The owner has dealt with so many message bytes (type included), never more than were delivered. */
void mux_consumed(struct mux *m, unsigned stream, size_t bytes);

/* Queues a copy of the message. GMM_ELIMIT: over out_max, or the stream has LIMIT_IN_FLIGHT_BYTES queued already;
 * GMM_EUSAGE: not a stream in use; GMM_ENOMEM. */
enum gmm_err mux_send(struct mux *m, unsigned stream, uint8_t type, const void *payload, size_t len);
/* The same without copying the payload: takes the buffer's bytes on success (it is empty then, and can be used again);
 * on failure the buffer stays the caller's. A buffer that failed gives its failure. */
enum gmm_err mux_send_take(struct mux *m, unsigned stream, uint8_t type, struct buffer *payload);
/* Bytes queued, MUX_MESSAGE_COST a message included. */
size_t mux_queued(const struct mux *m, unsigned stream);

/* Parts sent from now on have at most so many bytes (MUX_PART_MAX at first; it is brought into 256 … MUX_PART_MAX): on
 * a slow link a frame that is under way delays what is urgent by as long as it takes. */
void mux_part_max(struct mux *m, size_t bytes);

/* Size of the next frame's plaintext; 0: nothing may go now (nothing queued, or no credit). */
size_t mux_frame_size(const struct mux *m);
/* Writes that frame, exactly mux_frame_size bytes (which was not 0), and moves on. */
void mux_frame_write(struct mux *m, uint8_t *out);

#endif

/* A connection as the modules see it: who is at the other end, and its session. Owned by proto/links.c. */
#ifndef GMM_PROTO_PEER_H
#define GMM_PROTO_PEER_H

#include "proto/core.h"
#include "proto/message.h"
#include "proto/session.h"

struct peer {
    uint32_t conn;
    struct session *session;
    bool initiator, identified, closing;
    bool refused; /* it, or we, have other keys by now: the new certificate goes out, and nothing it says is heard */
    bool parting; /* its participant was expelled: it is told so, and nothing it says is heard */
    uint64_t parting_ms; /* when it is closed at the latest; 0: nothing is on its way yet */
    enum session_purpose purpose;
    struct gmm_id noise_pk, sign_pk, pid;
    uint64_t address, since_ms;
    uint64_t opened_ms;    /* when it was identified */
    uint64_t not_after_ms; /* of the certificate that it showed */
    size_t transport_queued;
    size_t room; /* bytes that the link takes in about half a second, as the transport told last */
    enum gmm_err close_err;
    char close_text[160];
    /* a newcomer's connection */
    uint8_t *join_request; /* ours, to be sent once open; owned */
    size_t join_request_len;
    bool join_asked;
};

/* Bounds of room. A link is not known at first: what is sent meanwhile must not block a slow one for long. */
#define PEER_ROOM_LEAST (2u << 10)
#define PEER_ROOM_FIRST (16u << 10)
#define PEER_ROOM_MOST (256u << 10)

/* So many half seconds of the link, within bounds. */
static inline size_t peer_share(const struct peer *peer, size_t halves, size_t least, size_t most)
{
    size_t bytes = peer->room * halves;
    return bytes < least ? least : bytes > most ? most : bytes;
}

/* Marks it: the engine closes it at the end of the step. The first reason stands. */
void peer_close(struct peer *peer, enum gmm_err err, const char *text);
/* Sends, or closes the session's future when that fails (memory, queue over its bound): peer->closing is set and the
 * engine closes it at the end of the step. */
void peer_send(struct peer *peer, enum session_stream stream, uint8_t type, const void *payload, size_t len);
/* As peer_send, from a buffer that may have failed; the buffer is closed. */
void peer_send_buffer(struct peer *peer, enum session_stream stream, uint8_t type, struct buffer *payload);

#endif

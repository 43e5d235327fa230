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
    enum session_purpose purpose;
    struct gmm_id noise_pk, sign_pk, pid;
    uint64_t address, since_ms;
    uint64_t not_after_ms; /* of the certificate that it showed */
    size_t transport_queued;
    enum gmm_err close_err;
    char close_text[160];
    /* a newcomer's connection */
    uint8_t *join_request; /* ours, to be sent once open; owned */
    size_t join_request_len;
    bool join_asked;
};

/* Marks it: the engine closes it at the end of the step. The first reason stands. */
void peer_close(struct peer *peer, enum gmm_err err, const char *text);
/* Sends, or closes the session's future when that fails (memory, queue over its bound): peer->closing is set and the
 * engine closes it at the end of the step. */
void peer_send(struct peer *peer, enum session_stream stream, uint8_t type, const void *payload, size_t len);
/* As peer_send, from a buffer that may have failed; the buffer is closed. */
void peer_send_buffer(struct peer *peer, enum session_stream stream, uint8_t type, struct buffer *payload);

#endif

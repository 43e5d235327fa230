/* One connection between two offices, without I/O: preamble, gate, Noise_XKpsk3, frames, rekey, streams with credit.
 *
 * Wire, initiator first:
 *   preamble 8 = "GMM" ‖ version u8 = 1 ‖ purpose u8 (1 offices, 2 join) ‖ 0 0 0
 *   gate 16    = K(H(gate, nid ‖ responder noise_pk), gate-mac, preamble ‖ message 1), first 16 bytes: checked before any
 *                Diffie-Hellman
 *   message 1 (48 bytes), message 2 (48 bytes), then u16 length ‖ message 3 with the initiator's hello as payload.
 *   prologue = lp(noise) ‖ preamble ‖ nid; psk zero. Payloads of messages 1 and 2 are empty.
 * Then frames, each u16 length (of the Noise message) ‖ Noise transport message; at most LIMIT_FRAME_PLAIN of plaintext:
 *   frame plaintext = stream u8 ‖ flags u8 (1: last part of the message; other bits: reject) ‖ part
 *   message (parts joined, ≤ LIMIT_MESSAGE_BYTES) = type u8 ‖ payload
 * The responder's first frame carries its hello (message type SESSION_HELLO on stream 0). Both rekey a direction after
 * LIMIT_REKEY_MESSAGES frames of it.
 *
 * Streams: 0 control, 1 urgent runs, 2 runs, 3 chunks. The lower number goes first; between two streams of one number
 * class frames alternate, so a large transfer delays an urgent one by at most one frame. Credit: a sender may have at most
 * LIMIT_IN_FLIGHT_BYTES / 4 of a stream's message bytes beyond what the receiver has granted with SESSION_CREDIT {stream u8,
 * bytes u32}; stream 0 needs no credit but is bounded by its queue. A receiver grants what it has consumed
 * (session_consumed). Exceeding a credit closes the session.
 */
#ifndef GMM_PROTO_SESSION_H
#define GMM_PROTO_SESSION_H

#include "keys/bytes.h"
#include "keys/limits.h"

enum session_purpose { SESSION_OFFICES = 1, SESSION_JOIN = 2 };
enum session_stream { SESSION_CONTROL = 0, SESSION_URGENT = 1, SESSION_BULK = 2, SESSION_CHUNKS = 3, SESSION_STREAMS = 4 };
enum session_message { SESSION_HELLO = 1, SESSION_CREDIT = 2 /* others belong to the modules above */ };

/* Where a session stands. Table of allowed moves in session.c. */
enum session_state { SESSION_HANDSHAKE, SESSION_WAIT_HELLO /* initiator: for the responder's */, SESSION_OPEN, SESSION_DEAD };

struct session_config {
    enum session_purpose purpose; /* of the initiator; a responder accepts both and reports it */
    bool initiator;
    const struct gmm_id *nid;
    const uint8_t *noise_sk; /* 32, guarded, borrowed for session_new only */
    const struct gmm_id *noise_pk;
    const struct gmm_id *remote_noise_pk; /* initiator only */
    const uint8_t *ephemeral;             /* 32 random bytes */
    const void *hello;                    /* what the other side learns of us: copied; ≤ 60,000 bytes */
    size_t hello_len;
};

struct session;
/* GMM_ENOMEM, GMM_EKEY. */
enum gmm_err session_new(struct session **out, const struct session_config *config);
void session_free(struct session *s);
enum session_state session_state(const struct session *s);
enum session_purpose session_purpose(const struct session *s);
/* True once the gate was passed (responder): such a connection is no longer the first to be dropped. */
bool session_gated(const struct session *s);
/* After the handshake: whose Noise key is at the other end, and the handshake hash. */
void session_remote(const struct session *s, struct gmm_id *noise_pk);

/* What came out of received bytes. `bytes` lives until the next session_next or session_free. */
struct session_item {
    enum { SESSION_ITEM_NONE, SESSION_ITEM_HELLO /* the peer's hello: type and payload set */, SESSION_ITEM_MESSAGE } kind;
    enum session_stream stream;
    uint8_t type;
    const uint8_t *payload;
    size_t len;
};
/* Takes bytes from the transport (copies what it must keep; bounded). Then call session_next until NONE. Errors kill the
 * session: GMM_EFORMAT, GMM_EDENIED (gate), GMM_EDECRYPT, GMM_EKEY, GMM_ELIMIT, GMM_ENOMEM, GMM_ESTATE. */
enum gmm_err session_receive(struct session *s, const void *bytes, size_t len);
enum gmm_err session_next(struct session *s, struct session_item *item);
/* The owner has dealt with so many message bytes (type included) of a stream: credit goes back in due time. */
void session_consumed(struct session *s, enum session_stream stream, size_t bytes);

/* Queues a message; a copy is kept until it is sent. GMM_ELIMIT: that stream's queue holds more than
 * LIMIT_IN_FLIGHT_BYTES (ask session_queued first); GMM_ESTATE before SESSION_OPEN (initiator: before message 3 is out). */
enum gmm_err session_send(struct session *s, enum session_stream stream, uint8_t type, const void *payload, size_t len);
size_t session_queued(const struct session *s, enum session_stream stream);
/* Appends to out what may go to the transport now, up to about max bytes (whole frames): handshake messages, then frames
 * by priority and credit. */
enum gmm_err session_pump(struct session *s, struct buffer *out, size_t max);
bool session_wants_pump(const struct session *s);

/* Hello = {ver u8 = 1, features u32 (0), clock u64 ms, build u32 (version), certificate bytes16, token bytes8 (the cursor that
 *          the peer gave us, may be empty), objects fingerprint 32}. On a join connection the hello is empty. */
struct session_hello {
    uint32_t features, build;
    uint64_t clock_ms;
    const uint8_t *certificate; /* borrowed */
    size_t certificate_len;
    const uint8_t *token;
    size_t token_len;
    struct gmm_id objects;
};
enum gmm_err session_hello_encode(struct buffer *out, const struct session_hello *hello);
enum gmm_err session_hello_decode(struct session_hello *out, const void *bytes, size_t len);

#endif

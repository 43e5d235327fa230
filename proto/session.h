/* One connection between two offices, without I/O: preamble, gate, Noise_XKpsk3, frames, rekey, streams with credit.
 *
 * Wire, initiator first: the handshake (proto/handshake.h), whose third message carries the initiator's hello. Then
 * frames, each u16 length (of the Noise message) ‖ Noise transport message; at most LIMIT_FRAME_PLAIN of plaintext,
 * laid out as in proto/mux.h. The responder's first frame is its hello (message type SESSION_HELLO on stream 0, whole).
 * A direction rekeys after every LIMIT_REKEY_MESSAGES frames of it.
 *
 * Streams: 0 control, 1 urgent runs, 2 runs, 3 chunks; the lower goes first, frame by frame. Streams 1 to 3 have credit
 * (proto/mux.h), which the receiver's owner gives back with session_consumed. On a join connection only stream 0 is in
 * use, and the responder takes no message over LIMIT_JOIN_REQUEST.
 *
 * How an owner drives it: hand in what the transport gives (session_receive), take what came out (session_next until
 * NONE), send what may go (session_pump while session_wants_pump and the transport takes more). The responder answers
 * the peer's hello with its own (session_answer), or frees the session; until then nothing else of the peer's is given
 * out.
 */
#ifndef GMM_PROTO_SESSION_H
#define GMM_PROTO_SESSION_H

#include "keys/bytes.h"
#include "keys/limits.h"
#include "proto/session_hello.h"

enum session_purpose { SESSION_OFFICES = 1, SESSION_JOIN = 2 };
enum session_stream {
    SESSION_CONTROL = 0,
    SESSION_URGENT = 1,
    SESSION_BULK = 2,
    SESSION_CHUNKS = 3,
    SESSION_STREAMS = 4
};
enum session_message { SESSION_HELLO = 1, SESSION_CREDIT = 2 /* others belong to the modules above */ };

/* Where a session stands. Table of allowed moves in session.c. */
enum session_state {
    SESSION_HANDSHAKE,
    SESSION_WAIT_HELLO, /* initiator: for the responder's hello; responder: for session_answer */
    SESSION_OPEN,
    SESSION_DEAD /* after an error */
};

#define SESSION_HELLO_MAX 8192u
/* Most bytes that one session_receive takes. */
#define SESSION_RECEIVE_MAX (256u << 10)

struct doorkeeper;

struct session_config {
    enum session_purpose purpose; /* of the initiator; a responder accepts both and reports it */
    bool initiator;
    const struct gmm_id *nid;
    const uint8_t *noise_sk; /* 32, guarded; borrowed until session_free */
    const struct gmm_id *noise_pk;
    const uint8_t *former_sk; /* responder only: as handshake_config */
    const struct gmm_id *former_pk;
    const struct gmm_id *remote_noise_pk; /* initiator only */
    const uint8_t *ephemeral;             /* 32 random bytes, used for nothing else; copied */
    const void *hello;                    /* initiator only: copied; at most SESSION_HELLO_MAX bytes */
    size_t hello_len;
    struct doorkeeper *doorkeeper; /* responder only; borrowed until session_free; NULL: no limit */
};

struct session;
/* A responder's session is under 4 KiB and holds no guarded memory until the gate is passed. GMM_ENOMEM; GMM_EKEY (the
 * remote key is not usable); GMM_ELIMIT (hello). */
enum gmm_err session_new(struct session **out, const struct session_config *config);
void session_free(struct session *s);
enum session_state session_state(const struct session *s);
/* The initiator's purpose; at a responder 0 until the preamble has come. */
enum session_purpose session_purpose(const struct session *s);
/* True once the gate was passed (responder; an initiator's is always true): such a connection is no longer the first to
 * be dropped. */
bool session_gated(const struct session *s);
/* The initiator expected the key that we had before (responder). */
bool session_former(const struct session *s);
/* Whose Noise key is at the other end. At a responder all zero until SESSION_WAIT_HELLO. */
void session_remote(const struct session *s, struct gmm_id *noise_pk);

/* What came out of received bytes. `payload` lives until the next session_next, session_receive or session_free. */
struct session_item {
    enum { SESSION_ITEM_NONE, SESSION_ITEM_HELLO /* the peer's hello, in payload */, SESSION_ITEM_MESSAGE } kind;
    enum session_stream stream;
    uint8_t type;
    const uint8_t *payload;
    size_t len;
};
/* Takes bytes from the transport (copies what it must keep; bounded: at most SESSION_RECEIVE_MAX a call, and the owner
 * takes all items before the next call, else GMM_ELIMIT). Then call session_next until NONE. Errors kill the session,
 * and every later call gives the same error: GMM_EFORMAT, GMM_EVERSION, GMM_EDENIED (gate, or a repeated first
 * message), GMM_EDECRYPT, GMM_EKEY, GMM_ELIMIT (of the doorkeeper, too), GMM_ENOMEM. */
enum gmm_err session_receive(struct session *s, const void *bytes, size_t len);
enum gmm_err session_next(struct session *s, struct session_item *item);
/* Responder, once, after SESSION_ITEM_HELLO: our own hello goes out and the session is open; call session_next again.
 * GMM_ESTATE, GMM_ELIMIT, GMM_ENOMEM: nothing has happened. */
enum gmm_err session_answer(struct session *s, const void *hello, size_t len);
/* The owner has dealt with so many message bytes (item.len + 1) of a stream: credit goes back in due time. */
void session_consumed(struct session *s, enum session_stream stream, size_t bytes);

/* Queues a message; a copy is kept until it is sent. GMM_ELIMIT: the message is over the limit, or session_queued is at
 * or over LIMIT_IN_FLIGHT_BYTES; GMM_EUSAGE: a stream not in use on a join connection, or a type of the session's own;
 * GMM_ESTATE: before the hellos (initiator: before message 3; responder: before session_answer) or after death;
 * GMM_ENOMEM. On an error nothing has happened. */
enum gmm_err session_send(struct session *s, enum session_stream stream, uint8_t type, const void *payload, size_t len);
/* The same without a copy: takes the buffer's bytes on success, leaving it empty; on failure it stays the caller's. */
enum gmm_err session_send_take(struct session *s, enum session_stream stream, uint8_t type, struct buffer *payload);
/* Bytes queued on a stream, with a little more for each message. */
size_t session_queued(const struct session *s, enum session_stream stream);
/* Appends to out what may go to the transport now: handshake messages, then whole frames by priority and credit, at
 * least one, and further ones while the appended bytes stay within max. Keep max small (64 KiB): what was pumped no
 * longer gives way to urgent messages. GMM_ENOMEM and GMM_ELIMIT (of out) leave the session as it was before the frame
 * that did not fit; after death the session's error. */
enum gmm_err session_pump(struct session *s, struct buffer *out, size_t max);
bool session_wants_pump(const struct session *s);
/* Parts sent from now on have at most so many bytes (proto/mux.h). */
void session_part_max(struct session *s, size_t bytes);

#endif

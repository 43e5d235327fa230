/* The opening of a session: preamble, gate, the three messages of Noise_XKpsk3 (protocol: Transport).
 *
 * Wire, initiator first:
 *   preamble 8  = "GMM" ‖ version u8 = 1 ‖ purpose u8 ‖ 0 0 0
 *   gate 16     = first 16 bytes of K(H(gate, nid ‖ responder noise_pk), gate-mac, preamble ‖ message 1)
 *   message 1 (48 bytes), back message 2 (48 bytes), then u16 length ‖ message 3 (64 bytes and the initiator's hello)
 * Prologue = lp(noise) ‖ preamble ‖ nid; psk zero; payloads of messages 1 and 2 are empty.
 *
 * The gate is checked before any Diffie-Hellman, and before the responder has any guarded memory or buffer for this
 * peer: who does not know the network and the responder's key costs one keyed hash. The wire's bytes may come in any
 * pieces.
 */
#ifndef GMM_PROTO_HANDSHAKE_H
#define GMM_PROTO_HANDSHAKE_H

#include "keys/bytes.h"
#include "proto/doorkeeper.h"
#include "proto/noise.h"

#define HANDSHAKE_PREAMBLE_BYTES 8u
#define HANDSHAKE_GATE_BYTES 16u
#define HANDSHAKE_FIRST_BYTES (HANDSHAKE_PREAMBLE_BYTES + HANDSHAKE_GATE_BYTES + NOISE_MESSAGE_BYTES)
#define HANDSHAKE_HELLO_MAX 8192u

enum handshake_purpose { HANDSHAKE_OFFICES = 1, HANDSHAKE_JOIN = 2 /* its hellos are empty */ };

struct handshake_config {
    bool initiator;
    enum handshake_purpose purpose; /* initiator only */
    const struct gmm_id *nid;
    const uint8_t *noise_sk; /* 32, guarded; borrowed until handshake_free */
    const struct gmm_id *noise_pk;
    const uint8_t *former_sk; /* responder only, may be NULL: a key that others may still expect; as noise_sk */
    const struct gmm_id *former_pk;
    const struct gmm_id *remote_noise_pk; /* initiator only */
    /* 32 random bytes; copied. They become a secret when the gate is passed: then they move to guarded memory. */
    const uint8_t *ephemeral;
    const void *hello; /* initiator only; copied */
    size_t hello_len;
    /* responder only: asked between the gate and the first Diffie-Hellman; borrowed until handshake_free; NULL: no
     * limit */
    struct doorkeeper *doorkeeper;
};

struct handshake;
/* An initiator appends preamble, gate and message 1 to wire. GMM_ENOMEM; GMM_EKEY: the remote key is not usable;
 * GMM_ELIMIT: hello too long (on a join connection: not empty); what wire->failed says. */
enum gmm_err handshake_new(struct handshake **out, const struct handshake_config *config, struct buffer *wire);
void handshake_free(struct handshake *h);

/* Takes what belongs to the handshake: *used ≤ len bytes, all of them while it is not done. Appends answers to wire.
 * GMM_EFORMAT (not a preamble, a length out of bounds), GMM_EVERSION, GMM_EDENIED (gate, or a repeated first message),
 * GMM_EDECRYPT, GMM_EKEY, GMM_ELIMIT (hello, or too many handshakes in this second), GMM_ENOMEM, what wire->failed
 * says; after an error, or when done: GMM_ESTATE. */
enum gmm_err handshake_receive(struct handshake *h, const void *bytes, size_t len, size_t *used, struct buffer *wire);
bool handshake_is_done(const struct handshake *h);
/* 0 at a responder until the preamble has come. */
unsigned handshake_purpose(const struct handshake *h);
/* The gate is passed; true at an initiator. */
bool handshake_is_gated(const struct handshake *h);
/* It was passed with our former key. */
bool handshake_is_former(const struct handshake *h);

struct handshake_result {
    struct noise_cipher send, receive; /* noise_cipher_close */
    struct gmm_id remote;              /* whose Noise key is at the other end */
    uint8_t *hello;                    /* responder: the initiator's, free with free; initiator: NULL */
    size_t hello_len;
};
/* Once, when done: moves everything to *out. */
void handshake_take(struct handshake *h, struct handshake_result *out);

#endif

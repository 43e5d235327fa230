/* Noise_XKpsk3_25519_ChaChaPoly_BLAKE2b: handshake and transport (protocol: Transport; Noise specification, revision
 * 34).
 *
 *   XKpsk3:  <- s   …   -> e, es   <- e, ee   -> s, se, psk        (XK is the same without psk; it is here for the
 * vectors)
 *
 * Three messages, initiator first; each is NOISE_MESSAGE_BYTES (1 and 2) or NOISE_FINAL_BYTES (3) longer than its
 * payload. Payloads of messages 1 and 2 go to a party not yet authenticated: the protocol leaves them empty. After the
 * third message noise_split gives both sides a cipher a direction. Every X25519 result is checked for zero.
 */
#ifndef GMM_PROTO_NOISE_H
#define GMM_PROTO_NOISE_H

#include "keys/bytes.h"
#include "keys/limits.h"

#define NOISE_HASH_BYTES 64
#define NOISE_TAG_BYTES 16
#define NOISE_MESSAGE_BYTES (32 + NOISE_TAG_BYTES)
#define NOISE_FINAL_BYTES (32 + NOISE_TAG_BYTES + NOISE_TAG_BYTES)

enum noise_pattern { NOISE_XK, NOISE_XKPSK3 };
enum noise_role { NOISE_INITIATOR, NOISE_RESPONDER };

struct noise_config {
    enum noise_pattern pattern;
    enum noise_role role;
    const void *prologue;
    size_t prologue_len;
    const uint8_t *static_sk; /* 32; copied */
    const struct gmm_id *static_pk;
    const struct gmm_id *remote_pk; /* the responder's static key; NULL for a responder */
    const uint8_t *ephemeral_sk;    /* 32 random bytes, never used before; copied */
    const uint8_t *psk;             /* 32, XKpsk3 only; NULL: zeros, as the protocol has it for now */
};

/* In guarded memory, wiped as soon as it fails, splits or is freed. */
struct noise_handshake;
struct noise_handshake *noise_new(const struct noise_config *config); /* NULL: no guarded memory */
void noise_free(struct noise_handshake *hs);

/* Appends the next message to out. GMM_ESTATE: not our turn, finished, or dead; any other error makes the handshake
 * dead: GMM_EKEY: the other side's key is of low order; GMM_ELIMIT: longer than LIMIT_NOISE_BYTES; what out->failed
 * says. */
enum gmm_err noise_write(struct noise_handshake *hs, const void *payload, size_t len, struct buffer *out);
/* Reads the next message and appends its payload. GMM_ESTATE as above; any other error makes the handshake dead:
 * GMM_EFORMAT: too short or too long; GMM_EKEY; GMM_EDECRYPT: not authentic (another prologue, key or psk); what
 * payload->failed says. */
enum gmm_err noise_read(struct noise_handshake *hs, const void *message, size_t len, struct buffer *payload);
/* The other side's static key, NULL while it is not known (responder: after message 3). Lives as long as hs. */
const struct gmm_id *noise_remote_static(const struct noise_handshake *hs);

/* One direction of the transport. Zero-initialised it is closed. */
struct noise_cipher {
    uint8_t *key; /* guarded */
    uint64_t nonce;
};
/* After message 3, once: the two ciphers and the handshake hash. GMM_ESTATE, GMM_ENOMEM (nothing is owned then). */
enum gmm_err noise_split(struct noise_handshake *hs, struct noise_cipher *send, struct noise_cipher *receive,
                         uint8_t hash[NOISE_HASH_BYTES]);
void noise_cipher_close(struct noise_cipher *cipher); /* wipes */

/* len ≤ LIMIT_FRAME_PLAIN bytes become len + NOISE_TAG_BYTES at out, which may be plain itself (room for the tag
 * behind). After every LIMIT_REKEY_MESSAGES messages the key is replaced (Noise: Rekey). GMM_ELIMIT; GMM_ESTATE:
 * closed. */
enum gmm_err noise_encrypt(struct noise_cipher *cipher, uint8_t *out, const void *plain, size_t len);
/* The inverse: len - NOISE_TAG_BYTES bytes at out, which may be message itself. GMM_EFORMAT: too short or long;
 * GMM_EDECRYPT. After either the cipher is closed: a stream cannot go on past a lost message. */
enum gmm_err noise_decrypt(struct noise_cipher *cipher, uint8_t *out, const void *message, size_t len);

#endif

/* What two offices tell each other first: the hello of a session with purpose SESSION_OFFICES (on a join connection the
 * hello is empty).
 *
 *   hello = {ver u8 = 1, features u32, clock u64 ms, build u32, certificate bytes16, token bytes8, objects 32}
 *
 * features: bits of what the sender can do beyond this version; unknown bits are ignored. build: the program's version.
 * token: the cursor that the receiver gave the sender earlier; empty when there is none. objects: fingerprint of the
 * root objects held. That the certificate names the handshake's key is for the caller to check.
 */
#ifndef GMM_PROTO_SESSION_HELLO_H
#define GMM_PROTO_SESSION_HELLO_H

#include "keys/bytes.h"
#include "keys/certificate.h"

#define SESSION_HELLO_TOKEN_MAX 255u
#define SESSION_FEATURE_RANGES 1u /* understands RANGES (proto/message_ranges.h) */

struct session_hello {
    uint32_t features, build;
    uint64_t clock_ms;
    const uint8_t *certificate; /* borrowed; 1 to CERTIFICATE_BYTES_MAX bytes */
    size_t certificate_len;
    const uint8_t *token; /* borrowed */
    size_t token_len;
    struct gmm_id objects;
};

/* Appends to out. GMM_ELIMIT, GMM_EFORMAT: no certificate, or one too long; a token too long; GMM_ENOMEM. */
enum gmm_err session_hello_encode(struct buffer *out, const struct session_hello *hello);
/* Strict. GMM_EVERSION, GMM_EFORMAT, GMM_ELIMIT (certificate). */
enum gmm_err session_hello_decode(struct session_hello *out, const void *bytes, size_t len);

#endif

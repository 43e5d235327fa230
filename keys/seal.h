/* Sealing of bodies (protocol: Groups, bodies, epochs).
 *
 * padded = compression u8 ‖ length u32 ‖ data ‖ zeros up to seal_padded_size
 * body   = nonce 24 ‖ commit 32 ‖ XChaCha20-Poly1305(key, nonce, ad = lp(body-ad) ‖ header[0..192), padded)
 * key    = K(E, body-key, author 32 ‖ instance 8 ‖ nonce)
 * commit = H(body-commit, key ‖ nonce)
 * nonce  = BLAKE2b-192 keyed with the node secret over lp(body-nonce) ‖ header[0..192) ‖ 32 random ‖ BLAKE2b-256(data)
 * `length` is the length of data as it stands (compressed or not). E is the secret of the epoch that the header names:
 * no trial. The key belongs to one body: shown to somebody who has no epoch, it opens that body and nothing else, and
 * the commitment holds it to the one text that the author sealed.
 */
#ifndef GMM_KEYS_SEAL_H
#define GMM_KEYS_SEAL_H

#include "keys/bytes.h"
#include "keys/hash.h"
#include "keys/limits.h"

#define SEAL_OVERHEAD (24 + 32 + 16)
enum seal_compression { SEAL_PLAIN = 0, SEAL_ZSTD = 1 };

/* Padmé of n, at least 256: the smallest size ≥ n of the Padmé series (at most 12 % more). */
size_t seal_padded_size(size_t n);
/* Size of the body that data of n bytes becomes. */
size_t seal_size(size_t n);
/* Writes exactly seal_size(len) bytes. GMM_ELIMIT when that exceeds LIMIT_BODY_BYTES. */
enum gmm_err seal_body(uint8_t *out, const uint8_t epoch_secret[32], const uint8_t header_prefix[192],
                       enum seal_compression compression, const void *data, size_t len, const uint8_t node_secret[32],
                       const uint8_t random[32]);
/* Opens body into a new buffer: *plain (free after sodium_memzero; seal_free does both) holds the data without padding.
 * GMM_EDECRYPT: another key than the one committed to, or altered; GMM_EFORMAT: padding not zero, a size that is not
 * Padmé's, an unknown compression; GMM_ENOMEM. */
enum gmm_err seal_open(uint8_t **plain, size_t *len, enum seal_compression *compression, const uint8_t epoch_secret[32],
                       const uint8_t header_prefix[192], const void *body, size_t body_len);
/* The key of this one body. GMM_EDECRYPT: the body commits to another one; GMM_EFORMAT: no body's size. key is zero
 * after a failure; the caller wipes it. */
enum gmm_err seal_reveal(uint8_t key[32], const uint8_t epoch_secret[32], const uint8_t header_prefix[192],
                         const void *body, size_t body_len);
/* As seal_open, with what seal_reveal gave. */
enum gmm_err seal_open_revealed(uint8_t **plain, size_t *len, enum seal_compression *compression, const uint8_t key[32],
                                const uint8_t header_prefix[192], const void *body, size_t body_len);
void seal_free(uint8_t *plain, size_t len);

#endif

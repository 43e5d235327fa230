/* Keys, sealing and ids of attachment chunks (protocol: Chunks): convergent inside one chunk domain only.
 *
 * domain: conv = K(E, chunk-domain, gid) of the epoch that opened it (EPOCH says new or inherited)
 * key = K(conv, chunk-key, H(chunk-pt, plaintext))
 * sealed = XChaCha20-Poly1305(key, nonce 0, ad = lp(chunk-ad) ‖ nid ‖ gid, length u32 ‖ plaintext ‖ zeros to Padmé) ‖
 *          K(key, chunk-commit, nothing) 32
 * id = H(chunk-id, nid ‖ gid ‖ sealed)
 *
 * Poly1305 does not commit to the key: one ciphertext can be made to open under two. The last 32 bytes do, so that an
 * id names one key and one plaintext, also for a reader who does not know conv and cannot recompute the key.
 */
#ifndef GMM_KEYS_CHUNK_H
#define GMM_KEYS_CHUNK_H

#include "keys/bytes.h"
#include "keys/hash.h"
#include "keys/limits.h"

void chunk_domain(uint8_t conv[32], const uint8_t epoch_secret[32], const struct gmm_id *gid);
size_t chunk_sealed_size(size_t len);
/* Writes exactly chunk_sealed_size(len) bytes to sealed, and key and id. len in 1..LIMIT_CHUNK_MAX else GMM_ELIMIT. */
enum gmm_err chunk_seal(uint8_t *sealed, uint8_t key[32], struct gmm_id *id, const uint8_t conv[32],
                        const struct gmm_id *nid, const struct gmm_id *gid, const void *plain, size_t len);
/* The same under a key that is known (a manifest's): is this the plaintext of the chunk with that id? */
enum gmm_err chunk_seal_under(uint8_t *sealed, struct gmm_id *id, const uint8_t key[32], const struct gmm_id *nid,
                              const struct gmm_id *gid, const void *plain, size_t len);
void chunk_id(struct gmm_id *id, const struct gmm_id *nid, const struct gmm_id *gid, const void *sealed, size_t len);
/* Opens into out (the caller's, at least sealed_len bytes; may be sealed itself): expect_len bytes of plaintext stand
 * at its front then. expect_len: the manifest's plaintext length, must match. key is what the manifest says.
 * GMM_EDECRYPT: not under this key; GMM_EFORMAT: another length, padding not zero. */
enum gmm_err chunk_open(uint8_t *out, size_t expect_len, const uint8_t key[32], const struct gmm_id *nid,
                        const struct gmm_id *gid, const void *sealed, size_t sealed_len);

#endif

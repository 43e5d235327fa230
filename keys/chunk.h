/* Keys, sealing and ids of attachment chunks (protocol: Chunks): convergent inside one chunk domain only.
 *
 * domain: conv = K(E, chunk-domain, gid) of the epoch that opened it (EPOCH says new or inherited)
 * key = K(conv, chunk-key, H(chunk-pt, plaintext))
 * sealed = XChaCha20-Poly1305(key, nonce 0, ad = lp(chunk-ad) ‖ nid ‖ gid, length u32 ‖ plaintext ‖ zeros to Padmé)
 * id = H(chunk-id, nid ‖ gid ‖ sealed)
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
void chunk_id(struct gmm_id *id, const struct gmm_id *nid, const struct gmm_id *gid, const void *sealed, size_t len);
/* Opens in place into out (caller's, at least sealed_len bytes). expect_len: the manifest's plaintext length, must
 * match. GMM_EDECRYPT, GMM_EFORMAT. key is what the manifest says. */
enum gmm_err chunk_open(uint8_t *out, size_t expect_len, const uint8_t key[32], const struct gmm_id *nid,
                        const struct gmm_id *gid, const void *sealed, size_t sealed_len);

#endif

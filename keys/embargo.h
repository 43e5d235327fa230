/* A document under embargo: its content sealed under a key of its own as well (protocol: Embargo).
 *
 *   commit = H(embargo-commit, D)
 *   sealed = commit ‖ XChaCha20-Poly1305(K(D, embargo-key, author), nonce 0,
 *                                        ad = lp(embargo-ad) ‖ nid ‖ gid ‖ author, inner)
 * D is 32 fresh random bytes; one key seals one text, so the nonce may stand still. It belongs to one author, group and
 * network: who copies the sealed bytes into a document of its own has something that never opens. D is also the secret
 * of the chunk domain of its chunks (keys/chunk.h).
 */
#ifndef GMM_KEYS_EMBARGO_H
#define GMM_KEYS_EMBARGO_H

#include "keys/bytes.h"
#include "keys/hash.h"

#define EMBARGO_KEY_BYTES 32u
#define EMBARGO_OVERHEAD (32u + 16u)

struct embargo_place {
    const struct gmm_id *nid, *gid, *author; /* borrowed */
};

void embargo_commit(struct gmm_id *commit, const uint8_t key[EMBARGO_KEY_BYTES]);
/* Appends len + EMBARGO_OVERHEAD bytes. GMM_ENOMEM, GMM_ELIMIT of out. */
enum gmm_err embargo_seal(struct buffer *out, const uint8_t key[EMBARGO_KEY_BYTES], const struct embargo_place *place,
                          const void *inner, size_t len);
/* Writes sealed_len - EMBARGO_OVERHEAD bytes to out. GMM_EFORMAT: shorter than the overhead; GMM_EDECRYPT: another key
 * than the one committed to, another place, or altered. */
enum gmm_err embargo_open(uint8_t *out, const uint8_t key[EMBARGO_KEY_BYTES], const struct embargo_place *place,
                          const void *sealed, size_t sealed_len);

#endif

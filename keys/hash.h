/* H, K and SIG of the protocol (Conventions).
 *
 *   H(L,x)      = BLAKE2b-256(lp(L) ‖ x)
 *   K(k,L,x)    = BLAKE2b-256 keyed with k over lp(L) ‖ x
 *   SIG(sk,L,x) = Ed25519 over lp(L) ‖ nid ‖ BLAKE2b-256(x)
 */
#ifndef GMM_KEYS_HASH_H
#define GMM_KEYS_HASH_H

#include <sodium.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/error.h"
#include "keys/id.h"

#define HASH_SIG_BYTES 64

/* Incremental H or K. Lay on the stack; hash_final wipes it. */
struct hash {
    crypto_generichash_state state;
};

void hash_init(struct hash *h, const char *label);
void hash_init_keyed(struct hash *h, const uint8_t key[32], const char *label);
void hash_update(struct hash *h, const void *data, size_t len);
void hash_final(struct hash *h, uint8_t out[32]);

/* H(label, x) and K(key, label, x) in one call. */
void hash_h(struct gmm_id *out, const char *label, const void *x, size_t len);
void hash_k(uint8_t out[32], const uint8_t key[32], const char *label, const void *x, size_t len);

/* SIG; sign_sk is libsodium's 64-byte secret key. nid is the network's id; all zero where the protocol says "without
 * network" (cards). */
void hash_sign(uint8_t sig[HASH_SIG_BYTES], const uint8_t sign_sk[64], const char *label, const struct gmm_id *nid,
               const void *x, size_t len);
/* GMM_OK or GMM_ESIGNATURE. The key must have passed hash_check_sign_pk when it entered the system. */
enum gmm_err hash_verify(const uint8_t sig[HASH_SIG_BYTES], const struct gmm_id *sign_pk, const char *label,
                         const struct gmm_id *nid, const void *x, size_t len);
/* "A foreign Ed25519 key must pass crypto_core_ed25519_is_valid_point": GMM_OK or GMM_EKEY. */
enum gmm_err hash_check_sign_pk(const struct gmm_id *sign_pk);

#endif

/* An office's private wrap keys: when a new one is due, when an old one goes (protocol 15: Wrap keys).
 *
 * They stand in the keystore in the order in which they were made; the last is in use. A key is retired when an epoch
 * wrapped to a later one was opened, and deleted LIMIT_WRAP_KEY_MS after that. Pure: the driver saves the keystore.
 */
#ifndef GMM_KEYS_WRAPKEYS_H
#define GMM_KEYS_WRAPKEYS_H

#include "keys/keystore.h"

/* The public key of the one in use; false: none is held. */
bool wrapkeys_current(const struct keystore *ks, struct gmm_id *pk);
/* When the next change is due: a new key, or the deletion of an old one. 0: a key must be made at once. */
uint64_t wrapkeys_due_ms(const struct keystore *ks);
/* Retires the first `outdated` keys; true when one of them was not retired yet. */
bool wrapkeys_retire(struct keystore *ks, size_t outdated, uint64_t now_ms);
/* Deletes (wipes) retired keys whose time is over, never the one in use; true when one went. */
bool wrapkeys_expire(struct keystore *ks, uint64_t now_ms);
/* Adds sk (32 random bytes) when the one in use is LIMIT_WRAP_KEY_MS old; true: it was added. A full keystore loses its
 * oldest key. */
bool wrapkeys_renew(struct keystore *ks, const uint8_t sk[32], uint64_t now_ms);

/* Adds sk whatever the age of the one in use. */
void wrapkeys_add(struct keystore *ks, const uint8_t sk[32], uint64_t now_ms);

#endif

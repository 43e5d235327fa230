/* Ciphertexts that open under two keys: ChaCha20-Poly1305 and XChaCha20-Poly1305 do not commit to their key. Given two
 * keys, one of the ciphertext's blocks of 16 bytes is solved so that Poly1305 gives the same tag under both. What the
 * adversarial tests show must not work on the protocol's objects.
 */
#ifndef GMM_TESTS_TWOKEY_H
#define GMM_TESTS_TWOKEY_H

#include <stddef.h>
#include <stdint.h>

enum twokey_alg { TWOKEY_CHACHA20_IETF, TWOKEY_XCHACHA20 };

/* sealed: len bytes of ciphertext, a multiple of 16 and at least 32, as the caller likes them; then room for the tag.
 * Block `solved` (and, while no solution is found, a byte of block `varied`) is overwritten, and the tag written.
 * nonce: 12 or 24 bytes. Exits when it finds none, which does not happen. */
void twokey_solve(enum twokey_alg alg, uint8_t *sealed, size_t len, size_t solved, size_t varied,
                  const uint8_t key1[32], const uint8_t key2[32], const uint8_t *nonce, const void *ad, size_t ad_len);

/* libsodium's own verdict, without any of our code: 0 when it opens. plain takes len bytes. */
int twokey_open(enum twokey_alg alg, uint8_t *plain, const uint8_t *sealed, size_t len, const uint8_t key[32],
                const uint8_t *nonce, const void *ad, size_t ad_len);

#endif

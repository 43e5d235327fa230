/* HMAC over BLAKE2b-512 (RFC 2104 with a block of 128 bytes) and Noise's HKDF on it (Noise specification, section 4.3).
 * libsodium's keyed BLAKE2b is another function.
 */
#ifndef GMM_PROTO_HMAC_H
#define GMM_PROTO_HMAC_H

#include <stddef.h>
#include <stdint.h>

#define HMAC_BYTES 64

void hmac_blake2b(uint8_t out[HMAC_BYTES], const void *key, size_t key_len, const void *data, size_t len);
/* HKDF(chaining_key, input, 2 or 3): outputs 1 to 3. out3 may be NULL (two outputs). out1 may be chaining_key itself.
 */
void hmac_hkdf(uint8_t out1[HMAC_BYTES], uint8_t out2[HMAC_BYTES], uint8_t *out3,
               const uint8_t chaining_key[HMAC_BYTES], const void *input, size_t len);

#endif

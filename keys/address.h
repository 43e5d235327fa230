/* Where an office can be reached: "host:port", and the short lists of them in certificates, cards and invites.
 *
 * list = count u8 ≤ 8 × text8
 * host is a name or an IPv4 address of [A-Za-z0-9.-], or an IPv6 address of [0-9A-Fa-f:.] in brackets; port is 1–65535
 * without leading zeros. Whether such a host exists is the caller's question.
 */
#ifndef GMM_KEYS_ADDRESS_H
#define GMM_KEYS_ADDRESS_H

#include "keys/bytes.h"
#include "keys/limits.h"

#define ADDRESS_BYTES (LIMIT_ADDRESS_TEXT + 1) /* of a text, NUL-ended */

bool address_ok(const char *text, size_t len);
/* Reads a list; what is not well formed fails the cursor and leaves count 0. */
void address_list_get(struct bytes_in *in, uint8_t *count, char out[LIMIT_ADDRESSES][ADDRESS_BYTES]);
/* Writes the first count addresses; a count above LIMIT_ADDRESSES fails the buffer with GMM_ELIMIT. */
void address_list_put(struct buffer *out, uint8_t count, const char addresses[LIMIT_ADDRESSES][ADDRESS_BYTES]);

#endif

/* Sealing of what a node keeps for itself (epoch secrets, summaries, invites): nothing readable lies on disk.
 *
 * sealed = nonce 24 ‖ XChaCha20-Poly1305(K(node secret, label, context), nonce, ad = context, plain)
 * context: what the value belongs to (an epoch's id, an entry's id, a name); a value moved elsewhere does not open. */
#ifndef GMM_NODE_ATREST_H
#define GMM_NODE_ATREST_H

#include "keys/bytes.h"
#include "keys/labels.h"

#define ATREST_OVERHEAD (24 + 16)

/* Appends to out. GMM_ENOMEM, GMM_ELIMIT of out. */
enum gmm_err atrest_seal(struct buffer *out, const uint8_t node_secret[32], const char *label, const void *context,
                         size_t context_len, const void *plain, size_t len);
/* Writes len - ATREST_OVERHEAD bytes to plain. GMM_ECORRUPT: damaged, or not of this place. */
enum gmm_err atrest_open(void *plain, const uint8_t node_secret[32], const char *label, const void *context,
                         size_t context_len, const void *sealed, size_t len);

#endif

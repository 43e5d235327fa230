/* What was posted just now, in the clear: the catalogue takes it from here and need not open and unpack what was packed
 * and sealed a moment ago. Kept from the append to the end of the flush, and at most FRESH_BYTES; what is not here is
 * opened as any other entry. */
#ifndef GMM_NODE_FRESH_H
#define GMM_NODE_FRESH_H

#include <stddef.h>

#include "keys/id.h"

#define FRESH_BYTES (16u << 20)

struct fresh;

/* Keeps a copy; makes *fresh with the first one. Without memory it keeps nothing. */
void fresh_keep(struct fresh **fresh, const struct gmm_id *id, const void *plain, size_t len);
/* Borrowed until fresh_clear; NULL: not here. Quick when asked in the order in which they were kept. */
const uint8_t *fresh_find(struct fresh *fresh, const struct gmm_id *id, size_t *len);
/* Wipes all, frees, and sets *fresh to NULL. */
void fresh_clear(struct fresh **fresh);

#endif

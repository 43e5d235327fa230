/* "A chunk goes when no live manifest names it": those of a document that is erased. */
#ifndef GMM_NODE_ERASING_CHUNKS_H
#define GMM_NODE_ERASING_CHUNKS_H

#include "node/node.h"

/* Every chunk that a document's record names, lists of chunks last. *ids: free; NULL when none. A record that names
 * nothing, does not read, or is no document's: none. */
enum gmm_err erasing_chunks_named(struct node *node, const struct header *h, const uint8_t *plain, size_t len,
                                  struct gmm_id **ids, size_t *count);
/* Keeps those that no other document or report of the group names which can be read here, in their order. id: of the
 * document that goes. */
enum gmm_err erasing_chunks_alone(struct node *node, const struct gmm_id *gid, const struct gmm_id *id,
                                  struct gmm_id *ids, size_t *count);

#endif

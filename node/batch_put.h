/* Posting the rows of a checked batch (node/batch.h). */
#ifndef GMM_NODE_BATCH_PUT_H
#define GMM_NODE_BATCH_PUT_H

#include "node/batches.h"

#define BATCH_SLICE_BYTES (8u << 20)
#define BATCH_SLICE_ROWS 4096u
#define BATCH_SMALL_BYTES (256u << 10) /* what stays in a body: MANIFEST_INLINE_BYTES, LIMIT_NOTE_TEXT */

/* Posts rows first … first + count - 1, durable; ids gets theirs. A row that fails ends the batch: what stood before it
 * is posted, *posted of this slice. */
enum gmm_err batch_put(struct node *node, struct batch *batch, size_t first, const uint64_t *sizes, size_t count,
                       int fd, struct gmm_id *ids, size_t *posted, struct gmm_msg *msg);

#endif

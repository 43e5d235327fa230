/* What was erased, for those who meet it: a reference that no longer leads anywhere, a chunk that comes by an old
 * bundle. Carrying it out: node/erasing.h. */
#ifndef GMM_NODE_ERASED_H
#define GMM_NODE_ERASED_H

#include "node/node.h"

/* The erasure of an entry that is hidden here, or of which nothing is left. NULL: there is none. Valid as the view. */
const struct view_erasure *erased_of(struct node *node, const struct gmm_id *id);
/* GMM_ENOTFOUND, and in msg when and by whom; GMM_OK when it was not erased. ref: as it was asked
 * for. */
enum gmm_err erased_tell(struct node *node, const struct gmm_id *id, const char *ref, struct gmm_msg *msg);
/* Is this chunk to be taken when it comes unasked? Not when what named it was erased, unless something else wants it.
 */
bool erased_takes_chunk(struct node *node, const struct gmm_id *gid, const struct gmm_id *chunk);

#endif

/* The bytes of what was erased go, and this office says so (node/erasing.h). */
#ifndef GMM_NODE_ERASING_DELETE_H
#define GMM_NODE_ERASING_DELETE_H

#include "node/node.h"

/* Body, chunks that nothing else names, what was staged or parked of them, keys of its embargo: into the open
 * transaction (files at once: what fails later is done again). The row moves to STORE_ERASURE_DELETED. */
enum gmm_err erasing_delete(struct node *node, const struct view_erasure *e, struct store_erasure *row);
/* Of what was deleted and committed nothing is left in the index, the write-ahead log and the copies that migrations
 * made: the rows move to STORE_ERASURE_PURGED, durably. Outside of transactions. GMM_EBUSY: again later. */
enum gmm_err erasing_purge(struct node *node);
/* ERASED for all that is purged and not confirmed by this office, where it belongs to the group. Durable. */
enum gmm_err erasing_confirm(struct node *node);

#endif

/* What this office takes of groups by itself (`gmm subscribe`), and of which peers headers and small bodies only
 * (`peer set --metered`): kept in the store, told to the engine. */
#ifndef GMM_NODE_TAKING_H
#define GMM_NODE_TAKING_H

#include "node/node.h"

/* Tells the engine what the store says: at start, and after a change. */
enum gmm_err taking_load(struct node *node);
/* Of a group: since_ms 0 whole, TAKE_NOTHING headers only. In the open transaction. */
enum gmm_err taking_set(struct node *node, const struct gmm_id *gid, uint64_t since_ms);
uint64_t taking_since(struct node *node, const struct gmm_id *gid);

#endif

/* An office's home opened as a whole: the node with the layers above its driver — catalogue, joining, listeners of
 * events, batches. */
#ifndef GMM_NODE_ASSEMBLY_H
#define GMM_NODE_ASSEMBLY_H

#include "node/node.h"

/* As node_open. */
enum gmm_err assembly_open(struct node **out, const char *home, unsigned flags, node_ask_fn *ask, void *arg,
                           struct gmm_msg *msg);

#endif

/* Imports of bundles (node/bundlein.h), by steps (node/stepwise.h). */
#ifndef GMM_NODE_IMPORTING_H
#define GMM_NODE_IMPORTING_H

#include "node/bundlein.h"

struct call;

/* How an import ended: answers the call. sum: of all its files; msg: of the first error. */
typedef void importing_done_fn(struct node *node, struct call *call, enum gmm_err err, const struct bundlein_sum *sum,
                               const struct gmm_msg *msg);

/* Takes in the files that the call's argument "file" names; the call is answered through done, later where a loop runs
 * (node->net), else before this returns. A client that goes ends its import: what was taken stays, and a further import
 * of the same files goes on from there. */
void importing_start(struct node *node, struct call *call, importing_done_fn *done);

#endif

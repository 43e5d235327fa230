/* What the parts of the projection share; nobody else includes it. */
#ifndef GMM_NODE_PROJECTION_PRIVATE_H
#define GMM_NODE_PROJECTION_PRIVATE_H

#include "node/projection.h"
#include "node/store_private.h"

struct projection {
    struct store *store;
    uint8_t *key; /* the node secret, guarded */
};

enum gmm_err projection_begin(struct projection *p); /* a transaction, unless one is open */

#endif

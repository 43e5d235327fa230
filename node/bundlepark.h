/* What came by bundle before what it needs: runs and objects that cannot be admitted yet, and pieces of items that are
 * not all there. Durable, bounded by LIMIT_PARKED_BYTES, sealed as they came. */
#ifndef GMM_NODE_BUNDLEPARK_H
#define GMM_NODE_BUNDLEPARK_H

#include "node/node.h"
#include "proto/cargo.h"

struct bundlepark {
    struct node *node;
    uint64_t bytes;
};
enum gmm_err bundlepark_open(struct bundlepark *park, struct node *node);
/* GMM_ELIMIT: no room; GMM_EEXISTS: is there already. */
enum gmm_err bundlepark_put(struct bundlepark *park, const struct cargo_item *item);
/* The item behind the one of this name ("": the first). *bytes: free; name: for the next, and to drop it.
 * GMM_ENOTFOUND: no more. */
enum gmm_err bundlepark_next(struct bundlepark *park, char name[STORE_NAME_BYTES], uint8_t **bytes,
                             struct cargo_item *item);
enum gmm_err bundlepark_drop(struct bundlepark *park, const char *name, size_t len);
/* A piece of an item of a bundle. *whole: all of it is there now: its bytes, free; NULL: not yet. GMM_ELIMIT. */
enum gmm_err bundlepark_piece(struct bundlepark *park, const struct gmm_id *from, uint64_t number,
                              const struct cargo_fragment *piece, uint8_t **whole, size_t *len);
/* Its pieces are no longer needed. */
enum gmm_err bundlepark_pieces_drop(struct bundlepark *park, const struct gmm_id *from, uint64_t number, uint32_t item);

#endif

/* Bundles coming in: what is for this office is opened and goes through the same gate as from a session
 * (docs/protocol.md, 25). Files may come in any order, partly, repeatedly: what misses something that comes before
 * it is kept, bounded, and tried again. */
#ifndef GMM_NODE_BUNDLEIN_H
#define GMM_NODE_BUNDLEIN_H

#include "node/bundlepeer.h"

struct bundlein_sum {
    uint64_t entries, objects, chunks; /* new here */
    uint64_t waiting;                  /* kept until what they need comes */
    uint64_t refused;                  /* contradicts what is held, or is no valid item */
    uint64_t sections, others;         /* for this office; for others, or other networks */
    struct gmm_id from[LIMIT_OFFICES]; /* whose bundles were seen */
    size_t from_count;
    bool cut_off; /* a file ended before its end */
};
struct bundlein;

/* NULL: out of memory. */
struct bundlein *bundlein_new(struct node *node, struct bundlein_sum *sum);
void bundlein_free(struct bundlein *in);
/* One file; all that it brings is durable when this returns. GMM_EFORMAT: not a bundle; GMM_ECORRUPT: altered, what
 * stood before that is taken; GMM_EVERSION; errors of the store. */
enum gmm_err bundlein_file(struct bundlein *in, int fd, struct gmm_msg *msg);
/* What waits is tried once more. */
enum gmm_err bundlein_settle(struct bundlein *in);

#endif

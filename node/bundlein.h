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

/* sum is filled while it goes. NULL: out of memory. */
struct bundlein *bundlein_new(struct node *node, struct bundlein_sum *sum);
/* Whatever was taken so far stays; of a section that was not read to its end it is remembered that parts lack. */
void bundlein_free(struct bundlein *in);
/* The next file; fd is the caller's and stays open until it is done. */
void bundlein_file(struct bundlein *in, int fd);
/* A step of it: one frame is read, or some 256 KiB of its items are taken; what they bring is durable when this
 * returns. The node may do other things between two steps. *done: that file is over, also on errors. GMM_EFORMAT: not
 * a bundle; GMM_ECORRUPT: altered, what stood before that is taken; GMM_EVERSION; GMM_ESTATE: the node takes part in
 * no network just now; errors of the store. */
enum gmm_err bundlein_step(struct bundlein *in, bool *done, struct gmm_msg *msg);
/* After the files: what waits is tried once more, one item a step. *done: also on errors, those of bundlein_step. */
enum gmm_err bundlein_settle(struct bundlein *in, bool *done);

#endif

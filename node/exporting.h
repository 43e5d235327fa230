/* Exports of bundles (node/bundleout.h), by steps (node/stepwise.h). */
#ifndef GMM_NODE_EXPORTING_H
#define GMM_NODE_EXPORTING_H

#include "node/bundleout.h"

struct call;

struct exporting_result { /* borrowed */
    const uint64_t *sizes;
    uint32_t file_count;
    const struct bundleout_sum *sums; /* of the offices that got one */
    size_t count;
};
/* How an export ended: answers the call. */
typedef void exporting_done_fn(struct node *node, struct call *call, enum gmm_err err,
                               const struct exporting_result *result, const struct gmm_msg *msg);

/* Writes a bundle for each of these offices into the call's file "file"; the call is answered through done, once all of
 * it is on the disk and that is remembered: later where a loop runs (node->net), else before this returns. A client
 * that goes ends its export; nothing of it is remembered then. */
void exporting_start(struct node *node, struct call *call, const struct gmm_id *offices, size_t count,
                     enum bundleout_base base, uint64_t file_bytes_max, exporting_done_fn *done);

#endif

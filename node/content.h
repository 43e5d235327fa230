/* Content of any size: a descriptor becomes a manifest (inline, or sealed chunks in chunk files), and back.
 * Memory stays bounded by a few chunks whatever the size. */
#ifndef GMM_NODE_CONTENT_H
#define GMM_NODE_CONTENT_H

#include "node/node.h"
#include "proto/manifest.h"

/* Reads fd from its start to its end. ≤ inline_max bytes: *inline_bytes (owned by the caller, free) and
 * manifest.inline_bytes point to it; more: chunks under the group's chunk domain, written and synced, rows in the open
 * transaction. GMM_ELIMIT above LIMIT_CONTENT_BYTES, GMM_EIO, GMM_EFULL. */
enum gmm_err content_store(struct node *node, const struct gmm_id *gid, int fd, size_t inline_max,
                           struct manifest *manifest, uint8_t **inline_bytes, struct gmm_msg *msg);
/* Writes the content to fd, verifying each chunk. GMM_EABSENT: chunks are missing (*missing of them; fetch first);
 * GMM_ECORRUPT names the chunk; GMM_EIO, GMM_EFULL of the destination. */
enum gmm_err content_write(struct node *node, const struct gmm_id *gid, const struct manifest *manifest, int fd,
                           size_t *missing, struct gmm_msg *msg);
/* Chunks of a manifest (both levels as far as held) that are not held: appended ids. */
enum gmm_err content_missing(struct node *node, const struct gmm_id *gid, const struct manifest *manifest,
                             struct gmm_id **ids, size_t *count);

#endif

/* Content of any size: a descriptor becomes a manifest (inline, or sealed chunks in chunk files), and back.
 * Memory stays bounded by a few chunks whatever the size. */
#ifndef GMM_NODE_CONTENT_H
#define GMM_NODE_CONTENT_H

#include "node/node.h"
#include "proto/manifest.h"

/* More chunks than this are listed in chunks of their own (level 1), so that a record with every attachment it may have
 * still fits into one body. */
#define CONTENT_FLAT_CHUNKS 128u

/* Reads fd from its start to its end. ≤ inline_max bytes: *inline_bytes (the caller's, free; never NULL) and
 * manifest.inline_bytes point to it; more: chunks under the group's chunk domain (an epoch is made where none is
 * usable), written, rows in the open transaction; node_flush syncs and commits. On failure no chunk file is left that
 * was not there. GMM_ELIMIT above LIMIT_CONTENT_BYTES, GMM_EIO, GMM_EFULL, what engine_domain gives. */
enum gmm_err content_store(struct node *node, const struct gmm_id *gid, int fd, size_t inline_max,
                           struct manifest *manifest, uint8_t **inline_bytes, struct gmm_msg *msg);
/* The same in a chunk domain of its own (conv, 32 bytes): that of a document under embargo. */
enum gmm_err content_store_apart(struct node *node, const struct gmm_id *gid, const uint8_t *conv, int fd,
                                 size_t inline_max, struct manifest *manifest, uint8_t **inline_bytes,
                                 struct gmm_msg *msg);
/* The content was not posted after all: chunk files that no committed row speaks of are removed. After the store has
 * rolled back. */
void content_forget(struct node *node, const struct gmm_id *gid, const struct manifest *manifest);
/* Writes the content to fd, verifying each chunk. GMM_EABSENT: chunks are missing (*missing of them, may be NULL; fetch
 * first) and nothing was written; GMM_ECORRUPT names the chunk; GMM_EIO, GMM_EFULL of the destination. */
enum gmm_err content_write(struct node *node, const struct gmm_id *gid, const struct manifest *manifest, int fd,
                           size_t *missing, struct gmm_msg *msg);
/* The same into memory; *bytes: free, never NULL. GMM_ELIMIT when longer than max. */
enum gmm_err content_read(struct node *node, const struct gmm_id *gid, const struct manifest *manifest, size_t max,
                          uint8_t **bytes, size_t *len, struct gmm_msg *msg);
/* SHA-256 of the content in hex, for comparing with what other programs say of a file. As content_write. */
#define CONTENT_SHA256_TEXT 65u
enum gmm_err content_sha256(struct node *node, const struct gmm_id *gid, const struct manifest *manifest,
                            char text[CONTENT_SHA256_TEXT], struct gmm_msg *msg);
/* Chunks of a manifest (both levels as far as held) that are not held: a new array (free; NULL when none).
 * GMM_ECORRUPT: a list of chunks does not open or lies about the content. */
enum gmm_err content_missing(struct node *node, const struct gmm_id *gid, const struct manifest *manifest,
                             struct gmm_id **ids, size_t *count);
/* Every chunk that a manifest names, those of its lists as far as these are held, the lists last: a new array (free;
 * NULL when none). */
enum gmm_err content_chunks(struct node *node, const struct gmm_id *gid, const struct manifest *manifest,
                            struct gmm_id **ids, size_t *count);

#endif

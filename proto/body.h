/* Record bytes to sealed body and back: zstd when smaller (level 3), then keys/seal.h. Decompression is bounded: a frame
 * that does not state its size, or states more than LIMIT_BODY_PLAIN, is GMM_ELIMIT before anything is allocated. */
#ifndef GMM_PROTO_BODY_H
#define GMM_PROTO_BODY_H

#include "keys/seal.h"

#define BODY_PLAIN_MAX (8u << 20)

/* Appends the sealed body to out. */
enum gmm_err body_seal(struct buffer *out, const uint8_t epoch_secret[32], const uint8_t header_prefix[192],
                       const void *plain, size_t len, const uint8_t node_secret[32], const uint8_t random[32]);
/* Exact length that body_seal would give: the header must not depend on it, but callers plan with it. */
/* *plain: free with seal_free. GMM_EDECRYPT, GMM_EFORMAT, GMM_ELIMIT, GMM_ENOMEM. */
enum gmm_err body_open(uint8_t **plain, size_t *len, const uint8_t epoch_secret[32], const uint8_t header_prefix[192],
                       const void *body, size_t body_len);

#endif

/* Record bytes to sealed body and back: zstd when that is smaller (level 3), then keys/seal.h.
 *
 * Decompression is bounded before anything is allocated: the compressed data is one zstd frame that states its
 * content's size; it states at most BODY_PLAIN_MAX (else GMM_ELIMIT) and more than the frame's own (else GMM_EFORMAT:
 * such content is sealed as it stands).
 */
#ifndef GMM_PROTO_BODY_H
#define GMM_PROTO_BODY_H

#include "keys/seal.h"

#define BODY_PLAIN_MAX (8u << 20)

/* What a body holds before it is sealed: the same for whoever packs it, so that any thread may. bytes NULL: packing
 * would not make it smaller, the plaintext itself is sealed. */
struct body_packed {
    uint8_t *bytes;
    size_t len;
};
/* GMM_ELIMIT: plain is longer than BODY_PLAIN_MAX; GMM_ENOMEM. */
enum gmm_err body_pack(struct body_packed *out, const void *plain, size_t len);
void body_packed_close(struct body_packed *packed); /* wiped */
/* Gives back what packing and opening keep in memory for this thread; it is made anew when it is needed. */
void body_end_thread(void);
/* body_seal in two steps: packed is what body_pack made of this plaintext. */
enum gmm_err body_seal_packed(struct buffer *out, const uint8_t epoch_secret[32], const uint8_t header_prefix[192],
                              const void *plain, size_t len, const struct body_packed *packed,
                              const uint8_t node_secret[32], const uint8_t random[32]);

/* Appends the sealed body to out. GMM_ELIMIT: plain is longer than BODY_PLAIN_MAX, or the body would be longer than
 * LIMIT_BODY_BYTES; GMM_ENOMEM. */
enum gmm_err body_seal(struct buffer *out, const uint8_t epoch_secret[32], const uint8_t header_prefix[192],
                       const void *plain, size_t len, const uint8_t node_secret[32], const uint8_t random[32]);
/* *plain: free with seal_free. GMM_EDECRYPT, GMM_EFORMAT, GMM_ELIMIT, GMM_ENOMEM. */
enum gmm_err body_open(uint8_t **plain, size_t *len, const uint8_t epoch_secret[32], const uint8_t header_prefix[192],
                       const void *body, size_t body_len);
/* The same with the key of this one body (seal_reveal). */
enum gmm_err body_open_revealed(uint8_t **plain, size_t *len, const uint8_t key[32], const uint8_t header_prefix[192],
                                const void *body, size_t body_len);

#endif

/* Content of documents and attachments of any size up to LIMIT_CONTENT_BYTES: inline bytes, or a list of chunks.
 *
 * As msgpack inside a record: bin (inline, ≤ LIMIT_INLINE_BYTES or ≤ 256 KiB for a document's own content), or map
 *   {"n": size uint, "c": [[id bin32, key bin32, len uint], …] ≤ 4096, "l": level uint (0: chunks of content; 1: chunks that
 *    hold, packed, further lists of the same form)}.
 * The sum of lengths at the lowest level is n. A level-1 chunk's plaintext is the msgpack array of its list.
 */
#ifndef GMM_PROTO_MANIFEST_H
#define GMM_PROTO_MANIFEST_H

#include "proto/packer.h"
#include "proto/reader.h"

#define MANIFEST_INLINE_BYTES (256u << 10) /* a document's own content below this stays in its body */

struct manifest_chunk {
    struct gmm_id id;
    uint8_t key[32];
    uint32_t len; /* plaintext bytes, 1..LIMIT_CHUNK_MAX */
};
struct manifest {
    uint64_t size; /* content bytes */
    const uint8_t *inline_bytes; /* borrowed; not NULL: inline, size bytes */
    uint8_t level;
    uint32_t count;
    struct manifest_chunk *chunks; /* owned; manifest_close */
};

/* Appends the value. GMM_ELIMIT through the buffer. */
void manifest_pack(struct buffer *out, const struct manifest *m);
/* Reads one; borrowed inline bytes point into the reader's input. Failure is the reader's (GMM_ENOMEM too). */
void manifest_read(struct reader *r, struct manifest *out);
void manifest_close(struct manifest *m);
/* The list inside a level-1 chunk (plaintext): decode gives an owned array. */
enum gmm_err manifest_list_decode(struct manifest_chunk **out, uint32_t *count, const void *plain, size_t len);
void manifest_list_pack(struct buffer *out, const struct manifest_chunk *chunks, uint32_t count);

#endif

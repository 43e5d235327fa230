/* Content of documents and attachments of any size up to LIMIT_CONTENT_BYTES: inline bytes, or a list of chunks.
 *
 * As msgpack inside a record: bin (inline, ≤ LIMIT_INLINE_BYTES or ≤ 256 KiB for a document's own content), or the map
 *   {"c": [[id bin32, key bin32, len uint], …] 1..4096, "l": level uint (0: chunks of content; 1: chunks that hold,
 *    packed, further lists of the same form), "n": content bytes uint}: exactly these three keys.
 * Each len is 1..LIMIT_CHUNK_MAX; at the lowest level their sum is n. A level-1 chunk's plaintext is the msgpack array
 * of its list; the sum over all its lists is n (the reader of the content checks that).
 */
#ifndef GMM_PROTO_MANIFEST_H
#define GMM_PROTO_MANIFEST_H

#include "proto/packer.h"
#include "proto/reader.h"

#define MANIFEST_INLINE_BYTES (256u << 10) /* a document's own content up to this stays in its body */
#define MANIFEST_LEVEL_MAX 1u

struct manifest_chunk {
    struct gmm_id id;
    uint8_t key[32];
    uint32_t len; /* plaintext bytes, 1..LIMIT_CHUNK_MAX */
};
struct manifest {
    uint64_t size;               /* content bytes */
    const uint8_t *inline_bytes; /* borrowed; not NULL: inline, size bytes */
    uint8_t level;
    uint32_t count;
    struct manifest_chunk *chunks; /* owned; manifest_close */
};

/* Appends the value. What manifest_read would refuse fails through the buffer: GMM_ELIMIT, GMM_EFORMAT. */
void manifest_pack(struct buffer *out, const struct manifest *m);
/* Reads one; borrowed inline bytes point into the reader's input. Failure is the reader's (GMM_EFORMAT, GMM_ELIMIT,
 * GMM_ENOMEM); *out is then empty. */
void manifest_read(struct reader *r, struct manifest *out);
/* Wipes and frees the chunks, which hold keys; resets *m. */
void manifest_close(struct manifest *m);
/* The list inside a level-1 chunk (plaintext): decode gives an owned array (manifest_list_free). */
enum gmm_err manifest_list_decode(struct manifest_chunk **out, uint32_t *count, const void *plain, size_t len);
void manifest_list_pack(struct buffer *out, const struct manifest_chunk *chunks, uint32_t count);
void manifest_list_free(struct manifest_chunk *chunks, uint32_t count); /* wipes; NULL is fine */

#endif

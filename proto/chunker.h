/* Keyed content-defined chunking (protocol: Chunks): cut points depend on the content and on the chunk domain's secret,
 * so that equal stretches of two versions give equal chunks while sizes tell an outsider little. Streaming: feed bytes,
 * be told where to cut. The same bytes give the same cuts however they are fed.
 *
 * A gear hash of 64 bits: hash = 2 hash + gear[byte], so that a bit knows at most the last 64 bytes. gear[i] = the
 * first 8 bytes, big-endian, of K(conv, chunker, i u8). Normalised chunking, with n the chunk's length including the
 * byte at hand: n ≤ LIMIT_CHUNK_MIN − 64   the byte is passed over (hash stays 0) n < LIMIT_CHUNK_MIN        hashed,
 * never cut n < LIMIT_CHUNK_AVG        cut behind the byte when the hash's top 22 bits are zero n < LIMIT_CHUNK_MAX cut
 * when its top 18 bits are zero n = LIMIT_CHUNK_MAX        cut A cut resets hash and n; the end of the content is a
 * cut.
 */
#ifndef GMM_PROTO_CHUNKER_H
#define GMM_PROTO_CHUNKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Holds a table as secret as conv: chunker_close wipes it. */
struct chunker {
    uint64_t gear[256];
    uint64_t hash;
    size_t length; /* bytes in the current chunk */
};

void chunker_init(struct chunker *c, const uint8_t conv[32]);
/* Consumes up to len bytes; returns how many belong to the current chunk, and sets *cut when the chunk ends there. */
size_t chunker_feed(struct chunker *c, const uint8_t *data, size_t len, bool *cut);
void chunker_close(struct chunker *c);

#endif

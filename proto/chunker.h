/* Keyed content-defined chunking (protocol: Chunks): cut points depend on the content and on the chunk domain's secret,
 * so that equal stretches of two versions give equal chunks while sizes tell an outsider little. Streaming: feed bytes,
 * be told where to cut. A gear hash whose 256-entry table is drawn from K(conv, chunker, index). Normalised chunking: a
 * stricter mask before LIMIT_CHUNK_AVG, a looser one after it; never below LIMIT_CHUNK_MIN (but at the end) or above
 * LIMIT_CHUNK_MAX. The same bytes give the same cuts however they are fed.
 */
#ifndef GMM_PROTO_CHUNKER_H
#define GMM_PROTO_CHUNKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chunker {
    uint64_t gear[256];
    uint64_t hash;
    size_t length; /* bytes in the current chunk */
};

void chunker_init(struct chunker *c, const uint8_t conv[32]);
/* Consumes up to len bytes; returns how many belong to the current chunk, and sets *cut when the chunk ends there. */
size_t chunker_feed(struct chunker *c, const uint8_t *data, size_t len, bool *cut);
void chunker_close(struct chunker *c); /* wipes the table */

#endif

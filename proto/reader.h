/* A strict, allocation-free msgpack reader for bytes that came from elsewhere (protocol: Conventions).
 *
 * Accepts nil, bool, int, str, bin, array, map; shortest form only; map keys strictly ascending by their encoded bytes;
 * valid UTF-8; depth ≤ LIMIT_MSGPACK_DEPTH; counts checked against the bytes left; no float, no ext. Sticky failure as
 * keys/bytes.h: after the first error every call gives zero, and the decoder asks reader_done once.
 */
#ifndef GMM_PROTO_READER_H
#define GMM_PROTO_READER_H

#include "keys/bytes.h"
#include "keys/limits.h"

enum reader_type {
    READER_NONE, /* failed, or nothing left */
    READER_NIL,
    READER_BOOL,
    READER_INT, /* any integer */
    READER_STR,
    READER_BIN,
    READER_ARRAY,
    READER_MAP
};

struct reader {
    const uint8_t *p;
    size_t left;
    enum gmm_err failed;
};

/* Walks one whole value: GMM_OK when the input is exactly one valid value of the profile, else GMM_EFORMAT or
 * GMM_ELIMIT (depth). No allocation, no recursion deeper than the limit. */
enum gmm_err reader_check(const void *data, size_t len);

/* Starts reading; runs reader_check first, so that the calls below meet only well-formed input. */
enum gmm_err reader_init(struct reader *r, const void *data, size_t len);
enum reader_type reader_peek(const struct reader *r);
void reader_nil(struct reader *r);
bool reader_bool(struct reader *r);
uint64_t reader_uint(struct reader *r); /* fails on a negative number */
int64_t reader_int(struct reader *r);   /* fails beyond INT64_MAX */
/* Borrowed, not NUL-ended; at most max bytes else GMM_ELIMIT. */
const char *reader_str(struct reader *r, size_t max, size_t *len);
const uint8_t *reader_bin(struct reader *r, size_t max, size_t *len);
/* A 32-byte bin. */
void reader_id(struct reader *r, struct gmm_id *out);
uint32_t reader_array(struct reader *r, uint32_t max);
uint32_t reader_map(struct reader *r, uint32_t max);
/* Reads a str and tells whether it is this key; on false the reader stays before it. */
bool reader_key(struct reader *r, const char *key);
void reader_skip(struct reader *r); /* one whole value */
void reader_fail(struct reader *r, enum gmm_err err);
/* GMM_OK when nothing failed and nothing is left. */
enum gmm_err reader_done(const struct reader *r);

#endif

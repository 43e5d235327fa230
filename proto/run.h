/* Runs: up to 256 consecutive entries of one log, proven by one signed head over the last (protocol: Log and entry).
 * A run never goes past an entry whose seq mod 256 is 255: the head there is signed always and kept for ever, and a run
 * across it would leave it out. run_room tells how many entries a run may have.
 *
 * Wire form (what a run implies is left out):
 *   group 32 · author 32 · instance u64 · first_seq u64 · count u16 (1..256) · entries · head signature 64
 *   entry = tag u8 · [type u16 · flags u32] · time u64 · [epoch 32] · body length u32 · (body | body hash 32)
 *   tag: 1 type and flags follow, 2 epoch follows, 4 body absent, its hash follows; other bits: reject.
 *   The first entry's tag has 1 and 2 set. Later ones repeat the type, flags and epoch before them when unset; a set
 *   bit that repeats the value before is non-canonical: reject.
 * Head = SIG(sign_sk, head, group ‖ author ‖ instance ‖ seq ‖ id).
 *
 * run_verify is stateless (it may run on a pool): it rebuilds headers, checks the chain, hashes and the signature, and
 * gives an opaque verified run; only gate_admit takes those.
 */
#ifndef GMM_PROTO_RUN_H
#define GMM_PROTO_RUN_H

#include "proto/header.h"

struct run_key { /* names a log */
    struct gmm_id group, author;
    uint64_t instance;
};
struct run_entry {
    uint8_t header[HEADER_BYTES];
    struct gmm_id id;
    const uint8_t *body; /* inside the run's own memory; NULL: absent */
    uint32_t body_len;   /* as the header says, also when absent */
};
/* One allocation; run_free. */
struct run {
    struct run_key key;
    uint64_t first_seq;
    uint32_t count;
    bool rebuilt;                /* by run_decode, which hashed every byte itself: run_verify need not hash again */
    uint8_t sig[HASH_SIG_BYTES]; /* over the last entry */
    struct run_entry *entries;
};
struct verified_run; /* opaque: a run whose every byte is proven */

void run_key_of(struct run_key *key, const struct header *header);
int run_key_compare(const struct run_key *a, const struct run_key *b);

/* The most entries a run may have that begins at this seq. */
static inline uint32_t run_room(uint64_t first_seq)
{
    return LIMIT_RUN_ENTRIES - (uint32_t)(first_seq % LIMIT_RUN_ENTRIES);
}

/* The 112 bytes a head signs. */
#define RUN_HEAD_BYTES (32 + 32 + 8 + 8 + 32)
void run_head_bytes(uint8_t out[RUN_HEAD_BYTES], const struct run_key *key, uint64_t seq, const struct gmm_id *id);
void run_head_sign(uint8_t sig[HASH_SIG_BYTES], const uint8_t sign_sk[64], const struct gmm_id *nid,
                   const struct run_key *key, uint64_t seq, const struct gmm_id *id);
enum gmm_err run_head_verify(const uint8_t sig[HASH_SIG_BYTES], const struct gmm_id *nid, const struct run_key *key,
                             uint64_t seq, const struct gmm_id *id);

/* Builds a run from stored rows: headers of `count` entries in order, bodies (NULL: absent); everything is copied.
 * Errors of header_decode; GMM_EFORMAT: more entries than a run may have, a body of another length than its header
 * says, an entry of another log or out of place; GMM_ELIMIT: longer than LIMIT_RUN_BYTES on the wire; GMM_ENOMEM. */
struct run_source {
    const uint8_t *header;
    const uint8_t *body;
    uint32_t body_len;
};
enum gmm_err run_make(struct run **out, const struct run_source *entries, uint32_t count,
                      const uint8_t sig[HASH_SIG_BYTES]);
void run_free(struct run *run);
/* Writes the wire form of a run that run_make or run_decode made. Errors of the buffer. */
enum gmm_err run_encode(struct buffer *out, const struct run *run);
/* Reads log, first_seq and count without more: what a receiver needs to find prev. GMM_EFORMAT. */
enum gmm_err run_peek(struct run_key *key, uint64_t *first_seq, uint32_t *count, const void *bytes, size_t len);
/* prev: id of the entry before first_seq (ignored when first_seq is 0). Sizes are checked before allocation.
 * GMM_EFORMAT, GMM_ELIMIT, GMM_ENOMEM. Headers are rebuilt; nothing is proven yet. */
enum gmm_err run_decode(struct run **out, const struct gmm_id *nid, const struct gmm_id *prev, const void *bytes,
                        size_t len);
/* Takes *run on success (sets it NULL). Checks each header (header_decode), chain, strictly rising time, body hashes,
 * and the head's signature by key.author. GMM_EFORMAT (also: a body with another hash), GMM_EORDER (seq, prev or time
 * does not continue), GMM_ESIGNATURE, GMM_EVERSION, GMM_ELIMIT, GMM_ENETWORK, GMM_ENOMEM. */
enum gmm_err run_verify(struct verified_run **out, struct run **run, const struct gmm_id *nid);
/* "A (seq, id) that is named proves the run that ends there as a head does": checks all but the signature, and that the
 * last entry has this id. The signature is set to zero. Errors as run_verify; GMM_ESIGNATURE: another id. */
enum gmm_err run_verify_named(struct verified_run **out, struct run **run, const struct gmm_id *nid,
                              const struct gmm_id *last_id);
/* Is the signature one at all, or zero: a run or a log that ends at a name? */
bool run_is_signed(const uint8_t sig[HASH_SIG_BYTES]);
/* A copy of the first `count` entries, with bodies or without; errors as run_make. The signature is that of run when
 * all are copied, else zero. */
enum gmm_err run_copy(struct run **out, const struct run *run, uint32_t count, bool bodies);
const struct run *verified_run_view(const struct verified_run *v);
void verified_run_free(struct verified_run *v);

#endif

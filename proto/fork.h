/* Fork proofs: two branches of one log that its author signed both (protocol: Fork proofs).
 *
 *   proof  = {ver u8 = 1, prev 32, branch bytes16, branch bytes16}
 *   branch = a run's wire form (proto/run.h) without bodies: every entry's tag has 4
 *   name   = H(fork, proof)
 *
 * Both branches are of one log, begin at the same seq f behind prev (the id of entry f − 1, or log0) with different
 * ids, and end at a head that verifies; the branch with the smaller id at f comes first. Whoever holds a proof needs
 * nobody's word for it.
 */
#ifndef GMM_PROTO_FORK_H
#define GMM_PROTO_FORK_H

#include "proto/run.h"

struct fork_branch {
    uint32_t count;
    const struct gmm_id *ids; /* of its entries, from first_seq on */
};
struct fork_proof { /* one allocation; free */
    struct gmm_id hash;
    struct run_key key;
    uint64_t first_seq; /* f: where the branches part */
    struct gmm_id prev; /* id of entry f − 1; log0 when f is 0 */
    uint64_t times[2];  /* header times of the two entries at f */
    struct fork_branch branches[2];
    const uint8_t *bytes;
    size_t len;
};

/* The first seq at which two runs of one log hold different entries; false: nowhere where both have one. */
bool fork_divergence(const struct run *a, const struct run *b, uint64_t *first_seq);
/* The proof that two verified runs make: from where they part up to their ends. Appends. GMM_EFORMAT: they do not part,
 * or what comes before differs already; the buffer's failure; GMM_ENOMEM. */
enum gmm_err fork_make(struct buffer *out, const struct run *a, const struct run *b);
/* Checks everything. GMM_EFORMAT, GMM_EVERSION, GMM_ELIMIT, GMM_EORDER, GMM_ESIGNATURE, GMM_ENOMEM. */
enum gmm_err fork_open(struct fork_proof **out, const struct gmm_id *nid, const void *bytes, size_t len);
/* Which branch has this entry at this seq: 0 or 1; −1: neither. */
int fork_branch_of(const struct fork_proof *proof, uint64_t seq, const struct gmm_id *id);

#endif

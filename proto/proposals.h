/* What needs more than one signature: a record that proposes it, and who supports it (protocol: Proposals). Inside of
 * the fold only; when it is enough is asked elsewhere. */
#ifndef GMM_PROTO_PROPOSALS_H
#define GMM_PROTO_PROPOSALS_H

#include "proto/change.h"
#include "proto/state_set.h"

struct proposal {
    struct gmm_id subject;
    struct change *record;             /* NULL: only cosigned so far */
    unsigned proposer;                 /* its author's participant */
    struct state_set voters, sponsors; /* by an office with VOTE; by one with VOTE or that decides */
};
struct proposals {
    struct proposal **list; /* sorted by subject */
    size_t count, cap;
};

void proposals_close(struct proposals *proposals);
struct proposal *proposals_find(const struct proposals *proposals, const struct gmm_id *subject); /* or NULL */
/* Finds it, or makes an empty one. NULL: out of memory. */
struct proposal *proposals_get(struct proposals *proposals, const struct gmm_id *subject);
/* It took effect: nobody supports it any more. */
void proposals_clear(struct proposal *proposal);

#endif

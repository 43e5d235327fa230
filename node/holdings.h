/* What an office holds of what another one may have, as bundles tell it (proto/cargo.h): how far each log goes, and
 * which objects, proofs and chunks there are. */
#ifndef GMM_NODE_HOLDINGS_H
#define GMM_NODE_HOLDINGS_H

#include "node/node.h"
#include "proto/cargo.h"

struct holdings {
    struct cargo_head *heads; /* ascending once sorted */
    size_t head_count, head_capacity;
    uint64_t *things; /* likewise, without repeats */
    size_t thing_count, thing_capacity;
};

void holdings_init(struct holdings *h);
void holdings_close(struct holdings *h);
enum gmm_err holdings_add_head(struct holdings *h, const struct run_key *key, uint64_t next);
enum gmm_err holdings_add_thing(struct holdings *h, uint64_t thing);
/* After adding, before looking. */
void holdings_sort(struct holdings *h);
uint64_t holdings_next(const struct holdings *h, const struct run_key *key); /* 0: none of it */
bool holdings_has(const struct holdings *h, const struct gmm_id *name);
enum gmm_err holdings_copy(struct holdings *out, const struct holdings *h);
/* What this node holds of what an office may have: control logs and root objects, and what belongs to the groups that
 * its participant is a member of, or that it relays; no chunks. */
enum gmm_err holdings_of(struct holdings *out, struct node *node, const struct view_office *office);
/* At rest. GMM_ECORRUPT. */
void holdings_encode(struct buffer *out, const struct holdings *h);
enum gmm_err holdings_decode(struct holdings *out, struct bytes_in *in);

#endif

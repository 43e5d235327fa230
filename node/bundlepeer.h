/* What this node keeps of the bundles to and from one office (docs/protocol.md, 25): how they are numbered, what
 * the other side holds as it last said, which parts have come. */
#ifndef GMM_NODE_BUNDLEPEER_H
#define GMM_NODE_BUNDLEPEER_H

#include "keys/bundle.h"
#include "node/holdings.h"

struct bundlepeer_bundle { /* of theirs, behind `complete` */
    uint64_t number, rests;
    uint32_t last;   /* its last part; 0: not known yet */
    uint32_t *parts; /* that are here, ascending */
    size_t part_count;
};
struct bundlepeer {
    struct gmm_id sign_pk;
    uint64_t next;      /* the number of our next bundle */
    uint64_t since;     /* the first bundle of ours that `sent` counts on and that is not acknowledged; 0: none */
    uint64_t heard_ms;  /* when the bundle of theirs was made that told `held`: a restored store numbers anew */
    uint64_t complete;  /* of theirs all up to this number are here, or no longer needed */
    uint64_t synced_ms; /* when a session last told `held` */
    struct bundlepeer_bundle bundles[LIMIT_BUNDLES_OPEN]; /* ascending by number */
    size_t bundle_count;
    struct holdings held, sent;
};

/* A peer that nothing is kept of is a new one. Errors of the store; GMM_ENOMEM. */
enum gmm_err bundlepeer_load(struct bundlepeer *peer, struct store *store, const struct gmm_id *sign_pk);
/* Into the open transaction. */
enum gmm_err bundlepeer_save(struct bundlepeer *peer, struct store *store, bool durable);
void bundlepeer_close(struct bundlepeer *peer);
/* A part of theirs is here, wholly; last: it was the last one. */
enum gmm_err bundlepeer_got(struct bundlepeer *peer, const struct bundle_opening *opening, bool last);
/* A part of theirs was seen, but not to its end. */
enum gmm_err bundlepeer_saw(struct bundlepeer *peer, const struct bundle_opening *opening);
/* What has not come, at most max; part 0: a whole bundle, or all behind its last part here. */
size_t bundlepeer_lost(const struct bundlepeer *peer, struct cargo_lost *out, size_t max);
/* They told what they hold (taken on success) and what of ours they have: unless a later bundle told it before. */
enum gmm_err bundlepeer_told(struct bundlepeer *peer, uint64_t made_ms, struct holdings *held, uint64_t complete,
                             bool lost);
/* A session with this office is in sync: it holds the logs and objects that we do; of chunks that says nothing. Noted
 * at most once a minute, in the open transaction. */
enum gmm_err bundlepeer_synced(struct node *node, const struct gmm_id *sign_pk);

#endif

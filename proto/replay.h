/* Records applied in canonical order, and the terms of the chair that they open (protocol: Terms). Inside of the fold
 * only. */
#ifndef GMM_PROTO_REPLAY_H
#define GMM_PROTO_REPLAY_H

#include "proto/removals.h"

struct replay { /* what is replayed; borrowed */
    const struct directory *directory;
    const struct offices *offices;
    const struct anchors *anchors;
    const struct rulings *rulings;
    const struct removals *removed; /* by which records are judged; NULL: none */
    struct change **changes;        /* in canonical order, each once */
    size_t count;
};

/* The state behind all records, all terms that they open, and what removals make void (r->removed is not asked).
 * GMM_ENOMEM: the state is not open. */
enum gmm_err replay_all(struct state *s, const struct replay *r, struct terms *terms, struct removals *removed);
/* The state behind the first `count` of them, judged by the terms that all of them open. */
enum gmm_err replay_some(struct state *s, const struct replay *r, struct terms *terms, size_t count);
/* Tells of each record without effect which rule refuses it. Ends when told does not give GMM_OK, with its answer. */
typedef enum gmm_err replay_told_fn(void *arg, const struct gmm_id *id, const struct gmm_msg *why);
enum gmm_err replay_refusals(const struct replay *r, struct terms *terms, replay_told_fn *told, void *arg);

#endif

/* Records applied in canonical order, and the terms of the chair that they open (protocol: Terms). Inside of the fold
 * only. */
#ifndef GMM_PROTO_REPLAY_H
#define GMM_PROTO_REPLAY_H

#include "proto/state.h"

struct replay { /* what is replayed; borrowed */
    const struct directory *directory;
    const struct offices *offices;
    const struct anchors *anchors;
    const struct rulings *rulings;
    struct change **changes; /* in canonical order, each once */
    size_t count;
};

/* The state behind all records, and all terms that they open. GMM_ENOMEM: the state is not open. */
enum gmm_err replay_all(struct state *s, const struct replay *r, struct terms *terms);
/* The state behind the first `count` of them, judged by the terms that all of them open. */
enum gmm_err replay_some(struct state *s, const struct replay *r, struct terms *terms, size_t count);

#endif

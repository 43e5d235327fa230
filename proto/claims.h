/* What anchors come to on a folded state: who says to hold how much of a log (protocol: Anchors; Forks; Removal).
 * Inside of the fold only.
 *
 * A unit is a participant, or in a group `internal` an office. An anchor counts when its entry stands, its author's
 * certificate was in force at its time, and its participant belongs to the log's group on the state given. Whoever
 * wrote the log itself is no unit of it.
 */
#ifndef GMM_PROTO_CLAIMS_H
#define GMM_PROTO_CLAIMS_H

#include "proto/anchors.h"
#include "proto/fork.h"
#include "proto/state.h"

struct claims_one {
    unsigned unit;
    uint64_t seq, time;
    struct gmm_id id;
};
struct claims {
    struct claims_one *list; /* sorted by unit, seq, id, time */
    size_t count;
    unsigned units; /* how many others there are, with or without claims */
};

/* Of anchors with header times before `before` (UINT64_MAX: all). GMM_ENOMEM: nothing is owned. */
enum gmm_err claims_make(struct claims *c, const struct anchors *a, const struct state *s, const struct run_key *log,
                         uint64_t before);
/* The same without counting the units (0), which costs one look at each office in `internal`. */
enum gmm_err claims_words(struct claims *c, const struct anchors *a, const struct state *s, const struct run_key *log,
                          uint64_t before);
void claims_close(struct claims *c);
/* The unit that an office is of a log, when its word on it counts. */
bool claims_unit(const struct state *s, const struct run_key *log, const struct gmm_id *sign_pk, unsigned *unit);
/* How far a unit's own claims reach; false: it has none. */
bool claims_reached(const struct claims *c, unsigned unit, uint64_t *seq);
/* Do its claims say on which of the proof's branches they lie? */
bool claims_name(const struct claims *c, unsigned unit, const struct fork_proof *proof);
/* The highest seq that at least `need` units reach; LOGS_NO_SEQ (UINT64_MAX): none. */
uint64_t claims_reach(const struct claims *c, unsigned need);
/* The same in one call, of anchors before a time. */
enum gmm_err claims_covered(uint64_t *seq, const struct anchors *a, const struct state *s, const struct run_key *log,
                            uint64_t before, unsigned need);

#endif

/* What fork proofs and anchors come to: up to where each forked log stands, and on which branch (protocol: Forks).
 * Inside of the fold only.
 *
 * Strict: every forked log ends where its proven branches part first. Judged, on the state that this gives: beyond it
 * stands what the anchors of more than half of the others cover on one branch.
 */
#ifndef GMM_PROTO_RULINGS_H
#define GMM_PROTO_RULINGS_H

#include "proto/claims.h"
#include "proto/forks.h"

struct rulings {
    const struct forks *forks; /* borrowed */
    struct view_fork *list;    /* sorted by log */
    size_t count;
};

/* forks may be NULL: none. GMM_ENOMEM: nothing is owned. */
enum gmm_err rulings_make(struct rulings *r, const struct forks *forks);
/* From strict to judged, once. GMM_ENOMEM: they stay partly strict. */
enum gmm_err rulings_judge(struct rulings *r, const struct anchors *anchors, const struct state *s);
void rulings_close(struct rulings *r);
/* NULL: the log is not forked. */
const struct view_fork *rulings_find(const struct rulings *r, const struct run_key *log);
/* Does this entry stand as far as forks go: below the end of its log, and not on a branch that is not kept? */
bool rulings_stand(const struct rulings *r, const struct run_key *log, uint64_t seq, const struct gmm_id *id);
/* May the entry be on the branch that is kept, as far as the proofs tell? */
bool rulings_fit(const struct forks *forks, const struct view_fork *fork, uint64_t seq, const struct gmm_id *id);

#endif

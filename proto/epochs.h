/* Which epochs of the folded records are good for use, and which wraps answer complaints (protocol: EPOCH, EPOCH_BAD).
 * Inside of the fold only. */
#ifndef GMM_PROTO_EPOCHS_H
#define GMM_PROTO_EPOCHS_H

#include "proto/state.h"

struct epochs {
    struct view_epoch *epochs;         /* sorted by id; their recipients are borrowed from the records */
    struct view_wrap *wraps, *strays;  /* sorted by epoch, office, canonical order; strays: of no effect */
    struct view_complaint *complaints; /* sorted by epoch, office */
    size_t epoch_count, wrap_count, stray_count, complaint_count;
};

/* GMM_ENOMEM: nothing is made. */
enum gmm_err epochs_resolve(struct epochs *out, const struct state *s);
void epochs_close(struct epochs *epochs);
/* Lets the view point to them. */
void epochs_show(const struct epochs *epochs, struct view *view);
/* "gen = 1 + the highest gen of the parents, 1 without parents and only then": every parent is held, of the same group
 * and valid. */
bool epochs_gen_ok(const struct view_epoch *epochs, size_t count, const struct gmm_id *gid, const struct epoch *epoch);

#endif

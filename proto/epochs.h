/* Which epochs of the folded records are good for use, and which wraps answer complaints (protocol: EPOCH, EPOCH_BAD).
 * Inside of the fold only. */
#ifndef GMM_PROTO_EPOCHS_H
#define GMM_PROTO_EPOCHS_H

#include "proto/state.h"

/* Two new arrays (free): epochs sorted by id, wraps sorted by epoch, office, canonical order. The epochs' recipients
 * are borrowed from the records. GMM_ENOMEM: nothing is made. */
enum gmm_err epochs_resolve(const struct state *s, struct view_epoch **epochs, size_t *epoch_count,
                            struct view_wrap **wraps, size_t *wrap_count);
/* "gen = 1 + max(parents)", 1 without parents: every parent is held, of the same group and valid. */
bool epochs_gen_ok(const struct view_epoch *epochs, size_t count, const struct gmm_id *gid, const struct epoch *epoch);

#endif

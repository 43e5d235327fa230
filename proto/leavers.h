/* To whom an epoch may be passed on (protocol: Who had left).
 *
 * The maker of an epoch leaves out whoever it knows to have left, and says by which record in a LEFT before it. An
 * office that has not heard of that record yet must not give the secret to them, neither by a WRAP nor as history in an
 * epoch of its own: of an epoch it has to know what its makers knew, and the makers of those that it follows.
 */
#ifndef GMM_PROTO_LEAVERS_H
#define GMM_PROTO_LEAVERS_H

#include "proto/fold.h"

/* What the LEFTs of a group tell of that this view does not know. The view is borrowed. */
struct leavers_item {
    const struct view_left *in;
    const struct control_leaver *leaver;
};
struct leavers {
    const struct view *view;
    struct leavers_item *unknown;
    size_t count;
};

/* self: what this office wrote it has known. GMM_ENOMEM: nothing is held. */
enum gmm_err leavers_open(struct leavers *l, const struct view *v, const struct gmm_id *gid, const struct gmm_id *self);
void leavers_close(struct leavers *l);
/* Must the epoch's secret not be given to this office, as far as we know? Out of memory it must not. */
bool leavers_withhold(const struct leavers *l, const struct view_epoch *epoch, const struct gmm_id *sign_pk);
/* Who has left the group by this view and is not told of by the parents of a new epoch, nor by what they follow: at
 * most LIMIT_CUTS, for a LEFT before it; count 0: nobody. Owned: control_left_close. GMM_ENOMEM. */
enum gmm_err leavers_list(struct control_left *out, const struct view *v, const struct gmm_id *gid,
                          const struct view_epoch *const *parents, size_t parent_count);

#endif

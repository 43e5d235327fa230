/* Who can read under a group's epochs, by the records held (protocol 15: Who can read).
 *
 * An epoch's maker and its recipients; whom a WRAP names, of somebody who can read; and all who can read under an epoch
 * in which somebody who can read wraps its secret as history. Whether these records have effect does not matter: who
 * wrote them may not have heard yet that the office named had left, or had left itself. A record of somebody who cannot
 * read says nothing: what it claims to give it did not have.
 */
#ifndef GMM_PROTO_READERS_H
#define GMM_PROTO_READERS_H

#include "proto/fold.h"

struct readers {
    const struct view *view;
    const struct view_epoch **epochs; /* of the group, valid or not; sorted by id */
    size_t count, words;
    uint64_t *bits;  /* words an epoch: by index of view->offices */
    bool *strangers; /* an epoch: somebody can read who is no office in the view */
};

/* GMM_ENOMEM: nothing is held. The view is borrowed. */
enum gmm_err readers_open(struct readers *r, const struct view *v, const struct gmm_id *gid);
void readers_close(struct readers *r);
/* Can nobody read under the epoch (one of the group) but offices with their place in `current` set, by index of
 * view->offices? */
bool readers_are_all(const struct readers *r, const struct gmm_id *epoch_id, const bool *current);

#endif

/* The view that others see, made from a state: private to the fold. */
#ifndef GMM_PROTO_VIEW_STATE_H
#define GMM_PROTO_VIEW_STATE_H

#include "proto/state.h"

struct view_state {
    struct view view; /* first: view.c goes from a view to its state */
    const struct state *state;
    struct view_participant *participants;
    struct view_office *offices;
    struct view_group *groups;
    struct gmm_id *members; /* of all groups, one after the other */
    struct view_epoch *epochs;
    struct view_wrap *wraps;
};

/* GMM_ENOMEM: nothing is held. */
enum gmm_err view_state_make(struct view_state *v, const struct state *s);
void view_state_close(struct view_state *v);

#endif

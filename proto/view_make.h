/* Makes the view that others see of a folded state. Inside of the fold only; lookups over a view are in fold.h
 * (view_…). */
#ifndef GMM_PROTO_VIEW_MAKE_H
#define GMM_PROTO_VIEW_MAKE_H

#include "proto/epochs.h"
#include "proto/removals.h"
#include "proto/view_roles.h"

/* A view with the memory that it points to. What stands in records and certificates is borrowed from them. */
struct view_made {
    struct view view;
    struct view_participant *participants;
    struct view_office *offices;
    struct view_group *groups;
    struct gmm_id *members; /* and relays, behind them */
    struct epochs epochs;
    struct view_cut *cuts;
    struct removals removals;
    struct view_absence *absences;
    struct view_doubt *doubts;
    struct gmm_id *doubted; /* their members */
    struct view_left *lefts;
    struct view_erasure *erasures;
    struct view_event *history;
    struct view_fork *forks;
    struct view_roles roles;
};

/* At the state's moment. GMM_ENOMEM: nothing is held. */
enum gmm_err view_make(struct view_made *made, const struct state *s);
void view_make_close(struct view_made *made);

#endif

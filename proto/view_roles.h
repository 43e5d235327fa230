/* What the view shows of terms, leads, ballots and proposals. Inside of the fold only. */
#ifndef GMM_PROTO_VIEW_ROLES_H
#define GMM_PROTO_VIEW_ROLES_H

#include "proto/state.h"

struct view_roles {
    struct view_term *terms;
    struct view_handover *handovers;
    struct view_lead *leads;
    struct view_ballot *ballots;
    struct view_proposal *proposals;
    struct gmm_id *pids; /* of electors and supporters */
};

/* Fills in the view's arrays. GMM_ENOMEM: view_roles_close. */
enum gmm_err view_roles_make(struct view_roles *roles, struct view *v, const struct state *s);
void view_roles_close(struct view_roles *roles);

#endif

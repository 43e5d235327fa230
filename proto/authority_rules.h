/* The authorising functions by kind of change, one file a kind; authority.c puts them into its table. Inside of the
 * fold only.
 */
#ifndef GMM_PROTO_AUTHORITY_RULES_H
#define GMM_PROTO_AUTHORITY_RULES_H

#include "proto/judge.h"

/* authority_roster.c: who takes part */
judge_fn authority_roster_judge_admit, authority_roster_judge_suspend, authority_roster_judge_restore,
    authority_roster_judge_amend;
judge_apply_fn authority_roster_apply_admit, authority_roster_apply_suspend, authority_roster_apply_restore,
    authority_roster_apply_amend;
/* authority_groups.c: who is in a group */
judge_fn authority_groups_judge_found, authority_groups_judge_members;
judge_apply_fn authority_groups_apply_found, authority_groups_apply_members;
/* Folding passes over names that are not admitted; whoever writes the record wants to know. */
enum gmm_err authority_groups_all_admitted(const struct state *s, const struct change *c, const struct decision *d,
                                           struct gmm_msg *why);
/* authority_epochs.c: under which keys */
judge_fn authority_epochs_judge_wrapkey, authority_epochs_judge_epoch, authority_epochs_judge_bad,
    authority_epochs_judge_wrap;
judge_apply_fn authority_epochs_apply_wrapkey, authority_epochs_apply_epoch, authority_epochs_apply_bad,
    authority_epochs_apply_wrap;

#endif

/* The authorising functions by kind of change, one file a kind; authority.c puts them into its table. Inside of the
 * fold only.
 */
#ifndef GMM_PROTO_AUTHORITY_RULES_H
#define GMM_PROTO_AUTHORITY_RULES_H

#include "proto/judge.h"

/* authority_roster.c: who takes part */
judge_fn authority_roster_judge_admit, authority_roster_judge_replace, authority_roster_judge_suspend,
    authority_roster_judge_expel, authority_roster_judge_restore, authority_roster_judge_amend;
judge_apply_fn authority_roster_apply_admit, authority_roster_apply_suspend, authority_roster_apply_restore,
    authority_roster_apply_amend;
/* authority_vote.c: what needs more than one signature */
judge_fn authority_vote_judge_cosign, authority_vote_ask_cosign;
judge_apply_fn authority_vote_apply_cosign, authority_vote_apply_proposal;
/* GMM_EEXISTS: the author supports the same already. */
enum gmm_err authority_vote_judge_support(const struct state *s, struct change *c, const struct decision *d,
                                          struct gmm_msg *why);
/* authority_chair.c: who presides */
judge_fn authority_chair_judge_handover, authority_chair_judge_accept, authority_chair_judge_ballot,
    authority_chair_ask_ballot;
judge_apply_fn authority_chair_apply_handover, authority_chair_apply_accept, authority_chair_apply_ballot;
/* authority_lead.c: who leads a thematic group */
judge_fn authority_lead_judge, authority_lead_judge_accept;
judge_apply_fn authority_lead_apply, authority_lead_apply_accept;
/* authority_groups.c: who is in a group */
judge_fn authority_groups_judge_found, authority_groups_judge_members, authority_groups_judge_cut,
    authority_groups_ask_found, authority_groups_ask_members;
/* A REMOVE in a circle that is in doubt. */
enum gmm_err authority_groups_note_removed(struct state *s, const struct change *c);
/* May the author say who is in this circle or thematic group? */
enum gmm_err authority_groups_judge_manager(const struct state *s, const struct change *c, struct decision *d,
                                            struct gmm_msg *why);
judge_apply_fn authority_groups_apply_found, authority_groups_apply_members, authority_groups_apply_cut;
/* authority_relays.c: who forwards its data */
judge_fn authority_relays_judge, authority_relays_ask;
judge_apply_fn authority_relays_apply;
/* authority_epochs.c: under which keys */
judge_fn authority_epochs_judge_wrapkey, authority_epochs_judge_epoch, authority_epochs_judge_bad,
    authority_epochs_judge_wrap, authority_epochs_judge_left;
judge_apply_fn authority_epochs_apply_wrapkey, authority_epochs_apply_epoch, authority_epochs_apply_bad,
    authority_epochs_apply_wrap, authority_epochs_apply_left;
/* authority_erase.c: what goes */
judge_fn authority_erase_judge, authority_erase_judge_done;
judge_apply_fn authority_erase_apply, authority_erase_apply_done;
/* A WRAP that has no effect. */
enum gmm_err authority_epochs_note_stray(struct state *s, struct change *c);

#endif

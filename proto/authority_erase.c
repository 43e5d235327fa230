/* What goes: ERASE, ERASED. */
#include "keys/text.h"
#include "proto/authority_rules.h"

static enum gmm_err leads_thematic(const struct state *s, const struct change *c, struct decision *d,
                                   struct gmm_msg *why)
{
    unsigned thematic = d->group->thematic, lead = state_lead(s, thematic);
    if (!state_has_lead(s, thematic))
        return judge_chair_in_term(s, c, d, _("erases what others posted to a group without a lead"), why);
    if (d->author == lead)
        return judge_decides(s, c, d, why);
    return gmm_fail(why, GMM_EDENIED, "only the participant that posted it, and the lead of %s (%s), erase it",
                    charter_thematic_name(thematic), judge_name(s, lead));
}

/* "Who leads the group: the lead of a thematic one, the chair in its term of all and of a thematic one without a lead,
 * the creator of a circle, the participant of its internal group." */
static enum gmm_err leads(const struct state *s, const struct change *c, struct decision *d, struct gmm_msg *why)
{
    switch (d->group->kind) {
    case GROUP_ALL:
        return judge_chair_in_term(s, c, d, _("erases what others posted to all"), why);
    case GROUP_THEMATIC:
        return leads_thematic(s, c, d, why);
    case GROUP_CIRCLE:
    case GROUP_INTERNAL:
        break;
    }
    if (d->author == d->group->owner)
        return GMM_OK;
    return gmm_fail(why, GMM_EDENIED,
                    "only the participant that posted it, and the creator of the circle (%s), erase it",
                    judge_name(s, d->group->owner));
}

enum gmm_err authority_erase_judge(const struct state *s, struct change *c, struct decision *d, struct gmm_msg *why)
{
    bool claimed;
    enum gmm_err err = judge_member(s, c, d, why);
    if (err == GMM_OK)
        err = judge_read(s, c, why);
    if (err != GMM_OK)
        return err;
    return state_owner(s, &c->erase->author, &claimed) == d->author ? GMM_OK : leads(s, c, d, why);
}

enum gmm_err authority_erase_apply(struct state *s, struct change *c, const struct decision *d)
{
    return state_erase(s, c, d->author);
}

enum gmm_err authority_erase_judge_done(const struct state *s, struct change *c, struct decision *d,
                                        struct gmm_msg *why)
{
    struct control_erased r;
    enum gmm_err err = judge_member(s, c, d, why);
    return err == GMM_OK ? judge_decoded(c, control_erased_decode(&r, c->body, c->len), why) : err;
}

/* The fold counts no confirmations: who shows an erasure does. */
enum gmm_err authority_erase_apply_done(struct state *s, struct change *c, const struct decision *d)
{
    (void)s;
    (void)c;
    (void)d;
    return GMM_OK;
}

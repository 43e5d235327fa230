/* Who takes part: ADMIT, SUSPEND, RESTORE, AMEND. */
#include <string.h>

#include "proto/authority_rules.h"

enum gmm_err authority_roster_judge_admit(const struct state *s, struct change *c, struct decision *d,
                                          struct gmm_msg *why)
{
    enum gmm_err err = judge_chair(s, c, d, "may admit a participant", why);
    if (err != GMM_OK)
        return err;
    if (s->charter->admission != CHARTER_BY_CHAIR)
        return gmm_fail(why, GMM_EDENIED,
                        "by the charter the chair alone does not admit a participant: cosignatures are needed");
    err = judge_read(s, c, why);
    if (err != GMM_OK)
        return err;
    if (state_participant(s, &c->admit->pid) != STATE_NOBODY)
        return gmm_fail(why, GMM_EEXISTS, "%s is admitted already", c->admit->id);
    if (state_participant_by_id(s, c->admit->id) != STATE_NOBODY)
        return gmm_fail(why, GMM_EEXISTS, "%s is admitted already, under another root", c->admit->id);
    if (s->participant_count == LIMIT_PARTICIPANTS)
        return gmm_fail(why, GMM_EDENIED, "the roster is full: a network has at most %u participants",
                        LIMIT_PARTICIPANTS);
    return GMM_OK;
}

enum gmm_err authority_roster_apply_admit(struct state *s, struct change *c, const struct decision *d)
{
    enum gmm_err err = state_admit(s, c->admit, change_ms(c));
    return err == GMM_OK ? state_remember(s, c, &c->admit->pid, d->author, c->admit->name) : err;
}

/* "The cuts name logs of control, all and the thematic groups only": their gids can be derived, so naming them tells
 * nobody anything. */
static bool common_group(const struct state *s, const struct gmm_id *gid)
{
    const struct state_group *g = state_group(s, gid);
    return id_is_zero(gid) || (g != NULL && (g->kind == GROUP_ALL || g->kind == GROUP_THEMATIC));
}

enum gmm_err authority_roster_judge_suspend(const struct state *s, struct change *c, struct decision *d,
                                            struct gmm_msg *why)
{
    unsigned subject;
    enum gmm_err err = judge_chair_in_term(s, c, d, "may suspend a participant", why);
    if (err == GMM_OK)
        err = judge_read(s, c, why);
    if (err == GMM_OK)
        err = judge_named(s, &c->removal->pid, &subject, why);
    if (err != GMM_OK)
        return err;
    if (subject == s->chair)
        return gmm_fail(why, GMM_EDENIED, "the chair (%s) cannot be suspended: an election replaces it",
                        judge_name(s, subject));
    if (s->participants[subject].status == VIEW_SUSPENDED)
        return gmm_fail(why, GMM_EEXISTS, "%s is suspended already", judge_name(s, subject));
    for (uint16_t i = 0; i < c->removal->cuts.count; i++)
        if (!common_group(s, &c->removal->cuts.list[i].log.group))
            return gmm_fail(why, GMM_EDENIED,
                            "a removal names control logs and logs of all and the thematic groups only: a circle's "
                            "cuts are published inside it");
    return GMM_OK;
}

enum gmm_err authority_roster_apply_suspend(struct state *s, struct change *c, const struct decision *d)
{
    enum gmm_err err = state_suspend(s, state_participant(s, &c->removal->pid), c, c->time);
    return err == GMM_OK ? state_remember(s, c, &c->removal->pid, d->author, c->removal->reason) : err;
}

enum gmm_err authority_roster_judge_restore(const struct state *s, struct change *c, struct decision *d,
                                            struct gmm_msg *why)
{
    unsigned subject;
    enum gmm_err err = judge_chair_in_term(s, c, d, "may restore a participant", why);
    if (err == GMM_OK)
        err = judge_read(s, c, why);
    if (err == GMM_OK)
        err = judge_named(s, &c->removal->pid, &subject, why);
    if (err == GMM_OK && s->participants[subject].status != VIEW_SUSPENDED)
        err = gmm_fail(why, GMM_EEXISTS, "%s is not suspended", judge_name(s, subject));
    return err;
}

enum gmm_err authority_roster_apply_restore(struct state *s, struct change *c, const struct decision *d)
{
    state_restore(s, state_participant(s, &c->removal->pid), c->time);
    return state_remember(s, c, &c->removal->pid, d->author, c->removal->reason);
}

enum gmm_err authority_roster_judge_amend(const struct state *s, struct change *c, struct decision *d,
                                          struct gmm_msg *why)
{
    unsigned subject;
    enum gmm_err err = judge_chair_in_term(s, c, d, "may change a participant's name and kind", why);
    if (err == GMM_OK)
        err = judge_read(s, c, why);
    if (err == GMM_OK)
        err = judge_named(s, &c->amend->pid, &subject, why);
    if (err == GMM_OK && s->participants[subject].kind == c->amend->kind &&
        strcmp(s->participants[subject].name, c->amend->name) == 0)
        err = gmm_fail(why, GMM_EEXISTS, "%s has this name and kind already", judge_name(s, subject));
    return err;
}

enum gmm_err authority_roster_apply_amend(struct state *s, struct change *c, const struct decision *d)
{
    state_amend(s, state_participant(s, &c->amend->pid), c->amend);
    return state_remember(s, c, &c->amend->pid, d->author, c->amend->name);
}

#include "proto/authority_effects.h"

enum gmm_err authority_effects_room(const struct state *s, const struct control_admit *admit, unsigned old,
                                    struct gmm_msg *why)
{
    unsigned same = state_participant_by_id(s, admit->id);
    if (state_participant(s, &admit->pid) != STATE_NOBODY)
        return gmm_fail(why, GMM_EEXISTS, "%s is admitted already", admit->id);
    if (same != STATE_NOBODY && same != old)
        return gmm_fail(why, GMM_EEXISTS, "%s is admitted already, under another root", admit->id);
    if (s->participant_count == LIMIT_PARTICIPANTS)
        return gmm_fail(why, GMM_EDENIED, "the roster is full: a network has at most %u participants",
                        LIMIT_PARTICIPANTS);
    return GMM_OK;
}

static enum gmm_err admit(struct state *s, const struct change *c, unsigned by)
{
    if (authority_effects_room(s, c->admit, STATE_NOBODY, NULL) != GMM_OK)
        return GMM_OK;
    enum gmm_err err = state_admit(s, c, c->admit, s->charter->admission != CHARTER_BY_TWO_THIRDS);
    return err == GMM_OK ? state_remember(s, c, &c->admit->pid, &s->participants[by].pid, c->admit->name) : err;
}

static enum gmm_err replace(struct state *s, const struct change *c, unsigned by)
{
    unsigned old;
    if (judge_named(s, &c->replace->old, &old, NULL) != GMM_OK ||
        authority_effects_room(s, &c->replace->admit, old, NULL) != GMM_OK)
        return GMM_OK;
    enum gmm_err err = state_admit(s, c, &c->replace->admit, false);
    if (err == GMM_OK)
        err = state_replace(s, old, state_participant(s, &c->replace->admit.pid), c);
    return err == GMM_OK
               ? state_remember(s, c, &c->replace->admit.pid, &s->participants[by].pid, c->replace->admit.name)
               : err;
}

static enum gmm_err expel(struct state *s, const struct change *c, unsigned by)
{
    unsigned subject;
    if (judge_named(s, &c->removal->pid, &subject, NULL) != GMM_OK)
        return GMM_OK;
    enum gmm_err err = state_expel(s, subject, c);
    return err == GMM_OK ? state_remember(s, c, &c->removal->pid, &s->participants[by].pid, c->removal->reason) : err;
}

static enum gmm_err restore(struct state *s, const struct change *c, unsigned by)
{
    unsigned subject = state_participant(s, &c->removal->pid);
    if (subject == STATE_NOBODY || (!s->standing[subject].suspended && !s->standing[subject].expelled))
        return GMM_OK;
    state_restore(s, subject);
    return state_remember(s, c, &c->removal->pid, &s->participants[by].pid, c->removal->reason);
}

enum gmm_err authority_effects_take(struct state *s, const struct change *c, unsigned by)
{
    if (c->type == HEADER_ADMIT)
        return admit(s, c, by);
    if (c->type == HEADER_REPLACE)
        return replace(s, c, by);
    return c->type == HEADER_EXPEL ? expel(s, c, by) : restore(s, c, by);
}

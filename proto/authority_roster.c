/* Who takes part: ADMIT, REPLACE, SUSPEND, EXPEL, RESTORE, AMEND. */
#include <string.h>

#include "keys/text.h"
#include "proto/authority_effects.h"
#include "proto/authority_rules.h"

enum gmm_err authority_roster_judge_admit(const struct state *s, struct change *c, struct decision *d,
                                          struct gmm_msg *why)
{
    enum gmm_err err = s->charter->admission == CHARTER_BY_TWO_THIRDS
                           ? judge_elector(s, d, why)
                           : judge_chair(s, c, d, _("may admit a participant"), why);
    if (err == GMM_OK)
        err = judge_read(s, c, why);
    if (err == GMM_OK)
        err = authority_effects_room(s, c->admit, STATE_NOBODY, why);
    return err == GMM_OK ? authority_vote_judge_support(s, c, d, why) : err;
}

enum gmm_err authority_roster_apply_admit(struct state *s, struct change *c, const struct decision *d)
{
    if (s->charter->admission != CHARTER_BY_CHAIR)
        return authority_vote_apply_proposal(s, c, d);
    return authority_effects_take(s, c, d->author);
}

enum gmm_err authority_roster_judge_replace(const struct state *s, struct change *c, struct decision *d,
                                            struct gmm_msg *why)
{
    unsigned old;
    enum gmm_err err = judge_elector(s, d, why);
    if (err == GMM_OK)
        err = judge_read(s, c, why);
    if (err == GMM_OK)
        err = judge_named(s, &c->replace->old, &old, why);
    if (err == GMM_OK)
        err = authority_effects_room(s, &c->replace->admit, old, why);
    return err == GMM_OK ? authority_vote_judge_support(s, c, d, why) : err;
}

/* "The cuts name logs of control, all and the thematic groups only": their gids can be derived, so naming them tells
 * nobody anything. */
static bool common_group(const struct state *s, const struct gmm_id *gid)
{
    const struct state_group *g = state_group(s, gid);
    return id_is_zero(gid) || (g != NULL && (g->kind == GROUP_ALL || g->kind == GROUP_THEMATIC));
}

static enum gmm_err common_cuts(const struct state *s, const struct control_cuts *cuts, struct gmm_msg *why)
{
    for (uint16_t i = 0; i < cuts->count; i++)
        if (!common_group(s, &cuts->list[i].log.group))
            return gmm_fail(why, GMM_EDENIED,
                            "a removal names control logs and logs of all and the thematic groups only: a circle's "
                            "cuts are published inside it");
    return GMM_OK;
}

/* The term in which it presides now, or has accepted to; 0: none. */
static uint32_t presides(const struct state *s, unsigned participant)
{
    for (uint32_t i = s->term->number; i <= s->reached; i++)
        if (id_equal(&s->terms->list[i - 1].chair, &s->participants[participant].pid))
            return i;
    return 0;
}

enum gmm_err authority_roster_judge_suspend(const struct state *s, struct change *c, struct decision *d,
                                            struct gmm_msg *why)
{
    unsigned subject;
    enum gmm_err err = judge_chair_in_term(s, c, d, _("may suspend a participant"), why);
    if (err == GMM_OK)
        err = judge_read(s, c, why);
    if (err == GMM_OK)
        err = judge_named(s, &c->removal->pid, &subject, why);
    if (err != GMM_OK)
        return err;
    uint32_t presiding = presides(s, subject);
    if (presiding != 0)
        return gmm_fail(why, GMM_EDENIED, "the chair of term %u (%s) cannot be suspended: an election replaces it",
                        (unsigned)presiding, judge_name(s, subject));
    if (s->participants[subject].status == VIEW_SUSPENDED)
        return gmm_fail(why, GMM_EEXISTS, "%s is suspended already", judge_name(s, subject));
    return common_cuts(s, &c->removal->cuts, why);
}

enum gmm_err authority_roster_apply_suspend(struct state *s, struct change *c, const struct decision *d)
{
    enum gmm_err err = state_suspend(s, state_participant(s, &c->removal->pid), c);
    return err == GMM_OK ? state_remember(s, c, &c->removal->pid, &s->participants[d->author].pid, c->removal->reason)
                         : err;
}

enum gmm_err authority_roster_judge_expel(const struct state *s, struct change *c, struct decision *d,
                                          struct gmm_msg *why)
{
    unsigned subject;
    enum gmm_err err = judge_elector(s, d, why);
    if (err == GMM_OK)
        err = judge_read(s, c, why);
    if (err == GMM_OK)
        err = judge_named(s, &c->removal->pid, &subject, why);
    if (err == GMM_OK && subject == d->author)
        err = gmm_fail(why, GMM_EDENIED, "%s does not count when its own expulsion is decided", judge_name(s, subject));
    if (err == GMM_OK)
        err = common_cuts(s, &c->removal->cuts, why);
    return err == GMM_OK ? authority_vote_judge_support(s, c, d, why) : err;
}

/* The chair in its term restores who is suspended; anything else is a proposal. */
static bool restores_alone(const struct state *s, const struct change *c, struct decision *d)
{
    unsigned subject = state_participant(s, &c->removal->pid);
    return s->participants[subject].status == VIEW_SUSPENDED &&
           judge_chair_in_term(s, c, d, _("may restore a participant"), NULL) == GMM_OK;
}

enum gmm_err authority_roster_judge_restore(const struct state *s, struct change *c, struct decision *d,
                                            struct gmm_msg *why)
{
    struct state_set electors;
    enum gmm_err err = judge_read(s, c, why);
    if (err != GMM_OK)
        return err;
    unsigned subject = state_participant(s, &c->removal->pid);
    if (subject == STATE_NOBODY)
        return judge_named(s, &c->removal->pid, &subject, why);
    if (!s->standing[subject].suspended && !s->standing[subject].expelled)
        return gmm_fail(why, GMM_EEXISTS, "%s is neither suspended nor expelled", judge_name(s, subject));
    if (restores_alone(s, c, d))
        return GMM_OK;
    state_electors(s, s->term->number, NULL, &electors);
    if (!state_set_has(&electors, d->author))
        return gmm_fail(why, GMM_EDENIED,
                        "only the chair of term %u (%s), or two thirds of its electorate, may restore a participant",
                        (unsigned)s->term->number, judge_name(s, s->chair));
    err = judge_votes(s, d, why);
    return err == GMM_OK ? authority_vote_judge_support(s, c, d, why) : err;
}

enum gmm_err authority_roster_apply_restore(struct state *s, struct change *c, const struct decision *d)
{
    return d->as_chair ? authority_effects_take(s, c, d->author) : authority_vote_apply_proposal(s, c, d);
}

enum gmm_err authority_roster_judge_amend(const struct state *s, struct change *c, struct decision *d,
                                          struct gmm_msg *why)
{
    unsigned subject;
    enum gmm_err err = judge_chair_in_term(s, c, d, _("may change a participant's name and kind"), why);
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
    enum gmm_err err = state_amend(s, state_participant(s, &c->amend->pid), c->amend);
    return err == GMM_OK ? state_remember(s, c, &c->amend->pid, &s->participants[d->author].pid, c->amend->name) : err;
}

#include "proto/authority.h"

#include "proto/authority_rules.h"
#include "proto/removals.h"
#include "proto/rulings.h"

/* By type. */
static const struct rule {
    uint16_t type;
    bool suspended_too;
    bool observers_too; /* some observer's may have effect */
    bool electors;      /* who speaks is judged by the function itself, among an electorate */
    const char *name;
    judge_fn *judge;
    judge_apply_fn *apply;
    judge_fn *ask; /* what would have effect, but not the one that its author wants; NULL: nothing */
    const char *who;
} rules[] = {
    {HEADER_ADMIT, false, false, false, "ADMIT", authority_roster_judge_admit, authority_roster_apply_admit, NULL,
     "with the newcomer's join signature, as the charter says: the chair, lapsed or not; the chair with the "
     "cosignature of another active participant; or two thirds of the electorate"},
    {HEADER_WRAPKEY, true, true, false, "WRAPKEY", authority_epochs_judge_wrapkey, authority_epochs_apply_wrapkey, NULL,
     "each office, for itself"},
    {HEADER_SUSPEND, false, false, false, "SUSPEND", authority_roster_judge_suspend, authority_roster_apply_suspend,
     NULL, "the chair in its term; never of the chair, nor of the next one"},
    {HEADER_RESTORE, false, false, false, "RESTORE", authority_roster_judge_restore, authority_roster_apply_restore,
     NULL, "of who is suspended: the chair in its term; of anybody: two thirds of the electorate"},
    {HEADER_EXPEL, false, false, false, "EXPEL", authority_roster_judge_expel, authority_vote_apply_proposal, NULL,
     "two thirds of the electorate, without the one to be expelled"},
    {HEADER_HANDOVER, false, false, false, "HANDOVER", authority_chair_judge_handover, authority_chair_apply_handover,
     NULL, "the chair in its term, to another participant"},
    {HEADER_ACCEPT, false, false, false, "ACCEPT", authority_chair_judge_accept, authority_chair_apply_accept, NULL,
     "the participant that the HANDOVER or LEAD names, or that was elected"},
    {HEADER_BALLOT, true, false, true, "BALLOT", authority_chair_judge_ballot, authority_chair_apply_ballot,
     authority_chair_ask_ballot,
     "an office with VOTE of the electorate of the term that it is against; two thirds open the next term"},
    {HEADER_LEAD, false, false, false, "LEAD", authority_lead_judge, authority_lead_apply, NULL,
     "the chair in its term, or the present lead"},
    {HEADER_COSIGN, true, false, true, "COSIGN", authority_vote_judge_cosign, authority_vote_apply_cosign,
     authority_vote_ask_cosign,
     "an office with VOTE, or the deciding one, of the electorate or of another active participant but observers"},
    {HEADER_AMEND, false, false, false, "AMEND", authority_roster_judge_amend, authority_roster_apply_amend, NULL,
     "the chair in its term"},
    {HEADER_REPLACE, false, false, false, "REPLACE", authority_roster_judge_replace, authority_vote_apply_proposal,
     NULL, "two thirds of the electorate, with the join signature under the new root"},
    {HEADER_GROUP, false, false, false, "GROUP", authority_groups_judge_found, authority_groups_apply_found,
     authority_groups_ask_found, "any participant but observers founds a circle in its own log"},
    {HEADER_ADD, false, false, false, "ADD", authority_groups_judge_members, authority_groups_apply_members,
     authority_groups_ask_members,
     "thematic group: the lead, or the chair in its term; circle: its creator; `all` and `internal`: nobody"},
    {HEADER_REMOVE, false, false, false, "REMOVE", authority_groups_judge_members, authority_groups_apply_members,
     authority_groups_ask_members, "as ADD; the creator of a circle stays in it"},
    {HEADER_RELAY, false, false, false, "RELAY", authority_relays_judge, authority_relays_apply, authority_relays_ask,
     "circle: its creator; thematic group: the lead, or the chair in its term; `all`: the chair in its term; "
     "`internal`: the participant whose it is, by its deciding office"},
    {HEADER_CUT, false, true, false, "CUT", authority_groups_judge_cut, authority_groups_apply_cut, NULL,
     "circle: its creator, of somebody suspended or expelled; when that is the creator, any other member; of a revoked "
     "key an office of its participant with REVOKE, or the deciding offices of two others, members all"},
    {HEADER_EPOCH, true, true, false, "EPOCH", authority_epochs_judge_epoch, authority_epochs_apply_epoch, NULL,
     "members of the group"},
    {HEADER_LEFT, true, true, false, "LEFT", authority_epochs_judge_left, authority_epochs_apply_left, NULL,
     "members of the group; it binds who would pass on epochs of its author"},
    {HEADER_WRAP, true, true, false, "WRAP", authority_epochs_judge_wrap, authority_epochs_apply_wrap, NULL,
     "members of the group, to offices of members"},
    {HEADER_EPOCH_BAD, true, true, false, "EPOCH_BAD", authority_epochs_judge_bad, authority_epochs_apply_bad, NULL,
     "members of the group; it counts of those that the epoch was wrapped to"},
    {HEADER_ERASE, false, true, false, "ERASE", authority_erase_judge, authority_erase_apply, NULL,
     "the participant whose office posted the entry; who leads the group: a thematic one its lead, `all` and a "
     "thematic one without a lead the chair in its term, a circle its creator"},
    {HEADER_ERASED, true, true, false, "ERASED", authority_erase_judge_done, authority_erase_apply_done, NULL,
     "members of the group, each office for itself"},
};

static const struct rule *rule_of(uint16_t type)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].type == type)
            return &rules[i];
    return NULL;
}

bool authority_known(uint16_t type)
{
    return rule_of(type) != NULL;
}

bool authority_row(size_t index, struct authority_row *out)
{
    if (index >= sizeof rules / sizeof *rules)
        return false;
    *out = (struct authority_row){rules[index].name, rules[index].who, rules[index].suspended_too,
                                  rules[index].observers_too};
    return true;
}

/* "Is the first entry of its log": of such a one the rest is judged, too. */
static bool may_found(const struct change *c, const struct decision *d)
{
    return d->revoked && c->type == HEADER_GROUP && c->seq == 0;
}

static enum gmm_err speaks(const struct state *s, const struct change *c, const struct rule *rule, struct decision *d,
                           struct gmm_msg *why)
{
    enum gmm_err err = judge_identify(s, c, d, why);
    if (err != GMM_OK && !may_found(c, d))
        return err;
    const struct view_participant *p = &s->participants[d->author];
    if (p->status == VIEW_EXPELLED)
        return gmm_fail(why, GMM_EDENIED, "%s is expelled: no %s of its has effect", p->name, change_word(c->type));
    if (!rule->suspended_too && p->status == VIEW_SUSPENDED)
        return gmm_fail(why, GMM_EDENIED, "%s is suspended: until it is restored no %s of its has effect", p->name,
                        change_word(c->type));
    return GMM_OK;
}

static enum gmm_err judge(struct state *s, struct change *c, const struct rule *rule, struct decision *d,
                          struct gmm_msg *why)
{
    d->as_chair = d->revoked = false;
    if (c->malformed)
        return gmm_fail(why, GMM_EFORMAT, "the %s record is not well formed", change_word(c->type));
    enum gmm_err err = rule->electors ? GMM_OK : speaks(s, c, rule, d, why);
    if (err == GMM_OK)
        err = rule->judge(s, c, d, why);
    if (err == GMM_OK && d->revoked)
        return GMM_EDENIED; /* why says it already */
    d->revoked = false;
    return err;
}

enum gmm_err authority_judge(struct state *s, struct change *c, struct gmm_msg *why)
{
    struct decision d;
    const struct rule *rule = rule_of(c->type);
    if (rule == NULL)
        return gmm_fail(why, GMM_EFORMAT, "records of type %u have no rule: this version does not know them",
                        (unsigned)c->type);
    state_at(s, c->time);
    enum gmm_err err = judge(s, c, rule, &d, why);
    return err == GMM_OK && rule->ask != NULL ? rule->ask(s, c, &d, why) : err;
}

/* What opened a term in an earlier round does so again, unjudged; a ballot is one besides. */
static enum gmm_err open_known(struct state *s, struct change *c, const struct rule *rule)
{
    struct decision d;
    enum gmm_err err = c->type == HEADER_BALLOT ? judge(s, c, rule, &d, NULL) : GMM_EDENIED;
    if (err == GMM_OK)
        err = rule->apply(s, c, &d);
    return err == GMM_ENOMEM ? err : state_reach_term(s);
}

/* Before its authority: what takes the effect from a record whose author had the right. */
static enum gmm_err judge_standing(struct state *s, struct change *c, const struct rule *rule, struct decision *d,
                                   bool stands, struct gmm_msg *why)
{
    if (!stands)
        return gmm_fail(why, GMM_EFORK, "its office signed two branches of this log, and another one stands");
    enum gmm_err err = judge(s, c, rule, d, why);
    if ((err == GMM_OK || d->revoked) &&
        removals_void(s->removed, s, c, d->author, d->as_chair ? s->term->number : 0)) {
        d->revoked = false;
        err = gmm_fail(
            why, GMM_EDENIED,
            "%s was suspended or expelled: what lies beyond the cut, and is not anchored by two others, is void",
            judge_name(s, d->author));
    }
    return err;
}

/* Epochs are kept even when they are refused, so that others can name them; WRAPs, because they give away a secret all
 * the same; a founding in a revoked key's log and who was taken out there, because somebody may still speak for it. */
static enum gmm_err apply_refused(struct state *s, struct change *c, const struct decision *d)
{
    switch (c->type) {
    case HEADER_EPOCH:
        return state_epoch(s, c, false);
    case HEADER_WRAP:
        return authority_epochs_note_stray(s, c);
    case HEADER_GROUP:
        return d->revoked ? state_doubt_circle(s, c, d->author, &d->body.circle) : GMM_OK;
    case HEADER_REMOVE:
        return authority_groups_note_removed(s, c);
    default:
        return GMM_OK;
    }
}

enum gmm_err authority_apply(struct state *s, struct change *c, struct gmm_msg *why)
{
    struct decision d = {0};
    const struct rule *rule = rule_of(c->type);
    if (why != NULL)
        why->text[0] = '\0';
    if (rule == NULL)
        return GMM_OK;
    state_at(s, c->time);
    s->record = c;
    bool stands = rulings_stand(s->rulings, &c->log, c->seq, &c->id);
    if (stands && state_opens_known(s, c))
        return open_known(s, c, rule);
    enum gmm_err err = judge_standing(s, c, rule, &d, stands, why);
    if (err == GMM_OK) {
        err = rule->apply(s, c, &d);
        return err == GMM_OK && d.as_chair && id_is_zero(&c->log.group) ? state_act(s, c) : err;
    }
    return err == GMM_ENOMEM ? err : apply_refused(s, c, &d);
}

#include "proto/authority.h"

#include "proto/authority_rules.h"
#include "proto/rulings.h"

/* By type. */
static const struct rule {
    uint16_t type;
    bool suspended_too;
    const char *name;
    judge_fn *judge;
    judge_apply_fn *apply;
    const char *who;
} rules[] = {
    {HEADER_ADMIT, false, "ADMIT", authority_roster_judge_admit, authority_roster_apply_admit,
     "the office that decides for the chair, lapsed or not, with the newcomer's join signature"},
    {HEADER_WRAPKEY, true, "WRAPKEY", authority_epochs_judge_wrapkey, authority_epochs_apply_wrapkey,
     "each office, for itself"},
    {HEADER_SUSPEND, false, "SUSPEND", authority_roster_judge_suspend, authority_roster_apply_suspend,
     "the chair in its term; never of the chair"},
    {HEADER_RESTORE, false, "RESTORE", authority_roster_judge_restore, authority_roster_apply_restore,
     "the chair in its term"},
    {HEADER_AMEND, false, "AMEND", authority_roster_judge_amend, authority_roster_apply_amend, "the chair in its term"},
    {HEADER_GROUP, false, "GROUP", authority_groups_judge_found, authority_groups_apply_found,
     "any participant but observers founds a circle in its own log"},
    {HEADER_ADD, false, "ADD", authority_groups_judge_members, authority_groups_apply_members,
     "thematic group: the lead, or the chair in its term; circle: its creator; `all` and `internal`: nobody"},
    {HEADER_REMOVE, false, "REMOVE", authority_groups_judge_members, authority_groups_apply_members,
     "as ADD; the creator of a circle stays in it"},
    {HEADER_EPOCH, true, "EPOCH", authority_epochs_judge_epoch, authority_epochs_apply_epoch, "members of the group"},
    {HEADER_WRAP, true, "WRAP", authority_epochs_judge_wrap, authority_epochs_apply_wrap,
     "members of the group, to offices of members"},
    {HEADER_EPOCH_BAD, true, "EPOCH_BAD", authority_epochs_judge_bad, authority_epochs_apply_bad,
     "members of the group; it counts of those that the epoch was wrapped to"},
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
    *out = (struct authority_row){rules[index].name, rules[index].who, rules[index].suspended_too};
    return true;
}

static enum gmm_err judge(struct state *s, struct change *c, const struct rule *rule, struct decision *d,
                          struct gmm_msg *why)
{
    if (c->malformed)
        return gmm_fail(why, GMM_EFORMAT, "the %s record is not well formed", change_word(c->type));
    enum gmm_err err = judge_identify(s, c, d, why);
    if (err == GMM_OK && !rule->suspended_too && s->participants[d->author].status == VIEW_SUSPENDED)
        err = gmm_fail(why, GMM_EDENIED, "%s is suspended: until it is restored no %s of its has effect",
                       judge_name(s, d->author), change_word(c->type));
    return err == GMM_OK ? rule->judge(s, c, d, why) : err;
}

enum gmm_err authority_judge(struct state *s, struct change *c, struct gmm_msg *why)
{
    struct decision d;
    const struct rule *rule = rule_of(c->type);
    if (rule == NULL)
        return gmm_fail(why, GMM_EFORMAT, "records of type %u have no rule: this version does not know them",
                        (unsigned)c->type);
    enum gmm_err err = judge(s, c, rule, &d, why);
    return err == GMM_OK ? authority_groups_all_admitted(s, c, &d, why) : err;
}

enum gmm_err authority_apply(struct state *s, struct change *c)
{
    struct decision d;
    const struct rule *rule = rule_of(c->type);
    if (rule == NULL)
        return GMM_OK;
    enum gmm_err err = rulings_stand(s->rulings, &c->log, c->seq, &c->id) ? judge(s, c, rule, &d, NULL) : GMM_EDENIED;
    if (err == GMM_OK)
        return rule->apply(s, c, &d);
    /* An epoch is kept even when it is refused, so that others can name it. */
    if (err != GMM_ENOMEM && c->type == HEADER_EPOCH)
        return state_epoch(s, c, false);
    return err == GMM_ENOMEM ? err : GMM_OK;
}

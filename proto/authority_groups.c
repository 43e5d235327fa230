/* Who is in a group: GROUP, ADD, REMOVE. */
#include "keys/text.h"
#include "proto/authority_rules.h"

enum gmm_err authority_groups_judge_found(const struct state *s, struct change *c, struct decision *d,
                                          struct gmm_msg *why)
{
    struct gmm_id gid;
    const struct control_group *circle = &d->body.circle;
    const struct view_participant *p = &s->participants[d->author];
    if (p->kind == IDENTITY_OBSERVER)
        return gmm_fail(why, GMM_EDENIED, "%s is an observer: observers found no circle", p->name);
    enum gmm_err err = control_group_decode(&d->body.circle, c->body, c->len);
    if (err != GMM_OK)
        return judge_decoded(c, err, why);
    epoch_group_id(&gid, &s->charter->nid, GROUP_CIRCLE, &p->pid, circle->random, sizeof circle->random);
    if (!id_equal(&gid, &c->log.group))
        return gmm_fail(why, GMM_EDENIED,
                        "only the participant that a circle's id names may found it, and this one does not name %s",
                        p->name);
    if (state_group(s, &gid) != NULL)
        return gmm_fail(why, GMM_EEXISTS, "this circle of %s exists already", p->name);
    return GMM_OK;
}

enum gmm_err authority_groups_apply_found(struct state *s, struct change *c, const struct decision *d)
{
    return state_found_circle(s, c, d->author, &d->body.circle);
}

/* "Thematic: the deciding office of the lead, or whoever acts for the chair while its term has not lapsed." */
static enum gmm_err manages_thematic(const struct state *s, const struct change *c, struct decision *d,
                                     struct gmm_msg *why)
{
    unsigned thematic = d->group->thematic, lead = state_lead(s, thematic);
    if (d->author == lead && state_has_lead(s, thematic))
        return judge_decides(s, c, d, why);
    if (d->author == s->chair || d->author == state_acting(s))
        return judge_chair_in_term(s, c, d, _("decides who is in a thematic group"), why);
    return gmm_fail(why, GMM_EDENIED, "only the chair of term %u (%s) or the lead (%s) decides who is in %s",
                    (unsigned)s->term->number, judge_name(s, s->chair), judge_name(s, lead),
                    charter_thematic_name(thematic));
}

enum gmm_err authority_groups_judge_manager(const struct state *s, const struct change *c, struct decision *d,
                                            struct gmm_msg *why)
{
    unsigned owner = d->group->owner;
    switch (d->group->kind) {
    case GROUP_ALL:
        break;
    case GROUP_THEMATIC:
        return manages_thematic(s, c, d, why);
    case GROUP_CIRCLE:
        if (d->author == owner)
            return GMM_OK;
        return gmm_fail(why, GMM_EDENIED, "only the creator of a circle (%s) decides who is in it",
                        judge_name(s, owner));
    case GROUP_INTERNAL:
        return gmm_fail(why, GMM_EDENIED, "the group internal of %s has its own offices and nobody else",
                        judge_name(s, owner));
    }
    return gmm_fail(why, GMM_EDENIED, "the group all has every active participant: nobody is added or removed");
}

/* Does the record change anything for a participant that it names? */
static bool changes(const struct state *s, const struct decision *d, bool add)
{
    for (size_t i = 0; i < d->body.members.member_count; i++) {
        unsigned p = state_participant(s, &d->body.members.members[i]);
        if (p != STATE_NOBODY && state_entitled(s, d->group, p) != add)
            return true;
    }
    return false;
}

enum gmm_err authority_groups_judge_members(const struct state *s, struct change *c, struct decision *d,
                                            struct gmm_msg *why)
{
    bool add = c->type == HEADER_ADD;
    char group[JUDGE_TEXT];
    enum gmm_err err = judge_group(s, c, d, why);
    if (err == GMM_OK)
        err = authority_groups_judge_manager(s, c, d, why);
    if (err != GMM_OK)
        return err;
    err = control_members_decode(&d->body.members, c->body, c->len);
    if (err != GMM_OK)
        return judge_decoded(c, err, why);
    for (size_t i = 0; d->group->kind == GROUP_CIRCLE && !add && i < d->body.members.member_count; i++)
        if (id_equal(&d->body.members.members[i], &s->participants[d->group->owner].pid))
            return gmm_fail(why, GMM_EDENIED, "the creator of a circle (%s) stays in it",
                            judge_name(s, d->group->owner));
    if (changes(s, d, add))
        return GMM_OK;
    judge_group_name(group, s, d->group);
    return add ? gmm_fail(why, GMM_EEXISTS, "nothing changes: all admitted participants named are in %s already", group)
               : gmm_fail(why, GMM_EEXISTS, "nothing changes: no admitted participant named is in %s", group);
}

enum gmm_err authority_groups_apply_members(struct state *s, struct change *c, const struct decision *d)
{
    return c->type == HEADER_ADD ? state_add(s, d->group, &d->body.members)
                                 : state_remove(s, d->group, &d->body.members);
}

enum gmm_err authority_groups_note_removed(struct state *s, const struct change *c)
{
    bool claimed;
    struct control_members members;
    if (!state_doubted(s, &c->log.group) || control_members_decode(&members, c->body, c->len) != GMM_OK)
        return GMM_OK;
    state_doubt_remove(s, &c->log.group, state_owner(s, &c->log.author, &claimed), &members);
    return GMM_OK;
}

/* By the creator; when the creator itself is removed by any other member. */
static enum gmm_err may_cut(const struct state *s, const struct change *c, struct decision *d, struct gmm_msg *why)
{
    unsigned owner = d->group->owner;
    if (d->author == owner)
        return GMM_OK;
    if (s->participants[owner].status == VIEW_ACTIVE)
        return gmm_fail(why, GMM_EDENIED,
                        "only the creator of a circle (%s) says there where the logs of the removed end",
                        judge_name(s, owner));
    return judge_member(s, c, d, why);
}

enum gmm_err authority_groups_judge_cut(const struct state *s, struct change *c, struct decision *d,
                                        struct gmm_msg *why)
{
    unsigned subject;
    char group[JUDGE_TEXT];
    enum gmm_err err = judge_group(s, c, d, why);
    if (err == GMM_OK && d->group->kind != GROUP_CIRCLE)
        err = gmm_fail(why, GMM_EDENIED,
                       "%s is no circle: cuts are published inside circles; elsewhere the removal names them",
                       judge_group_name(group, s, d->group));
    if (err == GMM_OK)
        err = may_cut(s, c, d, why);
    if (err == GMM_OK)
        err = judge_read(s, c, why);
    if (err != GMM_OK)
        return err;
    subject = state_participant(s, &c->cut->subject);
    if (c->cut->kind != CONTROL_CUT_PARTICIPANT || subject == STATE_NOBODY || state_removal(s, subject) == SIZE_MAX)
        return gmm_fail(why, GMM_EDENIED, "%s is neither suspended nor expelled now: a cut is of who is",
                        judge_name(s, subject));
    return GMM_OK;
}

enum gmm_err authority_groups_apply_cut(struct state *s, struct change *c, const struct decision *d)
{
    (void)d;
    return state_cut_circle(s, c, state_removal(s, state_participant(s, &c->cut->subject)));
}

/* Folding passes over names that are not admitted; whoever writes the record wants to know. */
static enum gmm_err all_admitted(const struct state *s, const struct gmm_id *members, size_t count, struct gmm_msg *why)
{
    char hex[GMM_ID_HEX + 1];
    for (size_t i = 0; i < count; i++)
        if (state_participant(s, &members[i]) == STATE_NOBODY)
            return gmm_fail(why, GMM_EDENIED, "a group has admitted participants only, and %s had not been by then",
                            judge_digits(hex, &members[i]));
    return GMM_OK;
}

enum gmm_err authority_groups_ask_found(const struct state *s, struct change *c, struct decision *d,
                                        struct gmm_msg *why)
{
    (void)c;
    return all_admitted(s, d->body.circle.members, d->body.circle.member_count, why);
}

enum gmm_err authority_groups_ask_members(const struct state *s, struct change *c, struct decision *d,
                                          struct gmm_msg *why)
{
    (void)c;
    return all_admitted(s, d->body.members.members, d->body.members.member_count, why);
}

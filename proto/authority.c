#include "proto/authority.h"

#include <string.h>

/* What every function is given: the author as a participant of the state, judged to stand. */
struct act {
    struct state *s;
    const struct change *change;
    unsigned author;
    bool apply;
    struct gmm_msg *why;
};

static const char *name_of(const struct state *s, unsigned participant)
{
    return participant == STATE_NOBODY ? "nobody" : s->participants[participant].name;
}

/* "The highest serial carrying DECIDE names the office that signs for the chair or the lead." */
static bool decides_for(const struct act *a, unsigned participant)
{
    if (a->author != participant)
        return false;
    const struct office_cert *deciding =
        offices_deciding(a->s->offices, &a->s->participants[participant].pid, a->change->time >> 16);
    return deciding != NULL && id_equal(&deciding->cert->sign_pk, &a->change->log.author);
}

/* "Admission: the chair's decision and the newcomer's own join signature" (verified when the record was read). */
static enum gmm_err admit(const struct act *a)
{
    struct state *s = a->s;
    const struct control_admit *record = a->change->admit;
    if (record == NULL)
        return gmm_fail(a->why, GMM_EFORMAT, "the admission is malformed or its join signature does not verify");
    if (!decides_for(a, s->chair))
        return gmm_fail(a->why, GMM_EDENIED, "only the chair of term %u (%s) may admit a participant", s->term,
                        name_of(s, s->chair));
    if (state_participant(s, &record->pid) != STATE_NOBODY)
        return gmm_fail(a->why, GMM_EEXISTS, "participant %s is admitted already", record->id);
    if (state_participant_by_id(s, record->id) != STATE_NOBODY)
        return gmm_fail(a->why, GMM_EEXISTS, "participant %s is admitted already, under another root", record->id);
    if (s->participant_count >= LIMIT_PARTICIPANTS)
        return gmm_fail(a->why, GMM_ELIMIT, "a network has at most %u participants", LIMIT_PARTICIPANTS);
    return a->apply ? state_admit(s, record, a->change->time >> 16) : GMM_OK;
}

static enum gmm_err wrapkey(const struct act *a)
{
    struct gmm_id wrap_pk;
    if (control_wrapkey_decode(&wrap_pk, a->change->body, a->change->len) != GMM_OK)
        return gmm_fail(a->why, GMM_EFORMAT, "the wrap key is malformed");
    if (a->apply)
        state_wrapkey(a->s, &a->change->log.author, &wrap_pk);
    return GMM_OK;
}

/* A circle is its creator's: its gid follows from the creator and a random value. */
static enum gmm_err group(const struct act *a)
{
    struct control_group record;
    struct gmm_id gid;
    if (control_group_decode(&record, a->change->body, a->change->len) != GMM_OK || record.kind != GROUP_CIRCLE)
        return gmm_fail(a->why, GMM_EFORMAT, "the record of the circle is malformed");
    epoch_group_id(&gid, &a->s->charter->nid, GROUP_CIRCLE, &a->s->participants[a->author].pid, record.random,
                   sizeof record.random);
    if (!id_equal(&gid, &a->change->log.group))
        return gmm_fail(a->why, GMM_EDENIED, "a circle is founded by its creator, in its own log");
    if (state_group(a->s, &gid) != NULL)
        return gmm_fail(a->why, GMM_EEXISTS, "this circle exists already");
    if (a->s->group_count >= LIMIT_GROUPS + LIMIT_PARTICIPANTS)
        return gmm_fail(a->why, GMM_ELIMIT, "a network has at most %u groups", LIMIT_GROUPS);
    return a->apply ? state_found_circle(a->s, &gid, a->author, &record) : GMM_OK;
}

/* "Thematic groups: chair or lead. Circles: their creator. Internal: the root." */
static enum gmm_err may_change_members(const struct act *a, const struct state_group *g)
{
    struct state *s = a->s;
    if (g == NULL)
        return gmm_fail(a->why, GMM_EDENIED, "the group is unknown");
    switch (g->kind) {
    case GROUP_THEMATIC:
        if (decides_for(a, s->chair) ||
            (state_lead(s, g->thematic) != STATE_NOBODY && decides_for(a, state_lead(s, g->thematic))))
            return GMM_OK;
        return gmm_fail(a->why, GMM_EDENIED, "only the chair (%s) or the lead (%s) changes the members of %s",
                        name_of(s, s->chair), name_of(s, state_lead(s, g->thematic)),
                        charter_thematic_name(g->thematic));
    case GROUP_CIRCLE:
        if (a->author == g->owner)
            return GMM_OK;
        return gmm_fail(a->why, GMM_EDENIED, "only the creator of the circle (%s) changes its members",
                        name_of(s, g->owner));
    case GROUP_ALL:
        return gmm_fail(a->why, GMM_EDENIED, "every participant is a member of 'all'; see gmm roster");
    case GROUP_INTERNAL:
        return gmm_fail(a->why, GMM_EDENIED, "'internal' has a participant's own offices; see gmm office");
    }
    return GMM_EDENIED;
}

static enum gmm_err change_members(const struct act *a, bool add)
{
    struct control_members record;
    struct state_group *g = state_group(a->s, &a->change->log.group);
    if (control_members_decode(&record, a->change->body, a->change->len) != GMM_OK)
        return gmm_fail(a->why, GMM_EFORMAT, "the record of members is malformed");
    enum gmm_err err = may_change_members(a, g);
    if (err != GMM_OK || !a->apply)
        return err;
    if (add)
        state_add(a->s, g, &record);
    else
        state_remove(a->s, g, &record);
    return GMM_OK;
}

static enum gmm_err add_members(const struct act *a)
{
    return change_members(a, true);
}

static enum gmm_err remove_members(const struct act *a)
{
    return change_members(a, false);
}

static bool author_is_member(const struct act *a)
{
    const struct state_group *g = state_group(a->s, &a->change->log.group);
    return g != NULL && state_is_member(a->s, g, a->author);
}

/* Kept whoever wrote it: that its author was no member then makes it unusable, which the view says. */
static enum gmm_err epoch(const struct act *a)
{
    if (a->change->epoch == NULL)
        return gmm_fail(a->why, GMM_EFORMAT, "the epoch is malformed");
    bool by_member = author_is_member(a);
    if (!by_member && !a->apply)
        return gmm_fail(a->why, GMM_EDENIED, "only a member of the group makes its epochs");
    return a->apply ? state_epoch(a->s, a->change, by_member) : GMM_OK;
}

static enum gmm_err epoch_bad(const struct act *a)
{
    struct gmm_id epoch_id;
    if (control_epoch_bad_decode(&epoch_id, a->change->body, a->change->len) != GMM_OK)
        return gmm_fail(a->why, GMM_EFORMAT, "the complaint about an epoch is malformed");
    if (!author_is_member(a))
        return gmm_fail(a->why, GMM_EDENIED, "only a member of the group complains about its epochs");
    return a->apply ? state_note(a->s, &a->s->complaints, &epoch_id, &a->change->log.author, a->change) : GMM_OK;
}

static enum gmm_err wrap(const struct act *a)
{
    struct gmm_id epoch_id, sign_pk;
    if (epoch_rewrap_peek(&epoch_id, &sign_pk, a->change->body, a->change->len) != GMM_OK)
        return gmm_fail(a->why, GMM_EFORMAT, "the wrap is malformed");
    if (!author_is_member(a))
        return gmm_fail(a->why, GMM_EDENIED, "only a member of the group wraps its secrets");
    return a->apply ? state_note(a->s, &a->s->wraps, &epoch_id, &sign_pk, a->change) : GMM_OK;
}

static const struct rule {
    uint16_t type;
    enum gmm_err (*judge)(const struct act *a);
} rules[] = {
    {HEADER_ADMIT, admit},           {HEADER_WRAPKEY, wrapkey}, {HEADER_GROUP, group}, {HEADER_ADD, add_members},
    {HEADER_REMOVE, remove_members}, {HEADER_EPOCH, epoch},     {HEADER_WRAP, wrap},   {HEADER_EPOCH_BAD, epoch_bad},
};

static const struct rule *rule_of(uint16_t type)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].type == type)
            return &rules[i];
    return NULL;
}

bool authority_knows(uint16_t type)
{
    return rule_of(type) != NULL;
}

/* The author's key must be an office of one participant of the roster, certified at that time, and not cut off. */
static enum gmm_err find_author(struct act *a)
{
    const struct state *s = a->s;
    const struct gmm_id *key = &a->change->log.author;
    bool claimed;
    a->author = state_owner(s, key, &claimed);
    if (a->author == STATE_NOBODY)
        return gmm_fail(a->why, GMM_EDENIED,
                        claimed ? "two participants claim this office" : "its author is not admitted to this network");
    const struct gmm_id *pid = &s->participants[a->author].pid;
    const struct office_cert *cert = offices_at(s->offices, key, pid, a->change->time >> 16);
    if (cert == NULL || a->change->time >> 16 > cert->cert->not_after_ms)
        return gmm_fail(a->why, GMM_EDENIED, "its author's certificate is not in force");
    const struct office_revocation *revocation = offices_revoked(s->offices, key, pid);
    if (revocation != NULL && !offices_within(revocation, &a->change->log, a->change->seq))
        return gmm_fail(a->why, GMM_EDENIED, "its author's key is revoked, and the record lies beyond the cut");
    return GMM_OK;
}

enum gmm_err authority_judge(struct state *s, const struct change *change, bool apply, struct gmm_msg *why)
{
    struct act a = {.s = s, .change = change, .apply = apply, .why = why};
    const struct rule *rule = rule_of(change->type);
    if (rule == NULL || change->malformed)
        return change->malformed ? gmm_fail(why, GMM_EFORMAT, "the record is malformed") : GMM_OK;
    enum gmm_err err = find_author(&a);
    return err == GMM_OK ? rule->judge(&a) : err;
}

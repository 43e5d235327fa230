#include "proto/authority.h"

#include <stdlib.h>
#include <string.h>

/* What judging finds out on the way: who speaks, where, and the body read. */
struct decision {
    unsigned author; /* participant's index */
    const struct office_cert *office;
    struct state_group *group;
    struct gmm_id epoch_id, sign_pk; /* WRAP, EPOCH_BAD; sign_pk: the office that it is about */
    union {
        struct gmm_id wrap_pk;
        struct control_group circle;
        struct control_members members;
    } body;
};

typedef enum gmm_err judge_fn(const struct state *s, struct change *c, struct decision *d, struct gmm_msg *why);
typedef enum gmm_err apply_fn(struct state *s, struct change *c, const struct decision *d);

static const char *name_of(const struct state *s, unsigned participant)
{
    return participant == STATE_NOBODY ? "a participant not admitted yet" : s->participants[participant].name;
}

static uint64_t time_ms(const struct change *c)
{
    return header_time_ms(c->time);
}

static enum gmm_err malformed(struct change *c, enum gmm_err err, const char *what, struct gmm_msg *why)
{
    if (err == GMM_ENOMEM)
        return err;
    c->malformed = true;
    return gmm_fail(why, GMM_EFORMAT, "the %s record is not well formed (%s)", what, gmm_err_text(err));
}

/* Enough of an id for a person to find it. */
static void short_hex(char out[GMM_ID_HEX + 1], const struct gmm_id *id)
{
    id_to_hex(id, out);
    out[8] = '\0';
}

/* Whose office the author is, and that its certificate was in force at the record's own time. */
static enum gmm_err identify(const struct state *s, const struct change *c, struct decision *d, struct gmm_msg *why)
{
    char hex[GMM_ID_HEX + 1] = "";
    bool claimed;
    if (why != NULL)
        short_hex(hex, &c->log.author);
    d->author = state_owner(s, &c->log.author, &claimed);
    if (d->author == STATE_NOBODY && claimed)
        return gmm_fail(why, GMM_EDENIED, "two participants certify the office key %s: it may do nothing", hex);
    if (d->author == STATE_NOBODY)
        return gmm_fail(why, GMM_EDENIED, "the key %s is no office of a participant admitted by then", hex);
    const struct view_participant *p = &s->participants[d->author];
    d->office = offices_at(s->offices, &c->log.author, &p->pid, time_ms(c));
    if (p->status != VIEW_ACTIVE || d->office == NULL)
        return gmm_fail(why, GMM_EDENIED, "the office key %s of %s has no certificate in force", hex, p->name);
    const struct certificate *cert = d->office->cert;
    if (time_ms(c) > cert->not_after_ms)
        return gmm_fail(why, GMM_EDENIED, "the certificate of the office %s of %s had expired: renew it", cert->office,
                        p->name);
    const struct office_cert *ruling = offices_ruling(s->offices, &p->pid, cert->office, time_ms(c));
    if (!id_equal(&ruling->cert->sign_pk, &c->log.author))
        return gmm_fail(why, GMM_EDENIED, "the key %s is superseded: %s has certified another for its office %s", hex,
                        p->name, cert->office);
    const struct office_revocation *revocation = offices_revoked(s->offices, &c->log.author, &p->pid);
    if (revocation != NULL && !offices_within(revocation, &c->log, c->seq))
        return gmm_fail(why, GMM_EDENIED, "the key %s of the office %s of %s is revoked", hex, cert->office, p->name);
    return GMM_OK;
}

/* Only the deciding office: "ruling, and not revoked at or before t, the highest serial". */
static enum gmm_err decides(const struct state *s, const struct change *c, const struct decision *d,
                            struct gmm_msg *why)
{
    const struct view_participant *p = &s->participants[d->author];
    const struct office_cert *office = offices_deciding(s->offices, &p->pid, time_ms(c));
    if (office == NULL)
        return gmm_fail(why, GMM_EDENIED, "no office of %s carries the role DECIDE", p->name);
    if (!id_equal(&office->cert->sign_pk, &c->log.author))
        return gmm_fail(why, GMM_EDENIED, "only the office %s of %s, with the role DECIDE, may decide for it",
                        office->cert->office, p->name);
    return GMM_OK;
}

static bool term_lapsed(const struct state *s, const struct change *c)
{
    return time_ms(c) > s->term_until_ms;
}

static enum gmm_err find_group(const struct state *s, const struct change *c, struct decision *d, struct gmm_msg *why)
{
    char hex[GMM_ID_HEX + 1];
    d->group = state_group(s, &c->log.group);
    if (d->group != NULL)
        return GMM_OK;
    short_hex(hex, &c->log.group);
    return gmm_fail(why, GMM_EDENIED, "no group %s had been founded by then", hex);
}

static enum gmm_err member_of_group(const struct state *s, const struct change *c, struct decision *d,
                                    struct gmm_msg *why)
{
    enum gmm_err err = find_group(s, c, d, why);
    if (err == GMM_OK && !state_is_member(s, d->group, d->author))
        err = gmm_fail(why, GMM_EDENIED, "%s is not a member of the group: only members write to it",
                       name_of(s, d->author));
    return err;
}

/* The record read and verified once, whatever the number of folds. */
static enum gmm_err read_admit(const struct state *s, struct change *c, struct gmm_msg *why)
{
    if (c->admit != NULL)
        return GMM_OK;
    struct control_admit *admit = malloc(sizeof *admit);
    if (admit == NULL)
        return GMM_ENOMEM;
    enum gmm_err err = control_admit_decode(admit, &s->charter->nid, c->body, c->len);
    if (err != GMM_OK) {
        free(admit);
        return malformed(c, err, "admission", why);
    }
    c->admit = admit;
    return GMM_OK;
}

static enum gmm_err judge_admit(const struct state *s, struct change *c, struct decision *d, struct gmm_msg *why)
{
    if (d->author != s->chair)
        return gmm_fail(why, GMM_EDENIED, "only the chair of term %u (%s) may admit a participant", (unsigned)s->term,
                        name_of(s, s->chair));
    enum gmm_err err = decides(s, c, d, why);
    if (err != GMM_OK)
        return err;
    if (s->charter->admission != CHARTER_BY_CHAIR)
        return gmm_fail(why, GMM_EDENIED,
                        "by the charter the chair alone does not admit a participant: cosignatures are needed");
    err = read_admit(s, c, why);
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

static enum gmm_err apply_admit(struct state *s, struct change *c, const struct decision *d)
{
    (void)d;
    return state_admit(s, c->admit, time_ms(c));
}

static enum gmm_err judge_wrapkey(const struct state *s, struct change *c, struct decision *d, struct gmm_msg *why)
{
    (void)s;
    enum gmm_err err = control_wrapkey_decode(&d->body.wrap_pk, c->body, c->len);
    return err == GMM_OK ? GMM_OK : malformed(c, err, "wrap key", why);
}

static enum gmm_err apply_wrapkey(struct state *s, struct change *c, const struct decision *d)
{
    state_wrapkey(s, &c->log.author, &d->body.wrap_pk);
    return GMM_OK;
}

static enum gmm_err judge_group(const struct state *s, struct change *c, struct decision *d, struct gmm_msg *why)
{
    struct gmm_id gid;
    const struct control_group *circle = &d->body.circle;
    const struct view_participant *p = &s->participants[d->author];
    if (p->kind == IDENTITY_OBSERVER)
        return gmm_fail(why, GMM_EDENIED, "%s is an observer: observers found no circle", p->name);
    enum gmm_err err = control_group_decode(&d->body.circle, c->body, c->len);
    if (err != GMM_OK)
        return malformed(c, err, "circle", why);
    epoch_group_id(&gid, &s->charter->nid, GROUP_CIRCLE, &p->pid, circle->random, sizeof circle->random);
    if (!id_equal(&gid, &c->log.group))
        return gmm_fail(why, GMM_EDENIED, "only the participant that a circle is named after may found it");
    if (state_group(s, &gid) != NULL)
        return gmm_fail(why, GMM_EEXISTS, "the circle exists already");
    return GMM_OK;
}

static enum gmm_err apply_group(struct state *s, struct change *c, const struct decision *d)
{
    return state_found_circle(s, &c->log.group, d->author, &d->body.circle);
}

/* "Thematic: the deciding office of the lead that the charter names, or of the chair while its term has not lapsed." */
static enum gmm_err manages_thematic(const struct state *s, const struct change *c, const struct decision *d,
                                     struct gmm_msg *why)
{
    unsigned lead = state_lead(s, d->group->thematic);
    bool leads = d->author == lead && s->charter->leads[d->group->thematic][0] != '\0';
    if (leads || (d->author == s->chair && !term_lapsed(s, c)))
        return decides(s, c, d, why);
    if (d->author == s->chair)
        return gmm_fail(why, GMM_EDENIED, "the term of the chair (%s) has lapsed: until a successor it only admits",
                        name_of(s, s->chair));
    return gmm_fail(why, GMM_EDENIED, "only the chair of term %u (%s) or the lead (%s) decides who is in %s",
                    (unsigned)s->term, name_of(s, s->chair), name_of(s, lead),
                    charter_thematic_name(d->group->thematic));
}

static enum gmm_err manages(const struct state *s, const struct change *c, const struct decision *d,
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
        return gmm_fail(why, GMM_EDENIED, "only the creator of a circle (%s) decides who is in it", name_of(s, owner));
    case GROUP_INTERNAL:
        return gmm_fail(why, GMM_EDENIED, "the group internal of %s has its own offices and nobody else",
                        name_of(s, owner));
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

static enum gmm_err judge_members(const struct state *s, struct change *c, struct decision *d, struct gmm_msg *why)
{
    bool add = c->type == HEADER_ADD;
    enum gmm_err err = find_group(s, c, d, why);
    if (err == GMM_OK)
        err = manages(s, c, d, why);
    if (err != GMM_OK)
        return err;
    err = control_members_decode(&d->body.members, c->body, c->len);
    if (err != GMM_OK)
        return malformed(c, err, add ? "addition" : "removal", why);
    for (size_t i = 0; d->group->kind == GROUP_CIRCLE && !add && i < d->body.members.member_count; i++)
        if (id_equal(&d->body.members.members[i], &s->participants[d->group->owner].pid))
            return gmm_fail(why, GMM_EDENIED, "the creator of a circle (%s) stays in it", name_of(s, d->group->owner));
    if (!changes(s, d, add))
        return gmm_fail(why, GMM_EEXISTS,
                        "nothing changes: nobody named is an admitted participant that is %s the group",
                        add ? "not in" : "in");
    return GMM_OK;
}

static enum gmm_err apply_members(struct state *s, struct change *c, const struct decision *d)
{
    if (c->type == HEADER_ADD)
        state_add(s, d->group, &d->body.members);
    else
        state_remove(s, d->group, &d->body.members);
    return GMM_OK;
}

static enum gmm_err judge_epoch(const struct state *s, struct change *c, struct decision *d, struct gmm_msg *why)
{
    enum gmm_err err = member_of_group(s, c, d, why);
    if (err == GMM_OK && !d->group->history_full && c->epoch->history_count > 0)
        err = gmm_fail(why, GMM_EFORMAT, "the group keeps no history: an epoch of it wraps none of its parents");
    return err;
}

static enum gmm_err judge_epoch_bad(const struct state *s, struct change *c, struct decision *d, struct gmm_msg *why)
{
    enum gmm_err err = member_of_group(s, c, d, why);
    if (err != GMM_OK)
        return err;
    d->sign_pk = c->log.author;
    err = control_epoch_bad_decode(&d->epoch_id, c->body, c->len);
    return err == GMM_OK ? GMM_OK : malformed(c, err, "complaint about an epoch", why);
}

static enum gmm_err apply_epoch_bad(struct state *s, struct change *c, const struct decision *d)
{
    return state_note(s, &s->complaints, &d->epoch_id, &d->sign_pk, c);
}

static enum gmm_err judge_wrap(const struct state *s, struct change *c, struct decision *d, struct gmm_msg *why)
{
    bool claimed;
    enum gmm_err err = member_of_group(s, c, d, why);
    if (err != GMM_OK)
        return err;
    err = epoch_rewrap_peek(&d->epoch_id, &d->sign_pk, c->body, c->len);
    if (err != GMM_OK)
        return malformed(c, err, "wrap", why);
    unsigned target = state_owner(s, &d->sign_pk, &claimed);
    if (target == STATE_NOBODY || !state_is_member(s, d->group, target))
        return gmm_fail(why, GMM_EDENIED, "an epoch is wrapped only to offices of the group's members");
    return GMM_OK;
}

static enum gmm_err apply_wrap(struct state *s, struct change *c, const struct decision *d)
{
    return state_note(s, &s->wraps, &d->epoch_id, &d->sign_pk, c);
}

/* By type. EPOCH is kept even when it is refused (state_epoch), so that others can name it. */
static const struct rule {
    uint16_t type;
    judge_fn *judge;
    apply_fn *apply;
} rules[] = {
    {HEADER_ADMIT, judge_admit, apply_admit},      {HEADER_WRAPKEY, judge_wrapkey, apply_wrapkey},
    {HEADER_GROUP, judge_group, apply_group},      {HEADER_ADD, judge_members, apply_members},
    {HEADER_REMOVE, judge_members, apply_members}, {HEADER_EPOCH, judge_epoch, NULL},
    {HEADER_WRAP, judge_wrap, apply_wrap},         {HEADER_EPOCH_BAD, judge_epoch_bad, apply_epoch_bad},
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

static enum gmm_err judge(struct state *s, struct change *c, const struct rule *rule, struct decision *d,
                          struct gmm_msg *why)
{
    if (c->malformed)
        return gmm_fail(why, GMM_EFORMAT, "the record is not well formed");
    enum gmm_err err = identify(s, c, d, why);
    return err == GMM_OK ? rule->judge(s, c, d, why) : err;
}

/* Folding passes over names that are not admitted; whoever writes the record wants to know. */
static enum gmm_err all_admitted(const struct state *s, const struct change *c, const struct decision *d,
                                 struct gmm_msg *why)
{
    const struct gmm_id *members = d->body.members.members;
    size_t count = d->body.members.member_count;
    if (c->type == HEADER_GROUP) {
        members = d->body.circle.members;
        count = d->body.circle.member_count;
    } else if (c->type != HEADER_ADD && c->type != HEADER_REMOVE) {
        return GMM_OK;
    }
    for (size_t i = 0; i < count; i++)
        if (state_participant(s, &members[i]) == STATE_NOBODY)
            return gmm_fail(why, GMM_EDENIED, "a group has admitted participants only, and one named was not by then");
    return GMM_OK;
}

enum gmm_err authority_judge(struct state *s, struct change *c, struct gmm_msg *why)
{
    struct decision d;
    const struct rule *rule = rule_of(c->type);
    if (rule == NULL)
        return gmm_fail(why, GMM_EFORMAT, "records of type %u have no rule: this version does not know them",
                        (unsigned)c->type);
    enum gmm_err err = judge(s, c, rule, &d, why);
    return err == GMM_OK ? all_admitted(s, c, &d, why) : err;
}

enum gmm_err authority_apply(struct state *s, struct change *c)
{
    struct decision d;
    const struct rule *rule = rule_of(c->type);
    if (rule == NULL)
        return GMM_OK;
    enum gmm_err err = judge(s, c, rule, &d, NULL);
    if (err == GMM_ENOMEM)
        return err;
    if (c->type == HEADER_EPOCH)
        return state_epoch(s, c, err == GMM_OK);
    return err == GMM_OK ? rule->apply(s, c, &d) : GMM_OK;
}

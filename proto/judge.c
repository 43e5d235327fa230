#include "proto/judge.h"
#include "keys/text.h"

#include <stdio.h>
#include <string.h>

const char *judge_name(const struct state *s, unsigned participant)
{
    return participant == STATE_NOBODY ? _("a participant not admitted yet") : s->participants[participant].name;
}

const char *judge_chair_name(const struct state *s, uint32_t term)
{
    return judge_name(s, state_participant(s, &s->terms->list[term - 1].chair));
}

const char *judge_group_name(char out[JUDGE_TEXT], const struct state *s, const struct state_group *g)
{
    switch (g->kind) {
    case GROUP_ALL:
        snprintf(out, JUDGE_TEXT, "%s", _("the group all"));
        break;
    case GROUP_THEMATIC:
        snprintf(out, JUDGE_TEXT, _("the group %s"), charter_thematic_name(g->thematic));
        break;
    case GROUP_CIRCLE:
        snprintf(out, JUDGE_TEXT, _("the circle of %s"), judge_name(s, g->owner));
        break;
    case GROUP_INTERNAL:
        snprintf(out, JUDGE_TEXT, _("the group internal of %s"), judge_name(s, g->owner));
        break;
    }
    return out;
}

const char *judge_digits(char out[GMM_ID_HEX + 1], const struct gmm_id *id)
{
    id_to_hex(id, out);
    out[8] = '\0'; /* enough for a person to find it */
    return out;
}

enum gmm_err judge_decoded(struct change *c, enum gmm_err err, struct gmm_msg *why)
{
    if (err == GMM_OK || err == GMM_ENOMEM)
        return err;
    c->malformed = true;
    return gmm_fail(why, GMM_EFORMAT, "the %s record is not well formed (%s)", change_word(c->type), gmm_err_text(err));
}

enum gmm_err judge_read(const struct state *s, struct change *c, struct gmm_msg *why)
{
    return judge_decoded(c, change_read(c, &s->charter->nid), why);
}

static enum gmm_err in_force(const struct state *s, const struct change *c, struct decision *d, const char *hex,
                             struct gmm_msg *why)
{
    const struct view_participant *p = &s->participants[d->author];
    d->office = offices_at(s->offices, &c->log.author, &p->pid, change_ms(c));
    if (d->office == NULL)
        return gmm_fail(why, GMM_EDENIED, "the office key %s of %s has no certificate in force", hex, p->name);
    const struct certificate *cert = d->office->cert;
    if (change_ms(c) > cert->not_after_ms)
        return gmm_fail(why, GMM_EDENIED, "the certificate of the office %s of %s had expired: renew it", cert->office,
                        p->name);
    const struct office_cert *ruling = offices_ruling(s->offices, &p->pid, cert->office, change_ms(c));
    if (!id_equal(&ruling->cert->sign_pk, &c->log.author))
        return gmm_fail(why, GMM_EDENIED, "the key %s is superseded: %s has certified another for its office %s", hex,
                        p->name, cert->office);
    const struct office_revocation *revocation = offices_revoked(s->offices, &c->log.author, &p->pid);
    d->revoked = revocation != NULL && !offices_within(revocation, &c->log, c->seq);
    if (d->revoked)
        return gmm_fail(why, GMM_EDENIED, "the key %s of the office %s of %s is revoked", hex, cert->office, p->name);
    return GMM_OK;
}

enum gmm_err judge_identify(const struct state *s, const struct change *c, struct decision *d, struct gmm_msg *why)
{
    char hex[GMM_ID_HEX + 1] = "";
    bool claimed;
    if (why != NULL)
        judge_digits(hex, &c->log.author);
    d->author = state_owner(s, &c->log.author, &claimed);
    if (d->author == STATE_NOBODY && claimed)
        return gmm_fail(why, GMM_EDENIED,
                        "two participants certify the office key %s, and none joined with it: it may do nothing", hex);
    if (d->author == STATE_NOBODY)
        return gmm_fail(why, GMM_EDENIED, "the key %s is no office of a participant admitted by then", hex);
    return in_force(s, c, d, hex, why);
}

enum gmm_err judge_identify_among(const struct state *s, const struct change *c, const struct state_set *set,
                                  uint32_t term, struct decision *d, struct gmm_msg *why)
{
    char hex[GMM_ID_HEX + 1] = "";
    if (why != NULL)
        judge_digits(hex, &c->log.author);
    d->author = state_owner_among(s, set, &c->log.author);
    if (d->author == STATE_NOBODY) {
        bool claimed;
        unsigned author = state_owner(s, &c->log.author, &claimed);
        if (author == STATE_NOBODY)
            return gmm_fail(why, GMM_EDENIED, "the key %s is no office of a participant admitted by then", hex);
        return gmm_fail(why, GMM_EDENIED,
                        "%s is not of the electorate of term %u (%s): only that one replaces its chair",
                        judge_name(s, author), (unsigned)term, judge_chair_name(s, term));
    }
    return in_force(s, c, d, hex, why);
}

/* Only the deciding office: "ruling, and not revoked at or before t, the highest serial". */
enum gmm_err judge_decides(const struct state *s, const struct change *c, const struct decision *d, struct gmm_msg *why)
{
    const struct view_participant *p = &s->participants[d->author];
    const struct office_cert *office = offices_deciding(s->offices, &p->pid, change_ms(c));
    if (office == NULL)
        return gmm_fail(why, GMM_EDENIED, "no office of %s carries the role DECIDE: none may decide for it", p->name);
    if (!id_equal(&office->cert->sign_pk, &c->log.author))
        return gmm_fail(why, GMM_EDENIED, "only the office %s of %s, with the role DECIDE, may decide for it",
                        office->cert->office, p->name);
    return GMM_OK;
}

/* What a chair signed beyond those that its successor found has no effect. */
static enum gmm_err within_cuts(const struct state *s, const struct change *c, struct gmm_msg *why)
{
    const struct term *next = terms_after(s->terms, s->term);
    if (next == NULL || next->cuts == NULL || !id_is_zero(&c->log.group) ||
        control_cuts_hold(next->cuts, &c->log, c->seq))
        return GMM_OK;
    return gmm_fail(
        why, GMM_EDENIED, "term %u (%s) has named cuts: no further record of the chair of term %u (%s) has effect",
        (unsigned)next->number, judge_chair_name(s, next->number), (unsigned)s->term->number, judge_name(s, s->chair));
}

enum gmm_err judge_chair(const struct state *s, const struct change *c, struct decision *d, const char *act,
                         struct gmm_msg *why)
{
    if (d->author != s->chair && d->author != state_acting(s))
        return gmm_fail(why, GMM_EDENIED, "only the chair of term %u (%s) %s", (unsigned)s->term->number,
                        judge_name(s, s->chair), act);
    enum gmm_err err = judge_decides(s, c, d, why);
    if (err == GMM_OK)
        err = within_cuts(s, c, why);
    d->as_chair = err == GMM_OK;
    return err;
}

/* A lapsed chair keeps admission only. */
enum gmm_err judge_chair_in_term(const struct state *s, const struct change *c, struct decision *d, const char *act,
                                 struct gmm_msg *why)
{
    enum gmm_err err = judge_chair(s, c, d, act, why);
    if (err == GMM_OK && change_ms(c) > s->term->until_ms)
        err = gmm_fail(why, GMM_EDENIED,
                       "term %u of the chair (%s) has lapsed: until a successor it may only admit participants",
                       (unsigned)s->term->number, judge_name(s, s->chair));
    d->as_chair = err == GMM_OK;
    return err;
}

enum gmm_err judge_votes(const struct state *s, const struct decision *d, struct gmm_msg *why)
{
    if ((d->office->cert->roles & CERTIFICATE_ROLE_VOTE) != 0)
        return GMM_OK;
    return gmm_fail(why, GMM_EDENIED, "the office %s of %s lacks the role VOTE: only one with it votes for it",
                    d->office->cert->office, judge_name(s, d->author));
}

enum gmm_err judge_elector(const struct state *s, const struct decision *d, struct gmm_msg *why)
{
    struct state_set electors;
    state_electors(s, s->term->number, NULL, &electors);
    if (!state_set_has(&electors, d->author))
        return gmm_fail(why, GMM_EDENIED, "%s is not of the electorate of term %u (%s): two thirds of that one decide",
                        judge_name(s, d->author), (unsigned)s->term->number, judge_name(s, s->chair));
    return judge_votes(s, d, why);
}

enum gmm_err judge_office_holder(const struct state *s, const struct gmm_id *pid, const char *act,
                                 unsigned *participant, struct gmm_msg *why)
{
    enum gmm_err err = judge_named(s, pid, participant, why);
    if (err != GMM_OK)
        return err;
    const struct view_participant *p = &s->participants[*participant];
    if (p->kind == IDENTITY_OBSERVER)
        return gmm_fail(why, GMM_EDENIED, "%s is an observer: observers do not %s", p->name, act);
    if (p->status != VIEW_ACTIVE)
        return gmm_fail(why, GMM_EDENIED, "%s is %s: it cannot %s", p->name,
                        p->status == VIEW_SUSPENDED ? "suspended" : _("without a certified office"), act);
    return GMM_OK;
}

enum gmm_err judge_named(const struct state *s, const struct gmm_id *pid, unsigned *participant, struct gmm_msg *why)
{
    char hex[GMM_ID_HEX + 1];
    *participant = state_participant(s, pid);
    if (*participant == STATE_NOBODY)
        return gmm_fail(why, GMM_EDENIED, "the participant named (%s) had not been admitted by then",
                        judge_digits(hex, pid));
    if (s->participants[*participant].status == VIEW_EXPELLED)
        return gmm_fail(why, GMM_EDENIED, "%s is expelled: until it is restored no other record may be about it",
                        judge_name(s, *participant));
    return GMM_OK;
}

enum gmm_err judge_group(const struct state *s, const struct change *c, struct decision *d, struct gmm_msg *why)
{
    char hex[GMM_ID_HEX + 1];
    d->group = state_group(s, &c->log.group);
    if (d->group != NULL)
        return GMM_OK;
    return gmm_fail(why, GMM_EDENIED, "no group %s had been founded by then", judge_digits(hex, &c->log.group));
}

enum gmm_err judge_member(const struct state *s, const struct change *c, struct decision *d, struct gmm_msg *why)
{
    char group[JUDGE_TEXT];
    enum gmm_err err = judge_group(s, c, d, why);
    if (err == GMM_OK && !state_is_member(s, d->group, d->author))
        err = gmm_fail(why, GMM_EDENIED, "%s is not a member of %s: only members write to it", judge_name(s, d->author),
                       judge_group_name(group, s, d->group));
    return err;
}

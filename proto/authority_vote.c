/* What needs more than one signature: proposals, and COSIGN of them. */
#include "keys/text.h"
#include "proto/authority_effects.h"
#include "proto/authority_rules.h"
#include "proto/tally.h"

static void subject_of(struct gmm_id *subject, const struct change *c)
{
    control_subject(subject, c->type, c->body, c->len);
}

/* "It takes effect at the record, in canonical order, by which two thirds" support it. */
static enum gmm_err settle(struct state *s, struct proposal *proposal)
{
    struct change *record = proposal->record;
    struct tally tally;
    if (record == NULL)
        return GMM_OK;
    tally_count(&tally, s, proposal);
    if (tally.have < tally.need)
        return GMM_OK;
    unsigned proposer = proposal->proposer;
    proposals_clear(proposal);
    return authority_effects_take(s, record, proposer);
}

static void support(const struct state *s, struct proposal *proposal, const struct change *c, const struct decision *d)
{
    bool votes = (d->office->cert->roles & CERTIFICATE_ROLE_VOTE) != 0;
    if (votes)
        state_set_put(&proposal->voters, d->author, true);
    if (votes || judge_decides(s, c, d, NULL) == GMM_OK)
        state_set_put(&proposal->sponsors, d->author, true);
}

enum gmm_err authority_vote_judge_support(const struct state *s, struct change *c, const struct decision *d,
                                          struct gmm_msg *why)
{
    struct gmm_id subject;
    if (c->type == HEADER_ADMIT && s->charter->admission == CHARTER_BY_CHAIR)
        return GMM_OK;
    subject_of(&subject, c);
    const struct proposal *proposal = proposals_find(&s->proposals, &subject);
    if (proposal == NULL || proposal->record == NULL || !state_set_has(&proposal->voters, d->author))
        return GMM_OK;
    return gmm_fail(why, GMM_EEXISTS, "%s supports this %s already", judge_name(s, d->author), change_word(c->type));
}

enum gmm_err authority_vote_apply_proposal(struct state *s, struct change *c, const struct decision *d)
{
    struct gmm_id subject;
    subject_of(&subject, c);
    struct proposal *proposal = proposals_get(&s->proposals, &subject);
    if (proposal == NULL)
        return GMM_ENOMEM;
    if (proposal->record == NULL) {
        proposal->record = c;
        proposal->proposer = d->author;
    }
    support(s, proposal, c, d);
    return settle(s, proposal);
}

/* Electors cosign whoever else claims their keys, and suspended or not. */
static enum gmm_err cosigner(const struct state *s, const struct change *c, struct decision *d, struct gmm_msg *why)
{
    struct state_set electors;
    state_electors(s, s->term->number, NULL, &electors);
    if (judge_identify_among(s, c, &electors, s->term->number, d, NULL) == GMM_OK)
        return GMM_OK;
    enum gmm_err err = judge_identify(s, c, d, why);
    if (err != GMM_OK)
        return err;
    const struct view_participant *p = &s->participants[d->author];
    if (p->kind == IDENTITY_OBSERVER)
        return gmm_fail(why, GMM_EDENIED, "%s is an observer: observers do not cosign", p->name);
    if (p->status != VIEW_ACTIVE)
        return gmm_fail(why, GMM_EDENIED, "%s is %s: it does not cosign", p->name,
                        p->status == VIEW_EXPELLED ? "expelled" : _("suspended, and not of the electorate"));
    return GMM_OK;
}

enum gmm_err authority_vote_judge_cosign(const struct state *s, struct change *c, struct decision *d,
                                         struct gmm_msg *why)
{
    enum gmm_err err = judge_decoded(c, control_cosign_decode(&d->body.subject, c->body, c->len), why);
    if (err == GMM_OK)
        err = cosigner(s, c, d, why);
    if (err != GMM_OK)
        return err;
    if (judge_votes(s, d, NULL) != GMM_OK && judge_decides(s, c, d, NULL) != GMM_OK)
        return gmm_fail(why, GMM_EDENIED, "only offices with the role VOTE, or the deciding one, cosign for %s",
                        judge_name(s, d->author));
    const struct proposal *proposal = proposals_find(&s->proposals, &d->body.subject);
    if (proposal != NULL && state_set_has(&proposal->sponsors, d->author))
        return gmm_fail(why, GMM_EEXISTS, "%s supports this already", judge_name(s, d->author));
    return GMM_OK;
}

enum gmm_err authority_vote_apply_cosign(struct state *s, struct change *c, const struct decision *d)
{
    struct proposal *proposal = proposals_get(&s->proposals, &d->body.subject);
    if (proposal == NULL)
        return GMM_ENOMEM;
    support(s, proposal, c, d);
    return settle(s, proposal);
}

enum gmm_err authority_vote_ask_cosign(const struct state *s, struct change *c, struct decision *d, struct gmm_msg *why)
{
    char hex[GMM_ID_HEX + 1];
    (void)c;
    const struct proposal *proposal = proposals_find(&s->proposals, &d->body.subject);
    if (proposal == NULL || proposal->record == NULL)
        return gmm_fail(why, GMM_EDENIED, "no proposal %s waits for the support of %s",
                        judge_digits(hex, &d->body.subject), judge_name(s, d->author));
    return GMM_OK;
}

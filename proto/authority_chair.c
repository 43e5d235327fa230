/* Who presides: HANDOVER, ACCEPT, BALLOT. */
#include "keys/text.h"
#include "proto/authority_rules.h"

enum gmm_err authority_chair_judge_handover(const struct state *s, struct change *c, struct decision *d,
                                            struct gmm_msg *why)
{
    unsigned to, deputy;
    enum gmm_err err = judge_chair_in_term(s, c, d, _("may hand over the chair"), why);
    if (err == GMM_OK)
        err = judge_read(s, c, why);
    if (err != GMM_OK)
        return err;
    const struct control_handover *r = c->handover;
    if (r->term != s->term->number + 1)
        return gmm_fail(why, GMM_EDENIED, "the chair of term %u (%s) hands over term %u, not term %u",
                        (unsigned)s->term->number, judge_name(s, s->chair), (unsigned)s->term->number + 1,
                        (unsigned)r->term);
    if (s->reached >= r->term)
        return gmm_fail(why, GMM_EEXISTS, "term %u is accepted already, by %s", (unsigned)r->term,
                        judge_chair_name(s, r->term));
    err = judge_office_holder(s, &r->to, "preside", &to, why);
    if (err != GMM_OK)
        return err;
    if (to == s->chair)
        return gmm_fail(why, GMM_EDENIED, "%s presides in term %u already: a chair does not hand over to itself",
                        judge_name(s, to), (unsigned)s->term->number);
    if (change_ms(c) > r->until_ms)
        return gmm_fail(why, GMM_EDENIED, "term %u, handed over to %s, would have ended already", (unsigned)r->term,
                        judge_name(s, to));
    if (id_is_zero(&r->deputy))
        return GMM_OK;
    err = judge_office_holder(s, &r->deputy, "preside", &deputy, why);
    if (err == GMM_OK && deputy == to)
        err = gmm_fail(why, GMM_EDENIED, "%s cannot be its own deputy", judge_name(s, to));
    return err;
}

enum gmm_err authority_chair_apply_handover(struct state *s, struct change *c, const struct decision *d)
{
    enum gmm_err err = state_handover(s, c);
    return err == GMM_OK ? state_remember(s, c, &c->handover->to, &s->participants[d->author].pid, NULL) : err;
}

/* Cuts on the predecessor's logs leave in what the successor stands on: the handover, and its own admission. */
static enum gmm_err cuts_hold(const struct state *s, const struct control_cuts *cuts, const struct change *handover,
                              unsigned successor, struct gmm_msg *why)
{
    if (!control_cuts_hold(cuts, &handover->log, handover->seq))
        return gmm_fail(why, GMM_EDENIED, "the cuts leave out the handover of term %u to %s itself",
                        (unsigned)handover->handover->term, judge_name(s, successor));
    if (!state_admission_stands(s, successor, handover->handover->term - 1, cuts))
        return gmm_fail(why, GMM_EDENIED, "the cuts leave out the admission of %s itself", judge_name(s, successor));
    return GMM_OK;
}

/* Of a term that is open: the acceptance that names the cuts which the first one left out. */
static enum gmm_err judge_naming(const struct state *s, const struct change *c, struct gmm_msg *why)
{
    const struct term *term = &s->terms->list[c->accept->term - 1];
    bool ours = term->how == VIEW_TERM_HANDOVER && id_equal(&term->opening->accept->subject, &c->accept->subject);
    if (!ours || s->reached != term->number)
        return gmm_fail(why, GMM_EEXISTS, "term %u has been opened otherwise, by %s", (unsigned)term->number,
                        judge_chair_name(s, term->number));
    if (term->cuts != NULL && term->cuts != &c->accept->cuts)
        return gmm_fail(why, GMM_EEXISTS, "term %u is accepted already, by %s, and its cuts are named",
                        (unsigned)term->number, judge_chair_name(s, term->number));
    if (c->accept->cuts.count == 0)
        return gmm_fail(why, GMM_EEXISTS, "term %u is accepted already, by %s", (unsigned)term->number,
                        judge_chair_name(s, term->number));
    return GMM_OK;
}

static enum gmm_err judge_opening(const struct state *s, const struct change *c,
                                  const struct control_handover *handover, unsigned to, struct gmm_msg *why)
{
    if (change_ms(c) > handover->until_ms)
        return gmm_fail(why, GMM_EDENIED, "term %u, handed over to %s, has ended: it cannot be accepted any more",
                        (unsigned)handover->term, judge_name(s, to));
    if (change_ms(c) >= handover->from_ms && c->accept->cuts.count == 0)
        return gmm_fail(why, GMM_EDENIED,
                        "term %u has begun: %s accepts it only with cuts, the predecessor's last control records",
                        (unsigned)handover->term, judge_name(s, to));
    return GMM_OK;
}

static enum gmm_err judge_successor(const struct state *s, const struct change *c, const struct decision *d,
                                    struct gmm_msg *why)
{
    const struct change *handover = state_find_handover(s, &c->accept->subject);
    if (handover == NULL || handover->handover->term != c->accept->term)
        return gmm_fail(why, GMM_EDENIED, "no such handover of term %u had been made by then",
                        (unsigned)c->accept->term);
    unsigned to = state_participant(s, &handover->handover->to);
    if (d->author != to)
        return gmm_fail(why, GMM_EDENIED, "only %s, to whom term %u is handed over, may accept it", judge_name(s, to),
                        (unsigned)c->accept->term);
    enum gmm_err err = judge_decides(s, c, d, why);
    if (err == GMM_OK && s->participants[to].kind == IDENTITY_OBSERVER)
        err = gmm_fail(why, GMM_EDENIED, "%s is an observer: observers do not preside", judge_name(s, to));
    if (err == GMM_OK)
        err =
            s->reached >= c->accept->term ? judge_naming(s, c, why) : judge_opening(s, c, handover->handover, to, why);
    if (err == GMM_OK && c->accept->cuts.count > 0)
        err = cuts_hold(s, &c->accept->cuts, handover, to, why);
    return err;
}

enum gmm_err authority_chair_judge_accept(const struct state *s, struct change *c, struct decision *d,
                                          struct gmm_msg *why)
{
    enum gmm_err err = judge_read(s, c, why);
    if (err != GMM_OK)
        return err;
    if (c->accept->term == 0)
        return authority_lead_judge_accept(s, c, d, why);
    if (!id_is_zero(&c->accept->subject))
        return judge_successor(s, c, d, why);
    if (d->author != s->chair || s->term->number != c->accept->term || s->term->how != VIEW_TERM_ELECTION)
        return gmm_fail(why, GMM_EDENIED,
                        "%s is not the elected chair of term %u: only that one accepts without a handover, in its term",
                        judge_name(s, d->author), (unsigned)c->accept->term);
    return judge_decides(s, c, d, why);
}

static enum gmm_err open_by_handover(struct state *s, struct change *c, const struct decision *d)
{
    const struct control_handover *r = state_find_handover(s, &c->accept->subject)->handover;
    struct term term = {.number = r->term, .how = VIEW_TERM_HANDOVER, .deputy = r->deputy, .opening = c};
    term.chair = term.by = s->participants[d->author].pid;
    term.from_ms = r->from_ms > change_ms(c) ? r->from_ms : change_ms(c);
    term.begin = r->from_ms > change_ms(c) ? r->from_ms << 16 : c->time + 1;
    term.until_ms = r->until_ms;
    term.cuts = c->accept->cuts.count == 0 ? NULL : &c->accept->cuts;
    return state_open_term(s, &term);
}

enum gmm_err authority_chair_apply_accept(struct state *s, struct change *c, const struct decision *d)
{
    if (c->accept->term == 0)
        return authority_lead_apply_accept(s, c, d);
    if (!id_is_zero(&c->accept->subject)) {
        if (s->reached < c->accept->term)
            return open_by_handover(s, c, d);
        state_name_cuts(s, &c->accept->cuts);
    }
    return state_remember(s, c, &s->participants[d->author].pid, &s->participants[d->author].pid, NULL);
}

/* That there is a chair to vote against: the term has begun. */
static enum gmm_err judge_against(const struct state *s, const struct change *c, struct gmm_msg *why)
{
    uint32_t term = c->ballot->term;
    if (term > s->reached || s->terms->list[term - 1].begin > c->time)
        return gmm_fail(
            why, GMM_EDENIED,
            "term %u has not begun: there is no chair of it to vote against, the chair is that of term %u (%s)",
            (unsigned)term, (unsigned)s->term->number, judge_name(s, s->chair));
    return GMM_OK;
}

/* Who is of the electorate stays eligible whatever later chairs and electorates made of it. */
static enum gmm_err judge_candidate(const struct state *s, const struct change *c, const struct state_set *electors,
                                    struct gmm_msg *why)
{
    unsigned candidate = state_participant(s, &c->ballot->candidate);
    if (candidate == STATE_NOBODY)
        return judge_named(s, &c->ballot->candidate, &candidate, why);
    const struct state_standing *standing = &s->standing[candidate];
    if (standing->expelled && standing->expelled_term <= c->ballot->term)
        return gmm_fail(why, GMM_EDENIED, "%s is expelled: the electorate of term %u cannot elect it",
                        judge_name(s, candidate), (unsigned)c->ballot->term);
    if (!state_set_has(electors, candidate) && standing->kind == IDENTITY_OBSERVER)
        return gmm_fail(why, GMM_EDENIED, "%s is an observer: observers do not preside", judge_name(s, candidate));
    if (!state_admission_stands(s, candidate, c->ballot->term, &c->ballot->cuts))
        return gmm_fail(why, GMM_EDENIED, "the cuts leave out the admission of %s itself", judge_name(s, candidate));
    if (change_ms(c) > c->ballot->until_ms)
        return gmm_fail(why, GMM_EDENIED, "the term for which %s is voted would have ended already",
                        judge_name(s, candidate));
    return GMM_OK;
}

enum gmm_err authority_chair_judge_ballot(const struct state *s, struct change *c, struct decision *d,
                                          struct gmm_msg *why)
{
    struct state_set electors;
    enum gmm_err err = judge_read(s, c, why);
    if (err == GMM_OK)
        err = judge_against(s, c, why);
    if (err != GMM_OK)
        return err;
    state_electors(s, c->ballot->term, &c->ballot->cuts, &electors);
    err = judge_identify_among(s, c, &electors, c->ballot->term, d, why);
    if (err == GMM_OK)
        err = judge_votes(s, d, why);
    if (err == GMM_OK)
        err = judge_candidate(s, c, &electors, why);
    if (err == GMM_OK && polls_said(&s->polls, d->author, c) == POLLS_SAME)
        err = gmm_fail(why, GMM_EEXISTS, "%s has voted so already against the chair of term %u",
                       judge_name(s, d->author), (unsigned)c->ballot->term);
    return err;
}

enum gmm_err authority_chair_ask_ballot(const struct state *s, struct change *c, struct decision *d,
                                        struct gmm_msg *why)
{
    uint32_t term = c->ballot->term;
    if (term < s->reached && s->terms->list[term].how == VIEW_TERM_ELECTION)
        return gmm_fail(why, GMM_EEXISTS, "an election has ended term %u already: term %u is that of %s",
                        (unsigned)term, (unsigned)term + 1, judge_chair_name(s, term + 1));
    if (polls_said(&s->polls, d->author, c) == POLLS_NOTHING)
        return GMM_OK;
    return gmm_fail(
        why, GMM_EDENIED,
        "%s has voted otherwise against the chair of term %u: with two different ballots it counts for none",
        judge_name(s, d->author), (unsigned)c->ballot->term);
}

enum gmm_err authority_chair_apply_ballot(struct state *s, struct change *c, const struct decision *d)
{
    struct state_set electors;
    state_electors(s, c->ballot->term, &c->ballot->cuts, &electors);
    return polls_vote(&s->polls, d->author, c, &electors);
}

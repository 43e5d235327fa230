#include "proto/view_roles.h"

#include <stdlib.h>

#include "proto/tally.h"

/* The set in the order of pids; how many they are. */
static uint16_t list(struct gmm_id *out, const struct state *s, const struct state_set *set)
{
    uint16_t count = 0;
    for (unsigned i = 0; i < s->participant_count; i++)
        if (state_set_has(set, s->by_pid[i]))
            out[count++] = s->participants[s->by_pid[i]].pid;
    return count;
}

static void fill_terms(struct view_roles *roles, struct view *v, const struct state *s, struct gmm_id *pids)
{
    for (uint32_t i = 0; i < s->reached; i++) {
        const struct term *term = &s->terms->list[i];
        struct view_term *out = &roles->terms[i];
        struct state_set electors;
        *out = (struct view_term){.term = term->number, .how = term->how, .chair = term->chair, .cuts = term->cuts};
        out->deputy = term->deputy;
        out->from_ms = term->from_ms;
        out->until_ms = term->until_ms;
        if (term->opening != NULL)
            out->opened_by = term->opening->id;
        state_electors(s, term->number, NULL, &electors);
        out->electors = pids;
        out->elector_count = list(pids, s, &electors);
        pids += out->elector_count;
    }
    v->terms = roles->terms;
    v->term_count = s->reached;
}

static void fill_handovers(struct view_roles *roles, struct view *v, const struct state *s)
{
    for (size_t i = 0; i < s->handover_count; i++) {
        const struct change *c = s->handovers[i];
        const struct control_handover *r = c->handover;
        const struct term *opened = r->term <= s->reached ? &s->terms->list[r->term - 1] : NULL;
        roles->handovers[i] = (struct view_handover){.entry = c->id,
                                                     .term = r->term,
                                                     .to = r->to,
                                                     .deputy = r->deputy,
                                                     .from_ms = r->from_ms,
                                                     .until_ms = r->until_ms,
                                                     .time = c->time,
                                                     .closed = opened != NULL};
        roles->handovers[i].accepted =
            opened != NULL && opened->how == VIEW_TERM_HANDOVER && id_equal(&opened->opening->accept->subject, &c->id);
    }
    v->handovers = roles->handovers;
    v->handover_count = s->handover_count;
}

static void fill_leads(struct view_roles *roles, struct view *v, const struct state *s)
{
    for (size_t i = 0; i < s->leads.count; i++) {
        const struct lead *lead = &s->leads.list[i];
        const struct control_lead *r = lead->change->lead;
        bool accepted = lead->begin != LEADS_NEVER;
        roles->leads[i] = (struct view_lead){.entry = lead->change->id,
                                             .thematic = r->thematic,
                                             .pid = r->pid,
                                             .from_ms = accepted ? header_time_ms(lead->begin) : r->from_ms,
                                             .until_ms = r->until_ms,
                                             .accepted = accepted};
    }
    v->lead_terms = roles->leads;
    v->lead_term_count = s->leads.count;
}

static size_t ballot_count(const struct state *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->polls.count; i++)
        count += s->polls.list[i].count;
    return count;
}

static void fill_ballots(struct view_roles *roles, struct view *v, const struct state *s)
{
    size_t used = 0;
    for (size_t i = 0; i < s->polls.count; i++)
        for (size_t k = 0; k < s->polls.list[i].count; k++) {
            const struct poll_vote *vote = &s->polls.list[i].votes[k];
            const struct control_ballot *r = vote->ballot->ballot;
            roles->ballots[used++] = (struct view_ballot){.entry = vote->ballot->id,
                                                          .term = r->term,
                                                          .voter = s->participants[vote->participant].pid,
                                                          .candidate = r->candidate,
                                                          .until_ms = r->until_ms,
                                                          .time = vote->ballot->time,
                                                          .body = vote->ballot->body,
                                                          .len = vote->ballot->len,
                                                          .cuts = &r->cuts,
                                                          .spoiled = vote->spoiled,
                                                          .need = state_set_quota(state_set_count(&vote->electors))};
        }
    v->ballots = roles->ballots;
    v->ballot_count = used;
}

/* Of whom a proposal is. */
static struct gmm_id subject_of(const struct change *c)
{
    if (c->type == HEADER_ADMIT)
        return c->admit->pid;
    return c->type == HEADER_REPLACE ? c->replace->old : c->removal->pid;
}

static const char *text_of(const struct change *c)
{
    if (c->type == HEADER_ADMIT)
        return c->admit->name;
    return c->type == HEADER_REPLACE ? c->replace->admit.name : c->removal->reason;
}

static const char *id_of(const struct state *s, const struct change *c)
{
    const struct gmm_id pid = subject_of(c);
    unsigned participant = state_participant(s, &pid);
    if (c->type == HEADER_ADMIT)
        return c->admit->id;
    return participant == STATE_NOBODY ? "" : s->participants[participant].id;
}

static void fill_proposals(struct view_roles *roles, struct view *v, const struct state *s, struct gmm_id *pids)
{
    size_t used = 0;
    for (size_t i = 0; i < s->proposals.count; i++) {
        const struct proposal *proposal = s->proposals.list[i];
        struct tally tally;
        if (proposal->record == NULL)
            continue;
        tally_count(&tally, s, proposal);
        struct view_proposal *out = &roles->proposals[used++];
        *out = (struct view_proposal){.subject = proposal->subject,
                                      .entry = proposal->record->id,
                                      .type = proposal->record->type,
                                      .of = subject_of(proposal->record),
                                      .by = s->participants[proposal->proposer].pid,
                                      .time = proposal->record->time,
                                      .text = text_of(proposal->record),
                                      .id = id_of(s, proposal->record),
                                      .need = tally.need,
                                      .supporters = pids};
        out->support = list(pids, s, &tally.who);
        pids += out->support;
    }
    v->proposals = roles->proposals;
    v->proposal_count = used;
}

enum gmm_err view_roles_make(struct view_roles *roles, struct view *v, const struct state *s)
{
    size_t electors = (size_t)s->reached * s->participant_count;
    roles->terms = calloc(s->reached, sizeof *roles->terms);
    roles->handovers = calloc(s->handover_count + 1, sizeof *roles->handovers);
    roles->leads = calloc(s->leads.count + 1, sizeof *roles->leads);
    roles->ballots = calloc(ballot_count(s) + 1, sizeof *roles->ballots);
    roles->proposals = calloc(s->proposals.count + 1, sizeof *roles->proposals);
    roles->pids = calloc(electors + s->proposals.count * s->participant_count + 1, sizeof *roles->pids);
    if (roles->terms == NULL || roles->handovers == NULL || roles->leads == NULL || roles->ballots == NULL ||
        roles->proposals == NULL || roles->pids == NULL)
        return GMM_ENOMEM;
    fill_terms(roles, v, s, roles->pids);
    fill_handovers(roles, v, s);
    fill_leads(roles, v, s);
    fill_ballots(roles, v, s);
    fill_proposals(roles, v, s, roles->pids + electors);
    return GMM_OK;
}

void view_roles_close(struct view_roles *roles)
{
    free(roles->terms);
    free(roles->handovers);
    free(roles->leads);
    free(roles->ballots);
    free(roles->proposals);
    free(roles->pids);
    *roles = (struct view_roles){0};
}

/* The terms in the state: who presides, who may replace it, what a chair did (state.h). */
#include <stdlib.h>

#include "proto/room.h"
#include "proto/state.h"

static bool decides_now(const struct state *s, unsigned participant)
{
    return offices_deciding(s->offices, &s->participants[participant].pid, header_time_ms(s->now)) != NULL;
}

unsigned state_acting(const struct state *s)
{
    unsigned deputy = id_is_zero(&s->term->deputy) ? STATE_NOBODY : state_participant(s, &s->term->deputy);
    if (s->chair != STATE_NOBODY && !s->standing[s->chair].expelled && decides_now(s, s->chair))
        return s->chair;
    if (deputy != STATE_NOBODY && s->participants[deputy].status == VIEW_ACTIVE && decides_now(s, deputy))
        return deputy;
    return s->chair;
}

bool state_admission_stands(const struct state *s, unsigned participant, uint32_t term, const struct control_cuts *cuts)
{
    const struct state_standing *standing = &s->standing[participant];
    if (standing->admitted_term != term || !standing->by_chair)
        return standing->admitted_term <= term;
    return cuts == NULL || control_cuts_hold(cuts, &standing->admission->log, standing->admission->seq);
}

static bool founding_elector(const struct state *s, unsigned participant, const struct control_cuts *cuts)
{
    return s->standing[participant].kind != IDENTITY_OBSERVER && state_admission_stands(s, participant, 1, cuts);
}

void state_electors(const struct state *s, uint32_t term, const struct control_cuts *cuts, struct state_set *out)
{
    *out = (struct state_set){{0}};
    for (unsigned i = 0; i < s->participant_count; i++) {
        bool in = term == 1 ? founding_elector(s, i, cuts) : state_set_has(&s->electorates[term - 1], i);
        bool expelled = s->standing[i].expelled && s->standing[i].expelled_term <= term;
        state_set_put(out, i, in && !expelled);
    }
}

enum gmm_err state_act(struct state *s, const struct change *change)
{
    void *grown = room_make(s->acts, s->act_count, &s->act_cap, sizeof *s->acts);
    if (grown == NULL)
        return GMM_ENOMEM;
    s->acts = grown;
    s->acts[s->act_count++] = (struct state_act){.change = change, .term = s->term->number};
    return GMM_OK;
}

enum gmm_err state_handover(struct state *s, const struct change *change)
{
    void *grown = room_make(s->handovers, s->handover_count, &s->handover_cap, sizeof *s->handovers);
    if (grown == NULL)
        return GMM_ENOMEM;
    s->handovers = grown;
    s->handovers[s->handover_count++] = change;
    return GMM_OK;
}

const struct change *state_find_handover(const struct state *s, const struct gmm_id *entry)
{
    for (size_t i = s->handover_count; i > 0; i--)
        if (id_equal(&s->handovers[i - 1]->id, entry))
            return s->handovers[i - 1];
    return NULL;
}

/* Were acts of this term's chair applied that lie beyond its successor's cuts? */
static bool beyond_cuts(const struct state *s, uint32_t term, const struct control_cuts *cuts)
{
    for (size_t i = s->act_count; i > 0 && s->acts[i - 1].term >= term; i--)
        if (s->acts[i - 1].term == term &&
            !control_cuts_hold(cuts, &s->acts[i - 1].change->log, s->acts[i - 1].change->seq))
            return true;
    return false;
}

bool state_opens_known(const struct state *s, const struct change *change)
{
    return s->reached < s->terms->count && s->terms->list[s->reached].opening == change;
}

enum gmm_err state_reach_term(struct state *s)
{
    const struct term *term = &s->terms->list[s->reached];
    unsigned chair = state_participant(s, &term->chair);
    if (s->electorates == NULL)
        s->electorates = calloc(LIMIT_TERMS, sizeof *s->electorates);
    if (s->electorates == NULL)
        return GMM_ENOMEM;
    struct state_set *electorate = &s->electorates[s->reached++];
    *electorate = (struct state_set){{0}};
    for (unsigned i = 0; i < s->participant_count; i++)
        state_set_put(electorate, i, !s->standing[i].expelled && s->participants[i].kind != IDENTITY_OBSERVER);
    if (chair != STATE_NOBODY && s->standing[chair].suspended && !s->standing[chair].expelled)
        state_restore(s, chair);
    /* Cuts may have taken back the admission of whoever opened it. */
    return state_remember(s, term->opening, &term->chair, &term->by, NULL);
}

enum gmm_err state_open_term(struct state *s, const struct term *term)
{
    if (term->number <= s->terms->count || term->number > LIMIT_TERMS)
        return GMM_OK;
    terms_open(s->terms, term);
    if (term->cuts != NULL && beyond_cuts(s, term->number - 1, term->cuts)) {
        s->again = true;
        return GMM_OK;
    }
    return state_reach_term(s);
}

void state_name_cuts(struct state *s, const struct control_cuts *cuts)
{
    struct term *term = &s->terms->list[s->reached - 1];
    term->cuts = cuts;
    s->again = s->again || beyond_cuts(s, term->number - 1, cuts);
}

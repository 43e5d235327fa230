#include "proto/tally.h"

bool tally_sponsored(const struct state *s, uint16_t type)
{
    return type == HEADER_ADMIT && s->charter->admission == CHARTER_BY_CHAIR_AND_SPONSOR;
}

/* Another active participant than the chair, no observer. */
static bool may_sponsor(const struct state *s, unsigned participant)
{
    const struct view_participant *p = &s->participants[participant];
    return participant != s->chair && p->status == VIEW_ACTIVE && p->kind != IDENTITY_OBSERVER;
}

/* The chair proposes, and one cosigns; before there is anybody to ask, the chair alone. */
static void count_sponsors(struct tally *out, const struct state *s, const struct proposal *proposal)
{
    for (unsigned i = 0; i < s->participant_count; i++) {
        if (!may_sponsor(s, i))
            continue;
        out->need = 1;
        state_set_put(&out->who, i, state_set_has(&proposal->sponsors, i));
    }
}

/* "The subject of an expulsion is not counted." */
static void count_two_thirds(struct tally *out, const struct state *s, const struct proposal *proposal)
{
    struct state_set electors;
    state_electors(s, s->term->number, NULL, &electors);
    if (proposal->record->type == HEADER_EXPEL) {
        unsigned subject = state_participant(s, &proposal->record->removal->pid);
        if (subject != STATE_NOBODY)
            state_set_put(&electors, subject, false);
    }
    out->need = state_set_quota(state_set_count(&electors));
    if (out->need == 0)
        out->need = 1;
    for (unsigned i = 0; i < s->participant_count; i++)
        state_set_put(&out->who, i, state_set_has(&electors, i) && state_set_has(&proposal->voters, i));
}

void tally_count(struct tally *out, const struct state *s, const struct proposal *proposal)
{
    *out = (struct tally){0};
    if (tally_sponsored(s, proposal->record->type))
        count_sponsors(out, s, proposal);
    else
        count_two_thirds(out, s, proposal);
    out->have = state_set_count(&out->who);
}

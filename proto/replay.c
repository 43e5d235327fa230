#include "proto/replay.h"

#include "proto/authority.h"

static enum gmm_err begin(struct state *s, const struct replay *r, struct terms *terms)
{
    enum gmm_err err = state_open(s, r->directory, r->offices, terms);
    if (err != GMM_OK)
        return err;
    s->anchors = r->anchors;
    s->rulings = r->rulings;
    s->removed = r->removed;
    return GMM_OK;
}

enum gmm_err replay_refusals(const struct replay *r, struct terms *terms, replay_told_fn *told, void *arg)
{
    struct state s;
    struct gmm_msg why;
    enum gmm_err err = begin(&s, r, terms);
    if (err != GMM_OK)
        return err;
    for (size_t i = 0; i < r->count && err == GMM_OK; i++) {
        s.position = i;
        err = authority_apply(&s, r->changes[i], &why);
        if (err == GMM_OK && why.text[0] != '\0')
            err = told(arg, &r->changes[i]->id, &why);
    }
    state_close(&s);
    return err;
}

enum gmm_err replay_some(struct state *s, const struct replay *r, struct terms *terms, size_t count)
{
    enum gmm_err err = begin(s, r, terms);
    if (err != GMM_OK)
        return err;
    for (size_t i = 0; i < count && err == GMM_OK && !s->again; i++) {
        s->position = i;
        err = authority_apply(s, r->changes[i], NULL);
    }
    if (err != GMM_OK)
        state_close(s);
    return err;
}

/* The first term from `settled` on against whose chair an election is won that did not open the next one yet. It does
 * now, and whatever followed is forgotten: "election beats handover". */
static bool elected(const struct state *s, struct terms *terms, uint32_t *settled)
{
    for (uint32_t number = *settled; number <= terms->count && number < LIMIT_TERMS; number++) {
        const struct poll_vote *won = polls_won(&s->polls, number);
        const struct term *next = terms_after(terms, &terms->list[number - 1]);
        if (won == NULL || (next != NULL && next->how == VIEW_TERM_ELECTION))
            continue;
        const struct control_ballot *r = won->ballot->ballot;
        struct term term = {.number = number + 1, .how = VIEW_TERM_ELECTION, .chair = r->candidate};
        term.opening = won->ballot;
        term.by = s->participants[won->participant].pid;
        term.from_ms = change_ms(won->ballot);
        term.begin = won->ballot->time + 1;
        term.until_ms = r->until_ms;
        term.cuts = &r->cuts;
        terms_open(terms, &term);
        *settled = number + 1;
        return true;
    }
    return false;
}

/* Each round settles one more election, or the cuts on one more term: what was decided stays decided. */
static enum gmm_err settle(struct state *s, const struct replay *r, struct terms *terms, uint32_t *settled)
{
    for (;;) {
        enum gmm_err err = replay_some(s, r, terms, r->count);
        if (err != GMM_OK)
            return err;
        if (!s->again && !elected(s, terms, settled))
            return GMM_OK;
        state_close(s);
    }
}

/* Who is removed is found on a state of its own; what that makes void is so in the state that counts. */
enum gmm_err replay_all(struct state *s, const struct replay *r, struct terms *terms, struct removals *removed)
{
    struct replay now = *r;
    uint32_t settled = 1;
    now.removed = NULL;
    removals_close(removed);
    terms_found(terms, directory_charter(r->directory));
    enum gmm_err err = settle(s, &now, terms, &settled);
    if (err != GMM_OK || s->removal_count == 0)
        return err;
    err = removals_make(removed, s);
    state_close(s);
    now.removed = removed;
    return err == GMM_OK ? settle(s, &now, terms, &settled) : err;
}

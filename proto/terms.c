#include "proto/terms.h"

#include <assert.h>

void terms_found(struct terms *terms, const struct charter *charter)
{
    terms->count = 1;
    terms->list[0] = (struct term){.number = 1,
                                   .how = VIEW_TERM_FOUNDING,
                                   .chair = charter->founder_pid,
                                   .by = charter->founder_pid,
                                   .from_ms = charter->time_ms,
                                   .until_ms = charter->term_until_ms};
}

void terms_open(struct terms *terms, const struct term *term)
{
    assert(term->number >= 2 && term->number <= terms->count + 1 && term->number <= LIMIT_TERMS);
    terms->list[term->number - 1] = *term;
    terms->count = term->number;
}

/* A term that begins after its successor is passed over. */
const struct term *terms_at(const struct terms *terms, uint64_t time)
{
    uint32_t i = terms->count;
    while (i > 1 && terms->list[i - 1].begin > time)
        i--;
    return &terms->list[i - 1];
}

const struct term *terms_after(const struct terms *terms, const struct term *term)
{
    return term->number < terms->count ? &terms->list[term->number] : NULL;
}

uint64_t terms_next(const struct terms *terms, uint64_t time)
{
    uint64_t next = UINT64_MAX;
    for (uint32_t i = 0; i < terms->count; i++) {
        const struct term *term = &terms->list[i];
        uint64_t lapse = (term->until_ms + 1) << 16;
        if (term->begin > time && term->begin < next)
            next = term->begin;
        if (lapse > time && lapse < next)
            next = lapse;
    }
    return next;
}

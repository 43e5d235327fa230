#include "proto/leads.h"

#include "proto/room.h"

void leads_close(struct leads *leads)
{
    free(leads->list);
    *leads = (struct leads){0};
}

enum gmm_err leads_name(struct leads *leads, const struct change *change)
{
    void *grown = room_make(leads->list, leads->count, &leads->cap, sizeof *leads->list);
    if (grown == NULL)
        return GMM_ENOMEM;
    leads->list = grown;
    leads->list[leads->count++] = (struct lead){.change = change, .begin = LEADS_NEVER};
    return GMM_OK;
}

struct lead *leads_find(const struct leads *leads, const struct gmm_id *entry)
{
    for (size_t i = leads->count; i > 0; i--)
        if (id_equal(&leads->list[i - 1].change->id, entry))
            return &leads->list[i - 1];
    return NULL;
}

const struct lead *leads_at(const struct leads *leads, unsigned thematic, uint64_t time)
{
    const struct lead *best = NULL;
    for (size_t i = 0; i < leads->count; i++) {
        const struct lead *lead = &leads->list[i];
        if (lead->change->lead->thematic == thematic && lead->begin != LEADS_NEVER && lead->begin <= time &&
            (best == NULL || lead->begin >= best->begin))
            best = lead;
    }
    return best;
}

bool leads_lapsed(const struct lead *lead, uint64_t time)
{
    uint64_t until_ms = lead->change->lead->until_ms;
    return until_ms != 0 && header_time_ms(time) > until_ms;
}

bool leads_had(const struct leads *leads, unsigned thematic, const struct gmm_id *pid, uint64_t time)
{
    for (size_t i = 0; i < leads->count; i++) {
        const struct lead *lead = &leads->list[i];
        if (lead->change->lead->thematic == thematic && lead->begin != LEADS_NEVER && lead->begin <= time &&
            id_equal(&lead->change->lead->pid, pid))
            return true;
    }
    return false;
}

uint64_t leads_next(const struct leads *leads, uint64_t time)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < leads->count; i++) {
        const struct lead *lead = &leads->list[i];
        uint64_t lapse = lead->change->lead->until_ms == 0 ? UINT64_MAX : (lead->change->lead->until_ms + 1) << 16;
        if (lead->begin == LEADS_NEVER)
            continue;
        if (lead->begin > time && lead->begin < next)
            next = lead->begin;
        if (lapse > time && lapse < next)
            next = lapse;
    }
    return next;
}

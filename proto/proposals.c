#include "proto/proposals.h"

#include <string.h>

#include "proto/room.h"

void proposals_close(struct proposals *proposals)
{
    for (size_t i = 0; i < proposals->count; i++)
        free(proposals->list[i]);
    free(proposals->list);
    *proposals = (struct proposals){0};
}

static size_t slot_of(const struct proposals *proposals, const struct gmm_id *subject)
{
    size_t low = 0, high = proposals->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (id_compare(&proposals->list[middle]->subject, subject) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct proposal *proposals_find(const struct proposals *proposals, const struct gmm_id *subject)
{
    size_t slot = slot_of(proposals, subject);
    return slot < proposals->count && id_equal(&proposals->list[slot]->subject, subject) ? proposals->list[slot] : NULL;
}

struct proposal *proposals_get(struct proposals *proposals, const struct gmm_id *subject)
{
    size_t slot = slot_of(proposals, subject);
    if (slot < proposals->count && id_equal(&proposals->list[slot]->subject, subject))
        return proposals->list[slot];
    void *grown = room_make(proposals->list, proposals->count, &proposals->cap, sizeof *proposals->list);
    if (grown == NULL)
        return NULL;
    proposals->list = grown;
    struct proposal *made = calloc(1, sizeof *made);
    if (made == NULL)
        return NULL;
    made->subject = *subject;
    memmove(proposals->list + slot + 1, proposals->list + slot, (proposals->count - slot) * sizeof(struct proposal *));
    proposals->list[slot] = made;
    proposals->count++;
    return made;
}

void proposals_clear(struct proposal *proposal)
{
    const struct gmm_id subject = proposal->subject;
    *proposal = (struct proposal){.subject = subject};
}

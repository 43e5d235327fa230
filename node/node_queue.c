/* What waits its turn: events of our own making, and what is left to the layers above. */
#include <stdlib.h>

#include "node/node_state.h"

bool node_grow(void **items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity == 0 ? 16 : 2 * *capacity;
    void *grown = realloc(*items, wanted * size);
    if (grown == NULL)
        return false;
    *items = grown;
    *capacity = wanted;
    return true;
}

void node_pending_free(struct node_pending *pending)
{
    if (pending == NULL)
        return;
    for (size_t i = pending->event_at; i < pending->event_count; i++) {
        free(pending->events[i].owned);
        run_free(pending->events[i].run);
    }
    for (size_t i = pending->later_at; i < pending->later_count; i++)
        free(pending->laters[i].bytes);
    free(pending->events);
    free(pending->laters);
    free(pending->tickets);
    free(pending);
}

enum gmm_err node_queue_event(struct node *node, const struct engine_event *event, void *owned, struct run *run)
{
    struct node_pending *p = node->pending;
    void *items = p->events;
    if (!node_grow(&items, p->event_count, &p->event_capacity, sizeof *p->events)) {
        free(owned);
        run_free(run);
        return GMM_ENOMEM;
    }
    p->events = items;
    p->events[p->event_count++] = (struct node_event){*event, owned, run};
    return GMM_OK;
}

enum gmm_err node_queue_later(struct node *node, struct effect *effect)
{
    struct node_pending *p = node->pending;
    void *items = p->laters;
    if (!node_grow(&items, p->later_count, &p->later_capacity, sizeof *p->laters))
        return GMM_ENOMEM;
    p->laters = items;
    struct node_later later = {.kind = effect->kind, .conn = effect->conn, .id = effect->id};
    if (effect->kind == EFFECT_ENTRIES) {
        later.key = effect->as.entries.key;
        later.first_seq = effect->as.entries.first_seq;
        later.count = effect->as.entries.count;
    } else if (effect->kind == EFFECT_CHUNK_HERE) {
        later.gid = effect->as.chunk.gid;
        later.id = effect->as.chunk.id;
        later.body = effect->as.chunk.body;
    }
    later.bytes = effect->bytes;
    later.len = effect->len;
    effect->bytes = NULL;
    p->laters[p->later_count++] = later;
    return GMM_OK;
}

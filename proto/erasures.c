#include "proto/erasures.h"

#include <stdlib.h>

/* Of one entry the ERASEs stand in canonical order. */
static int compare(const void *a, const void *b)
{
    const struct view_erasure *x = a, *y = b;
    int order = run_key_compare(&x->log, &y->log);
    if (order == 0)
        order = (x->seq > y->seq) - (x->seq < y->seq);
    if (order == 0)
        order = id_compare(&x->id, &y->id);
    if (order == 0)
        order = (x->time > y->time) - (x->time < y->time);
    return order != 0 ? order : id_compare(&x->entry, &y->entry);
}

static bool same(const struct view_erasure *x, const struct view_erasure *y)
{
    return run_key_compare(&x->log, &y->log) == 0 && x->seq == y->seq && id_equal(&x->id, &y->id);
}

enum gmm_err erasures_make(struct view_erasure **list, size_t *count, const struct state *s)
{
    size_t kept = 0;
    *count = 0;
    *list = calloc(s->erasure_count + 1, sizeof **list);
    if (*list == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < s->erasure_count; i++) {
        const struct change *c = s->erasures[i].change;
        const struct control_erase *r = c->erase;
        (*list)[i] = (struct view_erasure){.log = {c->log.group, r->author, r->instance},
                                           .seq = r->seq,
                                           .id = r->id,
                                           .entry = c->id,
                                           .by = s->participants[s->erasures[i].participant].pid,
                                           .office = c->log.author,
                                           .time = c->time};
    }
    if (s->erasure_count > 1)
        qsort(*list, s->erasure_count, sizeof **list, compare);
    for (size_t i = 0; i < s->erasure_count; i++)
        if (kept == 0 || !same(&(*list)[kept - 1], &(*list)[i]))
            (*list)[kept++] = (*list)[i];
    *count = kept;
    return GMM_OK;
}

const struct view_erasure *view_erasures(const struct view *v, const struct run_key *key, uint64_t from_seq)
{
    size_t low = 0, high = v->erasure_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct view_erasure *e = &v->erasures[middle];
        int order = run_key_compare(&e->log, key);
        if (order < 0 || (order == 0 && e->seq < from_seq))
            low = middle + 1;
        else
            high = middle;
    }
    return low < v->erasure_count && run_key_compare(&v->erasures[low].log, key) == 0 ? &v->erasures[low] : NULL;
}

const struct view_erasure *view_erasure(const struct view *v, const struct header *h, const struct gmm_id *id)
{
    struct run_key key;
    run_key_of(&key, h);
    const struct view_erasure *e = view_erasures(v, &key, h->seq);
    for (; e != NULL && e < v->erasures + v->erasure_count && run_key_compare(&e->log, &key) == 0 && e->seq == h->seq;
         e++)
        if (id_equal(&e->id, id))
            return e;
    return NULL;
}

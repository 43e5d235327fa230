#include "proto/sending.h"

#include <stdlib.h>
#include <string.h>

#include "proto/readers.h"

/* Highest gen, then smallest id. */
static int compare_places(const void *a, const void *b)
{
    const struct view_epoch *x = ((const struct sending_epoch *)a)->epoch,
                            *y = ((const struct sending_epoch *)b)->epoch;
    if (x->epoch.gen != y->epoch.gen)
        return x->epoch.gen > y->epoch.gen ? -1 : 1;
    return id_compare(&x->id, &y->id);
}

static struct sending_epoch *find(const struct sending *s, const struct gmm_id *id)
{
    struct sending_epoch probe = {.epoch = view_epoch(s->view, id)};
    if (probe.epoch == NULL || s->count == 0)
        return NULL;
    return bsearch(&probe, s->epochs, s->count, sizeof probe, compare_places);
}

static void note_boundary(struct sending *s, uint64_t ms)
{
    if (ms > s->now_ms && ms < s->until_ms)
        s->until_ms = ms;
}

/* The current offices of the group, and when one begins or ends to be one without any record. */
static enum gmm_err find_current(struct sending *s)
{
    const struct view *v = s->view;
    s->current = calloc(v->office_count + 1, sizeof *s->current);
    if (s->current == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < v->office_count; i++) {
        const struct view_office *office = &v->offices[i];
        if (office->status != VIEW_OFFICE_ACTIVE)
            continue;
        note_boundary(s, office->not_before_ms);
        note_boundary(s, office->not_after_ms + 1);
        s->current[i] = view_office_in_group(v, &s->group->gid, office, s->now_ms);
        s->current_count += s->current[i];
    }
    return GMM_OK;
}

size_t sending_first_wrap(const struct view *v, const struct view_epoch *epoch, const struct gmm_id *sign_pk)
{
    size_t low = 0, high = v->wrap_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = id_compare(&v->wraps[middle].epoch_id, &epoch->id);
        if (order == 0)
            order = id_compare(&v->wraps[middle].sign_pk, sign_pk);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* "Clean in a fold when all of these are current offices of the group": all who can read. */
static enum gmm_err judge(struct sending *s)
{
    struct readers readers;
    enum gmm_err err = readers_open(&readers, s->view, &s->group->gid);
    if (err != GMM_OK)
        return err;
    for (size_t i = 0; i < s->count; i++) {
        const struct epoch *epoch = &s->epochs[i].epoch->epoch;
        s->epochs[i].left = !readers_are_all(&readers, &s->epochs[i].epoch->id, s->current);
        for (size_t k = 0; k < epoch->history_count; k++) {
            struct sending_epoch *parent = find(s, &epoch->parents[epoch->history[k].parent]);
            if (parent != NULL)
                parent->covered = true;
        }
    }
    readers_close(&readers);
    return GMM_OK;
}

enum gmm_err sending_open(struct sending *s, const struct view *v, const struct gmm_id *gid, uint64_t now_ms)
{
    *s = (struct sending){.view = v, .group = view_group(v, gid), .now_ms = now_ms, .until_ms = UINT64_MAX};
    if (s->group == NULL)
        return GMM_OK;
    size_t count = 0;
    for (size_t i = 0; i < v->epoch_count; i++)
        count += v->epochs[i].valid && id_equal(&v->epochs[i].gid, gid);
    s->epochs = calloc(count + 1, sizeof *s->epochs);
    if (s->epochs == NULL || find_current(s) != GMM_OK) {
        sending_close(s);
        return GMM_ENOMEM;
    }
    for (size_t i = 0; i < v->epoch_count; i++)
        if (v->epochs[i].valid && id_equal(&v->epochs[i].gid, gid))
            s->epochs[s->count++].epoch = &v->epochs[i];
    qsort(s->epochs, s->count, sizeof *s->epochs, compare_places);
    if (judge(s) == GMM_OK)
        return GMM_OK;
    sending_close(s);
    return GMM_ENOMEM;
}

void sending_close(struct sending *s)
{
    free(s->epochs);
    free(s->current);
    *s = (struct sending){0};
}

/* The epoch whose secret makes the chunk domain; NULL when an ancestor on the way is not known or not valid. */
static const struct sending_epoch *domain_of(const struct sending *s, const struct sending_epoch *e)
{
    while (e != NULL && e->epoch->epoch.domain == EPOCH_DOMAIN_INHERITED)
        e = find(s, &e->epoch->epoch.parents[0]);
    return e;
}

static bool clean(const struct sending *s, const struct sending_epoch *e)
{
    const struct sending_epoch *domain = e == NULL || e->left ? NULL : domain_of(s, e);
    return domain != NULL && !domain->left;
}

bool sending_clean(const struct sending *s, const struct view_epoch *epoch)
{
    return clean(s, find(s, &epoch->id));
}

bool sending_reaches(const struct view *v, const struct view_epoch *epoch, const struct gmm_id *sign_pk)
{
    if (epoch_find(&epoch->epoch, sign_pk) != NULL)
        return true;
    size_t i = sending_first_wrap(v, epoch, sign_pk);
    return i < v->wrap_count && id_equal(&v->wraps[i].epoch_id, &epoch->id) && id_equal(&v->wraps[i].sign_pk, sign_pk);
}

/* "Where the group keeps no history, every current office must also be among its recipients (or wrapped to)." */
static bool enough(const struct sending *s, const struct view_epoch *epoch)
{
    for (size_t i = 0; !s->group->history_full && i < s->view->office_count; i++)
        if (s->current[i] && !sending_reaches(s->view, epoch, &s->view->offices[i].sign_pk))
            return false;
    return true;
}

static bool have_domain(const struct sending *s, const struct sending_epoch *e, sending_have_fn *have, const void *arg)
{
    const struct sending_epoch *domain = domain_of(s, e);
    return domain != NULL && have(arg, &domain->epoch->id);
}

const struct view_epoch *sending_choose(const struct sending *s, sending_have_fn *have, const void *arg,
                                        enum sending_state *state)
{
    *state = SENDING_NONE;
    for (size_t i = 0; i < s->count; i++) {
        const struct view_epoch *epoch = s->epochs[i].epoch;
        enum sending_state found = SENDING_USABLE;
        if (!clean(s, &s->epochs[i]))
            found = SENDING_LEFT;
        else if (!enough(s, epoch))
            found = SENDING_LACKING;
        else if (epoch->bad)
            found = SENDING_BAD;
        else if (!have(arg, &epoch->id) || !have_domain(s, &s->epochs[i], have, arg))
            found = SENDING_CLOSED;
        *state = found < *state ? found : *state;
        if (found == SENDING_USABLE)
            return epoch;
    }
    return NULL;
}

static bool is_parent(const struct sending *s, const struct gmm_id *id)
{
    for (size_t i = 0; i < s->count; i++)
        for (size_t j = 0; j < s->epochs[i].epoch->epoch.parent_count; j++)
            if (id_equal(&s->epochs[i].epoch->epoch.parents[j], id))
                return true;
    return false;
}

size_t sending_tips(const struct sending *s, const struct view_epoch **out, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < s->count && count < max; i++)
        if (!is_parent(s, &s->epochs[i].epoch->id))
            out[count++] = s->epochs[i].epoch;
    return count;
}

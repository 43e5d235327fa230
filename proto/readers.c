#include "proto/readers.h"

#include <stdlib.h>
#include <string.h>

static size_t find_epoch(const struct readers *r, const struct gmm_id *id)
{
    size_t low = 0, high = r->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (id_compare(&r->epochs[middle]->id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < r->count && id_equal(&r->epochs[low]->id, id) ? low : r->count;
}

static uint64_t *bits_of(const struct readers *r, size_t epoch)
{
    return r->bits + epoch * r->words;
}

static bool reads(const struct readers *r, size_t epoch, const struct gmm_id *sign_pk)
{
    const struct view_office *office = view_office(r->view, sign_pk);
    size_t at = office == NULL ? 0 : (size_t)(office - r->view->offices);
    return office != NULL && (bits_of(r, epoch)[at / 64] >> at % 64 & 1u) != 0;
}

/* True: that is news. */
static bool let_in(struct readers *r, size_t epoch, const struct gmm_id *sign_pk)
{
    const struct view_office *office = view_office(r->view, sign_pk);
    if (office == NULL) {
        bool news = !r->strangers[epoch];
        r->strangers[epoch] = true;
        return news;
    }
    size_t at = (size_t)(office - r->view->offices);
    uint64_t *word = &bits_of(r, epoch)[at / 64], before = *word;
    *word |= UINT64_C(1) << at % 64;
    return *word != before;
}

static bool follow_wraps(struct readers *r, const struct view_wrap *wraps, size_t count)
{
    bool news = false;
    for (size_t i = 0; i < count; i++) {
        size_t epoch = find_epoch(r, &wraps[i].epoch_id);
        if (epoch < r->count && reads(r, epoch, &wraps[i].author))
            news = let_in(r, epoch, &wraps[i].sign_pk) || news;
    }
    return news;
}

/* All that can read under the child can under its parent. */
static bool follow_history(struct readers *r, size_t child)
{
    const struct epoch *epoch = &r->epochs[child]->epoch;
    bool news = false;
    for (size_t k = 0; k < epoch->history_count; k++) {
        size_t parent = find_epoch(r, &epoch->parents[epoch->history[k].parent]);
        if (parent == r->count || !reads(r, parent, &r->epochs[child]->author))
            continue;
        for (size_t i = 0; i < r->words; i++) {
            uint64_t *word = &bits_of(r, parent)[i], before = *word;
            *word |= bits_of(r, child)[i];
            news = news || *word != before;
        }
        news = news || (r->strangers[child] && !r->strangers[parent]);
        r->strangers[parent] = r->strangers[parent] || r->strangers[child];
    }
    return news;
}

static void find_all(struct readers *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct epoch *epoch = &r->epochs[i]->epoch;
        let_in(r, i, &r->epochs[i]->author);
        for (size_t k = 0; k < epoch->recipient_count; k++)
            let_in(r, i, &epoch->recipients[k].sign_pk);
    }
    for (bool news = true; news;) {
        news = follow_wraps(r, r->view->wraps, r->view->wrap_count);
        news = follow_wraps(r, r->view->strays, r->view->stray_count) || news;
        for (size_t i = 0; i < r->count; i++)
            news = follow_history(r, i) || news;
    }
}

enum gmm_err readers_open(struct readers *r, const struct view *v, const struct gmm_id *gid)
{
    size_t count = 0;
    for (size_t i = 0; i < v->epoch_count; i++)
        count += id_equal(&v->epochs[i].gid, gid);
    *r = (struct readers){.view = v, .words = v->office_count / 64 + 1};
    r->epochs = calloc(count + 1, sizeof *r->epochs);
    r->bits = calloc((count + 1) * r->words, sizeof *r->bits);
    r->strangers = calloc(count + 1, sizeof *r->strangers);
    if (r->epochs == NULL || r->bits == NULL || r->strangers == NULL) {
        readers_close(r);
        return GMM_ENOMEM;
    }
    for (size_t i = 0; i < v->epoch_count; i++)
        if (id_equal(&v->epochs[i].gid, gid))
            r->epochs[r->count++] = &v->epochs[i];
    find_all(r);
    return GMM_OK;
}

void readers_close(struct readers *r)
{
    free(r->epochs);
    free(r->bits);
    free(r->strangers);
    *r = (struct readers){0};
}

bool readers_are_all(const struct readers *r, const struct gmm_id *epoch_id, const bool *current)
{
    size_t epoch = find_epoch(r, epoch_id);
    if (epoch == r->count || r->strangers[epoch])
        return false;
    for (size_t i = 0; i < r->view->office_count; i++)
        if ((bits_of(r, epoch)[i / 64] >> i % 64 & 1u) != 0 && !current[i])
            return false;
    return true;
}

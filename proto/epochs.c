#include "proto/epochs.h"

#include <stdlib.h>
#include <string.h>

static int compare_ids(const void *a, const void *b)
{
    const struct view_epoch *x = a, *y = b;
    return id_compare(&x->id, &y->id);
}

static int compare_gens(const void *a, const void *b)
{
    const struct view_epoch *const *x = a, *const *y = b;
    return ((*x)->epoch.gen > (*y)->epoch.gen) - ((*x)->epoch.gen < (*y)->epoch.gen);
}

static int compare_about(const struct state_note *x, const struct gmm_id *epoch_id, const struct gmm_id *sign_pk)
{
    int order = id_compare(&x->epoch_id, epoch_id);
    return order != 0 ? order : id_compare(&x->sign_pk, sign_pk);
}

static int compare_notes(const void *a, const void *b)
{
    const struct state_note *x = a, *y = b;
    int order = compare_about(x, &y->epoch_id, &y->sign_pk);
    return order != 0 ? order : (x->position > y->position) - (x->position < y->position);
}

static struct view_epoch *find(struct view_epoch *epochs, size_t count, const struct gmm_id *id)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (id_compare(&epochs[middle].id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && id_equal(&epochs[low].id, id) ? &epochs[low] : NULL;
}

bool epochs_gen_ok(const struct view_epoch *epochs, size_t count, const struct gmm_id *gid, const struct epoch *epoch)
{
    uint64_t highest = 0;
    for (size_t i = 0; i < epoch->parent_count; i++) {
        struct view_epoch probe = {.id = epoch->parents[i]};
        const struct view_epoch *parent = count == 0 ? NULL : bsearch(&probe, epochs, count, sizeof probe, compare_ids);
        if (parent == NULL || !id_equal(&parent->gid, gid) || !parent->valid)
            return false;
        if (parent->epoch.gen > highest)
            highest = parent->epoch.gen;
    }
    return epoch->gen == highest + 1;
}

/* Parents first: a parent's gen is below its child's, or the child is not valid. */
static enum gmm_err validate(struct view_epoch *epochs, size_t count)
{
    struct view_epoch **by_gen = calloc(count + 1, sizeof(struct view_epoch *));
    if (by_gen == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < count; i++)
        by_gen[i] = &epochs[i];
    qsort(by_gen, count, sizeof(struct view_epoch *), compare_gens);
    for (size_t i = 0; i < count; i++)
        if (by_gen[i]->valid)
            by_gen[i]->valid = epochs_gen_ok(epochs, count, &by_gen[i]->gid, &by_gen[i]->epoch);
    free(by_gen);
    return GMM_OK;
}

/* A wrap counts when it stands in the epoch's group, and, where no history is kept, repairs a recipient's own. */
static bool wrap_counts(const struct state *s, struct view_epoch *epochs, size_t count, const struct state_note *wrap)
{
    const struct view_epoch *epoch = find(epochs, count, &wrap->epoch_id);
    const struct state_group *g = state_group(s, &wrap->change->log.group);
    return epoch != NULL && g != NULL && id_equal(&epoch->gid, &g->gid) &&
           (g->history_full || epoch_find(&epoch->epoch, &wrap->sign_pk) != NULL);
}

/* Index of the first note about (epoch, office) behind a position. */
static size_t behind(const struct state_note *notes, size_t count, const struct state_note *about, size_t position)
{
    size_t low = 0, high = count;
    struct state_note probe = *about;
    probe.position = position;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_notes(&notes[middle], &probe) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_about(const struct state_note *notes, size_t count, size_t i, const struct state_note *about)
{
    return i < count && compare_about(&notes[i], &about->epoch_id, &about->sign_pk) == 0;
}

/* "When the author is a recipient of it (or was wrapped to before)." */
static bool was_given(struct view_epoch *epochs, size_t count, const struct state_note *complaint,
                      const struct state_note *wraps, size_t wrap_count)
{
    const struct view_epoch *epoch = find(epochs, count, &complaint->epoch_id);
    if (epoch == NULL || !id_equal(&epoch->gid, &complaint->change->log.group))
        return false;
    size_t later = behind(wraps, wrap_count, complaint, complaint->position);
    return epoch_find(&epoch->epoch, &complaint->sign_pk) != NULL ||
           (later > 0 && is_about(wraps, wrap_count, later - 1, complaint));
}

static struct view_epoch *collect(const struct state *s)
{
    struct view_epoch *epochs = calloc(s->epoch_count + 1, sizeof *epochs);
    if (epochs == NULL)
        return NULL;
    for (size_t i = 0; i < s->epoch_count; i++) {
        const struct change *c = s->epochs[i].change;
        epochs[i] = (struct view_epoch){.id = c->id, .gid = c->log.group, .author = c->log.author, .time = c->time};
        epochs[i].instance = c->log.instance;
        epochs[i].seq = c->seq;
        epochs[i].epoch = *c->epoch;
        epochs[i].valid = s->epochs[i].by_member;
    }
    qsort(epochs, s->epoch_count, sizeof *epochs, compare_ids);
    return epochs;
}

/* The WRAPs that count, or those that do not: these and the strays of the state. */
static struct state_note *choose_wraps(const struct state *s, struct view_epoch *epochs, bool counting, size_t *count)
{
    struct state_note *kept = calloc(s->wraps.count + s->strays.count + 1, sizeof *kept);
    *count = 0;
    if (kept == NULL)
        return NULL;
    for (size_t i = 0; i < s->wraps.count; i++)
        if (wrap_counts(s, epochs, s->epoch_count, &s->wraps.list[i]) == counting)
            kept[(*count)++] = s->wraps.list[i];
    for (size_t i = 0; !counting && i < s->strays.count; i++)
        kept[(*count)++] = s->strays.list[i];
    qsort(kept, *count, sizeof *kept, compare_notes);
    return kept;
}

static struct view_wrap *show_wraps(const struct state_note *kept, size_t count)
{
    struct view_wrap *wraps = calloc(count + 1, sizeof *wraps);
    for (size_t i = 0; wraps != NULL && i < count; i++)
        wraps[i] = (struct view_wrap){.epoch_id = kept[i].epoch_id,
                                      .sign_pk = kept[i].sign_pk,
                                      .author = kept[i].change->log.author,
                                      .body = kept[i].change->body,
                                      .len = kept[i].change->len};
    return wraps;
}

/* Complaints of one office about one epoch become one; an epoch is bad while a WRAP behind the last is missing. */
static enum gmm_err make_complaints(struct epochs *out, const struct state *s, const struct state_note *wraps,
                                    size_t wrap_count)
{
    size_t count = 0;
    struct state_note *notes = calloc(s->complaints.count + 1, sizeof *notes);
    out->complaints = calloc(s->complaints.count + 1, sizeof *out->complaints);
    if (notes == NULL || out->complaints == NULL) {
        free(notes);
        return GMM_ENOMEM;
    }
    for (size_t i = 0; i < s->complaints.count; i++)
        if (was_given(out->epochs, out->epoch_count, &s->complaints.list[i], wraps, wrap_count))
            notes[count++] = s->complaints.list[i];
    qsort(notes, count, sizeof *notes, compare_notes);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !is_about(notes, count, i - 1, &notes[i]))
            out->complaints[out->complaint_count++] =
                (struct view_complaint){.epoch_id = notes[i].epoch_id, .sign_pk = notes[i].sign_pk};
        struct view_complaint *c = &out->complaints[out->complaint_count - 1];
        c->count++;
        c->last_ms = header_time_ms(notes[i].change->time);
        c->answered = is_about(wraps, wrap_count, behind(wraps, wrap_count, &notes[i], notes[i].position), &notes[i]);
    }
    for (size_t i = 0; i < out->complaint_count; i++) {
        struct view_epoch *epoch = find(out->epochs, out->epoch_count, &out->complaints[i].epoch_id);
        if (epoch != NULL && !out->complaints[i].answered)
            epoch->bad = true;
    }
    free(notes);
    return GMM_OK;
}

enum gmm_err epochs_resolve(struct epochs *out, const struct state *s)
{
    struct state_note *wraps = NULL, *strays = NULL;
    enum gmm_err err = GMM_ENOMEM;
    *out = (struct epochs){.epochs = collect(s), .epoch_count = s->epoch_count};
    if (out->epochs == NULL || validate(out->epochs, out->epoch_count) != GMM_OK)
        goto done;
    wraps = choose_wraps(s, out->epochs, true, &out->wrap_count);
    strays = choose_wraps(s, out->epochs, false, &out->stray_count);
    if (wraps == NULL || strays == NULL)
        goto done;
    out->wraps = show_wraps(wraps, out->wrap_count);
    out->strays = show_wraps(strays, out->stray_count);
    if (out->wraps != NULL && out->strays != NULL)
        err = make_complaints(out, s, wraps, out->wrap_count);
done:
    free(wraps);
    free(strays);
    if (err != GMM_OK)
        epochs_close(out);
    return err;
}

void epochs_close(struct epochs *epochs)
{
    free(epochs->epochs);
    free(epochs->wraps);
    free(epochs->strays);
    free(epochs->complaints);
    *epochs = (struct epochs){0};
}

void epochs_show(const struct epochs *epochs, struct view *view)
{
    view->epochs = epochs->epochs;
    view->epoch_count = epochs->epoch_count;
    view->wraps = epochs->wraps;
    view->wrap_count = epochs->wrap_count;
    view->strays = epochs->strays;
    view->stray_count = epochs->stray_count;
    view->complaints = epochs->complaints;
    view->complaint_count = epochs->complaint_count;
}

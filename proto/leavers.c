#include "proto/leavers.h"

#include <stdlib.h>
#include <string.h>

#include "keys/charter.h"

/* By which record has the participant left the group? False: it has not, as far as this view knows. */
static bool left_by(const struct view *v, const struct view_group *g, const struct gmm_id *pid, struct gmm_id *record)
{
    bool was = view_was_member(v, &g->gid, pid), found = false;
    if (view_is_member(v, &g->gid, pid))
        return false;
    /* As chair, or as lead of a listed group: by what put another one in its place. */
    for (size_t i = 0; was && g->kind == GROUP_THEMATIC && i < v->lead_term_count; i++)
        if (v->lead_terms[i].accepted && strcmp(charter_thematic_name(v->lead_terms[i].thematic), g->name) == 0) {
            *record = v->lead_terms[i].entry;
            found = true;
        }
    for (size_t i = 1; was && g->kind == GROUP_THEMATIC && i < v->term_count; i++)
        if (id_equal(&v->terms[i - 1].chair, pid)) {
            *record = v->terms[i].opened_by;
            found = true;
        }
    for (size_t i = 0; i < v->absence_count; i++) {
        const struct view_absence *a = &v->absences[i];
        bool observer = id_is_zero(&a->gid) && g->kind == GROUP_THEMATIC;
        if (a->until_ms == UINT64_MAX && id_equal(&a->pid, pid) && (observer || id_equal(&a->gid, &g->gid))) {
            *record = a->entry;
            found = true;
        }
    }
    for (size_t i = 0; was && i < v->removal_count; i++)
        if (v->removals[i].until == UINT64_MAX && id_equal(&v->removals[i].pid, pid)) {
            *record = v->removals[i].entry;
            found = true;
        }
    return found;
}

/* Has the record had its effect in this view, as far as it ended a membership? */
static bool known_record(const struct view *v, const struct gmm_id *record)
{
    for (size_t i = 0; i < v->removal_count; i++)
        if (id_equal(&v->removals[i].entry, record))
            return true;
    for (size_t i = 0; i < v->absence_count; i++)
        if (id_equal(&v->absences[i].entry, record))
            return true;
    for (size_t i = 0; i < v->term_count; i++)
        if (id_equal(&v->terms[i].opened_by, record))
            return true;
    for (size_t i = 0; i < v->lead_term_count; i++)
        if (v->lead_terms[i].accepted && id_equal(&v->lead_terms[i].entry, record))
            return true;
    return false;
}

/* A key that has ended stays so: who still takes it for an office's lacks what ended it. */
static bool known(const struct view *v, const struct control_leaver *leaver)
{
    if (!id_is_zero(&leaver->record))
        return known_record(v, &leaver->record);
    const struct view_office *office = view_office(v, &leaver->subject);
    return office == NULL || office->status != VIEW_OFFICE_ACTIVE;
}

enum gmm_err leavers_open(struct leavers *l, const struct view *v, const struct gmm_id *gid, const struct gmm_id *self)
{
    size_t most = 0;
    *l = (struct leavers){.view = v};
    for (size_t i = 0; i < v->left_count; i++)
        most += v->lefts[i].left->count;
    l->unknown = calloc(most + 1, sizeof *l->unknown);
    if (l->unknown == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < v->left_count; i++) {
        const struct view_left *in = &v->lefts[i];
        if (!id_equal(&in->log.group, gid) || id_equal(&in->log.author, self))
            continue;
        for (uint16_t k = 0; k < in->left->count; k++)
            if (!known(v, &in->left->list[k]))
                l->unknown[l->count++] = (struct leavers_item){in, &in->left->list[k]};
    }
    return GMM_OK;
}

void leavers_close(struct leavers *l)
{
    free(l->unknown);
    *l = (struct leavers){0};
}

/* The LEFT stands before the epoch in its log. */
static bool stands_before(const struct view_left *in, const struct view_epoch *epoch)
{
    return in->log.instance == epoch->instance && in->seq < epoch->seq && id_equal(&in->log.author, &epoch->author);
}

/* Epochs, by their index in the view, and all that they follow. */
static bool *with_ancestors(const struct view *v, const struct view_epoch *const *epochs, size_t count)
{
    bool *in = calloc(v->epoch_count + 1, sizeof *in);
    size_t *stack = calloc(v->epoch_count + 1, sizeof *stack), depth = 0;
    for (size_t i = 0; in != NULL && stack != NULL && i < count; i++) {
        size_t at = (size_t)(epochs[i] - v->epochs);
        if (!in[at])
            stack[depth++] = at;
        in[at] = true;
    }
    while (depth > 0) {
        const struct epoch *epoch = &v->epochs[stack[--depth]].epoch;
        for (size_t k = 0; k < epoch->parent_count; k++) {
            const struct view_epoch *parent = view_epoch(v, &epoch->parents[k]);
            if (parent == NULL || in[parent - v->epochs])
                continue;
            in[parent - v->epochs] = true;
            stack[depth++] = (size_t)(parent - v->epochs);
        }
    }
    if (stack == NULL) {
        free(in);
        in = NULL;
    }
    free(stack);
    return in;
}

static bool binds(const struct view *v, const struct view_left *in, const bool *epochs)
{
    for (size_t i = 0; i < v->epoch_count; i++)
        if (epochs[i] && stands_before(in, &v->epochs[i]))
            return true;
    return false;
}

bool leavers_withhold(const struct leavers *l, const struct view_epoch *epoch, const struct gmm_id *sign_pk)
{
    const struct view_office *office = view_office(l->view, sign_pk);
    bool *epochs = NULL, withhold = false;
    for (size_t i = 0; i < l->count && !withhold; i++) {
        const struct gmm_id *subject = &l->unknown[i].leaver->subject;
        if (!id_equal(subject, sign_pk) && (office == NULL || !id_equal(subject, &office->pid)))
            continue;
        if (epochs == NULL)
            epochs = with_ancestors(l->view, &epoch, 1);
        withhold = epochs == NULL || binds(l->view, l->unknown[i].in, epochs);
    }
    free(epochs);
    return withhold;
}

static bool told(const struct view *v, const bool *epochs, const struct gmm_id *gid, const struct control_leaver *item)
{
    for (size_t i = 0; i < v->left_count; i++) {
        const struct control_left *left = v->lefts[i].left;
        for (uint16_t k = 0; id_equal(&v->lefts[i].log.group, gid) && k < left->count; k++)
            if (id_equal(&left->list[k].subject, &item->subject) && id_equal(&left->list[k].record, &item->record) &&
                binds(v, &v->lefts[i], epochs))
                return true;
    }
    return false;
}

static void tell(struct control_left *out, const struct view *v, const bool *epochs, const struct gmm_id *gid,
                 const struct control_leaver *item)
{
    if (out->count < LIMIT_CUTS && !told(v, epochs, gid, item))
        out->list[out->count++] = *item;
}

enum gmm_err leavers_list(struct control_left *out, const struct view *v, const struct gmm_id *gid,
                          const struct view_epoch *const *parents, size_t parent_count)
{
    const struct view_group *g = view_group(v, gid);
    *out = (struct control_left){0};
    if (g == NULL)
        return GMM_OK;
    bool *epochs = with_ancestors(v, parents, parent_count);
    out->list = calloc(v->participant_count + v->office_count + 1, sizeof *out->list);
    if (epochs == NULL || out->list == NULL) {
        free(epochs);
        control_left_close(out);
        return GMM_ENOMEM;
    }
    for (size_t i = 0; i < v->participant_count; i++) {
        struct control_leaver item = {.subject = v->participants[i].pid};
        if (left_by(v, g, &item.subject, &item.record))
            tell(out, v, epochs, gid, &item);
    }
    for (size_t i = 0; i < v->office_count; i++) {
        const struct view_office *office = &v->offices[i];
        struct control_leaver item = {.subject = office->sign_pk};
        if (office->status != VIEW_OFFICE_ACTIVE && view_is_member(v, gid, &office->pid))
            tell(out, v, epochs, gid, &item);
    }
    free(epochs);
    return GMM_OK;
}

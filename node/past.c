#include "node/past.h"

#include <stdlib.h>
#include <string.h>

#include "node/item.h"
#include "node/render.h"

json_t *past_chair(const struct view *view)
{
    const struct view_participant *chair = view_participant(view, &view->chair);
    return json_pack("{s:o, s:I}", "participant", item_text(chair == NULL ? NULL : chair->id), "term",
                     (json_int_t)view->term);
}

static int by_id(const void *a, const void *b)
{
    const struct view_participant *x = *(const struct view_participant *const *)a;
    const struct view_participant *y = *(const struct view_participant *const *)b;
    return strcmp(x->id, y->id);
}

json_t *past_roster(const struct view *view)
{
    const struct view_participant **sorted = calloc(view->participant_count + 1, sizeof *sorted);
    json_t *rows = json_array();
    bool failed = sorted == NULL || rows == NULL;
    for (size_t i = 0; !failed && i < view->participant_count; i++)
        sorted[i] = &view->participants[i];
    if (!failed)
        qsort(sorted, view->participant_count, sizeof *sorted, by_id);
    for (size_t i = 0; !failed && i < view->participant_count; i++)
        failed = json_array_append_new(rows, json_pack("{s:o, s:o, s:s, s:b}", "participant", item_text(sorted[i]->id),
                                                       "name", item_text(sorted[i]->name), "status",
                                                       view_status_text(sorted[i]->status), "chair",
                                                       id_equal(&sorted[i]->pid, &view->chair))) != 0;
    free(sorted);
    if (!failed)
        return rows;
    json_decref(rows);
    return NULL;
}

/* ---- what is held of that time */

struct counting {
    struct node *node;
    const struct view *view; /* of that date */
    uint64_t ms;
    struct run_key key;
    json_int_t entries, voided, documents;
};

static enum gmm_err on_entry(void *arg, const uint8_t bytes[HEADER_BYTES], const struct gmm_id *id, const uint8_t *body,
                             size_t len)
{
    struct counting *c = arg;
    uint64_t time = bytes_load_u64(bytes + HEADER_TIME_AT);
    (void)id;
    (void)body;
    (void)len;
    if (header_time_ms(time) > c->ms)
        return GMM_ECLOSED; /* times rise: the rest of the log is later */
    c->entries++;
    if (!view_stands(c->view, &c->key, bytes_load_u64(bytes + HEADER_SEQ_AT), time, NULL))
        c->voided++;
    else if (bytes_load_u16(bytes + 2) == HEADER_DOCUMENT)
        c->documents++;
    return GMM_OK;
}

static enum gmm_err on_log(void *arg, const struct run_key *key, const struct logs_head *head, uint64_t arrival,
                           bool closed)
{
    struct counting *c = arg;
    (void)head;
    (void)arrival;
    (void)closed;
    c->key = *key;
    enum gmm_err err = store_each_entry(c->node->store, key, 0, on_entry, c);
    return err == GMM_ECLOSED ? GMM_OK : err;
}

enum gmm_err past_report(struct node *node, uint64_t ms, json_t **report, struct gmm_msg *msg)
{
    struct fold_past *past = NULL;
    *report = NULL;
    const struct view *now = node->engine == NULL ? NULL : engine_view(node->engine);
    if (now == NULL)
        return gmm_fail(msg, GMM_ESTATE,
                        "what stood at a date is not known here: the keys are closed, or this home is "
                        "in no network");
    if (ms < directory_charter(engine_directory(node->engine))->time_ms)
        return gmm_fail(msg, GMM_ESTATE, "the network was founded later than that date");
    enum gmm_err err = fold_view_at(engine_fold(node->engine), ms, &past);
    struct counting c = {.node = node, .ms = ms};
    if (err == GMM_OK) {
        c.view = fold_past_view(past);
        err = store_each_log(node->store, on_log, &c);
    }
    if (err == GMM_OK) {
        *report =
            json_pack("{s:o, s:o, s:o, s:I, s:I, s:I}", "time", render_json_time(ms), "chair", past_chair(c.view),
                      "roster", past_roster(c.view), "entries", c.entries, "void", c.voided, "documents", c.documents);
        err = *report == NULL ? GMM_ENOMEM : GMM_OK;
    }
    fold_past_free(past);
    return err == GMM_OK ? GMM_OK : gmm_fail(msg, err, "what stood at that date cannot be told: %s", gmm_err_text(err));
}

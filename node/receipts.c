#include "node/receipts.h"

#include <stdlib.h>
#include <string.h>

#include "node/item.h"
#include "node/render.h"
#include "proto/stored.h"

#define RECORD_BYTES 4096u

struct receipts {
    struct gmm_id *owed;
    size_t count, capacity;
    bool settling;
};

void receipts_owe(struct node *node, const struct projection_item *item)
{
    if (node->read_only || (item->type != HEADER_DOCUMENT && item->type != HEADER_CONSULT))
        return;
    if (item->type == HEADER_DOCUMENT && id_equal(&item->author, &node->keystore->sign_pk))
        return; /* nobody confirms what is its own */
    if (node->receipts == NULL && (node->receipts = calloc(1, sizeof *node->receipts)) == NULL)
        return;
    struct receipts *r = node->receipts;
    if (r->count == r->capacity) {
        size_t capacity = r->capacity == 0 ? 64 : 2 * r->capacity;
        struct gmm_id *more = realloc(r->owed, capacity * sizeof *more);
        if (more == NULL)
            return;
        r->owed = more;
        r->capacity = capacity;
    }
    r->owed[r->count++] = item->type == HEADER_DOCUMENT ? item->id : item->document;
}

void receipts_close(struct node *node)
{
    if (node->receipts != NULL)
        free(node->receipts->owed);
    free(node->receipts);
    node->receipts = NULL;
}

/* Of a participant that is not ours, in a group of others too. */
static bool is_foreign(struct node *node, const struct projection_item *document)
{
    const struct view *view = node->engine == NULL ? NULL : engine_view(node->engine);
    const struct view_office *author = view == NULL ? NULL : view_office(view, &document->author);
    const struct view_group *group = view == NULL ? NULL : view_group(view, &document->gid);
    return document->type == HEADER_DOCUMENT && author != NULL && !id_equal(&author->pid, node_pid(node)) &&
           group != NULL && group->kind != GROUP_INTERNAL && view_may_post(view, &document->gid, node_pid(node), NULL);
}

struct looking {
    const struct node *node;
    const struct gmm_id *gid;
    bool ours, opened; /* ours: only of this office, opened ones only */
    bool found;
};

static enum gmm_err look(void *arg, const struct projection_item *item)
{
    struct looking *l = arg;
    bool mine = id_equal(&item->author, &l->node->keystore->sign_pk);
    bool fits = id_equal(&item->gid, l->gid) && (!l->ours || (mine && (!l->opened || item->position != 0)));
    l->found = l->found || fits;
    return GMM_OK;
}

static bool is_consulted_on(struct node *node, const struct projection_item *document)
{
    struct looking l = {.node = node, .gid = &document->gid};
    struct projection_query query = {.document = &document->id, .type = HEADER_CONSULT};
    return projection_each(node->projection, &query, look, &l) == GMM_OK && l.found;
}

static bool is_said(struct node *node, const struct projection_item *document, bool opened)
{
    struct looking l = {.node = node, .gid = &document->gid, .ours = true, .opened = opened};
    struct projection_query query = {.document = &document->id, .type = HEADER_RECEIPT};
    return projection_each(node->projection, &query, look, &l) != GMM_OK || l.found;
}

static void post(struct node *node, const struct projection_item *document, bool opened, const char *person)
{
    struct record_receipt receipt = {.document = document->id, .opened = opened, .time_ms = node_now_ms()};
    struct buffer record;
    struct gmm_id id;
    if (person != NULL && strlen(person) <= LIMIT_PERSON_TEXT)
        receipt.person = (struct record_text){person, strlen(person)};
    buffer_init(&record, RECORD_BYTES);
    if (record_receipt_encode(&record, &receipt) == GMM_OK)
        (void)node_append(node, &document->gid, HEADER_RECEIPT, record.p, record.len, NULL, &id, NULL);
    buffer_close(&record);
}

static void settle(struct node *node, const struct gmm_id *id)
{
    struct projection_item document;
    bool named = false;
    /* Most documents are not consulted on: a look into an index tells. */
    if (projection_is_named(node->projection, id, HEADER_CONSULT, &named) != GMM_OK || !named)
        return;
    if (projection_get(node->projection, id, &document) != GMM_OK)
        return;
    if (is_foreign(node, &document) && is_consulted_on(node, &document) && !is_said(node, &document, false))
        post(node, &document, false, NULL);
    projection_item_close(&document);
}

void receipts_settle(struct node *node)
{
    struct receipts *r = node->receipts;
    if (r == NULL || r->settling)
        return;
    r->settling = true;
    while (r->count > 0) {
        struct gmm_id id = r->owed[--r->count]; /* posting may bring more */
        settle(node, &id);
    }
    r->settling = false;
}

void receipts_opened(struct node *node, const struct projection_item *document, const char *person)
{
    if (!node->read_only && !node->config.keep_opened_private && is_foreign(node, document) &&
        !is_said(node, document, true))
        post(node, document, true, person);
}

/* ---- what others said */

struct row {
    const struct view_office *office;
    uint64_t stored_ms, opened_ms, heard_ms;
};
struct rows {
    struct row *list;
    size_t count;
    const struct gmm_id *gid;
};

static struct row *find_row(struct rows *rows, const struct gmm_id *sign_pk)
{
    for (size_t i = 0; i < rows->count; i++)
        if (id_equal(&rows->list[i].office->sign_pk, sign_pk))
            return &rows->list[i];
    return NULL;
}

static void note_time(uint64_t *at, uint64_t ms)
{
    if (*at == 0 || ms < *at)
        *at = ms;
}

static enum gmm_err take(void *arg, const struct projection_item *item)
{
    struct rows *rows = arg;
    struct row *row = id_equal(&item->gid, rows->gid) ? find_row(rows, &item->author) : NULL;
    if (row == NULL)
        return GMM_OK;
    note_time(&row->stored_ms, item->time_ms);
    if (item->position != 0)
        note_time(&row->opened_ms, item->time_ms);
    return GMM_OK;
}

/* "For the receipts of an office the time is that of the anchor that lists it, or of its own anchor or report." */
static enum gmm_err take_anchors(struct node *node, struct rows *rows, const struct gmm_id *text)
{
    struct store_entry entry;
    struct header header;
    struct run_key log;
    enum gmm_err err = store_load_entry(node->store, text, &entry);
    if (err != GMM_OK)
        return err == GMM_ENOTFOUND ? GMM_OK : err;
    err = header_decode(&header, entry.header);
    store_entry_close(&entry);
    const struct gmm_id **sisters = calloc(rows->count + 1, sizeof *sisters);
    if (err == GMM_OK && sisters == NULL)
        err = GMM_ENOMEM;
    if (err == GMM_OK)
        run_key_of(&log, &header);
    for (size_t i = 0; i < rows->count && err == GMM_OK; i++) {
        struct row *row = &rows->list[i];
        size_t count = 0;
        for (size_t k = 0; k < rows->count; k++)
            if (k != i && id_equal(&rows->list[k].office->pid, &row->office->pid))
                sisters[count++] = &rows->list[k].office->sign_pk;
        uint64_t ms = fold_stored(engine_fold(node->engine), &log, header.seq, &row->office->sign_pk, sisters, count);
        if (ms != 0)
            note_time(&row->stored_ms, ms);
    }
    free(sisters);
    return err;
}

static enum gmm_err take_text(struct node *node, struct rows *rows, const struct gmm_id *text)
{
    struct projection_item item;
    struct projection_query query = {.document = text, .type = HEADER_RECEIPT};
    if (projection_get(node->projection, text, &item) == GMM_OK) {
        struct row *author = find_row(rows, &item.author);
        if (author != NULL)
            note_time(&author->stored_ms, item.time_ms);
        projection_item_close(&item);
    }
    enum gmm_err err = projection_each(node->projection, &query, take, rows);
    return err == GMM_OK ? take_anchors(node, rows, text) : err;
}

static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int order = id_compare(&x->office->pid, &y->office->pid);
    return order != 0 ? order : strcmp(x->office->office, y->office->office);
}

json_t *receipts_json(struct node *node, const struct gmm_id *gid, const struct gmm_id *texts, size_t count)
{
    const struct view *view = engine_view(node->engine);
    struct rows rows = {.gid = gid, .list = calloc((view == NULL ? 0 : view->office_count) + 1, sizeof *rows.list)};
    json_t *array = json_array();
    enum gmm_err err = rows.list == NULL || array == NULL ? GMM_ENOMEM : GMM_OK;
    for (size_t i = 0; err == GMM_OK && view != NULL && i < view->office_count; i++)
        if (view_office_in_group(view, gid, &view->offices[i], node_now_ms()))
            rows.list[rows.count++].office = &view->offices[i];
    for (size_t i = 0; err == GMM_OK && i < rows.count; i++)
        if (store_get_seen(node->store, &rows.list[i].office->sign_pk, &rows.list[i].heard_ms) != GMM_OK)
            rows.list[i].heard_ms = 0;
    for (size_t i = 0; i < count && err == GMM_OK; i++)
        err = take_text(node, &rows, &texts[i]);
    if (err == GMM_OK && rows.count > 1)
        qsort(rows.list, rows.count, sizeof *rows.list, compare_rows);
    for (size_t i = 0; i < rows.count && err == GMM_OK; i++) {
        const struct row *row = &rows.list[i];
        const struct view_participant *p = view_participant(view, &row->office->pid);
        json_array_append_new(
            array, json_pack("{s:o, s:o, s:o, s:o, s:o}", "participant", item_text(p == NULL ? NULL : p->id), "office",
                             item_text(row->office->office), "stored", render_json_time(row->stored_ms), "opened",
                             render_json_time(row->opened_ms), "heard", render_json_time(row->heard_ms)));
    }
    free(rows.list);
    if (err == GMM_OK)
        return array;
    json_decref(array);
    return NULL;
}

#include "node/inbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/consulting.h"
#include "node/item.h"
#include "node/next.h"
#include "node/release.h"
#include "node/render.h"
#include "node/reply.h"

struct inbox {
    struct node *node;
    json_t *deadlines, *unread, *answers, *notes, *drafts;
    json_t *counts; /* document in hex → its row in notes */
    size_t limit;
};

static json_t *row_json(struct node *node, const char *what, const struct gmm_id *id,
                        const struct projection_item *document, json_t *from, uint64_t time_ms)
{
    json_t *row =
        json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:n, s:n}", "what", what, "id", reply_id(id), "document",
                  reply_id(&document->id), "symbol", item_text(document->symbol), "title", item_text(document->title),
                  "from", from, "time", render_json_time(time_ms), "deadline", "count");
    if (row != NULL && item_set_marking_of(row, node, document, NULL))
        return row;
    json_decref(row);
    return NULL;
}

/* "gmm COMMAND REF": what follows from the row. */
static void set_next(json_t *row, const char *command, const char *ref)
{
    char text[NEXT_COMMAND];
    snprintf(text, sizeof text, "gmm %s %s", command, ref);
    json_object_set_new(row, "next", json_string(text));
}

static void set_next_of(json_t *row, const char *command, const struct projection_item *document)
{
    char ref[NEXT_REF];
    next_ref(ref, document);
    set_next(row, command, ref);
}

static enum gmm_err append(json_t *rows, json_t *row)
{
    return json_array_append_new(rows, row) == 0 ? GMM_OK : GMM_ENOMEM;
}

/* ---- consultations */

static bool has_spoken(struct node *node, const struct consult *consult)
{
    for (size_t i = 0; i < consult->invited_count; i++)
        if (id_equal(&consult->invited[i].pid, node_pid(node)))
            return consult->invited[i].position != 0;
    return false;
}

/* By deadline, those without one last. */
static void insert_deadline(json_t *rows, json_t *row)
{
    const char *deadline = reply_text(row, "deadline");
    size_t at = 0;
    for (; at < json_array_size(rows); at++) {
        const char *other = reply_text(json_array_get(rows, at), "deadline");
        if (deadline[0] != '\0' && (other[0] == '\0' || strcmp(other, deadline) > 0))
            break;
    }
    json_array_insert_new(rows, at, row);
}

static enum gmm_err add_draft(struct inbox *in, const char *what, size_t count, const struct consulting *c,
                              const struct consult *consult)
{
    if (count == 0)
        return GMM_OK;
    json_t *row = row_json(c->node, what, &consult->id, &c->document, json_null(), consult->opened_ms);
    if (row == NULL || json_object_set_new(row, "count", json_integer((json_int_t)count)) != 0)
        return GMM_ENOMEM;
    set_next_of(row, what, &c->document);
    return append(in->drafts, row);
}

static enum gmm_err add_consult(void *arg, struct consulting *c, const struct consult *consult)
{
    struct inbox *in = arg;
    size_t pending, uncleared;
    bool ours = id_equal(&consult->coordinator, node_pid(in->node));
    bool invited = consulting_invites_us(c, consult);
    if (!consulting_is_running(consult) || (!ours && !invited))
        return GMM_OK;
    json_t *row = row_json(c->node, "deadline", &consult->id, &c->document,
                           consulting_participant(in->node, &consult->coordinator), consult->opened_ms);
    if (row == NULL)
        return GMM_ENOMEM;
    json_object_set_new(row, "deadline", render_json_time(consult->deadline_ms));
    json_object_set_new(row, "state", json_string(consult_state_text(consult->state)));
    json_object_set_new(row, "answered", json_boolean(ours || has_spoken(in->node, consult)));
    char next[NEXT_COMMAND];
    next_of_consultation(next, c, consult);
    json_object_set_new(row, "next", json_string(next));
    insert_deadline(in->deadlines, row);
    if (!invited)
        return GMM_OK;
    enum gmm_err err = release_count(c, &pending, &uncleared);
    if (err == GMM_OK)
        err = add_draft(in, "clear", uncleared, c, consult);
    return err == GMM_OK ? add_draft(in, "release", pending, c, consult) : err;
}

/* ---- what was not read */

static bool is_ours(struct node *node, const struct gmm_id *sign_pk)
{
    const struct view *view = engine_view(node->engine);
    const struct view_office *office = view == NULL ? NULL : view_office(view, sign_pk);
    return office != NULL && id_equal(&office->pid, node_pid(node));
}

static json_t *from_json(struct node *node, const struct projection_item *item)
{
    json_t *author = item_author(node, &item->author, NULL);
    json_t *from = json_incref(json_object_get(author, "participant"));
    json_decref(author);
    return from;
}

/* Notes on our own documents: how many, a row a document. */
static enum gmm_err count_note(struct inbox *in, const struct projection_item *note, const struct projection_item *doc)
{
    char hex[GMM_ID_HEX + 1];
    id_to_hex(&doc->id, hex);
    json_t *row = json_object_get(in->counts, hex);
    if (row == NULL) {
        row = row_json(in->node, "notes", &note->id, doc, json_null(), note->time_ms);
        if (row == NULL || json_object_set_new(row, "count", json_integer(0)) != 0 ||
            json_object_set(in->counts, hex, row) != 0)
            return GMM_ENOMEM;
        set_next_of(row, "notes", doc);
        enum gmm_err err = append(in->notes, row);
        if (err != GMM_OK)
            return err;
    }
    json_integer_set(json_object_get(row, "count"), json_integer_value(json_object_get(row, "count")) + 1);
    return GMM_OK;
}

static enum gmm_err add_answer(struct inbox *in, const struct projection_item *item, const struct projection_item *doc,
                               const char *what)
{
    json_t *row = row_json(in->node, what, id_is_zero(&item->parent) ? &item->id : &item->parent, doc,
                           from_json(in->node, item), item->time_ms);
    if (row == NULL)
        return GMM_ENOMEM;
    json_object_set_new(row, "entry", reply_id(&item->id));
    set_next_of(row, "notes", doc);
    if (item->position >= RECORD_ACCEPTED)
        json_object_set_new(row, "disposition", item_text(record_position_text(item->position)));
    return append(in->answers, row);
}

static enum gmm_err add_said(struct inbox *in, const struct projection_item *item)
{
    struct projection_item document, parent;
    if (projection_get(in->node->projection, &item->document, &document) != GMM_OK)
        return GMM_OK;
    bool answers = false;
    if (!id_is_zero(&item->parent) && projection_get(in->node->projection, &item->parent, &parent) == GMM_OK) {
        answers = is_ours(in->node, &parent.author);
        projection_item_close(&parent);
    }
    bool disposition = item->type == HEADER_DISPOSITION || item->position >= RECORD_ACCEPTED;
    enum gmm_err err = GMM_OK;
    if (answers && json_array_size(in->answers) < in->limit)
        err = add_answer(in, item, &document, disposition ? "disposition" : "answer");
    else if (!answers && !disposition && is_ours(in->node, &document.author))
        err = count_note(in, item, &document);
    projection_item_close(&document);
    return err;
}

static enum gmm_err add_unread(void *arg, const struct projection_item *item)
{
    struct inbox *in = arg;
    if (item->type == HEADER_NOTE || item->type == HEADER_RELEASE || item->type == HEADER_DISPOSITION)
        return add_said(in, item);
    bool shown = item->type == HEADER_DOCUMENT || item->type == HEADER_PRACTICE;
    if (!shown || json_array_size(in->unread) >= in->limit)
        return GMM_OK;
    json_t *row = row_json(in->node, "unread", &item->id, item, from_json(in->node, item), item->time_ms);
    char ref[NEXT_REF];
    if (row == NULL)
        return GMM_ENOMEM;
    next_id(ref, &item->id);
    set_next(row, item->type == HEADER_DOCUMENT ? "get" : "practice show", ref);
    return append(in->unread, row);
}

json_t *inbox_rows(struct node *node, size_t limit, enum gmm_err *err)
{
    struct inbox in = {node,         json_array(), json_array(),  json_array(),
                       json_array(), json_array(), json_object(), limit};
    struct projection_query query = {.every_type = true, .unread = &node->keystore->sign_pk};
    json_t *rows = json_array();
    json_t *const parts[] = {in.deadlines, in.unread, in.answers, in.notes, in.drafts};
    *err = rows == NULL || in.counts == NULL ? GMM_ENOMEM : consulting_each(node, add_consult, &in);
    if (*err == GMM_OK)
        *err = projection_each(node->projection, &query, add_unread, &in);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (*err == GMM_OK && json_array_extend(rows, parts[i]) != 0)
            *err = GMM_ENOMEM;
        json_decref(parts[i]);
    }
    json_decref(in.counts);
    if (*err == GMM_OK)
        return rows;
    json_decref(rows);
    return NULL;
}

/* ---- read */

struct ids {
    struct gmm_id *list;
    size_t count, capacity;
};

static enum gmm_err collect_id(void *arg, const struct projection_item *item)
{
    struct ids *ids = arg;
    if (ids->count == ids->capacity) {
        size_t capacity = ids->capacity == 0 ? 64 : 2 * ids->capacity;
        struct gmm_id *more = realloc(ids->list, capacity * sizeof *more);
        if (more == NULL)
            return GMM_ENOMEM;
        ids->list = more;
        ids->capacity = capacity;
    }
    ids->list[ids->count++] = item->id;
    return GMM_OK;
}

static void mark(struct node *node, const struct gmm_id *ids, size_t count)
{
    if (node->read_only || count == 0 || store_begin(node->store, false) != GMM_OK)
        return;
    for (size_t i = 0; i < count; i++)
        (void)projection_set_opened(node->projection, &ids[i], node_now_ms());
    (void)node_flush(node);
}

void inbox_read(struct node *node, const struct gmm_id *id)
{
    mark(node, id, 1);
}

void inbox_read_about(struct node *node, const struct gmm_id *documents, size_t count)
{
    struct ids ids = {0};
    for (size_t i = 0; i < count; i++) {
        struct projection_query query = {
            .document = &documents[i], .every_type = true, .unread = &node->keystore->sign_pk};
        if (projection_each(node->projection, &query, collect_id, &ids) != GMM_OK)
            break;
    }
    mark(node, ids.list, ids.count);
    free(ids.list);
}

#include "node/matrix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/item.h"
#include "node/marking.h"
#include "node/render.h"
#include "node/reply.h"

/* A note, release or reply; what is needed for its row. */
struct entry {
    struct gmm_id id, parent, author, document;
    uint64_t time; /* of its header */
    uint32_t para, version;
    unsigned position;
    struct marking marking; /* of the text that it is on */
    const char *lang;       /* of the text that it is on: borrowed from the texts */
    size_t root;            /* the entry whose row it stands in; its own place: a row */
};
struct entries {
    struct consulting *c;
    const struct read_text *text;
    struct marking marking; /* of text */
    struct entry *list;
    size_t count, capacity;
};

static enum gmm_err collect(void *arg, const struct projection_item *item)
{
    struct entries *e = arg;
    bool disposition = item->type == HEADER_NOTE && item->position >= RECORD_ACCEPTED;
    if (!id_equal(&item->gid, &e->c->gid) || disposition)
        return GMM_OK;
    if (e->count == e->capacity) {
        size_t capacity = e->capacity == 0 ? 64 : 2 * e->capacity;
        struct entry *more = realloc(e->list, capacity * sizeof *more);
        if (more == NULL)
            return GMM_ENOMEM;
        e->list = more;
        e->capacity = capacity;
    }
    e->list[e->count++] = (struct entry){.id = item->id,
                                         .parent = item->parent,
                                         .author = item->author,
                                         .document = item->document,
                                         .time = projection_item_time(item),
                                         .para = item->para,
                                         .version = e->text->version,
                                         .position = item->position,
                                         .marking = e->marking,
                                         .lang = e->text->lang};
    return GMM_OK;
}

static int by_id(const void *a, const void *b)
{
    return id_compare(&((const struct entry *)a)->id, &((const struct entry *)b)->id);
}

static int by_row(const void *a, const void *b)
{
    const struct entry *x = *(const struct entry *const *)a, *y = *(const struct entry *const *)b;
    if (x->para != y->para)
        return x->para < y->para ? -1 : 1;
    if (x->version != y->version)
        return x->version < y->version ? -1 : 1;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return id_compare(&x->id, &y->id);
}

/* The list is by id. A parent that is not here leaves a row of its own. */
static void find_roots(struct entries *e)
{
    for (size_t i = 0; i < e->count; i++) {
        size_t at = i;
        for (size_t steps = 0; steps < e->count && !id_is_zero(&e->list[at].parent); steps++) {
            struct entry wanted = {.id = e->list[at].parent};
            const struct entry *found = bsearch(&wanted, e->list, e->count, sizeof *e->list, by_id);
            if (found == NULL)
                break;
            at = (size_t)(found - e->list);
        }
        e->list[i].root = at;
    }
}

static json_t *text_json(const struct record_text *text)
{
    return text->len == 0 ? json_null() : json_stringn(text->p, text->len);
}

static enum gmm_err reason_json(struct node *node, const struct consult_disposition *said, json_t **reason)
{
    struct header header;
    struct record_disposition r;
    struct record_note note;
    uint8_t *plain = NULL;
    size_t len = 0;
    *reason = NULL;
    enum gmm_err err = said == NULL ? GMM_ENOTFOUND : node_open_record(node, &said->id, &header, &plain, &len);
    if (err == GMM_OK && header.type == HEADER_DISPOSITION && record_disposition_decode(&r, plain, len) == GMM_OK)
        *reason = text_json(&r.reason);
    else if (err == GMM_OK && header.type == HEADER_NOTE && record_note_decode(&note, plain, len) == GMM_OK)
        *reason = text_json(&note.text);
    else
        *reason = json_null();
    seal_free(plain, len);
    return *reason == NULL || err == GMM_ENOMEM ? GMM_ENOMEM : GMM_OK;
}

/* "confidential, TLP:AMBER". */
static json_t *marking_json(const struct marking *now)
{
    char text[64];
    const char *marking = record_marking_text(now->marking), *tlp = record_tlp_text(now->tlp);
    snprintf(text, sizeof text, "%s%s%s", marking == NULL ? "" : marking, tlp == NULL || tlp[0] == '\0' ? "" : ", ",
             tlp == NULL ? "" : tlp);
    return json_string(text);
}

static json_t *row_json(struct consulting *c, const struct entry *e, size_t number, enum gmm_err *err)
{
    static const struct record_note closed;
    struct read_record record;
    json_t *reason;
    const struct consult_disposition *said = consult_disposition(&c->outcome, &e->id);
    enum gmm_err opened = read_record(c->node, &e->id, &record, NULL);
    const struct record_note *note = opened == GMM_OK ? &record.note : &closed;
    json_t *author = item_author(c->node, &e->author, NULL);
    *err = opened == GMM_ENOMEM ? opened : reason_json(c->node, said, &reason);
    json_t *row = NULL;
    if (*err == GMM_OK)
        row = json_pack("{s:I, s:o, s:I, s:o, s:O, s:O, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "number",
                        (json_int_t)number, "id", reply_id(&e->id), "version", (json_int_t)e->version, "lang",
                        item_text(e->lang), "participant", json_object_get(author, "participant"), "office",
                        json_object_get(author, "office"), "paragraph",
                        e->para == 0 ? json_null() : json_integer(e->para), "position",
                        item_text(record_position_text(e->position)), "comment", text_json(&note->text), "proposed",
                        text_json(&note->proposed), "replies", json_array(), "disposition",
                        said == NULL ? json_null() : item_text(record_position_text(said->as)), "reason", reason,
                        "time", render_json_time(header_time_ms(e->time)), "marking", marking_json(&e->marking));
    if (opened == GMM_OK)
        read_record_close(&record);
    json_decref(author);
    if (*err == GMM_OK && row == NULL)
        *err = GMM_ENOMEM;
    return row;
}

static enum gmm_err add_reply(struct consulting *c, json_t *row, const struct entry *e)
{
    struct read_record record;
    enum gmm_err err = read_record(c->node, &e->id, &record, NULL);
    if (err != GMM_OK)
        return err == GMM_ENOMEM ? err : GMM_OK;
    json_t *author = item_author(c->node, &e->author, NULL);
    json_t *reply =
        json_pack("{s:o, s:O, s:o, s:o}", "id", reply_id(&e->id), "participant", json_object_get(author, "participant"),
                  "text", text_json(&record.note.text), "time", render_json_time(header_time_ms(e->time)));
    json_decref(author);
    read_record_close(&record);
    return json_array_append_new(json_object_get(row, "replies"), reply) == 0 ? GMM_OK : GMM_ENOMEM;
}

/* "ilo: …", one line a reply: the cell of a table. */
static enum gmm_err join_replies(json_t *row)
{
    struct buffer text;
    const json_t *reply;
    size_t i;
    buffer_init(&text, 64u << 20);
    json_array_foreach(json_object_get(row, "replies"), i, reply)
    {
        const char *who = reply_text(reply, "participant"), *what = reply_text(reply, "text");
        if (i > 0)
            buffer_put_u8(&text, '\n');
        buffer_put(&text, who, strlen(who));
        buffer_put(&text, ": ", 2);
        buffer_put(&text, what, strlen(what));
    }
    enum gmm_err err = text.failed;
    if (err == GMM_OK &&
        json_object_set_new(row, "reply", text.len == 0 ? json_null() : json_stringn((const char *)text.p, text.len)) !=
            0)
        err = GMM_ENOMEM;
    buffer_close_wiped(&text);
    return err;
}

/* Rows first, in their order; then each reply goes to its row. */
static enum gmm_err make_rows(struct entries *e, const struct entry **order, json_t *rows)
{
    enum gmm_err err = GMM_OK;
    size_t *row_of = calloc(e->count + 1, sizeof *row_of), number = 0;
    if (row_of == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < e->count && err == GMM_OK; i++) {
        size_t at = (size_t)(order[i] - e->list);
        if (order[i]->root != at)
            continue;
        json_t *row = row_json(e->c, order[i], ++number, &err);
        if (err == GMM_OK && json_array_append_new(rows, row) != 0)
            err = GMM_ENOMEM;
        row_of[at] = number;
    }
    for (size_t i = 0; i < e->count && err == GMM_OK; i++) {
        size_t at = (size_t)(order[i] - e->list), row = row_of[order[i]->root];
        if (order[i]->root != at && row > 0)
            err = add_reply(e->c, json_array_get(rows, row - 1), order[i]);
    }
    for (size_t i = 0; i < json_array_size(rows) && err == GMM_OK; i++)
        err = join_replies(json_array_get(rows, i));
    free(row_of);
    return err;
}

static enum gmm_err collect_all(struct entries *e, bool by_version)
{
    static const uint16_t types[] = {HEADER_NOTE, HEADER_RELEASE};
    struct consulting *c = e->c;
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; i < c->text_count; i++) {
        e->text = &c->texts[i];
        if (by_version && e->text->version != c->document.version)
            continue;
        struct projection_item item;
        if ((err = projection_get(c->node->projection, &e->text->id, &item)) != GMM_OK)
            return err;
        e->marking = marking_of(c->node, &item);
        projection_item_close(&item);
        for (size_t k = 0; k < sizeof types / sizeof types[0] && err == GMM_OK; k++) {
            struct projection_query query = {.document = &e->text->id, .type = types[k], .oldest_first = true};
            err = projection_each(c->node->projection, &query, collect, e);
        }
    }
    return err;
}

json_t *matrix_rows(struct consulting *c, bool by_version, enum gmm_err *err)
{
    struct entries e = {.c = c};
    json_t *rows = json_array();
    *err = rows == NULL ? GMM_ENOMEM : collect_all(&e, by_version);
    const struct entry **order = calloc(e.count + 1, sizeof(const struct entry *));
    if (*err == GMM_OK && order == NULL)
        *err = GMM_ENOMEM;
    if (*err == GMM_OK) {
        if (e.count > 1)
            qsort(e.list, e.count, sizeof *e.list, by_id);
        find_roots(&e);
        for (size_t i = 0; i < e.count; i++)
            order[i] = &e.list[i];
        qsort(order, e.count, sizeof(const struct entry *), by_row);
        *err = make_rows(&e, order, rows);
    }
    free(order);
    free(e.list);
    if (*err == GMM_OK)
        return rows;
    json_decref(rows);
    return NULL;
}

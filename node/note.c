#include "node/note.h"

#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/consulting.h"
#include "node/groups.h"
#include "node/read.h"

#define RECORD_BYTES (2u << 20)

static struct record_text text_of(const char *text)
{
    return text == NULL ? (struct record_text){0} : (struct record_text){text, strlen(text)};
}

static enum gmm_err read_position(const char *word, enum record_position *position, struct gmm_msg *msg)
{
    int number = word == NULL ? RECORD_NO_POSITION : record_position_from_text(word);
    if (number >= RECORD_ACCEPTED)
        return gmm_fail(msg, GMM_EUSAGE, "'%s' is a disposition, the answer to a note: say it with gmm resolve", word);
    if (number < 0)
        return gmm_fail(msg, GMM_EUSAGE,
                        "'%s' is no position: support, comment, amendment, concern, reservation, objection, "
                        "no-comment, no-objection",
                        word);
    *position = (enum record_position)number;
    return GMM_OK;
}

static enum gmm_err check_text(const char *what, const char *text, struct gmm_msg *msg)
{
    if (text != NULL && strlen(text) > LIMIT_NOTE_TEXT)
        return gmm_fail(msg, GMM_ELIMIT, "%s has at most %u bytes, this one has %zu", what, LIMIT_NOTE_TEXT,
                        strlen(text));
    return GMM_OK;
}

/* The group that a note goes to: its document's, or our own offices'. */
static enum gmm_err choose_group(struct node *node, const struct note_request *request, const struct gmm_id *document,
                                 struct gmm_id *gid, struct gmm_msg *msg)
{
    if (!request->internal) {
        *gid = *document;
        return GMM_OK;
    }
    return groups_find(node, "internal", gid, NULL, msg);
}

static enum gmm_err find_parent(struct node *node, const struct note_request *request, const struct gmm_id *gid,
                                struct record_note *note, json_t *choices, struct gmm_msg *msg)
{
    struct read_found found;
    enum gmm_err err = read_find(node, request->reply_to, NULL, &found, choices, msg);
    if (err != GMM_OK)
        return err;
    const struct view *view = engine_view(node->engine);
    const struct view_group *group = view == NULL ? NULL : view_group(view, &found.item.gid);
    if (!read_is_note(found.item.type))
        err =
            gmm_fail(msg, GMM_EUSAGE, "'%s' is no note: --reply-to names the note that is answered", request->reply_to);
    else if (group != NULL && group->kind == GROUP_INTERNAL && !id_equal(gid, &found.item.gid))
        err = gmm_fail(msg, GMM_EUSAGE, "'%s' is an internal note: answer it with --internal", request->reply_to);
    if (err == GMM_OK) {
        note->has_parent = true;
        note->parent = found.item.id;
    }
    read_close(&found);
    return err;
}

/* The document, the group and what is answered. */
static enum gmm_err place(struct node *node, const struct note_request *request, struct record_note *note,
                          struct gmm_id *gid, json_t *choices, struct gmm_msg *msg)
{
    struct read_found found;
    struct projection_item document;
    enum gmm_err err = read_find(node, request->ref, NULL, &found, choices, msg);
    if (err != GMM_OK)
        return err;
    struct note_request asked = *request;
    struct gmm_id document_gid = found.item.gid;
    note->document = found.item.id;
    if (read_is_note(found.item.type)) {
        note->document = found.item.document;
        if (asked.reply_to == NULL)
            asked.reply_to = request->ref;
        err = projection_get(node->projection, &note->document, &document);
        if (err == GMM_OK) {
            document_gid = document.gid;
            projection_item_close(&document);
        } else {
            gmm_fail(msg, err, "the document that '%s' is about is not readable here", request->ref);
        }
    } else if (found.item.type != HEADER_DOCUMENT) {
        err = gmm_fail(msg, GMM_EUSAGE, "'%s' is no document: notes are on documents", request->ref);
    }
    read_close(&found);
    if (err == GMM_OK)
        err = choose_group(node, request, &document_gid, gid, msg);
    return err == GMM_OK && asked.reply_to != NULL ? find_parent(node, &asked, gid, note, choices, msg) : err;
}

/* In an open round a participant with more than one office speaks through a release (product: Domain rules). */
static enum gmm_err hold(struct node *node, const struct note_request *request, struct note_posted *out,
                         struct gmm_msg *msg)
{
    struct consulting c;
    char hex[GMM_ID_HEX + 1];
    const struct view *view = engine_view(node->engine);
    const struct view_group *group = view == NULL ? NULL : view_group(view, &out->gid);
    if (request->internal || group == NULL || group->kind == GROUP_INTERNAL ||
        consulting_offices(view, node_pid(node), node_now_ms()) < 2)
        return GMM_OK;
    id_to_hex(&out->document, hex);
    enum gmm_err err = consulting_open(node, hex, &c, NULL, msg);
    const struct consult *last = err == GMM_OK ? consulting_last(&c) : NULL;
    out->held = consulting_is_running(last) && consulting_invites_us(&c, last);
    consulting_close(&c);
    return out->held ? groups_find(node, "internal", &out->gid, NULL, msg) : err;
}

enum gmm_err note_post(struct node *node, const struct note_request *request, struct note_posted *out, json_t *choices,
                       struct gmm_msg *msg)
{
    struct record_note note = {.para = request->para,
                               .text = text_of(request->text),
                               .proposed = text_of(request->proposed),
                               .person = text_of(request->person)};
    struct buffer record;
    *out = (struct note_posted){0};
    enum gmm_err err = read_position(request->position, &note.position, msg);
    if (err == GMM_OK)
        err = check_text("a note", request->text, msg);
    if (err == GMM_OK)
        err = check_text(_("a proposed text"), request->proposed, msg);
    if (err == GMM_OK && note.text.len == 0 && note.proposed.len == 0 && note.position == RECORD_NO_POSITION)
        err = gmm_fail(msg, GMM_EUSAGE, "a note says something: a text, --propose or --position");
    if (err == GMM_OK)
        err = place(node, request, &note, &out->gid, choices, msg);
    out->document = note.document;
    if (err == GMM_OK)
        err = hold(node, request, out, msg);
    if (err != GMM_OK)
        return err;
    buffer_init(&record, RECORD_BYTES);
    err = record_note_encode(&record, &note);
    if (err == GMM_OK)
        err = node_append(node, &out->gid, HEADER_NOTE, record.p, record.len, request->once, &out->id, msg);
    else
        gmm_fail(msg, err, "the note's record cannot be made: %s", gmm_err_text(err));
    buffer_close_wiped(&record);
    return err;
}

/* ---- reading */

struct notes {
    struct projection_item *items; /* copies of what is needed: text pointers NULL but person and lang */
    size_t count, capacity;
    struct consulting said; /* what became of them */
};

static bool make_room(void **items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity == 0 ? 64 : 2 * *capacity;
    void *more = realloc(*items, wanted * size);
    if (more == NULL)
        return false;
    *items = more;
    *capacity = wanted;
    return true;
}

static char *copy(const char *text, bool *failed)
{
    char *out = text == NULL ? NULL : strdup(text);
    *failed = *failed || (text != NULL && out == NULL);
    return out;
}

static enum gmm_err collect_note(void *arg, const struct projection_item *item)
{
    struct notes *notes = arg;
    void *items = notes->items;
    bool failed = false;
    if (!make_room(&items, notes->count, &notes->capacity, sizeof *notes->items))
        return GMM_ENOMEM;
    notes->items = items;
    struct projection_item *kept = &notes->items[notes->count++];
    *kept = *item;
    kept->title = kept->symbol = kept->name = NULL;
    kept->lang = copy(item->lang, &failed);
    kept->person = copy(item->person, &failed);
    return failed ? GMM_ENOMEM : GMM_OK;
}

static unsigned disposition_of(const struct notes *notes, const struct gmm_id *note)
{
    const struct consult_disposition *found = consult_disposition(&notes->said.outcome, note);
    return found == NULL ? 0 : found->as;
}

static int compare_notes(const void *a, const void *b)
{
    const struct projection_item *x = a, *y = b;
    uint64_t x_time = projection_item_time(x), y_time = projection_item_time(y);
    if (x_time != y_time)
        return x_time < y_time ? -1 : 1;
    return id_compare(&x->id, &y->id);
}

static enum gmm_err give_note(struct node *node, const struct notes *notes, const struct projection_item *item,
                              note_fn *fn, void *arg)
{
    struct read_record record;
    enum gmm_err err = read_record(node, &item->id, &record, NULL);
    if (err == GMM_ENOMEM)
        return err;
    bool opened = err == GMM_OK && read_is_note(record.header.type);
    struct note_view view = {item, opened ? &record.note : NULL, disposition_of(notes, &item->id)};
    enum gmm_err said = fn(arg, &view);
    if (err == GMM_OK)
        read_record_close(&record);
    return said;
}

static enum gmm_err collect_notes(struct node *node, const struct gmm_id *document, struct notes *notes)
{
    struct projection_query query = {.document = document, .type = HEADER_NOTE, .oldest_first = true};
    enum gmm_err err = projection_each(node->projection, &query, collect_note, notes);
    query.type = HEADER_RELEASE;
    return err == GMM_OK ? projection_each(node->projection, &query, collect_note, notes) : err;
}

enum gmm_err note_each(struct node *node, const struct gmm_id *documents, size_t count, note_fn *fn, void *arg)
{
    struct notes notes = {.count = 0};
    char hex[GMM_ID_HEX + 1];
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; i < count && err == GMM_OK; i++)
        err = collect_notes(node, &documents[i], &notes);
    if (err == GMM_OK && count > 0) {
        id_to_hex(&documents[0], hex);
        err = consulting_open(node, hex, &notes.said, NULL, NULL);
        err = err == GMM_ENOTFOUND ? GMM_OK : err;
    }
    if (err == GMM_OK && notes.count > 1)
        qsort(notes.items, notes.count, sizeof *notes.items, compare_notes);
    for (size_t i = 0; i < notes.count && err == GMM_OK; i++)
        err = give_note(node, &notes, &notes.items[i], fn, arg);
    for (size_t i = 0; i < notes.count; i++)
        projection_item_close(&notes.items[i]);
    free(notes.items);
    consulting_close(&notes.said);
    return err;
}

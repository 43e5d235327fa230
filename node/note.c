#include "node/note.h"

#include <stdlib.h>
#include <string.h>

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
    if (found.item.type != HEADER_NOTE)
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
    if (found.item.type == HEADER_NOTE) {
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
        err = check_text("a proposed text", request->proposed, msg);
    if (err == GMM_OK && note.text.len == 0 && note.proposed.len == 0 && note.position == RECORD_NO_POSITION)
        err = gmm_fail(msg, GMM_EUSAGE, "a note says something: a text, --propose or --position");
    if (err == GMM_OK)
        err = place(node, request, &note, &out->gid, choices, msg);
    if (err != GMM_OK)
        return err;
    buffer_init(&record, RECORD_BYTES);
    err = record_note_encode(&record, &note);
    if (err == GMM_OK)
        err = node_append(node, &out->gid, HEADER_NOTE, record.p, record.len, request->once, &out->id, msg);
    else
        gmm_fail(msg, err, "the note's record cannot be made: %s", gmm_err_text(err));
    buffer_close_wiped(&record);
    out->document = note.document;
    return err;
}

/* ---- reading */

/* A note's disposition is the latest answer to it, by the participant that posted the document, that says one. */
struct answer {
    struct gmm_id note;
    uint64_t time_ms;
    size_t order;
    unsigned position;
};
struct notes {
    struct projection_item *items; /* copies of what is needed: text pointers NULL but person and lang */
    struct answer *answers;
    size_t count, capacity, answer_count, answer_capacity;
    const struct view *view;
    struct gmm_id coordinator; /* pid of the document's author */
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
    void *items = notes->items, *answers = notes->answers;
    bool failed = false;
    if (item->type != HEADER_NOTE)
        return GMM_OK;
    if (!make_room(&items, notes->count, &notes->capacity, sizeof *notes->items))
        return GMM_ENOMEM;
    notes->items = items;
    struct projection_item *kept = &notes->items[notes->count++];
    *kept = *item;
    kept->title = kept->symbol = kept->name = NULL;
    kept->lang = copy(item->lang, &failed);
    kept->person = copy(item->person, &failed);
    if (failed)
        return GMM_ENOMEM;
    const struct view_office *office = notes->view == NULL ? NULL : view_office(notes->view, &item->author);
    if (item->position < RECORD_ACCEPTED || id_is_zero(&item->parent) || office == NULL ||
        !id_equal(&office->pid, &notes->coordinator))
        return GMM_OK;
    if (!make_room(&answers, notes->answer_count, &notes->answer_capacity, sizeof *notes->answers))
        return GMM_ENOMEM;
    notes->answers = answers;
    notes->answers[notes->answer_count] =
        (struct answer){item->parent, item->time_ms, notes->answer_count, item->position};
    notes->answer_count++;
    return GMM_OK;
}

static int compare_answers(const void *a, const void *b)
{
    const struct answer *x = a, *y = b;
    int order = id_compare(&x->note, &y->note);
    if (order != 0)
        return order;
    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static unsigned disposition_of(const struct notes *notes, const struct gmm_id *note)
{
    size_t low = 0, high = notes->answer_count;
    while (low < high) { /* the first answer behind this note's */
        size_t middle = low + (high - low) / 2;
        if (id_compare(&notes->answers[middle].note, note) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && id_equal(&notes->answers[low - 1].note, note) ? notes->answers[low - 1].position : 0;
}

static int compare_notes(const void *a, const void *b)
{
    const struct projection_item *x = a, *y = b;
    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    int order = id_compare(&x->author, &y->author);
    if (order != 0)
        return order;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static enum gmm_err give_note(struct node *node, const struct notes *notes, const struct projection_item *item,
                              note_fn *fn, void *arg)
{
    struct read_record record;
    enum gmm_err err = read_record(node, &item->id, &record, NULL);
    if (err == GMM_ENOMEM)
        return err;
    bool opened = err == GMM_OK && record.header.type == HEADER_NOTE;
    struct note_view view = {item, opened ? &record.note : NULL, disposition_of(notes, &item->id)};
    enum gmm_err said = fn(arg, &view);
    if (err == GMM_OK)
        read_record_close(&record);
    return said;
}

static enum gmm_err collect_notes(struct node *node, const struct gmm_id *document, struct notes *notes)
{
    struct projection_item item;
    struct projection_query query = {.document = document, .type = HEADER_NOTE, .oldest_first = true};
    notes->coordinator = (struct gmm_id){{0}};
    if (projection_get(node->projection, document, &item) == GMM_OK) {
        const struct view_office *office = notes->view == NULL ? NULL : view_office(notes->view, &item.author);
        if (office != NULL)
            notes->coordinator = office->pid;
        projection_item_close(&item);
    }
    return projection_each(node->projection, &query, collect_note, notes);
}

enum gmm_err note_each(struct node *node, const struct gmm_id *documents, size_t count, note_fn *fn, void *arg)
{
    struct notes notes = {.view = node->engine == NULL ? NULL : engine_view(node->engine)};
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; i < count && err == GMM_OK; i++)
        err = collect_notes(node, &documents[i], &notes);
    if (err == GMM_OK && notes.count > 1)
        qsort(notes.items, notes.count, sizeof *notes.items, compare_notes);
    if (err == GMM_OK && notes.answer_count > 1)
        qsort(notes.answers, notes.answer_count, sizeof *notes.answers, compare_answers);
    for (size_t i = 0; i < notes.count && err == GMM_OK; i++)
        err = give_note(node, &notes, &notes.items[i], fn, arg);
    for (size_t i = 0; i < notes.count; i++)
        projection_item_close(&notes.items[i]);
    free(notes.items);
    free(notes.answers);
    return err;
}

#include "node/project.h"

#include <stdlib.h>
#include <string.h>

#include "node/content.h"
#include "node/embargoes.h"
#include "node/fresh.h"
#include "node/plaintext.h"
#include "node/project_item.h"
#include "node/receipts.h"
#include "node/sys.h"
#include "node/urgency.h"
#include "node/watch.h"
#include "proto/control_erase.h"
#include "proto/record_consult.h"

#define TITLE_BYTES (LIMIT_TITLE_TEXT + LIMIT_SYMBOL_TEXT + (LIMIT_ATTACHMENTS + 1) * (LIMIT_FILE_NAME + 1) + 8u)
#define SLICE 8192u      /* entries between two commits of a catching up */
#define STOP GMM_ECLOSED /* ends a walk that has gone far enough */

/* Chunks to be asked for when no walk through the store is under way: asking steps the engine. */
struct wants {
    struct gmm_id *gids, *ids;
    size_t count, capacity;
    uint8_t (*headers)[HEADER_BYTES]; /* of entries whose body is wanted */
    size_t header_count, header_capacity;
};

static enum gmm_err wants_add(struct wants *w, const struct gmm_id *gid, const struct gmm_id *id)
{
    if (w->count == w->capacity) {
        size_t capacity = w->capacity == 0 ? 64 : 2 * w->capacity;
        struct gmm_id *gids = realloc(w->gids, capacity * sizeof *gids);
        if (gids != NULL)
            w->gids = gids;
        struct gmm_id *ids = gids == NULL ? NULL : realloc(w->ids, capacity * sizeof *ids);
        if (ids == NULL)
            return GMM_ENOMEM;
        w->ids = ids;
        w->capacity = capacity;
    }
    w->gids[w->count] = *gid;
    w->ids[w->count++] = *id;
    return GMM_OK;
}

static enum gmm_err wants_add_body(struct wants *w, const uint8_t header[HEADER_BYTES])
{
    if (w->header_count == w->header_capacity) {
        size_t capacity = w->header_capacity == 0 ? 64 : 2 * w->header_capacity;
        uint8_t(*headers)[HEADER_BYTES] = realloc(w->headers, capacity * sizeof *headers);
        if (headers == NULL)
            return GMM_ENOMEM;
        w->headers = headers;
        w->header_capacity = capacity;
    }
    memcpy(w->headers[w->header_count++], header, HEADER_BYTES);
    return GMM_OK;
}

/* Asks for them, those of one group together, and frees. */
static enum gmm_err wants_ask(struct node *node, struct wants *w, enum gmm_err err)
{
    for (size_t at = 0, n; at < w->count && err == GMM_OK; at += n) {
        for (n = 1; at + n < w->count && id_equal(&w->gids[at + n], &w->gids[at]); n++)
            ;
        err = node_want_chunks(node, &w->gids[at], w->ids + at, n, false);
    }
    for (size_t i = 0; i < w->header_count && err == GMM_OK; i++)
        err = node_want_body(node, w->headers[i], false);
    free(w->gids);
    free(w->ids);
    free(w->headers);
    return err;
}

/* A member's record that cannot be read is no error of ours: it stays in the log and is not shown. */
static bool is_their_fault(enum gmm_err err)
{
    return err == GMM_EFORMAT || err == GMM_ELIMIT || err == GMM_EDECRYPT || err == GMM_ECORRUPT || err == GMM_EABSENT;
}

/* NUL-ended copy; NULL for nothing, and *err when there is no memory. */
static char *copy(const struct record_text *text, enum gmm_err *err)
{
    if (text->p == NULL || text->len == 0)
        return NULL;
    char *out = strndup(text->p, text->len);
    if (out == NULL)
        *err = GMM_ENOMEM;
    return out;
}

static struct projection_item item_of(const struct header *h, const struct gmm_id *id)
{
    return (struct projection_item){.id = *id,
                                    .gid = h->group,
                                    .author = h->author,
                                    .type = h->type,
                                    .time_ms = header_time_ms(h->time),
                                    .counter = (uint16_t)h->time,
                                    .seq = h->seq};
}

static enum gmm_err put_item(struct node *node, const struct projection_item *item, enum gmm_err err)
{
    if (err == GMM_OK)
        err = projection_put(node->projection, item);
    if (err == GMM_OK) {
        watch_emit(node, item);
        receipts_owe(node, item);
        node->erase_again = node->erase_again || item->type == HEADER_RETAIN;
        urgency_note(node, item);
    }
    return err;
}

/* ---- documents */

static void put_words(struct buffer *out, const struct record_text *text)
{
    if (text->len == 0 || !bytes_is_utf8(text->p, text->len))
        return;
    buffer_put(out, text->p, text->len);
    buffer_put_u8(out, '\n');
}

/* What a document is found by: title, symbol, file names; and its words, when its content is here. */
static enum gmm_err index_document(struct node *node, const struct gmm_id *id, const struct gmm_id *gid,
                                   const struct record_document *doc)
{
    struct buffer title, text;
    uint8_t *content = NULL;
    size_t len = 0;
    char name[LIMIT_FILE_NAME + 1] = "";
    buffer_init(&title, TITLE_BYTES);
    buffer_init(&text, 2u * PLAINTEXT_MAX);
    put_words(&title, &doc->title);
    put_words(&title, &doc->symbol);
    put_words(&title, &doc->name);
    for (uint32_t i = 0; i < doc->attachment_count; i++)
        put_words(&title, &doc->attachments[i].name);
    if (doc->name.len > 0)
        memcpy(name, doc->name.p, doc->name.len);
    enum gmm_err err = content_read(node, gid, &doc->content, PLAINTEXT_MAX, &content, &len, NULL);
    if (err == GMM_OK)
        err = plaintext_append(&text, name, content, len);
    else if (is_their_fault(err))
        err = GMM_OK;
    if (err == GMM_OK && (err = title.failed) == GMM_OK)
        err = search_put(node->search, id, (const char *)title.p, title.len, (const char *)text.p, text.len);
    free(content);
    buffer_close(&title);
    buffer_close(&text);
    return err;
}

/* Does content of this kind come by itself, or when somebody reads it? */
static bool comes_by_itself(const struct node *node, const struct record_document *doc, unsigned kind)
{
    return (node->config.fetch_kinds & kind) != 0 && (unsigned)doc->marking <= node->config.fetch_marking;
}

/* Notes what a manifest lacks; *lacking counts. A manifest that lies is passed over: `get` names it. */
static enum gmm_err want_missing(struct node *node, const struct gmm_id *document, const struct gmm_id *gid,
                                 const struct manifest *m, struct wants *wants, size_t *lacking)
{
    struct gmm_id *ids = NULL;
    size_t count = 0;
    if (m->inline_bytes != NULL || m->size > node->config.fetch_auto_max)
        return GMM_OK;
    enum gmm_err err = content_missing(node, gid, m, &ids, &count);
    *lacking += count;
    for (size_t i = 0; i < count && err == GMM_OK; i++) {
        err = projection_want_chunk(node->projection, gid, &ids[i], document);
        if (err == GMM_OK)
            err = wants_add(wants, gid, &ids[i]);
    }
    free(ids);
    return is_their_fault(err) ? GMM_OK : err;
}

/* Indexed, unless the words themselves are still on their way (then the last chunk brings it here again), or under
 * embargo. */
static enum gmm_err want_and_index(struct node *node, const struct gmm_id *id, const struct gmm_id *gid,
                                   const struct record_document *doc, unsigned what, struct wants *wants)
{
    size_t lacking = 0, others = 0;
    if (record_is_covered(doc))
        return GMM_OK;
    enum gmm_err err = GMM_OK;
    bool attachments = (what & PROJECT_CATALOGUE) != 0 && comes_by_itself(node, doc, CONFIG_FETCH_ATTACHMENT);
    if (comes_by_itself(node, doc, CONFIG_FETCH_DOCUMENT))
        err = want_missing(node, id, gid, &doc->content, wants, &lacking);
    for (uint32_t i = 0; attachments && i < doc->attachment_count && err == GMM_OK; i++)
        err = want_missing(node, id, gid, &doc->attachments[i].content, wants, &others);
    if (err == GMM_OK && (what & PROJECT_INDEX) != 0 && (lacking == 0 || doc->content.size > PLAINTEXT_MAX))
        err = index_document(node, id, gid, doc);
    return err;
}

/* The record, opened as far as it may be read here. */
static enum gmm_err open_document(struct node *node, const struct header *h, struct record_document *doc,
                                  const uint8_t *plain, size_t len)
{
    enum gmm_err err = record_document_decode(doc, plain, len);
    if (err == GMM_OK && (err = embargoes_lift(node, h, doc)) != GMM_OK)
        record_document_close(doc);
    return err;
}

/* texts are copied: projection_item_close. */
static enum gmm_err document_item(struct projection_item *item, const struct header *h, const struct gmm_id *id,
                                  const struct record_document *doc)
{
    enum gmm_err err = GMM_OK;
    *item = item_of(h, id);
    if (doc->has_revises)
        item->revises = doc->revises;
    if (doc->has_merges)
        item->parent = doc->merges;
    if (doc->has_translates)
        item->translates = doc->translates;
    item->version = doc->version;
    item->marking = (unsigned)doc->marking;
    item->tlp = (unsigned)doc->tlp;
    item->bytes = doc->content.size;
    item->attachments = doc->attachment_count;
    item->title = copy(&doc->title, &err);
    item->symbol = copy(&doc->symbol, &err);
    item->lang = copy(&doc->lang, &err);
    item->person = copy(&doc->person, &err);
    item->name = copy(&doc->name, &err);
    return err;
}

static enum gmm_err put_document(struct node *node, const struct header *h, const struct gmm_id *id,
                                 const uint8_t *plain, size_t len, unsigned what, struct wants *wants)
{
    struct record_document doc;
    struct projection_item item;
    enum gmm_err err = open_document(node, h, &doc, plain, len);
    if (err != GMM_OK)
        return err;
    if ((what & PROJECT_CATALOGUE) != 0) {
        err = put_item(node, &item, document_item(&item, h, id, &doc));
        projection_item_close(&item);
    }
    if (err == GMM_OK)
        err = embargoes_note(node, &doc, id);
    if (err == GMM_OK)
        err = want_and_index(node, id, &h->group, &doc, what, wants);
    record_document_close(&doc);
    return err;
}

/* ---- notes, names of circles */

static enum gmm_err note_item(struct projection_item *item, const struct header *h, const struct gmm_id *id,
                              const struct record_note *note)
{
    enum gmm_err err = GMM_OK;
    *item = item_of(h, id);
    item->document = note->document;
    if (note->has_parent)
        item->parent = note->parent;
    item->para = note->para;
    item->position = (unsigned)note->position;
    item->bytes = note->text.len;
    item->lang = copy(&note->lang, &err);
    item->person = copy(&note->person, &err);
    item->name = copy(&note->name, &err);
    return err;
}

static enum gmm_err index_note(struct node *node, const struct gmm_id *id, const struct record_note *note)
{
    struct buffer text;
    buffer_init(&text, 2u * LIMIT_NOTE_TEXT + 8u);
    put_words(&text, &note->text);
    put_words(&text, &note->proposed);
    enum gmm_err err = text.failed;
    if (err == GMM_OK)
        err = search_put(node->search, id, "", 0, (const char *)text.p, text.len);
    buffer_close(&text);
    return err;
}

/* The report that a consultation was closed with is content like another. */
static enum gmm_err want_report(struct node *node, const struct header *h, const struct gmm_id *id,
                                const uint8_t *plain, size_t len, struct wants *wants)
{
    struct record_consult record;
    size_t lacking = 0;
    enum gmm_err err = record_consult_decode(&record, plain, len);
    if (err != GMM_OK)
        return err;
    if (record.has_report)
        err = want_missing(node, id, &h->group, &record.report, wants, &lacking);
    record_consult_close(&record);
    return err;
}

static enum gmm_err put_note(struct node *node, const struct header *h, const struct gmm_id *id, const uint8_t *plain,
                             size_t len, unsigned what)
{
    struct record_note note;
    struct projection_item item;
    enum gmm_err err = record_note_decode(&note, plain, len);
    if (err != GMM_OK)
        return err;
    if ((what & PROJECT_CATALOGUE) != 0) {
        err = put_item(node, &item, note_item(&item, h, id, &note));
        projection_item_close(&item);
    }
    return err == GMM_OK && (what & PROJECT_INDEX) != 0 ? index_note(node, id, &note) : err;
}

static enum gmm_err put_other(struct node *node, const struct header *h, const struct gmm_id *id, const uint8_t *plain,
                              size_t len, unsigned what, struct wants *wants)
{
    struct projection_item item;
    struct buffer title, text;
    buffer_init(&title, TITLE_BYTES);
    buffer_init(&text, 2u * LIMIT_NOTE_TEXT + 8u);
    enum gmm_err err = project_item_make(&item, h, id, plain, len, &title, &text);
    if ((what & PROJECT_CATALOGUE) != 0)
        err = put_item(node, &item, err);
    if (err == GMM_OK && (err = title.failed) == GMM_OK)
        err = text.failed;
    if (err == GMM_OK && (what & PROJECT_INDEX) != 0 && title.len + text.len > 0)
        err = search_put(node->search, id, (const char *)title.p, title.len, (const char *)text.p, text.len);
    if (err == GMM_OK && h->type == HEADER_CONSULT && (what & PROJECT_CATALOGUE) != 0)
        err = want_report(node, h, id, plain, len, wants);
    buffer_close(&title);
    buffer_close(&text);
    projection_item_close(&item);
    return err;
}

static enum gmm_err put_group_name(struct node *node, const struct header *h, const uint8_t *plain, size_t len)
{
    struct record_group_name record;
    enum gmm_err err = record_group_name_decode(&record, plain, len);
    char *name = err == GMM_OK ? copy(&record.name, &err) : NULL;
    if (name != NULL)
        err = projection_put_group_name(node->projection, &h->group, name);
    free(name);
    return err;
}

/* A document's embargo ends: it is put in anew, now that it opens. */
static enum gmm_err put_disclosed(struct node *node, const uint8_t *plain, size_t len, struct wants *wants)
{
    struct gmm_id document;
    struct header h;
    uint8_t *covered = NULL;
    size_t covered_len = 0;
    enum gmm_err err = embargoes_take(node, plain, len, &document);
    if (err == GMM_OK)
        err = node_open_record(node, &document, &h, &covered, &covered_len);
    if (err == GMM_OK && h.type == HEADER_DOCUMENT)
        err = put_document(node, &h, &document, covered, covered_len, PROJECT_ALL, wants);
    seal_free(covered, covered_len);
    return err == GMM_ENOTFOUND || err == GMM_EUNKNOWN ? GMM_OK : err;
}

/* ---- entries */

enum gmm_err project_check(struct node *node, const struct header *h, const struct gmm_id *id, const uint8_t *plain,
                           size_t len)
{
    struct projection_item item = {.id = *id};
    struct record_document doc;
    struct record_note note;
    if (project_item_is(h->type)) {
        enum gmm_err made = project_item_make(&item, h, id, plain, len, NULL, NULL);
        if (made == GMM_OK)
            made = projection_check(node->projection, &item);
        else if (made != GMM_ENOMEM)
            made = GMM_OK; /* such a line was never made */
        projection_item_close(&item);
        return made;
    }
    enum gmm_err err = h->type == HEADER_DOCUMENT ? open_document(node, h, &doc, plain, len)
                       : h->type == HEADER_NOTE   ? record_note_decode(&note, plain, len)
                                                  : GMM_EFORMAT;
    if (err != GMM_OK)
        return err == GMM_ENOMEM ? err : GMM_OK; /* such a line was never made */
    if (h->type == HEADER_NOTE) {
        err = note_item(&item, h, id, &note);
    } else {
        err = document_item(&item, h, id, &doc);
        record_document_close(&doc);
    }
    if (err == GMM_OK)
        err = projection_check(node->projection, &item);
    projection_item_close(&item);
    return err;
}

/* An entry came without its body: asked for, and remembered until it is here, unless it is of what this office does not
 * take by itself. */
static enum gmm_err want_body(struct node *node, const uint8_t bytes[HEADER_BYTES], const struct gmm_id *id,
                              struct wants *wants)
{
    struct header h;
    if (store_hidden_of(node->store, id) != STORE_SHOWN) /* erased: nobody gives it */
        return GMM_OK;
    if (header_decode(&h, bytes) != GMM_OK || node->engine == NULL ||
        !engine_takes(node->engine, &h.group, header_time_ms(h.time)))
        return GMM_OK;
    enum gmm_err err = projection_want_chunk(node->projection, &h.group, id, id);
    return err == GMM_OK ? wants_add_body(wants, bytes) : err;
}

/* A plain record that says something which is shown: that of an office nothing is left of these entries. */
static enum gmm_err put_erased(struct node *node, const uint8_t bytes[HEADER_BYTES], const uint8_t *body, size_t len)
{
    struct control_erased r;
    struct header h;
    enum gmm_err err = header_decode(&h, bytes);
    if (err == GMM_OK)
        err = control_erased_decode(&r, body, len);
    for (uint16_t i = 0; err == GMM_OK && i < r.count; i++) {
        struct gmm_id target = control_erased_at(&r, i);
        err = projection_put_erased(node->projection, &target, &h);
        node->erase_again = node->erase_again || store_hidden_of(node->store, &target) == STORE_HIDDEN;
    }
    return err == GMM_EVERSION || is_their_fault(err) ? GMM_OK : err;
}

/* A body in the clear. *opened: to be freed after (seal_free), or NULL. */
static enum gmm_err open_entry(struct node *node, const uint8_t bytes[HEADER_BYTES], const struct gmm_id *id,
                               const uint8_t *body, size_t body_len, struct header *h, const uint8_t **plain,
                               uint8_t **opened, size_t *len)
{
    *plain = fresh_find(node->fresh, id, len);
    if (*plain != NULL)
        return header_decode(h, bytes);
    enum gmm_err err = node_open_body(node, bytes, body, body_len, h, opened, len);
    *plain = *opened;
    return err;
}

static enum gmm_err put_entry(struct node *node, const uint8_t bytes[HEADER_BYTES], const struct gmm_id *id,
                              const uint8_t *body, size_t body_len, unsigned what, struct wants *wants)
{
    struct header h;
    const uint8_t *plain = NULL;
    uint8_t *opened = NULL;
    size_t len = 0;
    uint16_t type = bytes_load_u16(bytes + 2);
    bool other = project_item_is(type);
    if (type == HEADER_ERASED && body != NULL)
        return (what & PROJECT_CATALOGUE) != 0 ? put_erased(node, bytes, body, body_len) : GMM_OK;
    if (body == NULL && type >= 64 && (what & PROJECT_CATALOGUE) == 0)
        return GMM_OK; /* when it comes, it is indexed too */
    if (body == NULL && type >= 64)
        return want_body(node, bytes, id, wants);
    if (body == NULL || (type != HEADER_DOCUMENT && type != HEADER_NOTE && type != HEADER_GROUP_NAME &&
                         type != HEADER_DISCLOSE && !other))
        return GMM_OK;
    enum gmm_err err = open_entry(node, bytes, id, body, body_len, &h, &plain, &opened, &len);
    if (err == GMM_EUNKNOWN) /* when its secret comes, it is indexed too */
        return (what & PROJECT_CATALOGUE) != 0 ? projection_defer(node->projection, &h.epoch, id) : GMM_OK;
    if (err == GMM_OK && type == HEADER_DOCUMENT)
        err = put_document(node, &h, id, plain, len, what, wants);
    else if (err == GMM_OK && type == HEADER_NOTE)
        err = put_note(node, &h, id, plain, len, what);
    else if (err == GMM_OK && type == HEADER_DISCLOSE)
        err = (what & PROJECT_CATALOGUE) != 0 ? put_disclosed(node, plain, len, wants) : GMM_OK;
    else if (err == GMM_OK && other)
        err = put_other(node, &h, id, plain, len, what, wants);
    else if (err == GMM_OK && (what & PROJECT_CATALOGUE) != 0)
        err = put_group_name(node, &h, plain, len);
    seal_free(opened, len);
    return is_their_fault(err) ? GMM_OK : err;
}

struct walk {
    struct node *node;
    struct wants *wants;
    unsigned what;      /* one of PROJECT_ */
    uint64_t end, next; /* seqs: where to stop; after the last one done */
    uint64_t done, uncommitted;
    uint64_t until_ms; /* sys_now_ms: it stops after the entry that reaches that; 0: never */
    void (*progress)(void *arg, uint64_t done);
    void *arg;
};

static bool time_is_up(const struct walk *walk)
{
    return walk->until_ms != 0 && sys_now_ms() >= walk->until_ms;
}

static enum gmm_err walk_entry(void *arg, const uint8_t header[HEADER_BYTES], const struct gmm_id *id,
                               const uint8_t *body, size_t len)
{
    struct walk *walk = arg;
    uint64_t seq = bytes_load_u64(header + 112);
    if (seq >= walk->end)
        return STOP;
    enum gmm_err err = put_entry(walk->node, header, id, body, len, walk->what, walk->wants);
    if (err != GMM_OK)
        return err;
    walk->next = seq + 1;
    walk->done++;
    if (walk->progress != NULL && walk->done % 1024 == 0)
        walk->progress(walk->arg, walk->done);
    return time_is_up(walk) ? STOP : GMM_OK;
}

static enum gmm_err set_verdict(struct node *node, const struct view *view, const struct run_key *key)
{
    struct view_void voids[VIEW_VOIDS];
    size_t count = view_voids(view, key, voids, NULL);
    return projection_set_voids(node->projection, key, voids, count);
}

static enum gmm_err get_done(struct node *node, const struct run_key *key, unsigned what, uint64_t *next)
{
    return what == PROJECT_CATALOGUE ? projection_get_done(node->projection, key, next)
                                     : search_get_done(node->search, key, next);
}

static enum gmm_err set_done(struct node *node, const struct run_key *key, unsigned what, uint64_t next)
{
    return what == PROJECT_CATALOGUE ? projection_set_done(node->projection, key, next)
                                     : search_set_done(node->search, key, next);
}

/* What of one log is not done yet, up to walk->end. Control logs say nothing that is shown. */
static enum gmm_err walk_log(struct node *node, const struct run_key *key, struct walk *walk)
{
    const struct view *view = engine_view(node->engine);
    uint64_t from = 0;
    if (view == NULL || id_is_zero(&key->group))
        return GMM_OK;
    enum gmm_err err = get_done(node, key, walk->what, &from);
    walk->next = from;
    if (err == GMM_OK && from < walk->end)
        err = store_begin(node->store, false);
    if (err != GMM_OK || from >= walk->end)
        return err;
    if (walk->what == PROJECT_INDEX)
        search_gather(node->search);
    err = store_each_entry(node->store, key, from, walk_entry, walk);
    if (err == STOP)
        err = GMM_OK;
    if (walk->what == PROJECT_INDEX) {
        enum gmm_err written = search_gathered(node->search, err == GMM_OK);
        err = err == GMM_OK ? written : err;
    }
    if (err == GMM_OK && walk->what == PROJECT_CATALOGUE)
        err = set_verdict(node, view, key);
    return err == GMM_OK && walk->next > from ? set_done(node, key, walk->what, walk->next) : err;
}

enum gmm_err project_entries(struct node *node, const struct run_key *key, uint64_t first_seq, uint32_t count,
                             unsigned what)
{
    struct wants wants = {0};
    struct walk walk = {.node = node, .wants = &wants, .what = what, .end = first_seq + count};
    return wants_ask(node, &wants, walk_log(node, key, &walk));
}

enum gmm_err project_log_slice(struct node *node, const struct run_key *key, uint64_t end, unsigned what,
                               uint64_t until_ms, uint64_t *done)
{
    struct wants wants = {0};
    struct walk walk = {.node = node, .wants = &wants, .what = what, .end = end, .until_ms = until_ms};
    enum gmm_err err = wants_ask(node, &wants, walk_log(node, key, &walk));
    *done = walk.done;
    return err;
}

struct ids {
    struct gmm_id *ids;
    size_t count, capacity;
};

static enum gmm_err collect_id(void *arg, const struct gmm_id *id)
{
    struct ids *ids = arg;
    if (ids->count == ids->capacity) {
        size_t capacity = ids->capacity == 0 ? 64 : 2 * ids->capacity;
        struct gmm_id *more = realloc(ids->ids, capacity * sizeof *more);
        if (more == NULL)
            return GMM_ENOMEM;
        ids->ids = more;
        ids->capacity = capacity;
    }
    ids->ids[ids->count++] = *id;
    return GMM_OK;
}

/* Those that cannot be done now wait again, so that catching up finds them. */
static enum gmm_err put_deferred(struct node *node, const struct gmm_id *epoch_id, struct wants *wants)
{
    struct ids ids = {0};
    enum gmm_err err = store_begin(node->store, false);
    if (err == GMM_OK)
        err = projection_take_deferred(node->projection, epoch_id, collect_id, &ids);
    for (size_t i = 0; i < ids.count; i++) {
        struct store_entry entry;
        if (err == GMM_OK && (err = store_load_entry(node->store, &ids.ids[i], &entry)) == GMM_OK) {
            err = put_entry(node, entry.header, &entry.id, entry.body, entry.body_len, PROJECT_ALL, wants);
            store_entry_close(&entry);
        }
        if (err == GMM_ENOTFOUND)
            err = GMM_OK;
        if (err != GMM_OK)
            (void)projection_defer(node->projection, epoch_id, &ids.ids[i]);
    }
    free(ids.ids);
    return err;
}

enum gmm_err project_secret(struct node *node, const struct gmm_id *epoch_id)
{
    struct wants wants = {0};
    return wants_ask(node, &wants, put_deferred(node, epoch_id, &wants));
}

enum gmm_err project_view(struct node *node)
{
    const struct logs *logs = engine_logs(node->engine);
    const struct view *view = engine_view(node->engine);
    enum gmm_err err = view == NULL ? GMM_OK : store_begin(node->store, false);
    for (size_t i = 0; view != NULL && i < logs_count(logs) && err == GMM_OK; i++)
        if (!id_is_zero(&logs_at(logs, i)->key.group))
            err = set_verdict(node, view, &logs_at(logs, i)->key);
    return err;
}

/* ---- chunks */

enum gmm_err project_chunk_here(struct node *node, const struct gmm_id *gid, const struct gmm_id *chunk)
{
    struct wants wants = {0};
    struct gmm_id document = {{0}};
    struct header h;
    struct record_document doc = {0};
    uint8_t *plain = NULL;
    size_t len = 0;
    enum gmm_err err = store_begin(node->store, false);
    if (err == GMM_OK)
        err = projection_got_chunk(node->projection, chunk, &document);
    if (err != GMM_OK || id_is_zero(&document))
        return err == GMM_ENOTFOUND ? GMM_OK : err;
    err = node_open_record(node, &document, &h, &plain, &len);
    if (err == GMM_OK && h.type == HEADER_DOCUMENT && id_equal(&h.group, gid))
        err = open_document(node, &h, &doc, plain, len);
    /* A list of further chunks makes those wanted; the last chunk of a short text lets it be indexed. */
    bool list = false, text = doc.content.inline_bytes == NULL && doc.content.size <= PLAINTEXT_MAX;
    for (uint32_t i = 0; i < doc.content.count; i++)
        list = list || (doc.content.level > 0 && id_equal(&doc.content.chunks[i].id, chunk));
    for (uint32_t a = 0; a < doc.attachment_count; a++) {
        const struct manifest *m = &doc.attachments[a].content;
        for (uint32_t i = 0; i < m->count; i++)
            list = list || (m->level > 0 && id_equal(&m->chunks[i].id, chunk));
    }
    if (err == GMM_OK && doc.version > 0 && (list || text))
        err = want_and_index(node, &document, gid, &doc, PROJECT_ALL, &wants);
    record_document_close(&doc);
    seal_free(plain, len);
    return wants_ask(node, &wants, is_their_fault(err) || err == GMM_ENOTFOUND || err == GMM_EUNKNOWN ? GMM_OK : err);
}

enum gmm_err project_body_here(struct node *node, const struct gmm_id *id)
{
    struct wants wants = {0};
    struct store_entry entry;
    enum gmm_err err = store_begin(node->store, false);
    if (err == GMM_OK && (err = projection_got_chunk(node->projection, id, NULL)) == GMM_ENOTFOUND)
        err = GMM_OK; /* asked for by get */
    if (err == GMM_OK && (err = store_load_entry(node->store, id, &entry)) == GMM_OK) {
        err = put_entry(node, entry.header, id, entry.body, entry.body_len, PROJECT_ALL, &wants);
        store_entry_close(&entry);
    }
    return wants_ask(node, &wants, err);
}

/* One log of the group: entries without a body. */
struct gaps {
    struct node *node;
    struct wants *wants;
};

static enum gmm_err on_gap(void *arg, const uint8_t header[HEADER_BYTES], const struct gmm_id *id, const uint8_t *body,
                           size_t len)
{
    const struct gaps *gaps = arg;
    (void)len;
    return body != NULL || bytes_load_u16(header + 2) < 64 ? GMM_OK : want_body(gaps->node, header, id, gaps->wants);
}

enum gmm_err project_want_bodies(struct node *node, const struct gmm_id *gid)
{
    struct wants wants = {0};
    struct gaps gaps = {node, &wants};
    const struct logs *logs = engine_logs(node->engine);
    enum gmm_err err = store_begin(node->store, false);
    for (size_t i = 0; i < logs_count(logs) && err == GMM_OK; i++) {
        const struct logs_log *log = logs_at(logs, i);
        if (log->gaps > 0 && id_equal(&log->key.group, gid))
            err = store_each_entry(node->store, &log->key, 0, on_gap, &gaps);
    }
    return wants_ask(node, &wants, err);
}

struct again {
    struct node *node;
    struct wants *wants;
};

/* A chunk, or the body of the entry with this id. */
static enum gmm_err want_again(void *arg, const struct gmm_id *gid, const struct gmm_id *chunk)
{
    const struct again *again = arg;
    struct store_entry entry;
    if (store_load_entry(again->node->store, chunk, &entry) != GMM_OK)
        return wants_add(again->wants, gid, chunk);
    bool wanted = entry.body == NULL && store_hidden_of(again->node->store, chunk) == STORE_SHOWN;
    enum gmm_err err = wanted ? wants_add_body(again->wants, entry.header) : GMM_OK;
    store_entry_close(&entry);
    return err;
}

/* ---- all of it */

/* One log as far as it stands now. */
struct extent {
    struct run_key key;
    uint64_t end;
};

/* All logs, and the epochs whose secret we hold: copies, for projecting steps the engine. */
static enum gmm_err copy_logs(struct node *node, struct extent **extents, size_t *count)
{
    const struct logs *logs = engine_logs(node->engine);
    *count = 0;
    *extents = calloc(logs_count(logs) + 1, sizeof **extents);
    for (size_t i = 0; *extents != NULL && i < logs_count(logs); i++) {
        const struct logs_log *log = logs_at(logs, i);
        if (log->persisted.seq != LOGS_NO_SEQ)
            (*extents)[(*count)++] = (struct extent){log->key, log->persisted.seq + 1};
    }
    return *extents == NULL ? GMM_ENOMEM : GMM_OK;
}

static enum gmm_err copy_epochs(struct node *node, struct ids *epochs)
{
    const struct view *view = engine_view(node->engine);
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; view != NULL && i < view->epoch_count && err == GMM_OK; i++)
        if (engine_secret(node->engine, &view->epochs[i].id) != NULL)
            err = collect_id(epochs, &view->epochs[i].id);
    return err;
}

/* In slices, so that a whole catalogue made anew is no single transaction. */
static enum gmm_err catch_up_log(struct node *node, const struct extent *extent, struct walk *walk)
{
    uint64_t from = 0;
    enum gmm_err err = get_done(node, &extent->key, walk->what, &from);
    while (err == GMM_OK && from < extent->end) {
        uint64_t before = walk->done;
        walk->end = extent->end - from > SLICE ? from + SLICE : extent->end;
        err = walk_log(node, &extent->key, walk);
        walk->uncommitted += walk->done - before;
        from = walk->end;
        if (err == GMM_OK && walk->uncommitted >= SLICE) {
            err = store_commit(node->store);
            walk->uncommitted = 0;
        }
    }
    return err;
}

static enum gmm_err catch_up_logs(struct node *node, struct walk *walk)
{
    struct extent *extents = NULL;
    size_t count = 0;
    enum gmm_err err = copy_logs(node, &extents, &count);
    for (size_t i = 0; i < count && err == GMM_OK; i++)
        err = catch_up_log(node, &extents[i], walk);
    free(extents);
    return err;
}

enum gmm_err project_catch_up(struct node *node, unsigned what, void (*progress)(void *arg, uint64_t done), void *arg)
{
    struct wants wants = {0};
    struct ids epochs = {0};
    struct walk walk = {.node = node, .wants = &wants, .progress = progress, .arg = arg};
    if (node->engine == NULL)
        return GMM_OK;
    enum gmm_err err = copy_epochs(node, &epochs);
    for (walk.what = PROJECT_CATALOGUE; walk.what <= PROJECT_INDEX && err == GMM_OK; walk.what <<= 1)
        if ((what & walk.what) != 0)
            err = catch_up_logs(node, &walk);
    for (size_t i = 0; i < epochs.count && err == GMM_OK; i++)
        err = put_deferred(node, &epochs.ids[i], &wants);
    if (err == GMM_OK)
        err = project_view(node);
    wants.count = wants.header_count = 0; /* they are among the wanted */
    struct again again = {node, &wants};
    if (err == GMM_OK)
        err = projection_each_wanted(node->projection, want_again, &again);
    free(epochs.ids);
    return wants_ask(node, &wants, err);
}

#include "node/release.h"

#include <stdlib.h>
#include <string.h>

#include "node/groups.h"
#include "node/item.h"
#include "node/reply.h"
#include "node/roles.h"

#define RECORD_BYTES (2u << 20)

/* An internal note on the document that was not released yet. */
struct draft {
    struct gmm_id id, clear, document;
    uint64_t time; /* of its header */
    uint32_t para;
    bool cleared, chosen, reply;
};
struct drafts {
    struct consulting *c;
    struct gmm_id gid; /* internal */
    struct draft *list;
    size_t count, capacity;
};

static enum gmm_err add_draft(void *arg, const struct projection_item *item)
{
    struct drafts *d = arg;
    if (!id_equal(&item->gid, &d->gid) || item->position >= RECORD_ACCEPTED)
        return GMM_OK;
    if (d->count == d->capacity) {
        size_t capacity = d->capacity == 0 ? 16 : 2 * d->capacity;
        struct draft *more = realloc(d->list, capacity * sizeof *more);
        if (more == NULL)
            return GMM_ENOMEM;
        d->list = more;
        d->capacity = capacity;
    }
    d->list[d->count++] = (struct draft){.id = item->id,
                                         .document = item->document,
                                         .time = projection_item_time(item),
                                         .para = item->para,
                                         .reply = !id_is_zero(&item->parent)};
    return GMM_OK;
}

static struct draft *find_draft(struct drafts *d, const struct gmm_id *id)
{
    for (size_t i = 0; i < d->count; i++)
        if (id_equal(&d->list[i].id, id))
            return &d->list[i];
    return NULL;
}

static enum gmm_err add_clear(void *arg, const struct projection_item *item)
{
    struct drafts *d = arg;
    struct draft *draft = id_equal(&item->gid, &d->gid) ? find_draft(d, &item->parent) : NULL;
    if (draft != NULL) {
        draft->cleared = true;
        draft->clear = item->id;
    }
    return GMM_OK;
}

static void remove_draft(struct drafts *d, const struct gmm_id *id)
{
    struct draft *draft = find_draft(d, id);
    if (draft == NULL)
        return;
    size_t at = (size_t)(draft - d->list);
    memmove(draft, draft + 1, (--d->count - at) * sizeof *draft);
}

/* What an earlier release of ours speaks for is out. */
static enum gmm_err remove_released(struct drafts *d, const struct gmm_id *release)
{
    struct record_release r;
    struct header header;
    uint8_t *plain = NULL;
    size_t len = 0;
    enum gmm_err err = node_open_record(d->c->node, release, &header, &plain, &len);
    if (err == GMM_OK && record_release_decode(&r, plain, len) == GMM_OK)
        for (uint32_t i = 0; i < r.notes.count; i++) {
            struct gmm_id id;
            record_ids_at(&r.notes, i, &id);
            remove_draft(d, &id);
        }
    seal_free(plain, len);
    return err;
}

static void drafts_close(struct drafts *d)
{
    free(d->list);
    *d = (struct drafts){0};
}

static enum gmm_err drafts_open(struct drafts *d, struct consulting *c, struct gmm_msg *msg)
{
    *d = (struct drafts){.c = c};
    enum gmm_err err = groups_find(c->node, "internal", &d->gid, NULL, msg);
    for (size_t i = 0; i < c->text_count && err == GMM_OK; i++) {
        struct projection_query query = {.document = &c->texts[i].id, .type = HEADER_NOTE, .oldest_first = true};
        err = projection_each(c->node->projection, &query, add_draft, d);
    }
    for (size_t i = 0; i < c->text_count && err == GMM_OK; i++) {
        struct projection_query query = {.document = &c->texts[i].id, .type = HEADER_CLEAR, .oldest_first = true};
        err = projection_each(c->node->projection, &query, add_clear, d);
    }
    for (size_t i = 0; i < c->count && err == GMM_OK; i++)
        if (c->facts[i].kind == CONSULT_RELEASE && id_equal(&c->facts[i].author, node_pid(c->node)))
            err = remove_released(d, &c->facts[i].id);
    return err;
}

/* ---- visas */

static enum gmm_err post_clear(struct drafts *d, const struct draft *draft, const char *person, json_t *cleared,
                               struct gmm_msg *msg)
{
    struct record_clear r = {.subject = draft->id, .document = draft->document};
    struct buffer record;
    struct gmm_id id;
    if (person != NULL)
        r.person = (struct record_text){person, strlen(person)};
    buffer_init(&record, RECORD_BYTES);
    enum gmm_err err = record_clear_encode(&record, &r);
    if (err == GMM_OK)
        err = node_append(d->c->node, &d->gid, HEADER_CLEAR, record.p, record.len, NULL, &id, msg);
    buffer_close(&record);
    if (err == GMM_OK)
        json_array_append_new(cleared, json_pack("{s:o, s:o}", "id", reply_id(&id), "note", reply_id(&draft->id)));
    return err;
}

enum gmm_err release_clear(struct consulting *c, const struct gmm_id *note, const char *person, json_t *cleared,
                           struct gmm_msg *msg)
{
    struct drafts d;
    enum gmm_err err = drafts_open(&d, c, msg);
    for (size_t i = 0; i < d.count && err == GMM_OK; i++) {
        const struct draft *draft = &d.list[i];
        bool wanted = note == NULL ? !draft->reply : id_equal(&draft->id, note);
        if (wanted && !draft->cleared)
            err = post_clear(&d, draft, person, cleared, msg);
    }
    if (err == GMM_OK && json_array_size(cleared) == 0)
        err = gmm_fail(msg, GMM_ENOTFOUND,
                       "no internal note on it waits for a visa: it is cleared, released or not there");
    drafts_close(&d);
    return err;
}

enum gmm_err release_count(struct consulting *c, size_t *pending, size_t *uncleared)
{
    struct drafts d;
    enum gmm_err err = drafts_open(&d, c, NULL);
    *pending = *uncleared = 0;
    for (size_t i = 0; i < d.count; i++) {
        *pending += !d.list[i].reply;
        *uncleared += !d.list[i].reply && !d.list[i].cleared;
    }
    drafts_close(&d);
    return err;
}

/* ---- release */

static bool is_named(const struct draft *draft, const struct release_request *request)
{
    char hex[GMM_ID_HEX + 1];
    id_to_hex(&draft->id, hex);
    for (size_t i = 0; i < request->note_count; i++)
        if (strlen(request->notes[i]) >= 8 && strncmp(hex, request->notes[i], strlen(request->notes[i])) == 0)
            return true;
    return request->note_count == 0;
}

static size_t choose(struct drafts *d, const struct release_request *request)
{
    size_t chosen = 0;
    bool some_cleared = false;
    for (size_t i = 0; i < d->count; i++) {
        struct draft *draft = &d->list[i];
        bool fits = request->para == 0 || draft->para == request->para;
        draft->chosen = fits && is_named(draft, request) && (!draft->reply || request->note_count > 0);
        some_cleared = some_cleared || (draft->chosen && draft->cleared);
    }
    for (size_t i = 0; i < d->count; i++) {
        struct draft *draft = &d->list[i];
        draft->chosen = draft->chosen && (!some_cleared || draft->cleared || request->note_count > 0);
        chosen += draft->chosen;
    }
    return chosen;
}

static int compare_ids(const void *a, const void *b)
{
    return id_compare(a, b);
}

/* Our releases on this paragraph that nobody supersedes yet. */
static uint32_t find_heads(const struct consulting *c, uint32_t para, struct gmm_id heads[RECORD_SUPERSEDES])
{
    uint32_t count = 0;
    for (size_t i = 0; i < c->count && count < RECORD_SUPERSEDES; i++) {
        const struct consult_fact *fact = &c->facts[i];
        bool ours = fact->kind == CONSULT_RELEASE && id_equal(&fact->author, node_pid(c->node));
        bool head = ours && fact->as.release.para == para;
        for (size_t k = 0; head && k < c->count; k++) {
            const struct consult_fact *other = &c->facts[k];
            if (other->kind != CONSULT_RELEASE || !id_equal(&other->author, &fact->author))
                continue;
            for (uint32_t n = 0; head && n < other->as.release.supersedes.count; n++) {
                struct gmm_id id;
                record_ids_at(&other->as.release.supersedes, n, &id);
                head = !id_equal(&id, &fact->id);
            }
        }
        if (head)
            heads[count++] = fact->id;
    }
    qsort(heads, count, sizeof *heads, compare_ids);
    return count;
}

static enum gmm_err append(struct drafts *d, struct record_release *r, json_t *released, struct gmm_msg *msg)
{
    struct consulting *c = d->c;
    struct gmm_id heads[RECORD_SUPERSEDES], id;
    struct buffer record;
    r->supersedes = (struct record_ids){.count = find_heads(c, r->para, heads), .ids = heads};
    struct consult_fact fact = {.kind = CONSULT_RELEASE, .document = r->document};
    fact.as.release.para = r->para;
    fact.as.release.position = (unsigned)r->position;
    fact.as.release.supersedes = r->supersedes;
    enum gmm_err err = consulting_try(c, &fact, NULL, msg);
    if (err != GMM_OK)
        return err;
    buffer_init(&record, RECORD_BYTES);
    err = record_release_encode(&record, r);
    if (err == GMM_OK)
        err = node_append(c->node, &c->gid, HEADER_RELEASE, record.p, record.len, NULL, &id, msg);
    buffer_close_wiped(&record);
    if (err != GMM_OK)
        return err;
    json_t *notes = json_array();
    for (uint32_t i = 0; i < r->notes.count; i++)
        json_array_append_new(notes, reply_id(&r->notes.ids[i]));
    json_array_append_new(released, json_pack("{s:o, s:o, s:o, s:o, s:b}", "id", reply_id(&id), "para",
                                              r->para == 0 ? json_null() : json_integer(r->para), "position",
                                              item_text(record_position_text((unsigned)r->position)), "notes", notes,
                                              "cleared", r->has_clear));
    return GMM_OK;
}

/* The ids of the chosen drafts on a paragraph, ascending; *last: the latest of them. */
static uint32_t take_notes(const struct drafts *d, uint32_t para, bool any_para, struct gmm_id ids[RECORD_NOTES],
                           const struct draft **last)
{
    uint32_t count = 0;
    *last = NULL;
    for (size_t i = 0; i < d->count && count < RECORD_NOTES; i++) {
        const struct draft *draft = &d->list[i];
        if (!draft->chosen || (!any_para && draft->para != para))
            continue;
        ids[count++] = draft->id;
        if (*last == NULL || draft->time > (*last)->time ||
            (draft->time == (*last)->time && id_compare(&draft->id, &(*last)->id) > 0))
            *last = draft;
    }
    qsort(ids, count, sizeof *ids, compare_ids);
    return count;
}

static void take_clear(struct record_release *r, const struct draft *draft)
{
    r->has_clear = draft != NULL && draft->cleared;
    if (r->has_clear)
        r->clear = draft->clear;
}

/* The latest draft on a paragraph becomes the participant's word on it. */
static enum gmm_err publish_para(struct drafts *d, uint32_t para, const char *person, json_t *released,
                                 struct gmm_msg *msg)
{
    struct gmm_id ids[RECORD_NOTES];
    const struct draft *last;
    struct read_record note;
    uint32_t count = take_notes(d, para, false, ids, &last);
    enum gmm_err err = read_record(d->c->node, &last->id, &note, msg);
    if (err != GMM_OK)
        return err;
    struct record_release r = {
        .document = last->document,
        .para = para,
        .position = note.note.position == RECORD_NO_POSITION ? RECORD_COMMENT : note.note.position,
        .text = note.note.text,
        .proposed = note.note.proposed,
        .lang = note.note.lang,
        .notes = {.count = count, .ids = ids},
    };
    if (person != NULL)
        r.person = (struct record_text){person, strlen(person)};
    take_clear(&r, last);
    err = append(d, &r, released, msg);
    read_record_close(&note);
    return err;
}

static int compare_paras(const void *a, const void *b)
{
    const struct draft *x = a, *y = b;
    return x->para < y->para ? -1 : x->para > y->para;
}

static enum gmm_err publish_drafts(struct drafts *d, const struct release_request *request, json_t *released,
                                   struct gmm_msg *msg)
{
    if (choose(d, request) == 0)
        return gmm_fail(msg, GMM_ENOTFOUND,
                        "no internal note on it waits to be released; gmm note --internal drafts "
                        "one");
    enum gmm_err err = GMM_OK;
    qsort(d->list, d->count, sizeof *d->list, compare_paras);
    uint32_t done = 0;
    bool first = true;
    for (size_t i = 0; i < d->count && err == GMM_OK; i++) {
        if (!d->list[i].chosen || (!first && d->list[i].para == done))
            continue;
        done = d->list[i].para;
        first = false;
        err = publish_para(d, done, request->person, released, msg);
    }
    return err;
}

static struct record_text text_of(const char *text)
{
    return text == NULL ? (struct record_text){0} : (struct record_text){text, strlen(text)};
}

static enum gmm_err publish_words(struct drafts *d, const struct release_request *request, json_t *released,
                                  struct gmm_msg *msg)
{
    struct gmm_id ids[RECORD_NOTES];
    const struct draft *last;
    int position = request->position == NULL ? RECORD_COMMENT : record_position_from_text(request->position);
    if (position < RECORD_SUPPORT || position > RECORD_NO_OBJECTION)
        return gmm_fail(msg, GMM_EUSAGE,
                        "'%s' is no position: support, comment, amendment, concern, reservation, objection, "
                        "no-comment, no-objection",
                        request->position);
    choose(d, request);
    struct record_release r = {.document = d->c->document.id,
                               .para = request->para,
                               .position = (enum record_position)position,
                               .text = text_of(request->text),
                               .proposed = text_of(request->proposed),
                               .person = text_of(request->person)};
    r.notes = (struct record_ids){.count = take_notes(d, request->para, request->para == 0, ids, &last), .ids = ids};
    take_clear(&r, last);
    return append(d, &r, released, msg);
}

enum gmm_err release_publish(struct consulting *c, const struct release_request *request, json_t *released,
                             struct gmm_msg *msg)
{
    struct drafts d;
    const struct consult *last = consulting_last(c);
    if (!consulting_is_running(last))
        return gmm_fail(msg, GMM_ESTATE, "no consultation runs on it: there is nobody to speak to with one voice");
    if (!consulting_invites_us(c, last))
        return gmm_fail(msg, GMM_EDENIED, "'%s' is not invited to this consultation: its coordinator (%s) says who is",
                        c->node->card.id, roles_name(engine_view(c->node->engine), &last->coordinator));
    enum gmm_err err = drafts_open(&d, c, msg);
    if (err == GMM_OK)
        err =
            request->own_words ? publish_words(&d, request, released, msg) : publish_drafts(&d, request, released, msg);
    drafts_close(&d);
    return err;
}

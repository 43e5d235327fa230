#include "node/consulting.h"

#include <stdlib.h>
#include <string.h>

#include "node/attesting.h"
#include "node/item.h"
#include "node/reply.h"
#include "node/roles.h"

struct consulting_kept {
    uint8_t *plain;
    size_t len;
    struct record_consult *consult; /* its languages are borrowed */
};

/* ---- the document */

/* The texts of the symbol in the document's group, in the order of read_texts. */
static void keep_group(struct consulting *c)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->text_count; i++)
        if (id_equal(&c->texts[i].gid, &c->gid))
            c->texts[kept++] = c->texts[i];
    c->text_count = kept;
}

static enum gmm_err take_texts(struct consulting *c)
{
    if (c->document.symbol != NULL)
        return read_texts(c->node, c->document.symbol, &c->texts, &c->text_count);
    c->texts = calloc(1, sizeof *c->texts);
    if (c->texts == NULL)
        return GMM_ENOMEM;
    c->text_count = 1;
    c->texts[0] = (struct read_text){.id = c->document.id,
                                     .translates = c->document.translates,
                                     .revises = c->document.revises,
                                     .gid = c->document.gid,
                                     .author = c->document.author,
                                     .version = c->document.version,
                                     .time = projection_item_time(&c->document)};
    if (c->document.lang != NULL && strlen(c->document.lang) <= LIMIT_LANG_TEXT)
        memcpy(c->texts[0].lang, c->document.lang, strlen(c->document.lang));
    return GMM_OK;
}

/* A note, a release: the document that it is on. */
static enum gmm_err take_document(struct consulting *c, const char *ref, struct gmm_msg *msg)
{
    struct gmm_id id = c->document.document;
    if (c->document.type == HEADER_DOCUMENT)
        return GMM_OK;
    if (id_is_zero(&id))
        return gmm_fail(msg, GMM_EUSAGE, "'%s' is no document", ref);
    projection_item_close(&c->document);
    c->document = (struct projection_item){0};
    enum gmm_err err = projection_get(c->node->projection, &id, &c->document);
    return err == GMM_OK ? err : gmm_fail(msg, err, "the document that '%s' is about is not readable here", ref);
}

static enum gmm_err find(struct consulting *c, const char *ref, json_t *choices, struct gmm_msg *msg)
{
    struct read_found found;
    enum gmm_err err = read_texts(c->node, ref, &c->texts, &c->text_count);
    if (err == GMM_OK && c->text_count > 0) { /* of two heads the first: all that is said of the symbol is one story */
        err = projection_get(c->node->projection, &c->texts[0].id, &c->document);
    } else if (err == GMM_OK) {
        free(c->texts);
        c->texts = NULL;
        err = read_find(c->node, ref, NULL, &found, choices, msg);
        c->document = found.item;
        found.item = (struct projection_item){0};
        read_close(&found);
        if (err == GMM_OK)
            err = take_document(c, ref, msg);
        if (err == GMM_OK)
            err = take_texts(c);
    }
    if (err != GMM_OK)
        return err;
    c->gid = c->document.gid;
    keep_group(c);
    return GMM_OK;
}

/* ---- facts */

static void *room(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    size_t wanted = *capacity == 0 ? 64 : 2 * *capacity;
    void *more = realloc(items, wanted * size);
    if (more != NULL)
        *capacity = wanted;
    return more;
}

static struct consult_fact *add_fact(struct consulting *c)
{
    void *facts = room(c->facts, c->count, &c->capacity, sizeof *c->facts);
    if (facts == NULL)
        return NULL;
    c->facts = facts;
    c->facts[c->count] = (struct consult_fact){0};
    return &c->facts[c->count++];
}

size_t consulting_offices(const struct view *view, const struct gmm_id *pid, uint64_t at_ms)
{
    size_t count = 0;
    for (size_t i = 0; i < view->office_count; i++) {
        const struct view_office *o = &view->offices[i];
        count += id_equal(&o->pid, pid) && o->status == VIEW_OFFICE_ACTIVE && o->not_before_ms <= at_ms &&
                 at_ms < o->not_after_ms;
    }
    return count;
}

static enum gmm_err keep(struct consulting *c, uint8_t *plain, size_t len, struct record_consult *consult)
{
    struct consulting_kept *kept = room(c->kept, c->kept_count, &c->kept_capacity, sizeof *c->kept);
    if (kept == NULL) {
        seal_free(plain, len);
        free(consult);
        return GMM_ENOMEM;
    }
    c->kept = kept;
    c->kept[c->kept_count++] = (struct consulting_kept){plain, len, consult};
    return GMM_OK;
}

static enum gmm_err fill_action(struct consulting *c, struct consult_fact *fact, uint8_t *plain, size_t len)
{
    struct record_consult *r = malloc(sizeof *r);
    enum gmm_err err = r == NULL ? GMM_ENOMEM : record_consult_decode(r, plain, len);
    if (err != GMM_OK) {
        free(r);
        seal_free(plain, len);
        return err;
    }
    fact->kind = CONSULT_ACTION;
    fact->as.action.action = r->action;
    fact->as.action.key = r->key;
    fact->as.action.deadline_ms = r->deadline_ms;
    fact->as.action.round = r->round;
    fact->as.action.langs = r->langs;
    fact->as.action.lang_count = r->lang_count;
    fact->as.action.has_reason = r->short_reason.len > 0;
    fact->as.action.invited = r->invited;
    fact->as.action.outcome = r->outcome;
    return keep(c, plain, len, r);
}

static enum gmm_err fill_release(struct consulting *c, struct consult_fact *fact, uint8_t *plain, size_t len)
{
    struct record_release r;
    enum gmm_err err = record_release_decode(&r, plain, len);
    if (err != GMM_OK) {
        seal_free(plain, len);
        return err;
    }
    fact->kind = CONSULT_RELEASE;
    fact->as.release.para = r.para;
    fact->as.release.position = (unsigned)r.position;
    fact->as.release.cleared = r.has_clear;
    fact->as.release.supersedes = r.supersedes;
    return keep(c, plain, len, NULL);
}

/* Those whose lists are borrowed from their plaintext. */
static enum gmm_err fill_opened(struct consulting *c, struct consult_fact *fact, const struct projection_item *item)
{
    struct header header;
    uint8_t *plain = NULL;
    size_t len = 0;
    enum gmm_err err = node_open_record(c->node, &item->id, &header, &plain, &len);
    if (err != GMM_OK)
        return err;
    fact->time = header.time;
    return item->type == HEADER_CONSULT ? fill_action(c, fact, plain, len) : fill_release(c, fact, plain, len);
}

static void fill_note(struct consult_fact *fact, const struct projection_item *item, const struct view *view)
{
    if (item->position >= RECORD_ACCEPTED) { /* an answer that came with a table of notes */
        fact->kind = CONSULT_DISPOSITION;
        fact->as.disposition.note = item->parent;
        fact->as.disposition.as = item->position;
        return;
    }
    fact->kind = CONSULT_NOTE;
    fact->as.note.para = item->para;
    fact->as.note.position = item->position;
    fact->as.note.reply = !id_is_zero(&item->parent);
    fact->as.note.parent = item->parent;
    fact->as.note.alone = consulting_offices(view, &fact->author, item->time_ms) <= 1;
}

static enum gmm_err collect(void *arg, const struct projection_item *item)
{
    struct consulting *c = arg;
    const struct view *view = engine_view(c->node->engine);
    const struct view_office *office = view == NULL ? NULL : view_office(view, &item->author);
    if (office == NULL || !id_equal(&item->gid, &c->gid))
        return GMM_OK;
    struct consult_fact *fact = add_fact(c);
    if (fact == NULL)
        return GMM_ENOMEM;
    fact->id = item->id;
    fact->author = office->pid;
    fact->document = item->document;
    fact->time = projection_item_time(item);
    fact->officer = roles_officer(view, &c->gid, &office->pid, item->time_ms);
    enum gmm_err err = GMM_OK;
    if (item->type == HEADER_CONSULT || item->type == HEADER_RELEASE) {
        err = fill_opened(c, fact, item);
    } else if (item->type == HEADER_NOTE) {
        fill_note(fact, item, view);
    } else if (item->type == HEADER_DISPOSITION) {
        fact->kind = CONSULT_DISPOSITION;
        fact->as.disposition.note = item->parent;
        fact->as.disposition.as = item->position;
    } else {
        fact->kind = CONSULT_RECEIPT;
        fact->as.receipt.opened = item->position != 0;
    }
    if (err != GMM_OK)
        c->count--;
    return err == GMM_ENOMEM ? err : GMM_OK; /* what does not open says nothing */
}

static enum gmm_err collect_text(struct consulting *c, const struct read_text *text)
{
    static const uint16_t types[] = {HEADER_CONSULT, HEADER_NOTE, HEADER_RELEASE, HEADER_DISPOSITION, HEADER_RECEIPT};
    const struct view *view = engine_view(c->node->engine);
    const struct view_office *office = view == NULL ? NULL : view_office(view, &text->author);
    enum gmm_err err = GMM_OK;
    if (office != NULL) {
        struct consult_fact *fact = add_fact(c);
        if (fact == NULL)
            return GMM_ENOMEM;
        fact->kind = CONSULT_VERSION;
        fact->id = fact->document = text->id;
        fact->author = office->pid;
        fact->time = text->time;
        fact->as.version.version = text->version;
        fact->as.version.lang = (struct record_text){text->lang, strlen(text->lang)};
        fact->as.version.translates = text->translates;
        fact->as.version.revises = text->revises;
    }
    for (size_t i = 0; i < sizeof types / sizeof types[0] && err == GMM_OK; i++) {
        struct projection_query query = {.document = &text->id, .type = types[i], .oldest_first = true};
        err = projection_each(c->node->projection, &query, collect, c);
    }
    return err;
}

static uint64_t removed_at(const struct view *view, const struct gmm_id *pid)
{
    uint64_t at = 0;
    for (size_t i = 0; i < view->removal_count; i++)
        if (id_equal(&view->removals[i].pid, pid))
            at = header_time_ms(view->removals[i].time);
    return at;
}

static enum gmm_err collect_parties(struct consulting *c)
{
    const struct view *view = engine_view(c->node->engine);
    c->parties = calloc((view == NULL ? 0 : view->participant_count) + 1, sizeof *c->parties);
    if (c->parties == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; view != NULL && i < view->participant_count; i++) {
        const struct view_participant *p = &view->participants[i];
        c->parties[c->party_count++] = (struct consult_party){
            .pid = p->pid,
            .observer = p->kind == IDENTITY_OBSERVER,
            .until_ms = p->status == VIEW_ACTIVE ? UINT64_MAX : removed_at(view, &p->pid),
        };
    }
    return GMM_OK;
}

static struct consult_facts facts_of(const struct consulting *c)
{
    return (struct consult_facts){c->facts, c->count, c->parties, c->party_count, c->holdings, c->holding_count};
}

enum gmm_err consulting_open(struct node *node, const char *ref, struct consulting *out, json_t *choices,
                             struct gmm_msg *msg)
{
    *out = (struct consulting){.node = node};
    enum gmm_err err = find(out, ref, choices, msg);
    if (err == GMM_OK)
        err = collect_parties(out);
    for (size_t i = 0; i < out->text_count && err == GMM_OK; i++)
        err = collect_text(out, &out->texts[i]);
    if (err == GMM_OK)
        err = attesting_fill(out);
    if (err != GMM_OK)
        return err;
    struct consult_facts facts = facts_of(out);
    return consult_outcome(&out->outcome, &facts, node_now_ms());
}

void consulting_close(struct consulting *c)
{
    for (size_t i = 0; i < c->kept_count; i++) {
        if (c->kept[i].consult != NULL)
            record_consult_close(c->kept[i].consult);
        free(c->kept[i].consult);
        seal_free(c->kept[i].plain, c->kept[i].len);
    }
    consult_close(&c->outcome);
    projection_item_close(&c->document);
    free(c->kept);
    free(c->texts);
    free(c->facts);
    free(c->parties);
    free(c->holdings);
    *c = (struct consulting){0};
}

const struct consult *consulting_last(const struct consulting *c)
{
    return c->outcome.count == 0 ? NULL : &c->outcome.list[c->outcome.count - 1];
}

struct marking consulting_marking(const struct consulting *c)
{
    struct marking gravest = marking_of(c->node, &c->document);
    for (size_t i = 0; i < c->text_count; i++) {
        struct projection_item item;
        if (projection_get(c->node->projection, &c->texts[i].id, &item) != GMM_OK)
            continue;
        struct marking now = marking_of(c->node, &item);
        projection_item_close(&item);
        gravest.marking = now.marking > gravest.marking ? now.marking : gravest.marking;
        gravest.tlp = now.tlp > gravest.tlp ? now.tlp : gravest.tlp;
    }
    return gravest;
}

bool consulting_is_running(const struct consult *consult)
{
    return consult != NULL && consult->state != CONSULT_CLOSED && consult->state != CONSULT_ADOPTED;
}

bool consulting_invites_us(const struct consulting *c, const struct consult *consult)
{
    for (size_t i = 0; consult != NULL && i < consult->invited_count; i++)
        if (id_equal(&consult->invited[i].pid, node_pid(c->node)))
            return true;
    return false;
}

json_t *consulting_participant(struct node *node, const struct gmm_id *pid)
{
    const struct view *view = engine_view(node->engine);
    const struct view_participant *p = view == NULL ? NULL : view_participant(view, pid);
    return p == NULL ? reply_id(pid) : item_text(p->id);
}

/* ---- would it have effect? */

/* Who opened the last consultation, else the participant that posted the document. */
static const char *coordinator_name(const struct consulting *c, const struct view *view)
{
    const struct consult *last = consulting_last(c);
    const struct view_office *author = view_office(view, &c->document.author);
    return last != NULL ? roles_name(view, &last->coordinator) : author != NULL ? roles_name(view, &author->pid) : "?";
}

static enum gmm_err refuse(const struct consulting *c, enum consult_reason reason, struct gmm_msg *msg)
{
    const struct view *view = engine_view(c->node->engine);
    char officers[ROLES_TEXT_BYTES];
    switch (reason) {
    case CONSULT_UNAUTHORISED:
        return gmm_fail(msg, GMM_EDENIED,
                        "only the coordinator (%s) and %s may do this; only a note's author withdraws it",
                        coordinator_name(c, view), roles_officers_text(view, &c->gid, officers));
    case CONSULT_DUPLICATE:
        return gmm_fail(msg, GMM_EEXISTS, "that stands already");
    case CONSULT_CONTRADICTORY:
        return gmm_fail(msg, GMM_ESTATE,
                        "that does not fit what stands: the consultation is closed or adopted, or the "
                        "new deadline is not behind the present one");
    case CONSULT_UNKNOWN:
        return gmm_fail(msg, GMM_ENOTFOUND, "the consultation, the note or the document is not known here");
    case CONSULT_PAST:
        return gmm_fail(msg, GMM_EUSAGE, "the deadline is in the past");
    case CONSULT_TOO_SHORT:
        return gmm_fail(msg, GMM_EUSAGE, "a silence procedure takes 72 hours at least; --short REASON says why less");
    case CONSULT_LATE:
        return gmm_fail(msg, GMM_ESTATE, "the deadline has passed");
    case CONSULT_NOT_INVITED:
        return gmm_fail(msg, GMM_EDENIED, "'%s' is not invited to this consultation: its coordinator (%s) says who is",
                        c->node->card.id, coordinator_name(c, view));
    case CONSULT_NOT_RELEASED:
        return gmm_fail(msg, GMM_ESTATE, "a note of one office of several is no position");
    }
    return GMM_ESTATE;
}

enum gmm_err consulting_try(struct consulting *c, struct consult_fact *fact, struct consults *out, struct gmm_msg *msg)
{
    struct consults tried;
    uint64_t now_ms = node_now_ms();
    const struct view *view = engine_view(c->node->engine);
    uint64_t last = 0; /* an entry of ours comes behind all that our participant said */
    memset(&fact->id, 0xff, sizeof fact->id);
    fact->author = *node_pid(c->node);
    for (size_t i = 0; i < c->count; i++)
        if (id_equal(&c->facts[i].author, &fact->author) && c->facts[i].time > last)
            last = c->facts[i].time;
    fact->time = header_time_next(last, now_ms);
    fact->officer = view != NULL && roles_officer(view, &c->gid, &fact->author, now_ms);
    struct consult_fact *added = add_fact(c);
    if (added == NULL)
        return GMM_ENOMEM;
    *added = *fact;
    struct consult_facts facts = facts_of(c);
    c->count--;
    enum gmm_err err = consult_outcome(&tried, &facts, now_ms);
    if (err != GMM_OK)
        return err;
    for (size_t i = 0; i < tried.ignored_count && err == GMM_OK; i++)
        if (id_equal(&tried.ignored[i].id, &fact->id))
            err = refuse(c, tried.ignored[i].reason, msg);
    if (err == GMM_OK && out != NULL)
        *out = tried;
    else
        consult_close(&tried);
    return err;
}

enum gmm_err consulting_may_dispose(const struct consulting *c, const struct gmm_id *note,
                                    const struct gmm_id *document, unsigned as, struct gmm_msg *msg)
{
    const struct view *view = engine_view(c->node->engine);
    const struct gmm_id *self = node_pid(c->node);
    bool allowed = view != NULL && roles_officer(view, &c->gid, self, node_now_ms());
    for (size_t i = 0; i < c->outcome.count; i++)
        allowed = allowed || id_equal(&c->outcome.list[i].coordinator, self);
    const struct gmm_id *original = document;
    for (size_t i = 0; i < c->text_count; i++)
        if (id_equal(&c->texts[i].id, document) && !id_is_zero(&c->texts[i].translates))
            original = &c->texts[i].translates;
    for (size_t i = 0; i < c->count; i++) {
        const struct consult_fact *fact = &c->facts[i];
        if (fact->kind == CONSULT_VERSION && id_equal(&fact->author, self) && id_equal(&fact->id, original))
            allowed = true;
        if (as == RECORD_WITHDRAWN && id_equal(&fact->id, note))
            return id_equal(&fact->author, self) ? GMM_OK : refuse(c, CONSULT_UNAUTHORISED, msg);
    }
    return allowed && as != RECORD_WITHDRAWN ? GMM_OK : refuse(c, CONSULT_UNAUTHORISED, msg);
}

/* ---- all of them */

struct each {
    struct node *node;
    consulting_fn *fn;
    void *arg;
    struct gmm_id *documents; /* that an `open` names */
    size_t count, capacity;
};

static enum gmm_err collect_open(void *arg, const struct projection_item *item)
{
    struct each *each = arg;
    if (item->position != RECORD_CONSULT_OPEN)
        return GMM_OK;
    void *documents = room(each->documents, each->count, &each->capacity, sizeof *each->documents);
    if (documents == NULL)
        return GMM_ENOMEM;
    each->documents = documents;
    each->documents[each->count++] = item->document;
    return GMM_OK;
}

/* Those of the symbol at hand, once: other `open` records on its texts are passed over. */
static enum gmm_err each_of(struct each *each, size_t at)
{
    struct consulting c;
    char hex[GMM_ID_HEX + 1];
    id_to_hex(&each->documents[at], hex);
    enum gmm_err err = consulting_open(each->node, hex, &c, NULL, NULL);
    for (size_t i = 0; err == GMM_OK && i < c.text_count; i++)
        for (size_t k = at + 1; k < each->count; k++)
            if (id_equal(&each->documents[k], &c.texts[i].id))
                each->documents[k] = (struct gmm_id){{0}};
    for (size_t i = c.outcome.count; err == GMM_OK && i-- > 0;)
        err = each->fn(each->arg, &c, &c.outcome.list[i]);
    consulting_close(&c);
    return err == GMM_ENOTFOUND ? GMM_OK : err; /* the document is not held here */
}

enum gmm_err consulting_each(struct node *node, consulting_fn *fn, void *arg)
{
    struct each each = {.node = node, .fn = fn, .arg = arg};
    struct projection_query query = {.type = HEADER_CONSULT};
    enum gmm_err err = projection_each(node->projection, &query, collect_open, &each);
    for (size_t i = 0; i < each.count && err == GMM_OK; i++)
        if (!id_is_zero(&each.documents[i]))
            err = each_of(&each, i);
    free(each.documents);
    return err;
}

#include "node/marking.h"

#include <string.h>

#include "node/roles.h"
#include "proto/record_care.h"

#define RECORD_BYTES 65536u

struct standing {
    const struct view *view;
    const struct projection_item *document;
    struct gmm_id originator;
    struct marking now;
};

static bool is_lower(const struct marking *now, unsigned marking, unsigned tlp)
{
    return marking < now->marking || (marking == now->marking && tlp < now->tlp);
}

/* May this participant set it so, then? */
static bool may_mark(const struct standing *s, const struct gmm_id *pid, uint64_t at_ms, unsigned marking, unsigned tlp)
{
    if (id_equal(pid, &s->originator))
        return true;
    return roles_officer(s->view, &s->document->gid, pid, at_ms) && !is_lower(&s->now, marking, tlp);
}

static enum gmm_err take_mark(void *arg, const struct projection_item *item)
{
    struct standing *s = arg;
    const struct view_office *office = view_office(s->view, &item->author);
    if (office != NULL && id_equal(&item->gid, &s->document->gid) &&
        may_mark(s, &office->pid, item->time_ms, item->marking, item->tlp)) {
        s->now.marking = item->marking;
        s->now.tlp = item->tlp;
    }
    return GMM_OK;
}

static enum gmm_err take_retain(void *arg, const struct projection_item *item)
{
    struct standing *s = arg;
    const struct view_office *office = view_office(s->view, &item->author);
    if (office != NULL && id_equal(&item->gid, &s->document->gid) && id_equal(&office->pid, &s->originator) &&
        item->bytes > s->now.retain_ms)
        s->now.retain_ms = item->bytes;
    return GMM_OK;
}

/* Most documents are never marked again; that is cheap to see. */
static bool is_named(struct node *node, const struct projection_item *document, uint16_t type)
{
    bool named = true;
    return projection_is_named(node->projection, &document->id, type, &named) != GMM_OK || named;
}

static struct standing stand(struct node *node, const struct projection_item *document)
{
    struct standing s = {.view = node->engine == NULL ? NULL : engine_view(node->engine),
                         .document = document,
                         .now = {document->marking, document->tlp, 0}};
    struct projection_query query = {.document = &document->id, .type = HEADER_MARK, .oldest_first = true};
    const struct view_office *author = s.view == NULL ? NULL : view_office(s.view, &document->author);
    if (author == NULL)
        return s;
    s.originator = author->pid;
    /* What cannot be read may have raised it, or kept it. */
    if (is_named(node, document, HEADER_MARK) && projection_each(node->projection, &query, take_mark, &s) != GMM_OK)
        s.now = (struct marking){RECORD_STRICTLY_CONFIDENTIAL, RECORD_TLP_RED, s.now.retain_ms};
    query.type = HEADER_RETAIN;
    if (is_named(node, document, HEADER_RETAIN) && projection_each(node->projection, &query, take_retain, &s) != GMM_OK)
        s.now.retain_ms = UINT64_MAX;
    return s;
}

struct marking marking_of(struct node *node, const struct projection_item *document)
{
    return stand(node, document).now;
}

bool marking_of_entry(struct node *node, const struct projection_item *item, struct marking_memo *memo,
                      struct marking *out)
{
    struct projection_item document;
    *out = (struct marking){.marking = RECORD_UNCLASSIFIED};
    if (item->type == HEADER_DOCUMENT)
        *out = marking_of(node, item);
    if (item->type == HEADER_DOCUMENT || item->type == HEADER_PRACTICE)
        return true;
    if (memo != NULL && memo->held && id_equal(&memo->document, &item->document)) {
        *out = memo->now;
        return true;
    }
    if (id_is_zero(&item->document) || projection_get(node->projection, &item->document, &document) != GMM_OK)
        return false;
    *out = marking_of(node, &document);
    projection_item_close(&document);
    if (memo != NULL)
        *memo = (struct marking_memo){true, item->document, *out};
    return true;
}

static struct record_text text_of(const char *text)
{
    return text == NULL ? (struct record_text){0} : (struct record_text){text, strlen(text)};
}

enum gmm_err marking_set(struct node *node, const struct projection_item *document, unsigned marking, unsigned tlp,
                         const char *reason, const char *person, struct gmm_id *id, struct gmm_msg *msg)
{
    struct record_mark r = {.document = document->id,
                            .marking = (enum record_marking)marking,
                            .tlp = (enum record_tlp)tlp,
                            .reason = text_of(reason),
                            .person = text_of(person)};
    struct standing s = stand(node, document);
    struct buffer record;
    char officers[ROLES_TEXT_BYTES];
    if (s.view == NULL)
        return gmm_fail(msg, GMM_EDENIED, "this office is not admitted to a network yet; see gmm join");
    if (!may_mark(&s, node_pid(node), node_now_ms(), marking, tlp))
        return gmm_fail(msg, GMM_EDENIED,
                        "only the participant that posted it (%s) may lower its marking; %s may raise it",
                        roles_name(s.view, &s.originator), roles_officers_text(s.view, &document->gid, officers));
    buffer_init(&record, RECORD_BYTES);
    enum gmm_err err = record_mark_encode(&record, &r);
    if (err == GMM_OK)
        err = node_append(node, &document->gid, HEADER_MARK, record.p, record.len, NULL, id, msg);
    buffer_close(&record);
    return err;
}

enum gmm_err marking_retain(struct node *node, const struct projection_item *document, uint64_t until_ms,
                            const char *person, struct gmm_id *id, struct gmm_msg *msg)
{
    struct record_retain r = {.document = document->id, .until_ms = until_ms, .person = text_of(person)};
    struct standing s = stand(node, document);
    struct buffer record;
    if (!id_equal(&s.originator, node_pid(node)))
        return gmm_fail(msg, GMM_EDENIED, "only the participant that posted it (%s) says how long it is kept",
                        s.view == NULL ? "?" : roles_name(s.view, &s.originator));
    if (until_ms <= s.now.retain_ms)
        return gmm_fail(msg, GMM_ESTATE, "it is kept longer already, and a retention is not shortened");
    buffer_init(&record, RECORD_BYTES);
    enum gmm_err err = record_retain_encode(&record, &r);
    if (err == GMM_OK)
        err = node_append(node, &document->gid, HEADER_RETAIN, record.p, record.len, NULL, id, msg);
    buffer_close(&record);
    return err;
}

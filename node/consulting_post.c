#include "node/consulting_post.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "node/consulting_json.h"
#include "node/content.h"
#include "node/item.h"
#include "node/post.h"
#include "node/read.h"
#include "node/sys.h"
#include "node/times.h"

#define RECORD_BYTES (2u << 20)
#define REPORT_MAX (16u << 20)

static struct record_text text_of(const char *text)
{
    return text == NULL ? (struct record_text){0} : (struct record_text){text, strlen(text)};
}

/* ---- words between commas */

struct words {
    char *copies[RECORD_INVITED];
    size_t count;
};

static void words_close(struct words *w)
{
    for (size_t i = 0; i < w->count; i++)
        free(w->copies[i]);
}

static enum gmm_err words_split(struct words *w, const char *const *args, size_t count, struct gmm_msg *msg)
{
    w->count = 0;
    for (size_t i = 0; i < count; i++)
        for (const char *at = args[i]; *at != '\0';) {
            size_t skip = strspn(at, ", "), n = strcspn(at + skip, ", ");
            at += skip + n;
            if (n == 0)
                continue;
            if (w->count == RECORD_INVITED)
                return gmm_fail(msg, GMM_EUSAGE, "more than %u names", RECORD_INVITED);
            if ((w->copies[w->count] = strndup(at - n, n)) == NULL)
                return GMM_ENOMEM;
            w->count++;
        }
    return GMM_OK;
}

static int compare_words(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* ---- who is invited */

struct draft {
    struct consulting *c;
    const struct consulting_request *request;
    struct record_consult record;
    struct words langs;
    struct gmm_id invited[LIMIT_PARTICIPANTS];
    uint8_t *report;
};

static int compare_ids(const void *a, const void *b)
{
    return id_compare(a, b);
}

/* Everybody in the group who counts, but us. */
static void invite_group(struct draft *d, const struct view *view, const struct view_group *group)
{
    for (uint16_t i = 0; i < group->member_count; i++) {
        const struct view_participant *p = view_participant(view, &group->members[i]);
        if (p != NULL && p->status == VIEW_ACTIVE && p->kind != IDENTITY_OBSERVER &&
            !id_equal(&p->pid, node_pid(d->c->node)))
            d->invited[d->record.invited.count++] = p->pid;
    }
}

static enum gmm_err invite_named(struct draft *d, const struct view *view, const char *name, struct gmm_msg *msg)
{
    const struct view_participant *p = view_participant_by_id(view, name);
    if (p == NULL)
        return gmm_fail(msg, GMM_ENOTFOUND, "the roster has no participant '%s'", name);
    if (p->kind == IDENTITY_OBSERVER)
        return gmm_fail(msg, GMM_EUSAGE, "'%s' is an observer: it reads, and takes no position", name);
    if (p->status != VIEW_ACTIVE || !view_is_member(view, &d->c->gid, &p->pid))
        return gmm_fail(msg, GMM_EUSAGE, "'%s' cannot read the document: it is not in its group", name);
    d->invited[d->record.invited.count++] = p->pid;
    return GMM_OK;
}

static enum gmm_err invite(struct draft *d, struct gmm_msg *msg)
{
    const struct view *view = engine_view(d->c->node->engine);
    const struct view_group *group = view == NULL ? NULL : view_group(view, &d->c->gid);
    struct words names;
    if (group == NULL)
        return gmm_fail(msg, GMM_ENOTFOUND, "the document's group is not known here");
    enum gmm_err err = words_split(&names, d->request->invite, d->request->invite_count, msg);
    if (err == GMM_OK && names.count == 0)
        invite_group(d, view, group);
    for (size_t i = 0; i < names.count && err == GMM_OK; i++)
        err = invite_named(d, view, names.copies[i], msg);
    words_close(&names);
    if (err != GMM_OK)
        return err;
    struct record_ids *ids = &d->record.invited;
    uint32_t kept = 0;
    qsort(d->invited, ids->count, sizeof d->invited[0], compare_ids);
    for (uint32_t i = 0; i < ids->count; i++)
        if (i == 0 || !id_equal(&d->invited[i], &d->invited[kept - 1]))
            d->invited[kept++] = d->invited[i];
    ids->count = kept;
    ids->ids = d->invited;
    return kept > 0 ? GMM_OK : gmm_fail(msg, GMM_EUSAGE, "there is nobody to invite in the document's group");
}

/* ---- the record */

static enum gmm_err read_langs(struct draft *d, struct gmm_msg *msg)
{
    enum gmm_err err = words_split(&d->langs, d->request->langs, d->request->lang_count, msg);
    for (size_t i = 0; i < d->langs.count && err == GMM_OK; i++)
        err = post_check_lang(d->langs.copies[i], msg);
    if (err != GMM_OK)
        return err;
    qsort(d->langs.copies, d->langs.count, sizeof d->langs.copies[0], compare_words);
    for (size_t i = 0; i < d->langs.count; i++) {
        if (i > 0 && strcmp(d->langs.copies[i], d->langs.copies[i - 1]) == 0)
            continue;
        if (d->record.lang_count == RECORD_LANGS)
            return gmm_fail(msg, GMM_EUSAGE, "at most %u languages can be required", RECORD_LANGS);
        d->record.langs[d->record.lang_count++] = text_of(d->langs.copies[i]);
    }
    return GMM_OK;
}

/* "+01:00", "Z": as it was typed. */
static struct record_text zone_of(const char *deadline)
{
    size_t len = strlen(deadline), zone = len > 6 ? 6 : len;
    if (len > 0 && (deadline[len - 1] == 'Z' || deadline[len - 1] == 'z'))
        zone = 1;
    return (struct record_text){deadline + len - zone, zone};
}

static enum record_consult_outcome outcome_of(enum consult_state state)
{
    if (state == CONSULT_ADOPTED)
        return RECORD_OUTCOME_ADOPTED;
    return state == CONSULT_BROKEN || state == CONSULT_SUSPENDED ? RECORD_OUTCOME_BROKEN : RECORD_OUTCOME_COMMENTS;
}

static enum gmm_err write_draft(struct draft *d, struct gmm_msg *msg)
{
    const struct consult *last = consulting_last(d->c);
    const struct consulting_request *request = d->request;
    struct record_consult *r = &d->record;
    enum gmm_err err = GMM_OK;
    *r = (struct record_consult){
        .action = request->action, .document = d->c->document.id, .person = text_of(request->person)};
    if (r->action != RECORD_CONSULT_OPEN && last == NULL)
        return gmm_fail(msg, GMM_ENOTFOUND, "there is no consultation on it: gmm consult open");
    if (r->action != RECORD_CONSULT_OPEN) {
        r->has_key = true;
        r->key = last->id;
    }
    if (r->action == RECORD_CONSULT_EXTEND || r->action == RECORD_CONSULT_REOPEN || r->action == RECORD_CONSULT_CLOSE ||
        r->action == RECORD_CONSULT_SILENCE)
        r->document = last->document;
    if (r->action == RECORD_CONSULT_ROUND)
        r->round = last->round + 1;
    if (r->action == RECORD_CONSULT_CLOSE) {
        r->outcome = outcome_of(last->state);
    } else {
        err = times_parse_deadline(&r->deadline_ms, request->deadline, msg);
        r->zone = zone_of(request->deadline);
    }
    r->short_reason = text_of(request->reason);
    if (err == GMM_OK && r->action == RECORD_CONSULT_OPEN)
        err = invite(d, msg);
    return err == GMM_OK ? read_langs(d, msg) : err;
}

static struct consult_fact fact_of(const struct record_consult *r)
{
    struct consult_fact fact = {.kind = CONSULT_ACTION, .document = r->document};
    fact.as.action.action = r->action;
    fact.as.action.key = r->key;
    fact.as.action.deadline_ms = r->deadline_ms;
    fact.as.action.round = r->round;
    fact.as.action.langs = r->langs;
    fact.as.action.lang_count = r->lang_count;
    fact.as.action.has_reason = r->short_reason.len > 0;
    fact.as.action.invited = r->invited;
    fact.as.action.outcome = r->outcome;
    return fact;
}

/* The bytes of each version, as far as they are here and may be read: what a file found years later is compared with.
 */
static enum gmm_err hash_versions(struct consulting *c, json_t *versions)
{
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; i < c->text_count && err == GMM_OK; i++) { /* the array has them in the other order */
        json_t *version = json_array_get(versions, c->text_count - 1 - i);
        char hash[CONTENT_SHA256_TEXT] = "";
        json_int_t bytes = 0;
        struct read_record record;
        if (read_record(c->node, &c->texts[i].id, &record, NULL) == GMM_OK) {
            if (read_uncovered(&record, NULL) == GMM_OK)
                err = content_sha256(c->node, &record.header.group, &record.document.content, hash, NULL);
            bytes = (json_int_t)record.document.content.size;
            read_record_close(&record);
            err = err == GMM_EABSENT ? GMM_OK : err;
        }
        if (json_object_set_new(version, "sha256", item_text(hash[0] == '\0' ? NULL : hash)) != 0 ||
            json_object_set_new(version, "bytes", hash[0] == '\0' ? json_null() : json_integer(bytes)) != 0)
            err = GMM_ENOMEM;
    }
    return err;
}

/* The consultation as it is with this closing, but for what only the closing's own entry can name. */
static enum gmm_err write_report(struct draft *d, const struct consults *tried, struct gmm_msg *msg)
{
    json_t *json = consulting_json(d->c, tried, &tried->list[tried->count - 1]);
    int fd = memfd_create("report", MFD_CLOEXEC);
    enum gmm_err err = json == NULL || json_object_del(json, "report") != 0 ? GMM_ENOMEM : GMM_OK;
    if (err == GMM_OK)
        err = hash_versions(d->c, json_object_get(json, "versions"));
    char *text = err == GMM_OK ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (err == GMM_OK && (text == NULL || fd < 0))
        err = GMM_ENOMEM;
    if (err == GMM_OK)
        err = sys_write_all(fd, text, strlen(text));
    if (err == GMM_OK)
        err = content_store(d->c->node, &d->c->gid, fd, MANIFEST_INLINE_BYTES, &d->record.report, &d->report, msg);
    d->record.has_report = err == GMM_OK;
    free(text);
    sys_close(&fd);
    json_decref(json);
    return err;
}

static enum gmm_err append(struct consulting *c, const struct gmm_id *gid, uint16_t type, struct buffer *record,
                           enum gmm_err err, struct gmm_id *id, struct gmm_msg *msg)
{
    if (err == GMM_OK)
        err = node_append(c->node, gid, type, record->p, record->len, NULL, id, msg);
    else
        gmm_fail(msg, err == GMM_ELIMIT ? GMM_EUSAGE : err, "the record cannot be made: %s", gmm_err_text(err));
    buffer_close_wiped(record);
    return err;
}

enum gmm_err consulting_post_action(struct consulting *c, const struct consulting_request *request, struct gmm_id *id,
                                    struct gmm_msg *msg)
{
    struct buffer bytes;
    struct consults tried = {0};
    struct draft *d = calloc(1, sizeof *d);
    if (d == NULL)
        return GMM_ENOMEM;
    d->c = c;
    d->request = request;
    enum gmm_err err = write_draft(d, msg);
    struct consult_fact fact = fact_of(&d->record);
    if (err == GMM_OK)
        err = consulting_try(c, &fact, &tried, msg);
    if (err == GMM_OK && request->action == RECORD_CONSULT_CLOSE)
        err = write_report(d, &tried, msg);
    if (err == GMM_OK) {
        buffer_init(&bytes, RECORD_BYTES);
        err = append(c, &c->gid, HEADER_CONSULT, &bytes, record_consult_encode(&bytes, &d->record), id, msg);
    }
    consult_close(&tried);
    words_close(&d->langs);
    manifest_close(&d->record.report);
    free(d->report);
    free(d);
    return err;
}

enum gmm_err consulting_post_disposition(struct consulting *c, const struct projection_item *note, unsigned as,
                                         const char *reason, const char *person, struct gmm_id *id, struct gmm_msg *msg)
{
    struct buffer bytes;
    struct record_disposition r = {.note = note->id,
                                   .document = note->document,
                                   .as = (enum record_position)as,
                                   .reason = text_of(reason),
                                   .person = text_of(person)};
    struct consult_fact fact = {.kind = CONSULT_DISPOSITION, .document = note->document};
    fact.as.disposition.note = note->id;
    fact.as.disposition.as = as;
    enum gmm_err err = consulting_try(c, &fact, NULL, msg);
    if (err != GMM_OK)
        return err;
    buffer_init(&bytes, RECORD_BYTES);
    return append(c, &c->gid, HEADER_DISPOSITION, &bytes, record_disposition_encode(&bytes, &r), id, msg);
}

enum gmm_err consulting_post_report(struct consulting *c, uint8_t **bytes, size_t *len, struct gmm_msg *msg)
{
    const struct consult *last = consulting_last(c);
    struct record_consult record;
    struct header header;
    uint8_t *plain = NULL;
    size_t plain_len = 0;
    *bytes = NULL;
    if (last == NULL || id_is_zero(&last->close))
        return gmm_fail(msg, GMM_ENOTFOUND, "the consultation is not closed: there is no report");
    enum gmm_err err = node_open_record(c->node, &last->close, &header, &plain, &plain_len);
    if (err == GMM_OK)
        err = record_consult_decode(&record, plain, plain_len);
    if (err == GMM_OK) {
        err = content_read(c->node, &c->gid, &record.report, REPORT_MAX, bytes, len, msg);
        record_consult_close(&record);
    }
    seal_free(plain, plain_len);
    return err;
}

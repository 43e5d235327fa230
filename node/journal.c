#include "node/journal.h"

#include <stdlib.h>
#include <string.h>

#include "node/item.h"
#include "node/render.h"
#include "node/reply.h"

/* One row before it is written out. */
struct line {
    uint64_t time; /* of a header */
    struct gmm_id id;
    uint16_t type;                         /* 0: an object */
    const struct directory_object *object; /* NULL: an entry */
    size_t log;                            /* of an entry: its index in logs */
    uint64_t seq;
};
/* A record without effect. */
struct refusal {
    struct gmm_id id;
    struct gmm_msg why;
};
struct journal {
    struct node *node;
    struct refusal *refusals; /* sorted by id */
    size_t refusal_count, refusal_cap;
    const struct view *view;
    const struct journal_query *query;
    struct line *lines;
    size_t count, cap;
    struct run_key *logs;
    size_t log_count, log_cap;
    struct marking_memo memo;
};

static const char *object_word(enum directory_kind kind)
{
    switch (kind) {
    case DIRECTORY_CHARTER:
        return "charter";
    case DIRECTORY_CERTIFICATE:
        return "certificate";
    case DIRECTORY_REVOCATION:
        return "revocation";
    case DIRECTORY_ROTATION:
        return "rotation";
    case DIRECTORY_VOUCH:
        return "vouch";
    }
    return NULL;
}

bool journal_is_word(const char *what)
{
    for (int kind = DIRECTORY_CHARTER; kind <= DIRECTORY_VOUCH; kind++)
        if (strcmp(what, object_word((enum directory_kind)kind)) == 0)
            return true;
    return header_type_from_text(what) != 0;
}

/* ---- what is asked for */

static bool word_wanted(const struct journal_query *query, const char *word)
{
    for (size_t i = 0; i < query->what_count; i++)
        if (word != NULL && strcmp(query->what[i], word) == 0)
            return true;
    return query->what_count == 0;
}

static bool time_wanted(const struct journal_query *query, uint64_t ms)
{
    return ms >= query->since_ms && (query->until_ms == 0 || ms < query->until_ms);
}

static bool key_wanted(const struct journal_query *query, const struct gmm_id *key)
{
    char hex[GMM_ID_HEX + 1];
    if (query->key == NULL)
        return true;
    id_to_hex(key, hex);
    return strncmp(hex, query->key, strlen(query->key)) == 0;
}

/* "ilo" or "ilo/hq"; office NULL: the participant itself did it, by its root. */
static bool from_wanted(const struct journal_query *query, const struct view_participant *p, const char *office)
{
    if (query->from == NULL)
        return true;
    size_t len = strcspn(query->from, "/");
    if (p == NULL || strncmp(p->id, query->from, len) != 0 || p->id[len] != '\0')
        return false;
    return query->from[len] == '\0' || (office != NULL && strcmp(query->from + len + 1, office) == 0);
}

static enum gmm_err check_from(const struct journal *j, struct gmm_msg *msg)
{
    char id[LIMIT_PARTICIPANT_ID + 1] = "";
    if (j->query->from == NULL)
        return GMM_OK;
    size_t len = strcspn(j->query->from, "/");
    if (len < sizeof id)
        memcpy(id, j->query->from, len);
    const struct view_participant *p = view_participant_by_id(j->view, id);
    if (p == NULL)
        return gmm_fail(msg, GMM_ENOTFOUND, "no participant here is called '%.*s'", (int)(len < 64 ? len : 64),
                        j->query->from);
    const char *office = j->query->from[len] == '/' ? j->query->from + len + 1 : NULL;
    if (office != NULL && view_office_by_name(j->view, &p->pid, office) == NULL)
        return gmm_fail(msg, GMM_ENOTFOUND, "%s has no office '%.64s'", id, office);
    return GMM_OK;
}

/* ---- gathering */

static struct line *add(struct journal *j)
{
    if (j->count == j->cap) {
        size_t cap = j->cap == 0 ? 256 : 2 * j->cap;
        struct line *grown = realloc(j->lines, cap * sizeof *grown);
        if (grown == NULL)
            return NULL;
        j->lines = grown;
        j->cap = cap;
    }
    return &j->lines[j->count++];
}

static uint64_t object_ms(const struct directory_object *object)
{
    switch (object->kind) {
    case DIRECTORY_CHARTER:
        return object->as.charter.time_ms;
    case DIRECTORY_CERTIFICATE:
        return object->as.certificate.not_before_ms;
    case DIRECTORY_REVOCATION:
        return object->as.revocation.time_ms;
    case DIRECTORY_ROTATION:
        return 0; /* it bears none */
    case DIRECTORY_VOUCH:
        return object->as.vouch.time_ms;
    }
    return 0;
}

static const struct gmm_id *object_pid(const struct directory_object *object)
{
    switch (object->kind) {
    case DIRECTORY_CHARTER:
        return &object->as.charter.founder_pid;
    case DIRECTORY_CERTIFICATE:
        return &object->as.certificate.pid;
    case DIRECTORY_REVOCATION:
        return &object->as.revocation.pid;
    case DIRECTORY_VOUCH:
        return &object->as.vouch.pid;
    case DIRECTORY_ROTATION:
        break;
    }
    return &object->as.rotation.pid;
}

/* The key that signed it. */
static const struct gmm_id *object_key(const struct directory_object *object)
{
    switch (object->kind) {
    case DIRECTORY_CHARTER:
        return &object->as.charter.founder_root_pk;
    case DIRECTORY_CERTIFICATE:
        return &object->as.certificate.root_pk;
    case DIRECTORY_REVOCATION:
        return &object->as.revocation.signer;
    case DIRECTORY_VOUCH:
        return &object->as.vouch.signer;
    case DIRECTORY_ROTATION:
        break;
    }
    return &object->as.rotation.root_pk;
}

static enum gmm_err gather_objects(struct journal *j)
{
    const struct directory *directory = engine_directory(j->node->engine);
    if (j->query->gid != NULL || j->query->only_void)
        return GMM_OK;
    for (size_t i = 0; i < directory_count(directory); i++) {
        const struct directory_object *object = directory_at(directory, i);
        const struct gmm_id *key = object_key(object);
        const struct view_office *office = view_office(j->view, key);
        if (!word_wanted(j->query, object_word(object->kind)) || !time_wanted(j->query, object_ms(object)) ||
            !key_wanted(j->query, key) ||
            !from_wanted(j->query, view_participant(j->view, object_pid(object)),
                         office == NULL ? NULL : office->office))
            continue;
        struct line *line = add(j);
        if (line == NULL)
            return GMM_ENOMEM;
        *line = (struct line){.time = object_ms(object) << 16, .id = object->hash, .object = object};
    }
    return GMM_OK;
}

static enum gmm_err on_entry(void *arg, const uint8_t bytes[HEADER_BYTES], const struct gmm_id *id, const uint8_t *body,
                             size_t len)
{
    struct journal *j = arg;
    uint64_t time = bytes_load_u64(bytes + HEADER_TIME_AT);
    uint16_t type = bytes_load_u16(bytes + 2);
    (void)body;
    (void)len;
    if (!time_wanted(j->query, header_time_ms(time)) || !word_wanted(j->query, header_type_text(type)))
        return GMM_OK;
    struct line *line = add(j);
    if (line == NULL)
        return GMM_ENOMEM;
    *line = (struct line){
        .time = time, .id = *id, .type = type, .log = j->log_count - 1, .seq = bytes_load_u64(bytes + HEADER_SEQ_AT)};
    return GMM_OK;
}

static enum gmm_err on_log(void *arg, const struct run_key *key, const struct logs_head *head, uint64_t arrival,
                           bool closed)
{
    struct journal *j = arg;
    const struct view_office *office = view_office(j->view, &key->author);
    const struct view_participant *p = office == NULL ? NULL : view_participant(j->view, &office->pid);
    (void)arrival;
    (void)closed;
    if (head->seq == LOGS_NO_SEQ || (j->query->gid != NULL && !id_equal(j->query->gid, &key->group)) ||
        !key_wanted(j->query, &key->author) || !from_wanted(j->query, p, office == NULL ? NULL : office->office))
        return GMM_OK;
    if (j->log_count == j->log_cap) {
        size_t cap = j->log_cap == 0 ? 64 : 2 * j->log_cap;
        struct run_key *grown = realloc(j->logs, cap * sizeof *grown);
        if (grown == NULL)
            return GMM_ENOMEM;
        j->logs = grown;
        j->log_cap = cap;
    }
    j->logs[j->log_count++] = *key;
    return store_each_entry(j->node->store, key, 0, on_entry, j);
}

static int compare_lines(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return id_compare(&x->id, &y->id);
}

/* ---- effect */

static int compare_refusals(const void *a, const void *b)
{
    const struct refusal *x = a, *y = b;
    return id_compare(&x->id, &y->id);
}

static enum gmm_err on_refusal(void *arg, const struct gmm_id *id, const struct gmm_msg *why)
{
    struct journal *j = arg;
    if (j->refusal_count == j->refusal_cap) {
        size_t cap = j->refusal_cap == 0 ? 16 : 2 * j->refusal_cap;
        struct refusal *grown = realloc(j->refusals, cap * sizeof *grown);
        if (grown == NULL)
            return GMM_ENOMEM;
        j->refusals = grown;
        j->refusal_cap = cap;
    }
    j->refusals[j->refusal_count++] = (struct refusal){*id, *why};
    return GMM_OK;
}

static enum gmm_err gather_refusals(struct journal *j)
{
    enum gmm_err err = fold_refusals(engine_fold(j->node->engine), on_refusal, j);
    if (err == GMM_OK && j->refusal_count > 1)
        qsort(j->refusals, j->refusal_count, sizeof *j->refusals, compare_refusals);
    return err;
}

/* What waits for more support: has no effect yet. */
static const struct view_proposal *waiting(const struct view *view, const struct gmm_id *id)
{
    for (size_t i = 0; i < view->proposal_count; i++)
        if (id_equal(&view->proposals[i].entry, id))
            return &view->proposals[i];
    return NULL;
}

static const struct view_event *event_of(const struct view *view, const struct gmm_id *id)
{
    for (size_t i = 0; i < view->event_count; i++)
        if (id_equal(&view->history[i].entry, id))
            return &view->history[i];
    return NULL;
}

static bool stands(const struct journal *j, const struct line *line, struct gmm_msg *why)
{
    const struct refusal probe = {.id = line->id}, *refusal = NULL;
    if (!view_stands(j->view, &j->logs[line->log], line->seq, line->time, why))
        return false;
    if (line->type >= HEADER_DOCUMENT)
        return true;
    if (j->refusal_count > 0)
        refusal = bsearch(&probe, j->refusals, j->refusal_count, sizeof probe, compare_refusals);
    if (refusal != NULL) {
        *why = refusal->why;
        return false;
    }
    const struct view_proposal *proposal = waiting(j->view, &line->id);
    if (proposal == NULL)
        return true;
    gmm_fail(why, GMM_EDENIED, "it waits for support: %u of %u have given theirs", (unsigned)proposal->support,
             proposal->need);
    return false;
}

/* ---- writing out */

static json_t *participant_json(const struct view *view, const struct gmm_id *pid)
{
    const struct view_participant *p = view_participant(view, pid);
    return item_text(p == NULL ? NULL : p->id);
}

static json_t *object_row(const struct journal *j, const struct line *line)
{
    const struct directory_object *object = line->object;
    const struct gmm_id *key = object_key(object);
    const struct view_office *signer = view_office(j->view, key), *revoked = NULL;
    const char *subject = NULL, *text = NULL;
    if (object->kind == DIRECTORY_CHARTER)
        subject = object->as.charter.name;
    else if (object->kind == DIRECTORY_CERTIFICATE)
        subject = object->as.certificate.office;
    else if (object->kind == DIRECTORY_REVOCATION) {
        revoked = view_office(j->view, &object->as.revocation.sign_pk);
        subject = revoked == NULL ? NULL : revoked->office;
        text = object->as.revocation.reason;
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:n, s:n}", "time",
                     render_json_time(header_time_ms(line->time)), "participant",
                     participant_json(j->view, object_pid(object)), "office",
                     item_text(signer == NULL ? NULL : signer->office), "person", json_null(), "what",
                     object_word(object->kind), "subject", item_text(subject), "text", item_text(text), "group",
                     json_null(), "document", json_null(), "id", reply_id(&line->id), "key", reply_id(key), "instance",
                     json_null(), "seq", json_null(), "stands", 1, "reason", json_null(), "marking", "tlp");
}

static json_t *instance_json(uint64_t instance)
{
    char hex[17];
    snprintf(hex, sizeof hex, "%016llx", (unsigned long long)instance);
    return json_string(hex);
}

/* What a sealed entry is about, as far as the catalogue shows it; about whom a plain one is. */
static void subject_of(const struct journal *j, const struct line *line, const struct view_event *event,
                       const struct projection_item *item, json_t **subject, json_t **text)
{
    const struct view_proposal *proposal = waiting(j->view, &line->id);
    *subject = *text = NULL;
    if (event != NULL) {
        *subject = participant_json(j->view, &event->subject);
        *text = item_text(event->text);
    } else if (proposal != NULL) {
        *subject = item_text(proposal->id);
        *text = item_text(proposal->text);
    } else if (line->type >= HEADER_DOCUMENT) {
        *subject = item_text(item->symbol);
        *text = item_text(item->title);
    } else {
        *subject = json_null();
        *text = json_null();
    }
}

static json_t *entry_row(struct journal *j, const struct line *line)
{
    const struct run_key *log = &j->logs[line->log];
    const struct view_event *event = line->type < HEADER_GROUP ? event_of(j->view, &line->id) : NULL;
    const struct view_office *office = view_office(j->view, &log->author);
    struct projection_item item = {0};
    struct gmm_msg why = {.text = ""};
    json_t *subject, *text;
    bool effective = stands(j, line, &why);
    if (effective && j->query->only_void)
        return json_null();
    if (line->type >= HEADER_DOCUMENT && projection_get(j->node->projection, &line->id, &item) != GMM_OK)
        item = (struct projection_item){0};
    char number[16];
    const char *word = header_type_text(line->type);
    snprintf(number, sizeof number, "type-%u", (unsigned)line->type);
    subject_of(j, line, event, &item, &subject, &text);
    json_t *row = json_pack("{s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:b, s:o}", "time",
                            render_json_time(header_time_ms(line->time)), "participant",
                            office == NULL ? json_null() : participant_json(j->view, &office->pid), "office",
                            item_text(office == NULL ? NULL : office->office), "person", item_text(item.person), "what",
                            word == NULL ? number : word, "subject", subject, "text", text, "group",
                            id_is_zero(&log->group) ? json_null() : item_group(j->node, &log->group), "document",
                            item_id(&item.document), "id", reply_id(&line->id), "key", reply_id(&log->author),
                            "instance", instance_json(log->instance), "seq", (json_int_t)line->seq, "stands", effective,
                            "reason", item_text(why.text));
    bool marked = row != NULL && (id_is_zero(&item.id) ? item_set_marking(row, NULL)
                                                       : item_set_marking_of(row, j->node, &item, &j->memo));
    projection_item_close(&item);
    if (marked)
        return row;
    json_decref(row);
    return NULL;
}

static enum gmm_err write_rows(struct journal *j, json_t *rows, struct gmm_msg *msg)
{
    size_t limit = j->query->limit == 0 ? SIZE_MAX : j->query->limit, taken = 0;
    /* The newest are those asked for; each is put in front of the ones taken before it. */
    for (size_t i = j->count; i > 0 && taken < limit; i--) {
        const struct line *line = &j->lines[i - 1];
        json_t *row = line->object != NULL ? object_row(j, line) : entry_row(j, line);
        if (json_is_null(row)) {
            json_decref(row);
            continue;
        }
        if (json_array_append_new(rows, row) != 0)
            return GMM_ENOMEM;
        if (++taken > JOURNAL_ROWS_MAX)
            return gmm_fail(msg, GMM_ELIMIT, "at most %u rows are shown at once: narrow it with --since and --until",
                            JOURNAL_ROWS_MAX);
    }
    return GMM_OK;
}

/* Oldest first. */
static enum gmm_err turn(json_t **rows)
{
    json_t *turned = json_array();
    if (turned == NULL)
        return GMM_ENOMEM;
    for (size_t i = json_array_size(*rows); i > 0; i--)
        if (json_array_append(turned, json_array_get(*rows, i - 1)) != 0) {
            json_decref(turned);
            return GMM_ENOMEM;
        }
    json_decref(*rows);
    *rows = turned;
    return GMM_OK;
}

enum gmm_err journal_rows(struct node *node, const struct journal_query *query, json_t **rows, struct gmm_msg *msg)
{
    struct journal j = {.node = node, .query = query};
    *rows = json_array();
    enum gmm_err err = *rows == NULL ? GMM_ENOMEM : node_flush(node);
    j.view = engine_view(node->engine);
    if (err == GMM_OK)
        err = j.view == NULL ? GMM_ENOMEM : check_from(&j, msg);
    if (err == GMM_OK)
        err = gather_refusals(&j);
    if (err == GMM_OK)
        err = gather_objects(&j);
    if (err == GMM_OK)
        err = store_each_log(node->store, on_log, &j);
    if (err == GMM_OK && j.count > 1)
        qsort(j.lines, j.count, sizeof *j.lines, compare_lines);
    if (err == GMM_OK)
        err = write_rows(&j, *rows, msg);
    if (err == GMM_OK)
        err = turn(rows);
    free(j.lines);
    free(j.logs);
    free(j.refusals);
    if (err == GMM_OK)
        return GMM_OK;
    json_decref(*rows);
    *rows = NULL;
    return msg != NULL && msg->text[0] != '\0' ? err : gmm_fail(msg, err, "%s", gmm_err_text(err));
}

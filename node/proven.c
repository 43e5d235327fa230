#include "node/proven.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/chunk.h"
#include "keys/text.h"
#include "node/item.h"
#include "node/past.h"
#include "node/plainmap.h"
#include "node/render.h"
#include "node/reply.h"
#include "node/sys.h"
#include "proto/record.h"
#include "proto/witness.h"

struct reading {
    struct evidence *e;
    const struct view *then, *now;
    struct run_key log;
    json_t *shown, *faults, *caveats;
    enum gmm_err failed;
};

static void fault(struct reading *r, const char *kind, const struct gmm_id *id, const char *reason)
{
    json_t *item = json_pack("{s:o, s:s, s:o}", "id", id == NULL ? json_null() : reply_id(id), "kind", kind, "reason",
                             render_json_text(reason));
    if (json_array_append_new(r->faults, item) != 0)
        r->failed = GMM_ENOMEM;
}

static void put(struct reading *r, const char *name, json_t *value)
{
    if (json_object_set_new(r->shown, name, value) != 0)
        r->failed = GMM_ENOMEM;
}

static void caveat(struct reading *r, const char *text)
{
    if (json_array_append_new(r->caveats, json_string(text_tr(text))) != 0)
        r->failed = GMM_ENOMEM;
}

/* ---- who, where, when */

static const struct certificate *certificate_of(const struct reading *r, const struct view_office *office)
{
    const struct directory_object *object = directory_find(r->e->directory, &office->certificate);
    return object == NULL ? NULL : &object->as.certificate;
}

static void show_author(struct reading *r)
{
    const struct view_office *office = view_office(r->then, &r->e->header.author);
    const struct view_participant *p = office == NULL ? NULL : view_participant(r->then, &office->pid);
    const struct certificate *certificate = office == NULL ? NULL : certificate_of(r, office);
    uint64_t ms = header_time_ms(r->e->header.time);
    if (p == NULL || certificate == NULL) {
        fault(r, "author", &r->e->header.author,
              "the key that signed belongs to no participant that this file shows admitted at that time");
        return;
    }
    put(r, "author",
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "participant", item_text(p->id),
                  "name", item_text(p->name), "office", item_text(office->office), "level",
                  item_text(identity_level_text(office->level)), "key", reply_id(&office->sign_pk), "fingerprint",
                  reply_fingerprint(&office->sign_pk, &office->noise_pk), "pid", reply_id(&p->pid), "root",
                  reply_id(&certificate->root_pk), "root_number", (json_int_t)certificate->root_n, "certificate",
                  reply_id(&office->certificate), "from", render_json_time(office->not_before_ms), "until",
                  render_json_time(office->not_after_ms)));
    if (ms < office->not_before_ms || ms > office->not_after_ms)
        caveat(r, "The newest certificate of the key was not in force at the entry's time.");
}

static void show_effect(struct reading *r)
{
    struct gmm_msg why = {.text = ""};
    const struct view_fork *fork = view_fork(r->now, &r->log);
    bool stands = view_stands_outside(r->now, &r->log, r->e->header.seq, r->e->header.time, &why);
    bool parted = fork != NULL && r->e->header.seq >= fork->first_seq && view_office(r->now, &r->log.author) != NULL;
    /* Also where it stands: others' anchors may have been left out. */
    if (parted && (stands || r->e->header.seq >= fork->end))
        caveat(r,
               "The office signed another entry at this place of its log too; the file holds the proof. Which of the "
               "two counts is for the other participants' records to say.");
    else if (!stands)
        fault(r, "entry", &r->e->id, why.text);
}

/* Ids, sorted. */
static json_t *members_json(const struct reading *r, const struct view_group *group)
{
    json_t *roster = past_roster(r->then), *members = json_array(), *row;
    size_t i;
    bool failed = roster == NULL || members == NULL;
    json_array_foreach(roster, i, row)
    {
        const struct view_participant *p =
            view_participant_by_id(r->then, json_string_value(json_object_get(row, "participant")));
        if (!failed && p != NULL && view_is_member(r->then, &group->gid, &p->pid))
            failed = json_array_append_new(members, item_text(p->id)) != 0;
    }
    json_decref(roster);
    if (!failed)
        return members;
    json_decref(members);
    return NULL;
}

/* Who else held it, by the anchors in the file: since when, by its own clock. */
static json_t *stored_json(const struct reading *r)
{
    json_t *stored = json_array();
    bool failed = stored == NULL;
    for (size_t i = 0; !failed && i < r->e->group_count; i++) {
        struct witness w;
        if (!witness_at(r->e, r->now, i, &w))
            continue;
        const struct view_participant *p = view_participant(r->now, &w.pid);
        const struct view_office *office = view_office(r->now, &w.sign_pk);
        failed = json_array_append_new(stored,
                                       json_pack("{s:o, s:o, s:o}", "participant", item_text(p == NULL ? NULL : p->id),
                                                 "office", item_text(office == NULL ? NULL : office->office), "time",
                                                 render_json_time(w.time_ms))) != 0;
    }
    if (!failed)
        return stored;
    json_decref(stored);
    return NULL;
}

static void show_group(struct reading *r)
{
    const struct view_group *group = view_group(r->then, &r->log.group);
    put(r, "group", item_text(group == NULL ? NULL : group->name));
    put(r, "gid", reply_id(&r->log.group));
    put(r, "members", group == NULL || r->e->version < 2 ? json_null() : members_json(r, group));
    put(r, "stored", stored_json(r));
    if (group != NULL && r->e->version >= 2 && view_office(r->then, &r->log.author) != NULL &&
        !view_is_member(r->then, &r->log.group, &view_office(r->then, &r->log.author)->pid))
        caveat(r, "By the records in this file the participant was not a member of the group then.");
}

static void show_roster(struct reading *r)
{
    put(r, "chair", past_chair(r->then));
    put(r, "roster", past_roster(r->then));
}

static void show_network(struct reading *r)
{
    const struct charter *charter = directory_charter(r->e->directory);
    put(r, "network",
        json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", item_text(charter->name), "id", reply_id(&charter->nid),
                  "founder", item_text(charter->founder_id), "founder_root", reply_id(&charter->founder_root_pk),
                  "founded", render_json_time(charter->time_ms)));
}

/* ---- what it says */

static json_t *text_json(const struct record_text *text)
{
    return text->len == 0 ? json_null() : json_stringn(text->p, text->len);
}

static json_t *bytes_json(const struct record_text *name)
{
    char text[LIMIT_FILE_NAME + 1];
    if (name->len == 0 || name->len > LIMIT_FILE_NAME)
        return json_null();
    memcpy(text, name->p, name->len);
    text[name->len] = '\0';
    return render_json_text(text);
}

static void show_document(struct reading *r, const struct record_document *d)
{
    put(r, "document",
        json_pack("{s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "title", text_json(&d->title),
                  "symbol", text_json(&d->symbol), "lang", text_json(&d->lang), "version", (json_int_t)d->version,
                  "marking", item_text(record_marking_text(d->marking)), "tlp", item_text(record_tlp_text(d->tlp)),
                  "name", bytes_json(&d->name), "bytes",
                  d->sealed == NULL ? json_integer((json_int_t)d->content.size) : json_null(), "revises",
                  d->has_revises ? reply_id(&d->revises) : json_null(), "translates",
                  d->has_translates ? reply_id(&d->translates) : json_null(), "person", text_json(&d->person),
                  "attachments", (json_int_t)d->attachment_count));
}

static void show_note(struct reading *r, const struct record_note *n)
{
    put(r, "note",
        json_pack("{s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "document", reply_id(&n->document), "parent",
                  n->has_parent ? reply_id(&n->parent) : json_null(), "para", (json_int_t)n->para, "position",
                  item_text(record_position_text(n->position)), "text", text_json(&n->text), "proposed",
                  text_json(&n->proposed), "lang", text_json(&n->lang), "person", text_json(&n->person)));
}

/* ---- the document's file, given beside the evidence */

static enum gmm_err read_all(int fd, uint8_t *out, size_t len)
{
    while (len > 0) {
        ssize_t n = read(fd, out, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? GMM_EORDER : sys_err(errno);
        out += n;
        len -= (size_t)n;
    }
    return GMM_OK;
}

/* GMM_EORDER: the file is shorter; GMM_EDECRYPT: another text. */
static enum gmm_err compare_chunks(const struct reading *r, const struct manifest *content, int fd)
{
    uint8_t *plain = malloc(LIMIT_CHUNK_MAX), *sealed = malloc(LIMIT_CHUNK_SEALED);
    enum gmm_err err = plain == NULL || sealed == NULL ? GMM_ENOMEM : GMM_OK;
    for (uint32_t i = 0; i < content->count && err == GMM_OK; i++) {
        const struct manifest_chunk *chunk = &content->chunks[i];
        struct gmm_id id;
        err = read_all(fd, plain, chunk->len);
        if (err == GMM_OK)
            err = chunk_seal_under(sealed, &id, chunk->key, &r->e->header.network, &r->log.group, plain, chunk->len);
        if (err == GMM_OK && !id_equal(&id, &chunk->id))
            err = GMM_EDECRYPT;
    }
    free(plain);
    free(sealed);
    return err;
}

static enum gmm_err compare_inline(const struct manifest *content, int fd)
{
    uint8_t *plain = malloc((size_t)content->size + 1);
    enum gmm_err err = plain == NULL ? GMM_ENOMEM : read_all(fd, plain, (size_t)content->size);
    if (err == GMM_OK && memcmp(plain, content->inline_bytes, (size_t)content->size) != 0)
        err = GMM_EDECRYPT;
    free(plain);
    return err;
}

static void compare(struct reading *r, const struct manifest *content, int fd)
{
    struct stat st;
    if (content->level > 0) {
        caveat(r, "The document's file is too large to be compared by this evidence alone.");
        return;
    }
    enum gmm_err err = fstat(fd, &st) != 0 || lseek(fd, 0, SEEK_SET) != 0 ? sys_err(errno) : GMM_OK;
    if (err == GMM_OK && (uint64_t)st.st_size != content->size)
        err = GMM_EORDER;
    if (err == GMM_OK)
        err = content->inline_bytes != NULL ? compare_inline(content, fd) : compare_chunks(r, content, fd);
    if (err == GMM_OK)
        put(r, "content", json_string("same"));
    else if (err == GMM_EORDER || err == GMM_EDECRYPT)
        fault(r, "content", &r->e->id, "the file given is not the one that was posted");
    else
        r->failed = err;
}

/* Signed and unaltered whatever it is: as it stands. */
static enum gmm_err show_other(struct reading *r)
{
    json_t *record = NULL;
    enum gmm_err err = plainmap_json(&record, r->e->plain, r->e->plain_len);
    put(r, "record", err == GMM_OK ? record : json_null());
    if (err == GMM_EFORMAT)
        caveat(r, "What the office sealed is not a well-formed record.");
    return err == GMM_EFORMAT ? GMM_OK : err;
}

static enum gmm_err show_record(struct reading *r, int content_fd, struct gmm_msg *msg)
{
    struct record_document document;
    struct record_note note;
    const char *kind = header_type_text(r->e->header.type);
    enum gmm_err err = GMM_EFORMAT;
    put(r, "kind", item_text(kind));
    if (r->e->header.type == HEADER_DOCUMENT) {
        err = record_document_decode(&document, r->e->plain, r->e->plain_len);
        if (err == GMM_OK) {
            show_document(r, &document);
            if (content_fd >= 0 && document.sealed == NULL)
                compare(r, &document.content, content_fd);
            record_document_close(&document);
        }
    } else if (content_fd >= 0) {
        return gmm_fail(msg, GMM_EUSAGE, "--content is the file of a document, and this is evidence of something else");
    } else if (r->e->header.type == HEADER_NOTE) {
        err = record_note_decode(&note, r->e->plain, r->e->plain_len);
        if (err == GMM_OK)
            show_note(r, &note);
    }
    if (err == GMM_ENOMEM)
        return err;
    return err == GMM_OK ? GMM_OK : show_other(r);
}

/* ---- the whole */

static enum gmm_err read_evidence(struct reading *r, int content_fd, struct gmm_msg *msg)
{
    r->then = evidence_view_then(r->e);
    r->now = evidence_view(r->e);
    if (r->then == NULL || r->now == NULL)
        return GMM_ENOMEM;
    run_key_of(&r->log, &r->e->header);
    put(r, "id", reply_id(&r->e->id));
    put(r, "time", render_json_time(header_time_ms(r->e->header.time)));
    show_network(r);
    show_author(r);
    show_effect(r);
    show_group(r);
    show_roster(r);
    enum gmm_err err = show_record(r, content_fd, msg);
    put(r, "caveats", json_incref(r->caveats));
    return err;
}

static enum gmm_err read_file(int fd, uint8_t **bytes, size_t *len, struct gmm_msg *msg)
{
    struct stat st;
    *bytes = NULL;
    if (fd < 0 || fstat(fd, &st) != 0 || lseek(fd, 0, SEEK_SET) != 0)
        return gmm_fail(msg, GMM_EIO, "the file cannot be read");
    /* One byte more than there may be: evidence_open says what is wrong with such a file. */
    *len = st.st_size > (off_t)LIMIT_EVIDENCE_BYTES ? LIMIT_EVIDENCE_BYTES + 1u : (size_t)st.st_size;
    *bytes = malloc(*len + 1);
    enum gmm_err err = *bytes == NULL ? GMM_ENOMEM : read_all(fd, *bytes, *len);
    return err == GMM_OK ? GMM_OK : gmm_fail(msg, err == GMM_ENOMEM ? err : GMM_EIO, "the file cannot be read");
}

enum gmm_err proven_report(int fd, int content_fd, json_t **report, struct gmm_msg *msg)
{
    struct reading r = {.shown = json_object(), .faults = json_array(), .caveats = json_array()};
    struct gmm_msg why = {.text = ""};
    uint8_t *bytes = NULL;
    size_t len = 0;
    *report = NULL;
    enum gmm_err err = read_file(fd, &bytes, &len, msg);
    if (err == GMM_OK) {
        err = evidence_open(&r.e, bytes, len, &why);
        if (err == GMM_OK)
            err = read_evidence(&r, content_fd, msg);
        else if (err != GMM_ENOMEM) {
            fault(&r, "evidence", NULL, why.text);
            err = GMM_OK;
        }
    }
    if (err == GMM_OK)
        err = r.failed;
    if (err == GMM_OK) {
        bool ok = json_array_size(r.faults) == 0;
        size_t checked = r.e == NULL ? 0 : directory_count(r.e->directory) + r.e->control_count + 1;
        *report = json_pack("{s:b, s:I, s:i, s:O, s:O}", "ok", ok, "checked", (json_int_t)checked, "not_held", 0,
                            "faults", r.faults, "evidence", r.e == NULL ? json_null() : r.shown);
        err = *report == NULL ? GMM_ENOMEM : ok ? GMM_OK : GMM_ECORRUPT;
    } else if (msg != NULL && msg->text[0] == '\0') {
        gmm_fail(msg, err, "the file could not be checked: %s", gmm_err_text(err));
    }
    evidence_free(r.e);
    free(bytes);
    json_decref(r.shown);
    json_decref(r.faults);
    json_decref(r.caveats);
    return err;
}

#include "proto/record_consult.h"

#include <string.h>

#include "proto/fields.h"

static const char *const action_words[] = {
    [RECORD_CONSULT_OPEN] = "open",       [RECORD_CONSULT_ROUND] = "round", [RECORD_CONSULT_EXTEND] = "extend",
    [RECORD_CONSULT_SILENCE] = "silence", [RECORD_CONSULT_CLOSE] = "close", [RECORD_CONSULT_REOPEN] = "reopen",
};
static const char *const outcome_words[] = {
    [RECORD_OUTCOME_COMMENTS] = "comments",
    [RECORD_OUTCOME_ADOPTED] = "adopted",
    [RECORD_OUTCOME_BROKEN] = "broken",
};
#define COUNT(words) (sizeof(words) / sizeof *(words))

const char *record_consult_action_text(unsigned action)
{
    return action < COUNT(action_words) ? action_words[action] : NULL;
}

const char *record_consult_outcome_text(unsigned outcome)
{
    return outcome < COUNT(outcome_words) ? outcome_words[outcome] : NULL;
}

/* ---- consult */

static int compare_texts(const struct record_text *a, const struct record_text *b)
{
    size_t n = a->len < b->len ? a->len : b->len;
    int order = n == 0 ? 0 : memcmp(a->p, b->p, n);
    if (order != 0)
        return order;
    return a->len < b->len ? -1 : a->len > b->len;
}

static void write_langs(struct fields_writer *w, const struct record_consult *r)
{
    if (r->lang_count == 0 || !fields_write_key(w, "langs"))
        return;
    if (r->lang_count > RECORD_LANGS) {
        fields_write_fail(w, GMM_ELIMIT);
        return;
    }
    packer_array(w->out, r->lang_count);
    for (uint32_t i = 0; i < r->lang_count; i++) {
        const struct record_text *lang = &r->langs[i];
        if (lang->len > LIMIT_LANG_TEXT)
            fields_write_fail(w, GMM_ELIMIT);
        else if (lang->len == 0 || (i > 0 && compare_texts(&r->langs[i - 1], lang) >= 0))
            fields_write_fail(w, GMM_EFORMAT);
        else
            packer_str(w->out, lang->p, lang->len);
    }
}

static void read_langs(struct fields *f, struct record_consult *out)
{
    if (!fields_find(f, "langs"))
        return;
    uint32_t count = reader_array(f->r, RECORD_LANGS);
    if (count == 0)
        reader_fail(f->r, GMM_EFORMAT);
    for (uint32_t i = 0; i < count && f->r->failed == GMM_OK; i++) {
        struct record_text *lang = &out->langs[i];
        lang->p = reader_str(f->r, LIMIT_LANG_TEXT, &lang->len);
        if (lang->len == 0 || (i > 0 && compare_texts(&out->langs[i - 1], lang) >= 0))
            reader_fail(f->r, GMM_EFORMAT);
        out->lang_count = i + 1;
    }
}

static bool has_deadline(enum record_consult_action action)
{
    return action != RECORD_CONSULT_CLOSE;
}

/* Each action says what it needs and nothing else. */
static bool is_complete(const struct record_consult *r)
{
    bool open = r->action == RECORD_CONSULT_OPEN, close = r->action == RECORD_CONSULT_CLOSE,
         round = r->action == RECORD_CONSULT_ROUND;
    if (record_consult_action_text((unsigned)r->action) == NULL || r->has_key == open ||
        (r->invited.count > 0) != open || (r->deadline_ms > 0) != has_deadline(r->action))
        return false;
    if ((r->round > 0) != round || r->round == 1 || (r->lang_count > 0 && !open && !round))
        return false;
    if ((r->short_reason.len > 0 && r->action != RECORD_CONSULT_SILENCE) || (r->zone.len > 0 && close))
        return false;
    return r->has_report == close && (r->outcome != RECORD_OUTCOME_NONE) == close && r->deadline_ms >> 48 == 0;
}

static void consult_write(struct fields_writer *w, const struct record_consult *r)
{
    if (r->has_key)
        fields_write_id(w, "key", &r->key);
    fields_write_text(w, "zone", &r->zone, RECORD_ZONE);
    write_langs(w, r);
    if (r->round > 0)
        fields_write_uint(w, "round", r->round);
    fields_write_text(w, "short", &r->short_reason, RECORD_REASON);
    fields_write_uint(w, "action", (uint64_t)r->action);
    fields_write_text(w, "person", &r->person, LIMIT_PERSON_TEXT);
    if (r->has_report && fields_write_key(w, "content"))
        manifest_pack(w->out, &r->report);
    fields_write_ids(w, "invited", &r->invited, RECORD_INVITED);
    if (r->outcome != RECORD_OUTCOME_NONE)
        fields_write_word(w, "outcome", record_consult_outcome_text((unsigned)r->outcome), (unsigned)r->outcome);
    if (r->deadline_ms > 0)
        fields_write_uint(w, "deadline", r->deadline_ms);
    fields_write_id(w, "document", &r->document);
}

enum gmm_err record_consult_encode(struct buffer *out, const struct record_consult *r)
{
    if (!is_complete(r))
        return GMM_EFORMAT;
    struct fields_writer w = {.out = NULL};
    consult_write(&w, r);
    packer_map(out, w.count);
    w.out = out;
    consult_write(&w, r);
    return out->failed;
}

static void consult_read(struct reader *r, struct record_consult *out)
{
    struct fields f = fields_open(r);
    fields_id(&f, "key", &out->has_key, &out->key);
    fields_text(&f, "zone", &out->zone, RECORD_ZONE);
    read_langs(&f, out);
    if (fields_find(&f, "round"))
        out->round = fields_number(&f, 2, UINT32_MAX);
    fields_text(&f, "short", &out->short_reason, RECORD_REASON);
    if (fields_require(&f, "action"))
        out->action = (enum record_consult_action)fields_number(&f, RECORD_CONSULT_OPEN, RECORD_CONSULT_REOPEN);
    fields_text(&f, "person", &out->person, LIMIT_PERSON_TEXT);
    out->has_report = fields_find(&f, "content");
    if (out->has_report)
        manifest_read(r, &out->report);
    fields_ids(&f, "invited", &out->invited, RECORD_INVITED);
    if (fields_find(&f, "outcome"))
        out->outcome = (enum record_consult_outcome)fields_number(&f, RECORD_OUTCOME_COMMENTS, RECORD_OUTCOME_BROKEN);
    if (fields_find(&f, "deadline"))
        out->deadline_ms = reader_uint(r);
    if (fields_require(&f, "document"))
        reader_id(r, &out->document);
    fields_close(&f);
    if (r->failed == GMM_OK && !is_complete(out))
        reader_fail(r, GMM_EFORMAT);
}

enum gmm_err record_consult_decode(struct record_consult *out, const void *plain, size_t len)
{
    struct reader r;
    memset(out, 0, sizeof *out);
    enum gmm_err err = reader_init(&r, plain, len);
    if (err != GMM_OK)
        return err;
    consult_read(&r, out);
    err = reader_done(&r);
    if (err != GMM_OK)
        record_consult_close(out);
    return err;
}

void record_consult_close(struct record_consult *r)
{
    manifest_close(&r->report);
    memset(r, 0, sizeof *r);
}

/* ---- disposition */

static bool is_disposition(unsigned position)
{
    return position >= RECORD_ACCEPTED && record_position_text(position) != NULL;
}

static void disposition_write(struct fields_writer *w, const struct record_disposition *r)
{
    unsigned as = (unsigned)r->as;
    fields_write_word(w, "as", is_disposition(as) ? record_position_text(as) : NULL, as);
    fields_write_id(w, "note", &r->note);
    fields_write_text(w, "person", &r->person, LIMIT_PERSON_TEXT);
    fields_write_text(w, "reason", &r->reason, RECORD_REASON);
    fields_write_id(w, "document", &r->document);
}

enum gmm_err record_disposition_encode(struct buffer *out, const struct record_disposition *r)
{
    struct fields_writer w = {.out = NULL};
    disposition_write(&w, r);
    packer_map(out, w.count);
    w.out = out;
    disposition_write(&w, r);
    return out->failed;
}

static void disposition_read(struct reader *r, struct record_disposition *out)
{
    struct fields f = fields_open(r);
    if (fields_require(&f, "as"))
        out->as = (enum record_position)fields_number(&f, RECORD_ACCEPTED, RECORD_WITHDRAWN);
    if (fields_require(&f, "note"))
        reader_id(r, &out->note);
    fields_text(&f, "person", &out->person, LIMIT_PERSON_TEXT);
    fields_text(&f, "reason", &out->reason, RECORD_REASON);
    if (fields_require(&f, "document"))
        reader_id(r, &out->document);
    fields_close(&f);
}

enum gmm_err record_disposition_decode(struct record_disposition *out, const void *plain, size_t len)
{
    struct reader r;
    memset(out, 0, sizeof *out);
    enum gmm_err err = reader_init(&r, plain, len);
    if (err != GMM_OK)
        return err;
    disposition_read(&r, out);
    err = reader_done(&r);
    if (err != GMM_OK)
        memset(out, 0, sizeof *out);
    return err;
}

/* ---- release */

static void release_write(struct fields_writer *w, const struct record_release *r)
{
    unsigned position = (unsigned)r->position;
    fields_write_text(w, "lang", &r->lang, LIMIT_LANG_TEXT);
    if (r->para > 0)
        fields_write_uint(w, "para", r->para);
    fields_write_text(w, "text", &r->text, LIMIT_NOTE_TEXT);
    if (r->has_clear)
        fields_write_id(w, "clear", &r->clear);
    fields_write_ids(w, "notes", &r->notes, RECORD_NOTES);
    fields_write_text(w, "person", &r->person, LIMIT_PERSON_TEXT);
    fields_write_id(w, "document", &r->document);
    bool is_word = position >= RECORD_SUPPORT && position <= RECORD_NO_OBJECTION;
    fields_write_word(w, "position", is_word ? record_position_text(position) : NULL, position);
    fields_write_text(w, "proposed", &r->proposed, LIMIT_NOTE_TEXT);
    fields_write_ids(w, "supersedes", &r->supersedes, RECORD_SUPERSEDES);
}

enum gmm_err record_release_encode(struct buffer *out, const struct record_release *r)
{
    struct fields_writer w = {.out = NULL};
    release_write(&w, r);
    packer_map(out, w.count);
    w.out = out;
    release_write(&w, r);
    return out->failed;
}

static void release_read(struct reader *r, struct record_release *out)
{
    struct fields f = fields_open(r);
    fields_text(&f, "lang", &out->lang, LIMIT_LANG_TEXT);
    if (fields_find(&f, "para"))
        out->para = fields_number(&f, 1, UINT32_MAX);
    fields_text(&f, "text", &out->text, LIMIT_NOTE_TEXT);
    fields_id(&f, "clear", &out->has_clear, &out->clear);
    fields_ids(&f, "notes", &out->notes, RECORD_NOTES);
    fields_text(&f, "person", &out->person, LIMIT_PERSON_TEXT);
    if (fields_require(&f, "document"))
        reader_id(r, &out->document);
    if (fields_require(&f, "position"))
        out->position = (enum record_position)fields_number(&f, RECORD_SUPPORT, RECORD_NO_OBJECTION);
    fields_text(&f, "proposed", &out->proposed, LIMIT_NOTE_TEXT);
    fields_ids(&f, "supersedes", &out->supersedes, RECORD_SUPERSEDES);
    fields_close(&f);
}

enum gmm_err record_release_decode(struct record_release *out, const void *plain, size_t len)
{
    struct reader r;
    memset(out, 0, sizeof *out);
    enum gmm_err err = reader_init(&r, plain, len);
    if (err != GMM_OK)
        return err;
    release_read(&r, out);
    err = reader_done(&r);
    if (err != GMM_OK)
        memset(out, 0, sizeof *out);
    return err;
}

/* ---- clear */

static void clear_write(struct fields_writer *w, const struct record_clear *r)
{
    fields_write_text(w, "person", &r->person, LIMIT_PERSON_TEXT);
    fields_write_id(w, "subject", &r->subject);
    fields_write_id(w, "document", &r->document);
}

enum gmm_err record_clear_encode(struct buffer *out, const struct record_clear *r)
{
    struct fields_writer w = {.out = NULL};
    clear_write(&w, r);
    packer_map(out, w.count);
    w.out = out;
    clear_write(&w, r);
    return out->failed;
}

enum gmm_err record_clear_decode(struct record_clear *out, const void *plain, size_t len)
{
    struct reader r;
    memset(out, 0, sizeof *out);
    enum gmm_err err = reader_init(&r, plain, len);
    if (err != GMM_OK)
        return err;
    struct fields f = fields_open(&r);
    fields_text(&f, "person", &out->person, LIMIT_PERSON_TEXT);
    if (fields_require(&f, "subject"))
        reader_id(&r, &out->subject);
    if (fields_require(&f, "document"))
        reader_id(&r, &out->document);
    fields_close(&f);
    err = reader_done(&r);
    if (err != GMM_OK)
        memset(out, 0, sizeof *out);
    return err;
}

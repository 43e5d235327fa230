#include "proto/record.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char *const position_words[] = {
    [RECORD_NO_POSITION] = "",
    [RECORD_SUPPORT] = "support",
    [RECORD_COMMENT] = "comment",
    [RECORD_AMENDMENT] = "amendment",
    [RECORD_CONCERN] = "concern",
    [RECORD_RESERVATION] = "reservation",
    [RECORD_OBJECTION] = "objection",
    [RECORD_NO_COMMENT] = "no-comment",
    [RECORD_NO_OBJECTION] = "no-objection",
    [RECORD_ACCEPTED] = "accepted",
    [RECORD_ACCEPTED_IN_PART] = "accepted-in-part",
    [RECORD_NOT_ACCEPTED] = "not-accepted",
    [RECORD_NOTED] = "noted",
    [RECORD_DEFERRED] = "deferred",
    [RECORD_WITHDRAWN] = "withdrawn",
};
static const char *const marking_words[] = {
    [RECORD_UNCLASSIFIED] = "unclassified",
    [RECORD_CONFIDENTIAL] = "confidential",
    [RECORD_STRICTLY_CONFIDENTIAL] = "strictly-confidential",
};
static const char *const tlp_words[] = {
    [RECORD_TLP_NONE] = "",
    [RECORD_TLP_CLEAR] = "TLP:CLEAR",
    [RECORD_TLP_GREEN] = "TLP:GREEN",
    [RECORD_TLP_AMBER] = "TLP:AMBER",
    [RECORD_TLP_AMBER_STRICT] = "TLP:AMBER+STRICT",
    [RECORD_TLP_RED] = "TLP:RED",
};
#define COUNT(words) (sizeof(words) / sizeof *(words))

static char folded(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c == ' ' || c == '_' ? '-' : c;
}

static bool word_matches(const char *word, const char *text)
{
    while (*word != '\0' && folded(*word) == folded(*text)) {
        word++;
        text++;
    }
    return *word == *text;
}

static const char *word_text(const char *const *words, size_t count, unsigned number)
{
    return number < count ? words[number] : NULL;
}

static int word_number(const char *const *words, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (words[i] != NULL && words[i][0] != '\0' && word_matches(words[i], text))
            return (int)i;
    return -1;
}

const char *record_position_text(unsigned position)
{
    return word_text(position_words, COUNT(position_words), position);
}

int record_position_from_text(const char *text)
{
    return word_number(position_words, COUNT(position_words), text);
}

const char *record_marking_text(unsigned marking)
{
    return word_text(marking_words, COUNT(marking_words), marking);
}

int record_marking_from_text(const char *text)
{
    return word_number(marking_words, COUNT(marking_words), text);
}

const char *record_tlp_text(unsigned tlp)
{
    return word_text(tlp_words, COUNT(tlp_words), tlp);
}

int record_tlp_from_text(const char *text)
{
    int tlp = word_number(tlp_words, COUNT(tlp_words), text);
    for (size_t i = 1; tlp < 0 && i < COUNT(tlp_words); i++)
        if (word_matches(tlp_words[i] + strlen("TLP:"), text))
            tlp = (int)i;
    return tlp;
}

/* Writes the keys of one map; without a buffer it only counts them. */
struct writer {
    struct buffer *out;
    uint32_t count;
};

static bool write_key(struct writer *w, const char *key)
{
    w->count++;
    if (w->out == NULL)
        return false;
    packer_text(w->out, key);
    return true;
}

static void write_fail(struct writer *w, enum gmm_err err)
{
    if (w->out->failed == GMM_OK)
        w->out->failed = err;
}

static void write_text(struct writer *w, const char *key, const struct record_text *text, size_t max)
{
    if (text->len == 0 || !write_key(w, key))
        return;
    if (text->len > max)
        write_fail(w, GMM_ELIMIT);
    else
        packer_str(w->out, text->p, text->len);
}

static enum gmm_err file_name_verify(const void *name, size_t len)
{
    if (len > LIMIT_FILE_NAME)
        return GMM_ELIMIT;
    if (len == 0 || memchr(name, '/', len) != NULL || memchr(name, '\0', len) != NULL)
        return GMM_EFORMAT;
    return len <= 2 && memcmp(name, "..", len) == 0 ? GMM_EFORMAT : GMM_OK;
}

static void write_file_name(struct writer *w, const char *key, const struct record_text *name)
{
    if (name->len == 0 || !write_key(w, key))
        return;
    enum gmm_err err = file_name_verify(name->p, name->len);
    if (err != GMM_OK)
        write_fail(w, err);
    else
        packer_bin(w->out, name->p, name->len);
}

static void write_uint(struct writer *w, const char *key, uint64_t v)
{
    if (write_key(w, key))
        packer_uint(w->out, v);
}

static void write_word(struct writer *w, const char *key, const char *word, unsigned number)
{
    if (!write_key(w, key))
        return;
    if (word == NULL)
        write_fail(w, GMM_EFORMAT);
    else
        packer_uint(w->out, number);
}

static void write_id(struct writer *w, const char *key, const struct gmm_id *id)
{
    if (write_key(w, key))
        packer_id(w->out, id);
}

static void attachment_write(struct buffer *out, const struct record_attachment *a)
{
    struct writer w = {.out = out};
    packer_map(out, 2);
    write_file_name(&w, "name", &a->name);
    if (a->name.len == 0)
        write_fail(&w, GMM_EFORMAT);
    if (a->content.inline_bytes != NULL && a->content.size > LIMIT_INLINE_BYTES)
        write_fail(&w, GMM_ELIMIT);
    (void)write_key(&w, "content");
    manifest_pack(out, &a->content);
}

static void attachments_write(struct writer *w, const struct record_document *r)
{
    if (r->attachment_count == 0 || !write_key(w, "attachments"))
        return;
    if (r->attachment_count > LIMIT_ATTACHMENTS) {
        write_fail(w, GMM_ELIMIT);
        return;
    }
    packer_array(w->out, r->attachment_count);
    for (uint32_t i = 0; i < r->attachment_count; i++)
        attachment_write(w->out, &r->attachments[i]);
}

static void document_write(struct writer *w, const struct record_document *r)
{
    if (r->tlp != RECORD_TLP_NONE)
        write_word(w, "tlp", record_tlp_text(r->tlp), r->tlp);
    write_text(w, "lang", &r->lang, LIMIT_LANG_TEXT);
    write_file_name(w, "name", &r->name);
    write_text(w, "title", &r->title, LIMIT_TITLE_TEXT);
    write_text(w, "person", &r->person, LIMIT_PERSON_TEXT);
    write_text(w, "symbol", &r->symbol, LIMIT_SYMBOL_TEXT);
    if (write_key(w, "content"))
        manifest_pack(w->out, &r->content);
    write_word(w, "marking", record_marking_text(r->marking), r->marking);
    if (r->has_revises)
        write_id(w, "revises", &r->revises);
    write_uint(w, "version", r->version);
    if (r->has_translates)
        write_id(w, "translates", &r->translates);
    attachments_write(w, r);
}

enum gmm_err record_document_encode(struct buffer *out, const struct record_document *r)
{
    if (r->version == 0)
        return GMM_EFORMAT;
    struct writer w = {.out = NULL};
    document_write(&w, r);
    packer_map(out, w.count);
    w.out = out;
    document_write(&w, r);
    return out->failed;
}

/* Walks one map in the order of its keys, which the reader has checked. */
struct fields {
    struct reader *r;
    uint32_t left;
};

static struct fields fields_open(struct reader *r)
{
    struct fields f = {.r = r};
    f.left = reader_map(r, LIMIT_RECORD_KEYS);
    return f;
}

static void fields_skip(struct fields *f)
{
    reader_skip(f->r);
    reader_skip(f->r);
    f->left--;
}

/* Does the next key's encoding sort before that of this short string? */
static bool next_is_before(const struct reader *r, const char *key)
{
    uint8_t encoded[32];
    size_t len = strlen(key) + 1;
    assert(len <= sizeof encoded);
    encoded[0] = (uint8_t)(0xa0u | (len - 1));
    memcpy(encoded + 1, key, len - 1);
    return memcmp(r->p, encoded, r->left < len ? r->left : len) < 0;
}

/* True when the map has this key: the reader then stands before its value. Unknown keys before it are passed over. */
static bool field(struct fields *f, const char *key)
{
    while (f->left > 0 && f->r->failed == GMM_OK && next_is_before(f->r, key))
        fields_skip(f);
    if (f->left == 0 || !reader_key(f->r, key))
        return false;
    f->left--;
    return true;
}

static bool field_required(struct fields *f, const char *key)
{
    bool found = field(f, key);
    if (!found)
        reader_fail(f->r, GMM_EFORMAT);
    return found;
}

static void fields_close(struct fields *f)
{
    while (f->left > 0 && f->r->failed == GMM_OK)
        fields_skip(f);
}

static void field_text(struct fields *f, const char *key, struct record_text *text, size_t max)
{
    if (!field(f, key))
        return;
    text->p = reader_str(f->r, max, &text->len);
    if (text->len == 0)
        reader_fail(f->r, GMM_EFORMAT);
}

static void read_file_name(struct fields *f, struct record_text *name)
{
    name->p = (const char *)reader_bin(f->r, SIZE_MAX, &name->len);
    if (f->r->failed == GMM_OK)
        reader_fail(f->r, file_name_verify(name->p, name->len));
}

static void read_id(struct fields *f, const char *key, bool *has, struct gmm_id *id)
{
    *has = field(f, key);
    if (*has)
        reader_id(f->r, id);
}

static uint32_t read_number(struct fields *f, uint32_t min, uint32_t max)
{
    uint64_t v = reader_uint(f->r);
    if (v < min || v > max) {
        reader_fail(f->r, GMM_EFORMAT);
        return 0;
    }
    return (uint32_t)v;
}

static void attachment_read(struct reader *r, struct record_attachment *a)
{
    struct fields f = fields_open(r);
    if (field_required(&f, "name"))
        read_file_name(&f, &a->name);
    if (field_required(&f, "content"))
        manifest_read(r, &a->content);
    if (a->content.inline_bytes != NULL && a->content.size > LIMIT_INLINE_BYTES)
        reader_fail(r, GMM_ELIMIT);
    fields_close(&f);
}

static void attachments_read(struct reader *r, struct record_document *out)
{
    uint32_t count = reader_array(r, LIMIT_ATTACHMENTS);
    if (count == 0) {
        reader_fail(r, GMM_EFORMAT);
        return;
    }
    out->attachments = calloc(count, sizeof *out->attachments);
    if (out->attachments == NULL) {
        reader_fail(r, GMM_ENOMEM);
        return;
    }
    out->attachment_count = count;
    for (uint32_t i = 0; i < count && r->failed == GMM_OK; i++)
        attachment_read(r, &out->attachments[i]);
}

static void document_read(struct reader *r, struct record_document *out)
{
    struct fields f = fields_open(r);
    if (field(&f, "tlp"))
        out->tlp = (enum record_tlp)read_number(&f, RECORD_TLP_CLEAR, RECORD_TLP_RED);
    field_text(&f, "lang", &out->lang, LIMIT_LANG_TEXT);
    if (field(&f, "name"))
        read_file_name(&f, &out->name);
    field_text(&f, "title", &out->title, LIMIT_TITLE_TEXT);
    field_text(&f, "person", &out->person, LIMIT_PERSON_TEXT);
    field_text(&f, "symbol", &out->symbol, LIMIT_SYMBOL_TEXT);
    if (field_required(&f, "content"))
        manifest_read(r, &out->content);
    if (field_required(&f, "marking"))
        out->marking = (enum record_marking)read_number(&f, RECORD_UNCLASSIFIED, RECORD_STRICTLY_CONFIDENTIAL);
    read_id(&f, "revises", &out->has_revises, &out->revises);
    if (field_required(&f, "version"))
        out->version = read_number(&f, 1, UINT32_MAX);
    read_id(&f, "translates", &out->has_translates, &out->translates);
    if (field(&f, "attachments"))
        attachments_read(r, out);
    fields_close(&f);
}

enum gmm_err record_document_decode(struct record_document *out, const void *plain, size_t len)
{
    struct reader r;
    memset(out, 0, sizeof *out);
    enum gmm_err err = reader_init(&r, plain, len);
    if (err != GMM_OK)
        return err;
    document_read(&r, out);
    err = reader_done(&r);
    if (err != GMM_OK)
        record_document_close(out);
    return err;
}

void record_document_close(struct record_document *r)
{
    for (uint32_t i = 0; i < r->attachment_count; i++)
        manifest_close(&r->attachments[i].content);
    free(r->attachments);
    manifest_close(&r->content);
    memset(r, 0, sizeof *r);
}

static void note_write(struct writer *w, const struct record_note *r)
{
    write_text(w, "lang", &r->lang, LIMIT_LANG_TEXT);
    write_file_name(w, "name", &r->name);
    if (r->para > 0)
        write_uint(w, "para", r->para);
    write_text(w, "text", &r->text, LIMIT_NOTE_TEXT);
    if (r->has_parent)
        write_id(w, "parent", &r->parent);
    write_text(w, "person", &r->person, LIMIT_PERSON_TEXT);
    write_id(w, "document", &r->document);
    if (r->position != RECORD_NO_POSITION)
        write_word(w, "position", record_position_text(r->position), r->position);
    write_text(w, "proposed", &r->proposed, LIMIT_NOTE_TEXT);
}

enum gmm_err record_note_encode(struct buffer *out, const struct record_note *r)
{
    struct writer w = {.out = NULL};
    note_write(&w, r);
    packer_map(out, w.count);
    w.out = out;
    note_write(&w, r);
    return out->failed;
}

static void note_read(struct reader *r, struct record_note *out)
{
    struct fields f = fields_open(r);
    field_text(&f, "lang", &out->lang, LIMIT_LANG_TEXT);
    if (field(&f, "name"))
        read_file_name(&f, &out->name);
    if (field(&f, "para"))
        out->para = read_number(&f, 1, UINT32_MAX);
    field_text(&f, "text", &out->text, LIMIT_NOTE_TEXT);
    read_id(&f, "parent", &out->has_parent, &out->parent);
    field_text(&f, "person", &out->person, LIMIT_PERSON_TEXT);
    if (field_required(&f, "document"))
        reader_id(r, &out->document);
    if (field(&f, "position")) {
        uint32_t number = read_number(&f, RECORD_SUPPORT, RECORD_WITHDRAWN);
        if (record_position_text(number) == NULL)
            reader_fail(r, GMM_EFORMAT);
        out->position = (enum record_position)number;
    }
    field_text(&f, "proposed", &out->proposed, LIMIT_NOTE_TEXT);
    fields_close(&f);
}

enum gmm_err record_note_decode(struct record_note *out, const void *plain, size_t len)
{
    struct reader r;
    memset(out, 0, sizeof *out);
    enum gmm_err err = reader_init(&r, plain, len);
    if (err != GMM_OK)
        return err;
    note_read(&r, out);
    err = reader_done(&r);
    if (err != GMM_OK)
        memset(out, 0, sizeof *out);
    return err;
}

static void receipt_write(struct writer *w, const struct record_receipt *r)
{
    write_uint(w, "time", r->time_ms);
    if (write_key(w, "opened"))
        packer_bool(w->out, r->opened);
    write_text(w, "person", &r->person, LIMIT_PERSON_TEXT);
    write_id(w, "document", &r->document);
}

enum gmm_err record_receipt_encode(struct buffer *out, const struct record_receipt *r)
{
    struct writer w = {.out = NULL};
    receipt_write(&w, r);
    packer_map(out, w.count);
    w.out = out;
    receipt_write(&w, r);
    return out->failed;
}

static void receipt_read(struct reader *r, struct record_receipt *out)
{
    struct fields f = fields_open(r);
    if (field_required(&f, "time"))
        out->time_ms = reader_uint(r);
    if (field_required(&f, "opened"))
        out->opened = reader_bool(r);
    field_text(&f, "person", &out->person, LIMIT_PERSON_TEXT);
    if (field_required(&f, "document"))
        reader_id(r, &out->document);
    fields_close(&f);
}

enum gmm_err record_receipt_decode(struct record_receipt *out, const void *plain, size_t len)
{
    struct reader r;
    memset(out, 0, sizeof *out);
    enum gmm_err err = reader_init(&r, plain, len);
    if (err != GMM_OK)
        return err;
    receipt_read(&r, out);
    err = reader_done(&r);
    if (err != GMM_OK)
        memset(out, 0, sizeof *out);
    return err;
}

enum gmm_err record_group_name_encode(struct buffer *out, const struct record_group_name *r)
{
    struct writer w = {.out = out};
    if (r->name.len == 0)
        return GMM_EFORMAT;
    packer_map(out, 1);
    write_text(&w, "name", &r->name, LIMIT_NAME_TEXT);
    return out->failed;
}

enum gmm_err record_group_name_decode(struct record_group_name *out, const void *plain, size_t len)
{
    struct reader r;
    memset(out, 0, sizeof *out);
    enum gmm_err err = reader_init(&r, plain, len);
    if (err != GMM_OK)
        return err;
    struct fields f = fields_open(&r);
    field_text(&f, "name", &out->name, LIMIT_NAME_TEXT);
    fields_close(&f);
    if (out->name.len == 0)
        reader_fail(&r, GMM_EFORMAT);
    err = reader_done(&r);
    if (err != GMM_OK)
        memset(out, 0, sizeof *out);
    return err;
}

#include "proto/record.h"

#include <stdlib.h>
#include <string.h>

#include "keys/embargo.h"
#include "keys/seal.h"
#include "proto/fields.h"

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

static enum gmm_err file_name_verify(const void *name, size_t len)
{
    if (len > LIMIT_FILE_NAME)
        return GMM_ELIMIT;
    if (len == 0 || memchr(name, '/', len) != NULL || memchr(name, '\0', len) != NULL)
        return GMM_EFORMAT;
    return len <= 2 && memcmp(name, "..", len) == 0 ? GMM_EFORMAT : GMM_OK;
}

static void write_file_name(struct fields_writer *w, const char *key, const struct record_text *name)
{
    if (name->len == 0 || !fields_write_key(w, key))
        return;
    enum gmm_err err = file_name_verify(name->p, name->len);
    if (err != GMM_OK)
        fields_write_fail(w, err);
    else
        packer_bin(w->out, name->p, name->len);
}

static void attachment_write(struct buffer *out, const struct record_attachment *a)
{
    struct fields_writer w = {.out = out};
    packer_map(out, 2);
    write_file_name(&w, "name", &a->name);
    if (a->name.len == 0)
        fields_write_fail(&w, GMM_EFORMAT);
    if (a->content.inline_bytes != NULL && a->content.size > LIMIT_INLINE_BYTES)
        fields_write_fail(&w, GMM_ELIMIT);
    (void)fields_write_key(&w, "content");
    manifest_pack(out, &a->content);
}

static void attachments_write(struct fields_writer *w, const struct record_document *r)
{
    if (r->attachment_count == 0 || !fields_write_key(w, "attachments"))
        return;
    if (r->attachment_count > LIMIT_ATTACHMENTS) {
        fields_write_fail(w, GMM_ELIMIT);
        return;
    }
    packer_array(w->out, r->attachment_count);
    for (uint32_t i = 0; i < r->attachment_count; i++)
        attachment_write(w->out, &r->attachments[i]);
}

static void document_write(struct fields_writer *w, const struct record_document *r)
{
    if (r->tlp != RECORD_TLP_NONE)
        fields_write_word(w, "tlp", record_tlp_text(r->tlp), r->tlp);
    fields_write_text(w, "lang", &r->lang, LIMIT_LANG_TEXT);
    write_file_name(w, "name", &r->name);
    fields_write_text(w, "title", &r->title, LIMIT_TITLE_TEXT);
    if (r->has_merges)
        fields_write_id(w, "merges", &r->merges);
    fields_write_text(w, "person", &r->person, LIMIT_PERSON_TEXT);
    if (r->sealed != NULL && fields_write_key(w, "sealed"))
        packer_bin(w->out, r->sealed, r->sealed_len);
    fields_write_text(w, "symbol", &r->symbol, LIMIT_SYMBOL_TEXT);
    if (r->sealed == NULL && fields_write_key(w, "content"))
        manifest_pack(w->out, &r->content);
    if (r->embargo_ms != 0)
        fields_write_uint(w, "embargo", r->embargo_ms);
    fields_write_word(w, "marking", record_marking_text(r->marking), r->marking);
    if (r->has_revises)
        fields_write_id(w, "revises", &r->revises);
    fields_write_uint(w, "version", r->version);
    if (r->has_translates)
        fields_write_id(w, "translates", &r->translates);
    attachments_write(w, r);
}

enum gmm_err record_document_encode(struct buffer *out, const struct record_document *r)
{
    bool open = r->name.len > 0 || r->attachment_count > 0 || r->inner != NULL;
    if (r->version == 0 || r->embargo_ms >> 48 != 0 || (r->sealed != NULL) != (r->embargo_ms != 0) ||
        (r->sealed != NULL && open))
        return GMM_EFORMAT;
    struct fields_writer w = {.out = NULL};
    document_write(&w, r);
    packer_map(out, w.count);
    w.out = out;
    document_write(&w, r);
    return out->failed;
}

static void read_file_name(struct fields *f, struct record_text *name)
{
    name->p = (const char *)reader_bin(f->r, SIZE_MAX, &name->len);
    if (f->r->failed == GMM_OK)
        reader_fail(f->r, file_name_verify(name->p, name->len));
}

static void attachment_read(struct reader *r, struct record_attachment *a)
{
    struct fields f = fields_open(r);
    if (fields_require(&f, "name"))
        read_file_name(&f, &a->name);
    if (fields_require(&f, "content"))
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

/* What is under embargo says nothing of its content beside. */
static void embargo_read(struct reader *r, struct record_document *out)
{
    out->embargo_ms = reader_uint(r);
    if (out->embargo_ms == 0 || out->embargo_ms >> 48 != 0 || out->name.len > 0 || out->sealed == NULL ||
        out->sealed_len <= EMBARGO_OVERHEAD)
        reader_fail(r, GMM_EFORMAT);
}

static void document_read(struct reader *r, struct record_document *out)
{
    struct fields f = fields_open(r);
    if (fields_find(&f, "tlp"))
        out->tlp = (enum record_tlp)fields_number(&f, RECORD_TLP_CLEAR, RECORD_TLP_RED);
    fields_text(&f, "lang", &out->lang, LIMIT_LANG_TEXT);
    if (fields_find(&f, "name"))
        read_file_name(&f, &out->name);
    fields_text(&f, "title", &out->title, LIMIT_TITLE_TEXT);
    fields_id(&f, "merges", &out->has_merges, &out->merges);
    fields_text(&f, "person", &out->person, LIMIT_PERSON_TEXT);
    if (fields_find(&f, "sealed"))
        out->sealed = reader_bin(r, SIZE_MAX, &out->sealed_len);
    fields_text(&f, "symbol", &out->symbol, LIMIT_SYMBOL_TEXT);
    if (out->sealed == NULL && fields_require(&f, "content"))
        manifest_read(r, &out->content);
    if (out->sealed != NULL ? fields_require(&f, "embargo") : fields_find(&f, "embargo"))
        embargo_read(r, out);
    if (fields_require(&f, "marking"))
        out->marking = (enum record_marking)fields_number(&f, RECORD_UNCLASSIFIED, RECORD_STRICTLY_CONFIDENTIAL);
    fields_id(&f, "revises", &out->has_revises, &out->revises);
    if (fields_require(&f, "version"))
        out->version = fields_number(&f, 1, UINT32_MAX);
    fields_id(&f, "translates", &out->has_translates, &out->translates);
    if (out->sealed == NULL && fields_find(&f, "attachments"))
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
    seal_free(r->inner, r->inner_len);
    memset(r, 0, sizeof *r);
}

static void note_write(struct fields_writer *w, const struct record_note *r)
{
    fields_write_text(w, "lang", &r->lang, LIMIT_LANG_TEXT);
    write_file_name(w, "name", &r->name);
    if (r->para > 0)
        fields_write_uint(w, "para", r->para);
    fields_write_text(w, "text", &r->text, LIMIT_NOTE_TEXT);
    if (r->has_parent)
        fields_write_id(w, "parent", &r->parent);
    fields_write_text(w, "person", &r->person, LIMIT_PERSON_TEXT);
    fields_write_id(w, "document", &r->document);
    if (r->position != RECORD_NO_POSITION)
        fields_write_word(w, "position", record_position_text(r->position), r->position);
    fields_write_text(w, "proposed", &r->proposed, LIMIT_NOTE_TEXT);
}

enum gmm_err record_note_encode(struct buffer *out, const struct record_note *r)
{
    struct fields_writer w = {.out = NULL};
    note_write(&w, r);
    packer_map(out, w.count);
    w.out = out;
    note_write(&w, r);
    return out->failed;
}

static void note_read(struct reader *r, struct record_note *out)
{
    struct fields f = fields_open(r);
    fields_text(&f, "lang", &out->lang, LIMIT_LANG_TEXT);
    if (fields_find(&f, "name"))
        read_file_name(&f, &out->name);
    if (fields_find(&f, "para"))
        out->para = fields_number(&f, 1, UINT32_MAX);
    fields_text(&f, "text", &out->text, LIMIT_NOTE_TEXT);
    fields_id(&f, "parent", &out->has_parent, &out->parent);
    fields_text(&f, "person", &out->person, LIMIT_PERSON_TEXT);
    if (fields_require(&f, "document"))
        reader_id(r, &out->document);
    if (fields_find(&f, "position")) {
        uint32_t number = fields_number(&f, RECORD_SUPPORT, RECORD_WITHDRAWN);
        if (record_position_text(number) == NULL)
            reader_fail(r, GMM_EFORMAT);
        out->position = (enum record_position)number;
    }
    fields_text(&f, "proposed", &out->proposed, LIMIT_NOTE_TEXT);
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

static void receipt_write(struct fields_writer *w, const struct record_receipt *r)
{
    fields_write_uint(w, "time", r->time_ms);
    if (fields_write_key(w, "opened"))
        packer_bool(w->out, r->opened);
    fields_write_text(w, "person", &r->person, LIMIT_PERSON_TEXT);
    fields_write_id(w, "document", &r->document);
}

enum gmm_err record_receipt_encode(struct buffer *out, const struct record_receipt *r)
{
    struct fields_writer w = {.out = NULL};
    receipt_write(&w, r);
    packer_map(out, w.count);
    w.out = out;
    receipt_write(&w, r);
    return out->failed;
}

static void receipt_read(struct reader *r, struct record_receipt *out)
{
    struct fields f = fields_open(r);
    if (fields_require(&f, "time"))
        out->time_ms = reader_uint(r);
    if (fields_require(&f, "opened"))
        out->opened = reader_bool(r);
    fields_text(&f, "person", &out->person, LIMIT_PERSON_TEXT);
    if (fields_require(&f, "document"))
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
    struct fields_writer w = {.out = out};
    if (r->name.len == 0)
        return GMM_EFORMAT;
    packer_map(out, 1);
    fields_write_text(&w, "name", &r->name, LIMIT_NAME_TEXT);
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
    fields_text(&f, "name", &out->name, LIMIT_NAME_TEXT);
    fields_close(&f);
    if (out->name.len == 0)
        reader_fail(&r, GMM_EFORMAT);
    err = reader_done(&r);
    if (err != GMM_OK)
        memset(out, 0, sizeof *out);
    return err;
}

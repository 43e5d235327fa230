#include "proto/record_care.h"

#include <string.h>
#include <strings.h>

#include "keys/charter.h"
#include "proto/fields.h"

#define REASON_TEXT 4096u
#define LEVELS 4u
#define COUNTRY_LETTERS 2u

const char *record_theme_text(unsigned theme)
{
    return theme >= 1 && theme <= RECORD_THEMES ? charter_thematic_name(theme - 1) : NULL;
}

int record_theme_from_text(const char *text)
{
    for (unsigned i = 1; i <= RECORD_THEMES; i++)
        if (strcasecmp(record_theme_text(i), text) == 0)
            return (int)i;
    return -1;
}

static bool is_country(const struct record_text *text)
{
    return text->len == COUNTRY_LETTERS && text->p[0] >= 'A' && text->p[0] <= 'Z' && text->p[1] >= 'A' &&
           text->p[1] <= 'Z';
}

/* ---- practice */

static void practice_write(struct fields_writer *w, const struct record_practice *r)
{
    fields_write_text(w, "lang", &r->lang, LIMIT_LANG_TEXT);
    fields_write_text(w, "text", &r->text, LIMIT_NOTE_TEXT);
    if (r->level > 0)
        fields_write_uint(w, "level", r->level);
    fields_write_word(w, "theme", record_theme_text(r->theme), r->theme);
    fields_write_text(w, "title", &r->title, LIMIT_TITLE_TEXT);
    fields_write_text(w, "person", &r->person, LIMIT_PERSON_TEXT);
    fields_write_text(w, "country", &r->country, COUNTRY_LETTERS);
    fields_write_text(w, "results", &r->results, LIMIT_NOTE_TEXT);
}

enum gmm_err record_practice_encode(struct buffer *out, const struct record_practice *r)
{
    if (r->level > LEVELS || r->title.len == 0 || (r->country.len > 0 && !is_country(&r->country)))
        return GMM_EFORMAT;
    struct fields_writer w = {.out = NULL};
    practice_write(&w, r);
    packer_map(out, w.count);
    w.out = out;
    practice_write(&w, r);
    return out->failed;
}

static void practice_read(struct reader *r, struct record_practice *out)
{
    struct fields f = fields_open(r);
    fields_text(&f, "lang", &out->lang, LIMIT_LANG_TEXT);
    fields_text(&f, "text", &out->text, LIMIT_NOTE_TEXT);
    if (fields_find(&f, "level"))
        out->level = fields_number(&f, 1, LEVELS);
    if (fields_require(&f, "theme"))
        out->theme = fields_number(&f, 1, RECORD_THEMES);
    fields_text(&f, "title", &out->title, LIMIT_TITLE_TEXT);
    fields_text(&f, "person", &out->person, LIMIT_PERSON_TEXT);
    fields_text(&f, "country", &out->country, COUNTRY_LETTERS);
    fields_text(&f, "results", &out->results, LIMIT_NOTE_TEXT);
    fields_close(&f);
    if (out->title.len == 0 || (out->country.len > 0 && !is_country(&out->country)))
        reader_fail(r, GMM_EFORMAT);
}

enum gmm_err record_practice_decode(struct record_practice *out, const void *plain, size_t len)
{
    struct reader r;
    memset(out, 0, sizeof *out);
    enum gmm_err err = reader_init(&r, plain, len);
    if (err != GMM_OK)
        return err;
    practice_read(&r, out);
    err = reader_done(&r);
    if (err != GMM_OK)
        memset(out, 0, sizeof *out);
    return err;
}

/* ---- mark */

static void mark_write(struct fields_writer *w, const struct record_mark *r)
{
    if (r->tlp != RECORD_TLP_NONE)
        fields_write_word(w, "tlp", record_tlp_text((unsigned)r->tlp), (unsigned)r->tlp);
    fields_write_text(w, "person", &r->person, LIMIT_PERSON_TEXT);
    fields_write_text(w, "reason", &r->reason, REASON_TEXT);
    fields_write_word(w, "marking", record_marking_text((unsigned)r->marking), (unsigned)r->marking);
    fields_write_id(w, "document", &r->document);
}

enum gmm_err record_mark_encode(struct buffer *out, const struct record_mark *r)
{
    struct fields_writer w = {.out = NULL};
    mark_write(&w, r);
    packer_map(out, w.count);
    w.out = out;
    mark_write(&w, r);
    return out->failed;
}

static void mark_read(struct reader *r, struct record_mark *out)
{
    struct fields f = fields_open(r);
    if (fields_find(&f, "tlp"))
        out->tlp = (enum record_tlp)fields_number(&f, RECORD_TLP_CLEAR, RECORD_TLP_RED);
    fields_text(&f, "person", &out->person, LIMIT_PERSON_TEXT);
    fields_text(&f, "reason", &out->reason, REASON_TEXT);
    if (fields_require(&f, "marking"))
        out->marking = (enum record_marking)fields_number(&f, RECORD_UNCLASSIFIED, RECORD_STRICTLY_CONFIDENTIAL);
    if (fields_require(&f, "document"))
        reader_id(r, &out->document);
    fields_close(&f);
}

enum gmm_err record_mark_decode(struct record_mark *out, const void *plain, size_t len)
{
    struct reader r;
    memset(out, 0, sizeof *out);
    enum gmm_err err = reader_init(&r, plain, len);
    if (err != GMM_OK)
        return err;
    mark_read(&r, out);
    err = reader_done(&r);
    if (err != GMM_OK)
        memset(out, 0, sizeof *out);
    return err;
}

/* ---- retain */

static void retain_write(struct fields_writer *w, const struct record_retain *r)
{
    fields_write_uint(w, "until", r->until_ms);
    fields_write_text(w, "person", &r->person, LIMIT_PERSON_TEXT);
    fields_write_id(w, "document", &r->document);
}

enum gmm_err record_retain_encode(struct buffer *out, const struct record_retain *r)
{
    if (r->until_ms == 0 || r->until_ms >> 48 != 0)
        return GMM_EFORMAT;
    struct fields_writer w = {.out = NULL};
    retain_write(&w, r);
    packer_map(out, w.count);
    w.out = out;
    retain_write(&w, r);
    return out->failed;
}

enum gmm_err record_retain_decode(struct record_retain *out, const void *plain, size_t len)
{
    struct reader r;
    memset(out, 0, sizeof *out);
    enum gmm_err err = reader_init(&r, plain, len);
    if (err != GMM_OK)
        return err;
    struct fields f = fields_open(&r);
    if (fields_require(&f, "until"))
        out->until_ms = reader_uint(&r);
    fields_text(&f, "person", &out->person, LIMIT_PERSON_TEXT);
    if (fields_require(&f, "document"))
        reader_id(&r, &out->document);
    fields_close(&f);
    if (out->until_ms == 0 || out->until_ms >> 48 != 0)
        reader_fail(&r, GMM_EFORMAT);
    err = reader_done(&r);
    if (err != GMM_OK)
        memset(out, 0, sizeof *out);
    return err;
}

#include "proto/fields.h"

#include <assert.h>
#include <string.h>

bool fields_write_key(struct fields_writer *w, const char *key)
{
    w->count++;
    if (w->out == NULL)
        return false;
    packer_text(w->out, key);
    return true;
}

void fields_write_fail(struct fields_writer *w, enum gmm_err err)
{
    if (w->out->failed == GMM_OK)
        w->out->failed = err;
}

void fields_write_text(struct fields_writer *w, const char *key, const struct record_text *text, size_t max)
{
    if (text->len == 0 || !fields_write_key(w, key))
        return;
    if (text->len > max)
        fields_write_fail(w, GMM_ELIMIT);
    else
        packer_str(w->out, text->p, text->len);
}

void fields_write_uint(struct fields_writer *w, const char *key, uint64_t v)
{
    if (fields_write_key(w, key))
        packer_uint(w->out, v);
}

void fields_write_word(struct fields_writer *w, const char *key, const char *word, unsigned number)
{
    if (!fields_write_key(w, key))
        return;
    if (word == NULL)
        fields_write_fail(w, GMM_EFORMAT);
    else
        packer_uint(w->out, number);
}

void fields_write_id(struct fields_writer *w, const char *key, const struct gmm_id *id)
{
    if (fields_write_key(w, key))
        packer_id(w->out, id);
}

struct fields fields_open(struct reader *r)
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

bool fields_find(struct fields *f, const char *key)
{
    while (f->left > 0 && f->r->failed == GMM_OK && next_is_before(f->r, key))
        fields_skip(f);
    if (f->left == 0 || !reader_key(f->r, key))
        return false;
    f->left--;
    return true;
}

bool fields_require(struct fields *f, const char *key)
{
    bool found = fields_find(f, key);
    if (!found)
        reader_fail(f->r, GMM_EFORMAT);
    return found;
}

void fields_close(struct fields *f)
{
    while (f->left > 0 && f->r->failed == GMM_OK)
        fields_skip(f);
}

void fields_text(struct fields *f, const char *key, struct record_text *text, size_t max)
{
    if (!fields_find(f, key))
        return;
    text->p = reader_str(f->r, max, &text->len);
    if (text->len == 0)
        reader_fail(f->r, GMM_EFORMAT);
}

void fields_id(struct fields *f, const char *key, bool *has, struct gmm_id *id)
{
    *has = fields_find(f, key);
    if (*has)
        reader_id(f->r, id);
}

uint32_t fields_number(struct fields *f, uint32_t min, uint32_t max)
{
    uint64_t v = reader_uint(f->r);
    if (v < min || v > max) {
        reader_fail(f->r, GMM_EFORMAT);
        return 0;
    }
    return (uint32_t)v;
}

void fields_write_ids(struct fields_writer *w, const char *key, const struct record_ids *ids, uint32_t max)
{
    struct gmm_id id, last = {{0}};
    if (ids->count == 0 || !fields_write_key(w, key))
        return;
    if (ids->count > max) {
        fields_write_fail(w, GMM_ELIMIT);
        return;
    }
    packer_array(w->out, ids->count);
    for (uint32_t i = 0; i < ids->count; i++) {
        record_ids_at(ids, i, &id);
        if (i > 0 && id_compare(&last, &id) >= 0)
            fields_write_fail(w, GMM_EFORMAT);
        packer_id(w->out, &id);
        last = id;
    }
}

void fields_ids(struct fields *f, const char *key, struct record_ids *ids, uint32_t max)
{
    struct gmm_id id, last = {{0}};
    if (!fields_find(f, key))
        return;
    uint32_t count = reader_array(f->r, max);
    if (count == 0)
        reader_fail(f->r, GMM_EFORMAT);
    *ids = (struct record_ids){.count = count, .packed = f->r->p};
    for (uint32_t i = 0; i < count && f->r->failed == GMM_OK; i++) {
        reader_id(f->r, &id);
        if (i > 0 && id_compare(&last, &id) >= 0)
            reader_fail(f->r, GMM_EFORMAT);
        last = id;
    }
}

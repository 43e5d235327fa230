#include "proto/record_embargo.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "keys/seal.h"
#include "proto/fields.h"

static void disclose_write(struct fields_writer *w, const struct record_disclose *r)
{
    if (fields_write_key(w, "key"))
        packer_bin(w->out, r->key, sizeof r->key);
    fields_write_id(w, "document", &r->document);
}

enum gmm_err record_disclose_encode(struct buffer *out, const struct record_disclose *r)
{
    struct fields_writer w = {.out = NULL};
    disclose_write(&w, r);
    packer_map(out, w.count);
    w.out = out;
    disclose_write(&w, r);
    return out->failed;
}

static void disclose_read(struct reader *r, struct record_disclose *out)
{
    struct fields f = fields_open(r);
    if (fields_require(&f, "key")) {
        size_t len;
        const uint8_t *key = reader_bin(r, sizeof out->key, &len);
        if (r->failed == GMM_OK && len != sizeof out->key)
            reader_fail(r, GMM_EFORMAT);
        else if (r->failed == GMM_OK)
            memcpy(out->key, key, sizeof out->key);
    }
    if (fields_require(&f, "document"))
        reader_id(r, &out->document);
    fields_close(&f);
}

enum gmm_err record_disclose_decode(struct record_disclose *out, const void *plain, size_t len)
{
    struct reader r;
    memset(out, 0, sizeof *out);
    enum gmm_err err = reader_init(&r, plain, len);
    if (err != GMM_OK)
        return err;
    disclose_read(&r, out);
    err = reader_done(&r);
    if (err != GMM_OK)
        sodium_memzero(out, sizeof *out);
    return err;
}

bool record_is_covered(const struct record_document *r)
{
    return r->sealed != NULL && r->inner == NULL;
}

const uint8_t *record_embargo_commit(const struct record_document *r)
{
    return r->sealed;
}

enum gmm_err record_document_cover(struct buffer *out, const struct record_document *r,
                                   const uint8_t key[EMBARGO_KEY_BYTES], const struct embargo_place *place)
{
    struct record_document inner = {.version = r->version,
                                    .marking = r->marking,
                                    .name = r->name,
                                    .content = r->content,
                                    .attachments = r->attachments,
                                    .attachment_count = r->attachment_count};
    struct buffer plain;
    buffer_init(&plain, out->max);
    enum gmm_err err = record_document_encode(&plain, &inner);
    if (err == GMM_OK)
        err = embargo_seal(out, key, place, plain.p, plain.len);
    buffer_close_wiped(&plain);
    return err;
}

/* Beside version and marking it says nothing that the outer one says. */
static bool is_inner(const struct record_document *inner, const struct record_document *outer)
{
    return inner->version == outer->version && inner->marking == outer->marking && inner->tlp == RECORD_TLP_NONE &&
           inner->title.len + inner->symbol.len + inner->lang.len + inner->person.len == 0 && !inner->has_revises &&
           !inner->has_translates && !inner->has_merges && inner->sealed == NULL;
}

enum gmm_err record_document_lift(struct record_document *r, const uint8_t key[EMBARGO_KEY_BYTES],
                                  const struct embargo_place *place)
{
    struct record_document inner = {0};
    if (!record_is_covered(r))
        return GMM_OK;
    size_t len = r->sealed_len < EMBARGO_OVERHEAD ? 0 : r->sealed_len - EMBARGO_OVERHEAD;
    uint8_t *plain = malloc(len + 1);
    if (plain == NULL)
        return GMM_ENOMEM;
    enum gmm_err err = embargo_open(plain, key, place, r->sealed, r->sealed_len);
    if (err == GMM_OK)
        err = record_document_decode(&inner, plain, len);
    if (err == GMM_OK && !is_inner(&inner, r))
        err = GMM_EFORMAT;
    if (err != GMM_OK) {
        record_document_close(&inner);
        sodium_memzero(plain, len);
        free(plain);
        return err;
    }
    r->name = inner.name;
    r->content = inner.content;
    r->attachments = inner.attachments;
    r->attachment_count = inner.attachment_count;
    r->inner = plain;
    r->inner_len = len;
    return GMM_OK;
}

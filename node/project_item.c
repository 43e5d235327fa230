#include "node/project_item.h"

#include <stdlib.h>
#include <string.h>

#include "proto/record_care.h"
#include "proto/record_consult.h"

bool project_item_is(uint16_t type)
{
    return type == HEADER_RECEIPT || (type >= HEADER_CONSULT && type <= HEADER_RETAIN);
}

static char *copy(const struct record_text *text, enum gmm_err *err)
{
    if (text->p == NULL || text->len == 0)
        return NULL;
    char *out = strndup(text->p, text->len);
    if (out == NULL)
        *err = GMM_ENOMEM;
    return out;
}

static void put_words(struct buffer *out, const struct record_text *text)
{
    if (out == NULL || text->len == 0)
        return;
    buffer_put(out, text->p, text->len);
    buffer_put_u8(out, '\n');
}

static enum gmm_err of_consult(struct projection_item *item, const uint8_t *plain, size_t len)
{
    struct record_consult r;
    enum gmm_err err = record_consult_decode(&r, plain, len);
    if (err != GMM_OK)
        return err;
    item->document = r.document;
    item->position = (unsigned)r.action;
    item->version = r.round;
    if (r.has_key)
        item->parent = r.key;
    item->person = copy(&r.person, &err);
    record_consult_close(&r);
    return err;
}

static enum gmm_err of_disposition(struct projection_item *item, const uint8_t *plain, size_t len)
{
    struct record_disposition r;
    enum gmm_err err = record_disposition_decode(&r, plain, len);
    if (err != GMM_OK)
        return err;
    item->document = r.document;
    item->parent = r.note;
    item->position = (unsigned)r.as;
    item->bytes = r.reason.len;
    item->person = copy(&r.person, &err);
    return err;
}

static enum gmm_err of_release(struct projection_item *item, const uint8_t *plain, size_t len, struct buffer *text)
{
    struct record_release r;
    enum gmm_err err = record_release_decode(&r, plain, len);
    if (err != GMM_OK)
        return err;
    item->document = r.document;
    item->para = r.para;
    item->position = (unsigned)r.position;
    item->bytes = r.text.len;
    item->lang = copy(&r.lang, &err);
    item->person = copy(&r.person, &err);
    put_words(text, &r.text);
    put_words(text, &r.proposed);
    return err;
}

static enum gmm_err of_receipt(struct projection_item *item, const uint8_t *plain, size_t len)
{
    struct record_receipt r;
    enum gmm_err err = record_receipt_decode(&r, plain, len);
    if (err != GMM_OK)
        return err;
    item->document = r.document;
    item->position = r.opened;
    item->person = copy(&r.person, &err);
    return err;
}

static enum gmm_err of_clear(struct projection_item *item, const uint8_t *plain, size_t len)
{
    struct record_clear r;
    enum gmm_err err = record_clear_decode(&r, plain, len);
    if (err != GMM_OK)
        return err;
    item->document = r.document;
    item->parent = r.subject;
    item->person = copy(&r.person, &err);
    return err;
}

static enum gmm_err of_practice(struct projection_item *item, const uint8_t *plain, size_t len, struct buffer *title,
                                struct buffer *text)
{
    struct record_practice r;
    enum gmm_err err = record_practice_decode(&r, plain, len);
    if (err != GMM_OK)
        return err;
    item->para = r.theme;
    item->version = r.level;
    item->bytes = r.text.len;
    item->title = copy(&r.title, &err);
    item->lang = copy(&r.lang, &err);
    item->person = copy(&r.person, &err);
    item->name = copy(&r.country, &err);
    put_words(title, &r.title);
    put_words(text, &r.text);
    put_words(text, &r.results);
    return err;
}

static enum gmm_err of_mark(struct projection_item *item, const uint8_t *plain, size_t len)
{
    struct record_mark r;
    enum gmm_err err = record_mark_decode(&r, plain, len);
    if (err != GMM_OK)
        return err;
    item->document = r.document;
    item->marking = (unsigned)r.marking;
    item->tlp = (unsigned)r.tlp;
    item->person = copy(&r.person, &err);
    return err;
}

static enum gmm_err of_retain(struct projection_item *item, const uint8_t *plain, size_t len)
{
    struct record_retain r;
    enum gmm_err err = record_retain_decode(&r, plain, len);
    if (err != GMM_OK)
        return err;
    item->document = r.document;
    item->bytes = r.until_ms;
    item->person = copy(&r.person, &err);
    return err;
}

enum gmm_err project_item_make(struct projection_item *item, const struct header *h, const struct gmm_id *id,
                               const uint8_t *plain, size_t len, struct buffer *title, struct buffer *text)
{
    *item = (struct projection_item){.id = *id,
                                     .gid = h->group,
                                     .author = h->author,
                                     .type = h->type,
                                     .time_ms = header_time_ms(h->time),
                                     .counter = (uint16_t)h->time,
                                     .seq = h->seq};
    switch (h->type) {
    case HEADER_CONSULT:
        return of_consult(item, plain, len);
    case HEADER_DISPOSITION:
        return of_disposition(item, plain, len);
    case HEADER_RELEASE:
        return of_release(item, plain, len, text);
    case HEADER_RECEIPT:
        return of_receipt(item, plain, len);
    case HEADER_CLEAR:
        return of_clear(item, plain, len);
    case HEADER_PRACTICE:
        return of_practice(item, plain, len, title, text);
    case HEADER_MARK:
        return of_mark(item, plain, len);
    case HEADER_RETAIN:
        return of_retain(item, plain, len);
    default:
        return GMM_EFORMAT;
    }
}

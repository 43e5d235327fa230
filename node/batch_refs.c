#include "node/batch_refs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/marking.h"
#include "node/read.h"

enum gmm_err batch_refs_audience(struct batch_checking *c, const char *to, uint32_t *index)
{
    struct batch *b = c->batch;
    void *items = b->audiences;
    if (textmap_get(&b->audience_texts, to, index))
        return GMM_OK;
    const char *text = batches_keep_text(b, to);
    if (text == NULL || !batches_grow(&items, b->audience_count, &b->audience_capacity, sizeof *b->audiences))
        return GMM_ENOMEM;
    b->audiences = items;
    struct batch_audience *audience = &b->audiences[b->audience_count];
    enum gmm_err err = groups_resolve(c->node, &text, 1, &audience->who, c->choices, c->msg);
    if (err != GMM_OK)
        return err;
    audience->wide = audience->who.kind == GROUP_ALL;
    *index = (uint32_t)b->audience_count++;
    return textmap_put(&b->audience_texts, text, *index);
}

static enum gmm_err audience_of_group(struct batch_checking *c, const struct gmm_id *gid, uint32_t *index)
{
    char hex[GMM_ID_HEX + 1];
    id_to_hex(gid, hex);
    return batch_refs_audience(c, hex, index);
}

/* What a member's note says that it is about may be no document at all. */
static enum gmm_err hold_document_of(struct batch_checking *c, const struct projection_item *note,
                                     struct batch_ref *out)
{
    char hex[GMM_ID_HEX + 1];
    struct projection_item item;
    enum gmm_err err = projection_get(c->node->projection, &note->document, &item);
    bool document = err == GMM_OK && item.type == HEADER_DOCUMENT;
    if (err == GMM_OK)
        projection_item_close(&item);
    if (err == GMM_ENOMEM)
        return err;
    if (!document)
        return gmm_fail(c->msg, GMM_ENOTFOUND, "a note referred to is about a document that is not readable here");
    id_to_hex(&note->document, hex);
    return batch_refs_hold(c, hex, out);
}

static enum gmm_err hold_item(struct batch_checking *c, const struct projection_item *item, struct batch_ref *out)
{
    struct batch *b = c->batch;
    struct batch_held held = {.id = item->id, .type = item->type, .version = item->version};
    snprintf(held.lang, sizeof held.lang, "%s", item->lang == NULL ? "" : item->lang);
    snprintf(held.symbol, sizeof held.symbol, "%s", item->symbol == NULL ? "" : item->symbol);
    enum gmm_err err = GMM_OK;
    if (item->type == HEADER_NOTE) {
        err = hold_document_of(c, item, &held.document);
        if (err == GMM_OK)
            held.audience = batch_refs_entry(b, held.document).audience;
    } else if (item->type == HEADER_DOCUMENT) {
        const struct marking now = marking_of(c->node, item);
        held.marking = (uint8_t)now.marking;
        held.tlp = (uint8_t)now.tlp;
        err = audience_of_group(c, &item->gid, &held.audience);
    } else {
        err = gmm_fail(c->msg, GMM_EUSAGE, "an entry referred to is neither a document nor a note");
    }
    void *items = b->held;
    if (err == GMM_OK && !batches_grow(&items, b->held_count, &b->held_capacity, sizeof *b->held))
        err = GMM_ENOMEM;
    if (err != GMM_OK)
        return err;
    b->held = items;
    b->held[b->held_count] = held;
    out->kind = BATCH_HELD;
    out->index = (uint32_t)b->held_count++;
    return GMM_OK;
}

enum gmm_err batch_refs_hold(struct batch_checking *c, const char *text, struct batch_ref *out)
{
    struct read_found found;
    if (textmap_get(&c->batch->references, text, &out->index)) {
        out->kind = BATCH_HELD;
        return GMM_OK;
    }
    enum gmm_err err = read_find(c->node, text, NULL, &found, c->choices, c->msg);
    if (err != GMM_OK)
        return err;
    err = hold_item(c, &found.item, out);
    read_close(&found);
    if (err != GMM_OK)
        return err;
    const char *kept = batches_keep_text(c->batch, text);
    return kept == NULL ? GMM_ENOMEM : textmap_put(&c->batch->references, kept, out->index);
}

enum gmm_err batch_refs_find(struct batch_checking *c, const char *text, struct batch_ref *out)
{
    uint32_t family;
    if (textmap_get(&c->batch->ids, text, &out->index)) {
        out->kind = BATCH_ROW;
        return GMM_OK;
    }
    if (textmap_get(&c->batch->symbols, text, &family)) {
        *out = c->batch->families[family].original;
        return GMM_OK;
    }
    enum gmm_err err = batch_refs_hold(c, text, out);
    if (err == GMM_ENOTFOUND)
        gmm_fail(c->msg, err, "'%s' is no earlier row of this table, and nothing here is called so", text);
    return err;
}

struct batch_entry batch_refs_entry(const struct batch *batch, struct batch_ref ref)
{
    if (ref.kind == BATCH_ROW) {
        const struct batch_row *row = &batch->rows[ref.index];
        return (struct batch_entry){row->note,    row->version, row->audience, row->document,
                                    row->marking, row->tlp,     row->lang,     row->symbol};
    }
    const struct batch_held *held = &batch->held[ref.index];
    return (struct batch_entry){held->type == HEADER_NOTE,
                                held->version,
                                held->audience,
                                held->document,
                                held->marking,
                                held->tlp,
                                held->lang,
                                held->symbol};
}

const struct gmm_id *batch_refs_id(const struct batch *batch, struct batch_ref ref)
{
    return ref.kind == BATCH_ROW ? &batch->rows[ref.index].id : &batch->held[ref.index].id;
}

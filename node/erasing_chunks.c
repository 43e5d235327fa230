#include "node/erasing_chunks.h"

#include <stdlib.h>
#include <string.h>

#include "node/content.h"
#include "node/embargoes.h"
#include "proto/record_consult.h"

struct named {
    struct gmm_id *ids;
    size_t count;
};

static enum gmm_err add(struct node *node, const struct gmm_id *gid, const struct manifest *m, struct named *out)
{
    struct gmm_id *ids = NULL;
    size_t count = 0;
    if (m->inline_bytes != NULL)
        return GMM_OK;
    enum gmm_err err = content_chunks(node, gid, m, &ids, &count);
    struct gmm_id *grown =
        err == GMM_OK && count > 0 ? realloc(out->ids, (out->count + count) * sizeof *grown) : out->ids;
    if (err == GMM_OK && count > 0 && grown == NULL)
        err = GMM_ENOMEM;
    if (err == GMM_OK && count > 0) {
        out->ids = grown;
        memcpy(out->ids + out->count, ids, count * sizeof *ids);
        out->count += count;
    }
    free(ids);
    return err == GMM_ECORRUPT ? GMM_OK : err; /* a list that lies names nothing */
}

static enum gmm_err of_document(struct node *node, const struct header *h, const uint8_t *plain, size_t len,
                                struct named *out)
{
    struct record_document doc;
    enum gmm_err err = record_document_decode(&doc, plain, len);
    if (err != GMM_OK)
        return err == GMM_ENOMEM ? err : GMM_OK;
    err = embargoes_lift(node, h, &doc);
    if (err == GMM_OK && !record_is_covered(&doc)) {
        err = add(node, &h->group, &doc.content, out);
        for (uint32_t i = 0; i < doc.attachment_count && err == GMM_OK; i++)
            err = add(node, &h->group, &doc.attachments[i].content, out);
    }
    record_document_close(&doc);
    return err;
}

static enum gmm_err of_report(struct node *node, const struct header *h, const uint8_t *plain, size_t len,
                              struct named *out)
{
    struct record_consult record;
    enum gmm_err err = record_consult_decode(&record, plain, len);
    if (err != GMM_OK)
        return err == GMM_ENOMEM ? err : GMM_OK;
    if (record.has_report)
        err = add(node, &h->group, &record.report, out);
    record_consult_close(&record);
    return err;
}

static int compare(const void *a, const void *b)
{
    return id_compare(a, b);
}

struct living {
    struct node *node;
    const struct gmm_id *id; /* of what goes */
    struct named named;      /* by all others */
};

static enum gmm_err on_item(void *arg, const struct projection_item *item)
{
    struct living *living = arg;
    struct header h;
    uint8_t *plain = NULL;
    size_t len = 0;
    bool document = item->type == HEADER_DOCUMENT;
    bool report = item->type == HEADER_CONSULT && item->position == RECORD_CONSULT_CLOSE;
    if ((!document && !report) || id_equal(&item->id, living->id))
        return GMM_OK;
    enum gmm_err err = node_open_record(living->node, &item->id, &h, &plain, &len);
    if (err == GMM_OK)
        err = document ? of_document(living->node, &h, plain, len, &living->named)
                       : of_report(living->node, &h, plain, len, &living->named);
    else if (err != GMM_ENOMEM)
        err = GMM_OK; /* its body is not here: chunks of it are fetched with it */
    seal_free(plain, len);
    return err;
}

static enum gmm_err name_living(struct living *living, const struct gmm_id *gid)
{
    static const uint16_t types[] = {HEADER_DOCUMENT, HEADER_CONSULT};
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; i < sizeof types / sizeof *types && err == GMM_OK; i++) {
        const struct projection_query query = {.gid = gid, .type = types[i]};
        err = projection_each(living->node->projection, &query, on_item, living);
    }
    if (living->named.count > 1)
        qsort(living->named.ids, living->named.count, sizeof *living->named.ids, compare);
    return err;
}

enum gmm_err erasing_chunks_named(struct node *node, const struct header *h, const uint8_t *plain, size_t len,
                                  struct gmm_id **ids, size_t *count)
{
    struct named mine = {0};
    enum gmm_err err = h->type == HEADER_DOCUMENT ? of_document(node, h, plain, len, &mine) : GMM_OK;
    if (err != GMM_OK) {
        free(mine.ids);
        mine = (struct named){0};
    }
    *ids = mine.ids;
    *count = mine.count;
    return err;
}

enum gmm_err erasing_chunks_alone(struct node *node, const struct gmm_id *gid, const struct gmm_id *id,
                                  struct gmm_id *ids, size_t *count)
{
    struct living living = {.node = node, .id = id};
    size_t kept = 0;
    enum gmm_err err = *count == 0 ? GMM_OK : name_living(&living, gid);
    for (size_t i = 0; err == GMM_OK && i < *count; i++)
        if (living.named.count == 0 ||
            bsearch(&ids[i], living.named.ids, living.named.count, sizeof *living.named.ids, compare) == NULL)
            ids[kept++] = ids[i];
    free(living.named.ids);
    if (err == GMM_OK)
        *count = kept;
    return err;
}

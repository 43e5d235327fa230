/* Requests of our own: stepped, flushed, answered; and what is read of a stored entry. */
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/fresh.h"
#include "node/node_state.h"

/* A request of ours, stepped, flushed, answered. */
static enum gmm_err request(struct node *node, struct engine_event *event, struct gmm_id *id, struct gmm_msg *msg)
{
    struct node_result *result = &node->pending->result;
    *result = (struct node_result){.request = ++node->pending->next_request};
    event->request = result->request;
    enum gmm_err err = node_step(node, event);
    /* Answered at once: nothing of it waits for the store, and drafts of a batch go on unsigned. */
    if (err == GMM_OK && !result->done)
        err = node_flush(node);
    if (err == GMM_OK && !result->done)
        err = GMM_EIO;
    if (result->done && result->err != GMM_OK)
        err = result->err;
    if (err != GMM_OK)
        return gmm_fail(msg, err, "%s",
                        result->text[0] != '\0' ? result->text
                        : err == GMM_EFULL      ? _("the disk is full; free some space and try again")
                                                : gmm_err_text(err));
    if (id != NULL)
        *id = result->id;
    return GMM_OK;
}

enum gmm_err node_ensure_epoch(struct node *node, const struct gmm_id *gid, bool force, struct gmm_msg *msg)
{
    struct node_pending *p = node->pending;
    if (node->engine == NULL)
        return gmm_fail(msg, GMM_ESTATE, "this home has no network yet");
    if (!force && p->has_ensured && id_equal(&p->ensured, gid))
        return GMM_OK;
    struct engine_event event = {.kind = ENGINE_ENSURE_EPOCH, .as.epoch = {*gid, force}};
    enum gmm_err err = request(node, &event, NULL, msg);
    if (err == GMM_OK) {
        p->ensured = *gid;
        p->has_ensured = true;
    }
    return err;
}

static enum gmm_err append(struct node *node, struct engine_event *event, struct gmm_id *id, struct gmm_msg *msg)
{
    struct node_result *result = &node->pending->result;
    if (node->engine == NULL || engine_view(node->engine) == NULL)
        return gmm_fail(msg, GMM_EDENIED, "this office is not admitted to a network yet; see gmm join");
    if (event->as.append.type >= 64) {
        enum gmm_err err = node_ensure_epoch(node, &event->as.append.gid, false, msg);
        if (err != GMM_OK)
            return err;
    }
    *result = (struct node_result){.request = ++node->pending->next_request};
    event->request = result->request;
    enum gmm_err err = node_step(node, event);
    if (err == GMM_OK && result->done)
        err = result->err;
    if (err == GMM_OK && !result->assigned)
        err = GMM_EIO;
    if (err != GMM_OK)
        return gmm_fail(msg, err, "%s", result->text[0] != '\0' ? result->text : gmm_err_text(err));
    *id = result->id;
    return GMM_OK;
}

enum gmm_err node_append(struct node *node, const struct gmm_id *gid, uint16_t type, const void *body, size_t len,
                         const uint8_t *once, struct gmm_id *id, struct gmm_msg *msg)
{
    if (once != NULL && store_get_once(node->store, once, id) == GMM_OK)
        return GMM_OK;
    struct engine_event event = {.kind = ENGINE_APPEND,
                                 .as.append = {.gid = *gid, .type = type, .body = body, .len = len}};
    enum gmm_err err = append(node, &event, id, msg);
    if (err != GMM_OK)
        return err;
    /* In the transaction of the entry: both stand, or neither. */
    if (once != NULL && (err = store_put_once(node->store, once, id)) != GMM_OK)
        node->pending->store_err = err;
    err = node_flush(node);
    if (err != GMM_OK)
        return gmm_fail(msg, err, "%s",
                        err == GMM_EFULL ? _("the disk is full; nothing was posted; free some space")
                                         : gmm_err_text(err));
    return GMM_OK;
}

enum gmm_err node_append_more(struct node *node, const struct gmm_id *gid, uint16_t type, const void *body, size_t len,
                              const struct body_packed *packed, struct gmm_id *id, struct gmm_msg *msg)
{
    struct engine_event event = {
        .kind = ENGINE_APPEND,
        .as.append = {.gid = *gid, .type = type, .body = body, .len = len, .packed = packed, .more = true}};
    enum gmm_err err = append(node, &event, id, msg);
    node->pending->drafts = node->pending->drafts || err == GMM_OK;
    if (err == GMM_OK && type >= 64)
        fresh_keep(&node->fresh, id, body, len);
    return err;
}

enum gmm_err node_flush_appends(struct node *node, struct gmm_msg *msg)
{
    enum gmm_err err = node_flush(node);
    if (err != GMM_OK)
        return gmm_fail(msg, err, "%s",
                        err == GMM_EFULL ? _("the disk is full; nothing was posted; free some space")
                                         : gmm_err_text(err));
    return GMM_OK;
}

enum gmm_err node_add_object(struct node *node, const void *bytes, size_t len, struct gmm_msg *msg)
{
    struct engine_event event = {.kind = ENGINE_ADD_OBJECT, .bytes = bytes, .len = len};
    if (node->engine == NULL)
        return gmm_fail(msg, GMM_ESTATE, "this home has no network yet");
    return request(node, &event, NULL, msg);
}

enum gmm_err node_import_run(struct node *node, const void *bytes, size_t len, struct gmm_msg *msg)
{
    struct engine_event event = {.kind = ENGINE_IMPORT_RUN, .bytes = bytes, .len = len};
    if (node->engine == NULL)
        return gmm_fail(msg, GMM_ESTATE, "this home has no network yet");
    return request(node, &event, NULL, msg);
}

/* A run that begins before our head is decoded from the entry that we hold before it. */
static enum gmm_err find_prev(struct node *node, struct engine_event *event)
{
    struct run_key key;
    uint64_t first;
    uint32_t count;
    struct run *run = NULL;
    enum gmm_err err = run_peek(&key, &first, &count, event->bytes, event->len);
    const struct logs_log *log = err == GMM_OK ? logs_find(engine_logs(node->engine), &key) : NULL;
    if (log == NULL || first == 0 || log->admitted.seq == LOGS_NO_SEQ || first > log->admitted.seq)
        return err;
    err = store_load_part(node->store, &key, first - 1, first - 1, LIMIT_RUN_BYTES, true, true, &run);
    if (err == GMM_OK) {
        event->as.import.has_prev = true;
        event->as.import.prev = run->entries[0].id;
    }
    run_free(run);
    return err;
}

enum gmm_err node_take(struct node *node, enum engine_event_kind kind, const void *bytes, size_t len,
                       struct gmm_msg *msg)
{
    struct node_result *result = &node->pending->result;
    struct engine_event event = {.kind = kind, .bytes = bytes, .len = len};
    if (node->engine == NULL)
        return gmm_fail(msg, GMM_ESTATE, "this home has no network yet");
    enum gmm_err err = kind == ENGINE_IMPORT_RUN ? find_prev(node, &event) : GMM_OK;
    if (err != GMM_OK)
        return gmm_fail(msg, err, "the run is %s", gmm_err_text(err));
    *result = (struct node_result){.request = ++node->pending->next_request};
    event.request = result->request;
    err = node_step(node, &event);
    if (err == GMM_OK && result->done && result->err != GMM_OK)
        err = gmm_fail(msg, result->err, "%s", result->text);
    return err;
}

static enum gmm_err want(struct node *node, struct engine_event *event, void *owned)
{
    enum gmm_err err = node_queue_event(node, event, owned, NULL);
    return err != GMM_OK || node->pending->stepping ? err : node_work(node);
}

enum gmm_err node_want_chunks(struct node *node, const struct gmm_id *gid, const struct gmm_id *ids, size_t count,
                              bool demand)
{
    if (node->engine == NULL || count == 0)
        return GMM_OK;
    struct gmm_id *copy = malloc(count * sizeof *copy);
    if (copy == NULL)
        return GMM_ENOMEM;
    memcpy(copy, ids, count * sizeof *copy);
    struct engine_event event = {.kind = ENGINE_WANT_CHUNKS,
                                 .as.want = {.gid = *gid, .ids = copy, .count = count, .demand = demand}};
    return want(node, &event, copy);
}

enum gmm_err node_want_body(struct node *node, const uint8_t header[HEADER_BYTES], bool demand)
{
    struct {
        struct gmm_id id, hash;
        struct run_key key;
    } * owned;
    struct header h;
    if (node->engine == NULL || header_decode(&h, header) != GMM_OK || h.type < 64)
        return GMM_OK;
    if ((owned = malloc(sizeof *owned)) == NULL)
        return GMM_ENOMEM;
    header_id(&owned->id, header);
    owned->hash = h.body_hash;
    run_key_of(&owned->key, &h);
    struct engine_event event = {.kind = ENGINE_WANT_CHUNKS,
                                 .as.want = {.gid = h.group,
                                             .ids = &owned->id,
                                             .hashes = &owned->hash,
                                             .log = &owned->key,
                                             .count = 1,
                                             .demand = demand}};
    return want(node, &event, owned);
}

enum gmm_err node_open_record(struct node *node, const struct gmm_id *id, struct header *header, uint8_t **plain,
                              size_t *len)
{
    struct store_entry entry;
    struct header decoded;
    enum gmm_err err = store_load_entry(node->store, id, &entry);
    if (err != GMM_OK)
        return err;
    err = node_open_body(node, entry.header, entry.body, entry.body_len, &decoded, plain, len);
    if (err == GMM_OK && header != NULL)
        *header = decoded;
    store_entry_close(&entry);
    return err;
}

enum gmm_err node_open_body(struct node *node, const uint8_t bytes[HEADER_BYTES], const uint8_t *body, size_t body_len,
                            struct header *header, uint8_t **plain, size_t *len)
{
    if (header_decode(header, bytes) != GMM_OK)
        return GMM_ECORRUPT;
    if (header->type < 64)
        return GMM_EFORMAT;
    if (body == NULL)
        return GMM_EABSENT;
    const uint8_t *secret = node->engine == NULL ? NULL : engine_secret(node->engine, &header->epoch);
    if (secret == NULL)
        return GMM_EUNKNOWN;
    return body_open(plain, len, secret, bytes, body, body_len);
}

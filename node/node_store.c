/* What the engine stores: into the open transaction, and told when that is committed (node_commit.c). */
#include <stdlib.h>

#include "keys/chunk.h"
#include "node/atrest.h"
#include "node/node_state.h"
#include "node/partial.h"
#include "node/sys.h"

#define BULK_ENTRIES 64u

static enum gmm_err write_secret(struct node *node, const struct gmm_id *epoch_id)
{
    const uint8_t *secret = engine_secret(node->engine, epoch_id);
    struct buffer sealed;
    if (secret == NULL)
        return GMM_ESTATE;
    buffer_init(&sealed, 256);
    enum gmm_err err =
        atrest_seal(&sealed, node->keystore->node, LABEL_RING, epoch_id->b, sizeof epoch_id->b, secret, 32);
    if (err == GMM_OK)
        err = store_put_secret(node->store, epoch_id, sealed.p, sealed.len);
    buffer_close(&sealed);
    return err;
}

/* Evidence first; then what it takes away. */
static enum gmm_err write_forks(struct node *node, const struct engine_store *s)
{
    enum gmm_err err = GMM_OK;
    for (uint32_t i = 0; i < s->proof_count && err == GMM_OK; i++) {
        const struct fork_proof *proof = forks_find(engine_forks(node->engine), &s->proof_hashes[i]);
        if (proof != NULL)
            err = store_put_proof(node->store, &proof->hash, proof->bytes, proof->len);
    }
    if (err == GMM_OK && s->has_evicted)
        err = store_drop_proof(node->store, &s->evicted);
    for (uint32_t i = 0; i < s->raised_count && err == GMM_OK; i++)
        err = store_raise_log(node->store, &s->raised[i], s->raised_arrivals[i]);
    if (err == GMM_OK && s->has_cut)
        err = node->above->cut(node, &s->cut, s->cut_from);
    if (err == GMM_OK && s->has_cut)
        err = store_cut_log(node->store, &s->cut, s->cut_from);
    return err;
}

static enum gmm_err write_store(struct node *node, const struct engine_store *s)
{
    enum gmm_err err = store_begin(node->store, s->durable);
    for (uint32_t i = 0; i < s->object_count && err == GMM_OK; i++) {
        const struct directory_object *object = directory_find(engine_directory(node->engine), &s->object_hashes[i]);
        err = object == NULL ? GMM_ESTATE : store_put_object(node->store, &object->hash, object->bytes, object->len);
    }
    for (uint32_t i = 0; i < s->secret_count && err == GMM_OK; i++)
        err = write_secret(node, &s->secret_ids[i]);
    for (uint32_t i = 0; i < s->run_count && err == GMM_OK; i++)
        err = store_put_run(node->store, s->runs[i], s->arrivals[i]);
    if (err == GMM_OK && s->floor != 0) {
        uint8_t floor[8];
        bytes_store_u64(floor, s->floor);
        err = store_set(node->store, NODE_FLOOR, floor, sizeof floor);
    }
    if (err == GMM_OK && s->has_cursor)
        err = store_put_cursor(node->store, &s->cursor_peer, s->cursor, s->cursor_len);
    if (err == GMM_OK && s->has_closed)
        err = store_close_log(node->store, &s->closed);
    if (err == GMM_OK)
        err = write_forks(node, s);
    if (err == GMM_OK && s->has_chunk && s->chunk_is_body) {
        err = store_put_body(node->store, &s->chunk_id, s->chunk, s->chunk_len);
        if (err == GMM_OK && s->chunk_staged)
            partial_drop(node->home, &s->chunk_id);
    } else if (err == GMM_OK && s->has_chunk) {
        err = chunkfile_write(node->chunks, &s->chunk_id, s->chunk, s->chunk_len, false);
        if (err == GMM_OK)
            err = store_put_chunk(node->store, &s->chunk_gid, &s->chunk_id, (uint32_t)s->chunk_len);
        if (err == GMM_OK && s->chunk_staged)
            partial_drop(node->home, &s->chunk_id);
    }
    return err;
}

/* Nobody waits for a chunk of many, or for a long run: a log that is being caught up with. */
static bool is_bulk(const struct engine_store *s)
{
    if (s->durable || s->object_count + s->secret_count + s->proof_count > 0 || s->has_cut || s->has_closed)
        return false;
    for (uint32_t i = 0; i < s->run_count; i++)
        if (admitted_count(s->runs[i]) < BULK_ENTRIES || id_is_zero(&admitted_key(s->runs[i])->group))
            return false;
    return s->run_count > 0 || (s->has_chunk && !s->chunk_is_body);
}

static size_t bulk_bytes(const struct engine_store *s)
{
    size_t bytes = s->chunk_len;
    for (uint32_t i = 0; i < s->run_count; i++)
        for (uint32_t k = 0; k < admitted_count(s->runs[i]); k++)
            bytes += HEADER_BYTES + admitted_entry(s->runs[i], k)->body_len;
    return bytes;
}

static void note_patience(struct node_pending *p, bool patient, size_t bytes)
{
    if (p->ticket_count == 0) {
        p->patient_ms = patient ? sys_now_ms() : 0;
        p->patient_bytes = 0;
    } else if (!patient) {
        p->patient_ms = 0;
    }
    p->patient_bytes += patient ? bytes : 0;
}

enum gmm_err node_add_ticket(struct node_pending *p, uint64_t ticket, bool patient, size_t bytes)
{
    void *items = p->tickets;
    if (!node_grow(&items, p->ticket_count, &p->ticket_capacity, sizeof *p->tickets))
        return GMM_ENOMEM;
    p->tickets = items;
    note_patience(p, patient, bytes);
    p->tickets[p->ticket_count++] = ticket;
    return GMM_OK;
}

enum gmm_err node_chunk_failed(struct node *node, uint64_t ticket, enum gmm_err why)
{
    struct engine_event event = {.kind = ENGINE_STORE_FAILED, .ticket = ticket, .err = why};
    return node_queue_event(node, &event, NULL, NULL);
}

static bool is_chunk(const struct node *node, const struct engine_store *s)
{
    struct gmm_id id;
    const struct charter *charter = directory_charter(engine_directory(node->engine));
    if (charter == NULL)
        return false;
    chunk_id(&id, &charter->nid, &s->chunk_gid, s->chunk, s->chunk_len);
    return id_equal(&id, &s->chunk_id);
}

enum gmm_err node_store(struct node *node, struct effect *effect)
{
    struct node_pending *p = node->pending;
    const struct engine_store *s = &effect->as.store;
    if (node_chunks_put(node, effect))
        return GMM_OK;
    if (s->has_chunk && s->chunk_unchecked && !is_chunk(node, s))
        return node_chunk_failed(node, effect->ticket, GMM_ESIGNATURE);
    bool patient = is_bulk(s);
    enum gmm_err err = node_add_ticket(p, effect->ticket, patient, patient ? bulk_bytes(s) : 0);
    if (err != GMM_OK)
        return err;
    if (p->store_err == GMM_OK)
        p->store_err = write_store(node, s);
    return GMM_OK;
}

/* What the engine stores: into the open transaction, and told when that is committed (node_flush). */
#include <stdlib.h>

#include "keys/chunk.h"
#include "node/atrest.h"
#include "node/fresh.h"
#include "node/log.h"
#include "node/node_state.h"
#include "node/partial.h"
#include "node/sys.h"

#define PATIENT_MS 30u
#define BULK_ENTRIES 64u
#define PATIENT_BYTES (16u << 20)
#define LANDED_WEIGHT 4u /* chunks on the disk wait for less: room for others is made when they are committed */

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

/* It is told PERSISTED with the commit of the open transaction. */
static enum gmm_err add_ticket(struct node_pending *p, uint64_t ticket, bool patient, size_t bytes)
{
    void *items = p->tickets;
    if (!node_grow(&items, p->ticket_count, &p->ticket_capacity, sizeof *p->tickets))
        return GMM_ENOMEM;
    p->tickets = items;
    note_patience(p, patient, bytes);
    p->tickets[p->ticket_count++] = ticket;
    return GMM_OK;
}

/* A chunk alone, which the engine goes on without. */
static enum gmm_err chunk_failed(struct node *node, uint64_t ticket, enum gmm_err why)
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
        return chunk_failed(node, effect->ticket, GMM_ESIGNATURE);
    bool patient = is_bulk(s);
    enum gmm_err err = add_ticket(p, effect->ticket, patient, patient ? bulk_bytes(s) : 0);
    if (err != GMM_OK)
        return err;
    if (p->store_err == GMM_OK)
        p->store_err = write_store(node, s);
    return GMM_OK;
}

static enum gmm_err land_one(struct node *node, const struct chunkwriter_job *job)
{
    struct node_pending *p = node->pending;
    if (job->err != GMM_OK)
        return chunk_failed(node, job->ticket, job->err);
    enum gmm_err err = add_ticket(p, job->ticket, true, job->len * LANDED_WEIGHT);
    if (err != GMM_OK)
        return err;
    if (p->store_err == GMM_OK)
        p->store_err = store_begin(node->store, false);
    if (p->store_err == GMM_OK)
        p->store_err = store_put_chunk(node->store, &job->gid, &job->id, (uint32_t)job->len);
    if (p->store_err == GMM_OK && job->staged)
        partial_drop(node->home, &job->id);
    return GMM_OK;
}

void node_land(struct node *node, bool wait)
{
    struct chunkwriter_job *job;
    bool any = false;
    while ((job = node_chunks_next(node, wait)) != NULL) {
        enum gmm_err err = land_one(node, job);
        if (err != GMM_OK)
            log_warning("the store cannot be written: %s", gmm_err_text(err));
        chunkwriter_job_free(job);
        any = true;
    }
    if (any && node->engine != NULL && !node->pending->stepping)
        (void)node_work(node);
}

void node_chunks_close(struct node *node)
{
    node_land(node, true);
    chunkwriter_free(node->pending->writer);
    node->pending->writer = NULL;
}

/* Chunk files first, then the rows that speak of them. */
static enum gmm_err commit(struct node *node)
{
    struct node_pending *p = node->pending;
    enum gmm_err err = p->store_err;
    if (err == GMM_OK)
        err = chunkfile_sync(node->chunks);
    if (err == GMM_OK)
        err = store_commit(node->store);
    else
        store_rollback(node->store);
    p->store_err = GMM_OK;
    return err;
}

static enum gmm_err sign_drafts(struct node *node)
{
    struct engine_event event = {.kind = ENGINE_FLUSH};
    enum gmm_err err = node->pending->drafts ? node_step(node, &event) : GMM_OK;
    node->pending->drafts = err == GMM_EBUSY;
    return err;
}

/* One commit, and what it is told to. What the layers above make of that is in the next transaction. */
static enum gmm_err commit_round(struct node *node, enum gmm_err *first)
{
    struct node_pending *p = node->pending;
    size_t count = p->ticket_count;
    uint64_t *tickets = p->tickets;
    p->tickets = NULL;
    p->ticket_count = p->ticket_capacity = 0;
    enum gmm_err err = commit(node);
    if (err != GMM_OK) {
        p->behind = true; /* what was projected meanwhile went with it */
        *first = *first == GMM_OK && count > 0 ? err : *first;
        struct engine_event failed = {.kind = ENGINE_STORE_FAILED, .err = err};
        if (count > 0 && node->engine != NULL)
            node_step(node, &failed);
    }
    for (size_t i = 0; i < count && err == GMM_OK; i++) {
        struct engine_event persisted = {.kind = ENGINE_PERSISTED, .ticket = tickets[i]};
        enum gmm_err one = node_step(node, &persisted);
        *first = *first == GMM_OK ? one : *first;
    }
    free(tickets);
    if (count > 0)
        node->above->flushed(node, *first);
    return err;
}

/* lazily: what nobody waits for stays in the open transaction, for a moment (node_flush_due). */
static enum gmm_err flush(struct node *node, bool lazily)
{
    struct node_pending *p = node->pending;
    if (node->store == NULL || p->flushing)
        return GMM_OK;
    p->flushing = true;
    if (p->behind && p->ticket_count == 0 && node->engine != NULL)
        p->behind = node->above->catch_up(node) != GMM_OK;
    enum gmm_err first = sign_drafts(node), err = GMM_OK;
    for (unsigned round = 0; round < 64 && err == GMM_OK; round++) {
        if (p->ticket_count == 0 && !store_in_transaction(node->store))
            break;
        if (lazily && round > 0 && p->ticket_count == 0) {
            p->patient_ms = sys_now_ms();
            p->patient_bytes = 0;
            break;
        }
        err = commit_round(node, &first);
    }
    node->above->flushed(node, first);
    p->flushing = false;
    p->has_ensured = false;
    fresh_clear(&node->fresh);
    return first;
}

enum gmm_err node_flush(struct node *node)
{
    return flush(node, false);
}

enum gmm_err node_flush_awaited(struct node *node)
{
    node->unhurried = true;
    enum gmm_err err = flush(node, true);
    node->unhurried = false;
    return err;
}

uint64_t node_flush_due(const struct node *node)
{
    const struct node_pending *p = node->pending;
    bool patient = p->patient_ms != 0 && p->patient_bytes < PATIENT_BYTES && p->store_err == GMM_OK && !p->drafts;
    return patient && (p->ticket_count > 0 || store_in_transaction(node->store)) ? p->patient_ms + PATIENT_MS : 0;
}

void node_discard(struct node *node)
{
    if (node->pending->ticket_count == 0 && !node->pending->drafts && store_in_transaction(node->store)) {
        store_rollback(node->store);
        node->pending->behind = true; /* what was projected meanwhile went with it */
    }
}

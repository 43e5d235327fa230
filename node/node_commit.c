/* The commit of the open transaction, and who hears of it (node.h: node_flush). */
#include <stdlib.h>

#include "node/fresh.h"
#include "node/log.h"
#include "node/node_state.h"
#include "node/partial.h"
#include "node/sys.h"

#define PATIENT_MS 30u
#define PATIENT_BYTES (16u << 20)
#define LANDED_WEIGHT 4u /* chunks on the disk wait for less: room for others is made when they are committed */

static enum gmm_err land_one(struct node *node, const struct chunkwriter_job *job)
{
    struct node_pending *p = node->pending;
    if (job->err != GMM_OK)
        return node_chunk_failed(node, job->ticket, job->err);
    enum gmm_err err = node_add_ticket(p, job->ticket, true, job->len * LANDED_WEIGHT);
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
    node->above->flushed(node, first); /* who waits and was in no commit: its draft could not be signed */
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

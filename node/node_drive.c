#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "keys/chunk.h"
#include "keys/text.h"
#include "node/atrest.h"
#include "node/clock.h"
#include "node/fresh.h"
#include "node/log.h"
#include "node/node_state.h"
#include "node/partial.h"
#include "node/sys.h"
#include "proto/clocks.h"

#define PATIENT_MS 30u
#define BULK_ENTRIES 64u
#define PATIENT_BYTES (16u << 20)
#define LANDED_WEIGHT 4u /* chunks on the disk wait for less: room for others is made when they are committed */

uint64_t node_now_ms(void)
{
    return clock_now_ms();
}

static bool grow(void **items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity == 0 ? 16 : 2 * *capacity;
    void *grown = realloc(*items, wanted * size);
    if (grown == NULL)
        return false;
    *items = grown;
    *capacity = wanted;
    return true;
}

void node_pending_free(struct node_pending *pending)
{
    if (pending == NULL)
        return;
    for (size_t i = pending->event_at; i < pending->event_count; i++) {
        free(pending->events[i].owned);
        run_free(pending->events[i].run);
    }
    for (size_t i = pending->later_at; i < pending->later_count; i++)
        free(pending->laters[i].bytes);
    free(pending->events);
    free(pending->laters);
    free(pending->tickets);
    free(pending);
}

/* Takes owned and run, also on failure. */
static enum gmm_err queue_event(struct node *node, const struct engine_event *event, void *owned, struct run *run)
{
    struct node_pending *p = node->pending;
    void *items = p->events;
    if (!grow(&items, p->event_count, &p->event_capacity, sizeof *p->events)) {
        free(owned);
        run_free(run);
        return GMM_ENOMEM;
    }
    p->events = items;
    p->events[p->event_count++] = (struct node_event){*event, owned, run};
    return GMM_OK;
}

static enum gmm_err queue_later(struct node *node, struct effect *effect)
{
    struct node_pending *p = node->pending;
    void *items = p->laters;
    if (!grow(&items, p->later_count, &p->later_capacity, sizeof *p->laters))
        return GMM_ENOMEM;
    p->laters = items;
    struct node_later later = {.kind = effect->kind, .conn = effect->conn, .id = effect->id};
    if (effect->kind == EFFECT_ENTRIES) {
        later.key = effect->as.entries.key;
        later.first_seq = effect->as.entries.first_seq;
        later.count = effect->as.entries.count;
    } else if (effect->kind == EFFECT_CHUNK_HERE) {
        later.gid = effect->as.chunk.gid;
        later.id = effect->as.chunk.id;
        later.body = effect->as.chunk.body;
    }
    later.bytes = effect->bytes;
    later.len = effect->len;
    effect->bytes = NULL;
    p->laters[p->later_count++] = later;
    return GMM_OK;
}

/* STORE: into the open transaction; PERSISTED is told when that is committed (node_flush). */

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

/* When it was seen, and what its clock says; neither is worth failing for. */
static enum gmm_err note_peer(struct node *node, const struct effect *effect)
{
    struct buffer clocks;
    buffer_init(&clocks, CLOCKS_BYTES_MAX);
    enum gmm_err err = store_set_seen(node->store, &effect->as.peer.sign_pk, node_now_ms());
    if (err == GMM_OK)
        err = engine_clocks(node->engine, &clocks);
    if (err == GMM_OK)
        err = store_set(node->store, NODE_CLOCKS, clocks.p, clocks.len);
    buffer_close(&clocks);
    return err == GMM_ENOMEM ? err : GMM_OK;
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
    if (!grow(&items, p->ticket_count, &p->ticket_capacity, sizeof *p->tickets))
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
    return queue_event(node, &event, NULL, NULL);
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

static enum gmm_err on_store(struct node *node, struct effect *effect)
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

static enum gmm_err on_load(struct node *node, const struct effect *effect)
{
    struct run *run = NULL;
    struct engine_event event = {.kind = ENGINE_LOADED, .ticket = effect->ticket};
    store_load_part(node->store, &effect->as.load.key, effect->as.load.from_seq, effect->as.load.to_seq,
                    effect->as.load.max_bytes, effect->as.load.headers, effect->as.load.exact, &run);
    return queue_event(node, &event, NULL, run);
}

/* What came of a piece before; nothing is as good as an error. */
static enum gmm_err on_load_staged(struct node *node, const struct effect *effect)
{
    struct engine_event event = {.kind = ENGINE_CHUNK_LOADED, .ticket = effect->ticket};
    uint8_t *bytes = NULL;
    size_t len = 0;
    uint32_t total = 0;
    if (partial_get(node->home, &effect->as.chunk.id, &bytes, &len, &total) == GMM_OK) {
        event.as.chunk.bytes = bytes;
        event.as.chunk.len = len;
        event.as.chunk.total = total;
    }
    return queue_event(node, &event, bytes, NULL);
}

static void on_stage(const struct node *node, const struct effect *effect)
{
    if (effect->bytes == NULL)
        partial_drop(node->home, &effect->as.chunk.id);
    else
        (void)partial_put(node->home, &effect->as.chunk.id, effect->as.chunk.offset, effect->as.chunk.max,
                          effect->bytes, effect->len);
}

/* A stretch of the body of an entry of that group with this id. */
static void load_body(struct node *node, const struct effect *effect, struct engine_event *event, uint8_t *bytes)
{
    struct store_entry entry;
    struct header h;
    uint32_t offset = effect->as.chunk.offset;
    if (store_load_entry(node->store, &effect->as.chunk.id, &entry) != GMM_OK)
        return;
    if (entry.body != NULL && offset < entry.body_len && header_decode(&h, entry.header) == GMM_OK && h.type >= 64 &&
        id_equal(&h.group, &effect->as.chunk.gid)) {
        size_t left = entry.body_len - offset;
        event->as.chunk.len = left < effect->as.chunk.max ? left : effect->as.chunk.max;
        memcpy(bytes, entry.body + offset, event->as.chunk.len);
        event->as.chunk.bytes = bytes;
        event->as.chunk.total = entry.body_len;
        event->as.chunk.offset = offset;
    }
    store_entry_close(&entry);
}

static enum gmm_err on_load_chunk(struct node *node, const struct effect *effect)
{
    struct engine_event event = {.kind = ENGINE_CHUNK_LOADED, .ticket = effect->ticket};
    uint32_t held = 0;
    uint8_t *bytes = malloc(effect->as.chunk.max);
    if (bytes == NULL)
        return GMM_ENOMEM;
    if (store_has_chunk(node->store, &effect->as.chunk.gid, &effect->as.chunk.id, &held) == GMM_OK) {
        size_t got = 0, total = 0;
        if (chunkfile_read(node->chunks, &effect->as.chunk.id, effect->as.chunk.offset, bytes, effect->as.chunk.max,
                           &got, &total) == GMM_OK) {
            event.as.chunk.bytes = bytes;
            event.as.chunk.len = got;
            event.as.chunk.total = total;
            event.as.chunk.offset = effect->as.chunk.offset;
        }
    } else {
        load_body(node, effect, &event, bytes);
    }
    return queue_event(node, &event, bytes, NULL);
}

/* "Stores the private key durably, and then announces it": the engine hears of the new key once the keystore is saved.
 */
static enum gmm_err on_wrap_keys(struct node *node, size_t outdated)
{
    struct gmm_msg msg = {.text = ""};
    struct engine_event event = {.kind = ENGINE_WRAP_KEYS, .err = node_renew_wrap_keys(node, outdated, &msg)};
    if (event.err != GMM_OK)
        log_warning("the wrap keys cannot be renewed: %s; tried again in an hour", msg.text);
    return queue_event(node, &event, NULL, NULL);
}

static void on_result(struct node *node, const struct effect *effect)
{
    struct node_result *result = &node->pending->result;
    if (effect->request == 0 || effect->request != result->request)
        return;
    if (effect->kind == EFFECT_ASSIGNED) {
        result->assigned = true;
    } else {
        result->done = true;
        result->err = effect->err;
        memcpy(result->text, effect->text, sizeof result->text);
    }
    result->id = effect->id;
}

static enum gmm_err carry_out(struct node *node, struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_SEND:
        if (node->net != NULL) {
            node->transport->send(node->net, effect->conn, effect->bytes, effect->len);
            effect->bytes = NULL;
        }
        return GMM_OK;
    case EFFECT_CLOSE:
        if (node->net != NULL)
            node->transport->shut(node->net, effect->conn, effect->err, effect->text);
        return GMM_OK;
    case EFFECT_STORE:
        return on_store(node, effect);
    case EFFECT_LOAD:
        return on_load(node, effect);
    case EFFECT_LOAD_CHUNK:
        return effect->as.chunk.staged ? on_load_staged(node, effect) : on_load_chunk(node, effect);
    case EFFECT_STAGE:
        on_stage(node, effect);
        return GMM_OK;
    case EFFECT_TIMER:
        node->pending->tick_ms = effect->at_ms;
        if (node->net != NULL)
            node->transport->timer(node->net, effect->at_ms);
        return GMM_OK;
    case EFFECT_ASSIGNED:
    case EFFECT_DONE:
        on_result(node, effect);
        return GMM_OK;
    case EFFECT_PEER:
        if (node->net != NULL)
            node->transport->peer_changed(node->net, effect->conn, effect);
        if (effect->as.peer.state == ENGINE_PEER_SYNCED) {
            effect->id = effect->as.peer.sign_pk;
            return queue_later(node, effect);
        }
        return effect->as.peer.state == ENGINE_PEER_OPEN ? note_peer(node, effect) : GMM_OK;
    case EFFECT_WRAP_KEYS:
        return on_wrap_keys(node, effect->as.outdated);
    case EFFECT_ENTRIES:
    case EFFECT_SECRET:
    case EFFECT_VIEW:
    case EFFECT_CHUNK_HERE:
    case EFFECT_CHUNK_NOT:
    case EFFECT_JOIN_REQUEST:
    case EFFECT_JOIN_ANSWERED:
    case EFFECT_FORK:
        return queue_later(node, effect);
    }
    return GMM_OK;
}

/* One event through the engine, and its effects. */
static enum gmm_err step_once(struct node *node, struct engine_event *event)
{
    event->now_ms = node_now_ms();
    randombytes_buf(event->random, sizeof event->random);
    enum gmm_err err = engine_step(node->engine, event, node->effects);
    sodium_memzero(event->random, sizeof event->random);
    for (size_t i = 0; i < effects_count(node->effects); i++) {
        enum gmm_err one = carry_out(node, effects_at(node->effects, i));
        if (err == GMM_OK)
            err = one;
    }
    effects_reset(node->effects);
    return err;
}

/* Queued events, then what they left to the layers above, until both are done. Not entered twice. */
static enum gmm_err work(struct node *node)
{
    struct node_pending *p = node->pending;
    enum gmm_err err = GMM_OK;
    if (p->working)
        return GMM_OK;
    p->working = true;
    while (p->event_at < p->event_count || p->later_at < p->later_count) {
        if (p->event_at < p->event_count) {
            struct node_event next = p->events[p->event_at++];
            if (next.event.kind == ENGINE_LOADED)
                next.event.as.loaded = next.run;
            p->stepping = true;
            enum gmm_err one = step_once(node, &next.event);
            p->stepping = false;
            free(next.owned);
            run_free(next.run);
            err = err == GMM_OK ? one : err;
            continue;
        }
        p->event_at = p->event_count = 0;
        struct node_later later = p->laters[p->later_at++];
        p->working = false; /* what is done there may step again */
        if (node->above->take(node, &later) != GMM_OK)
            p->behind = true;
        free(later.bytes);
        p->working = true;
    }
    p->working = false;
    if (p->event_at == p->event_count)
        p->event_at = p->event_count = 0;
    if (p->later_at == p->later_count)
        p->later_at = p->later_count = 0;
    return err;
}

enum gmm_err node_step(struct node *node, struct engine_event *event)
{
    struct node_pending *p = node->pending;
    if (node->engine == NULL)
        return GMM_ESTATE;
    if (p->stepping)
        return GMM_EBUSY;
    p->stepping = true;
    enum gmm_err err = step_once(node, event);
    p->stepping = false;
    enum gmm_err rest = work(node);
    return err == GMM_OK ? rest : err;
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
        (void)work(node);
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

enum gmm_err node_flush(struct node *node)
{
    struct node_pending *p = node->pending;
    enum gmm_err first = GMM_OK;
    if (node->store == NULL || p->flushing)
        return GMM_OK;
    p->flushing = true;
    if (p->behind && p->ticket_count == 0 && node->engine != NULL)
        p->behind = node->above->catch_up(node) != GMM_OK;
    for (unsigned round = 0; round < 64 && (p->ticket_count > 0 || store_in_transaction(node->store)); round++) {
        size_t count = p->ticket_count;
        uint64_t *tickets = p->tickets;
        p->tickets = NULL;
        p->ticket_count = p->ticket_capacity = 0;
        enum gmm_err err = commit(node);
        if (err != GMM_OK) {
            p->behind = p->behind || count == 0;
            first = first == GMM_OK && count > 0 ? err : first;
            struct engine_event failed = {.kind = ENGINE_STORE_FAILED, .err = err};
            if (count > 0 && node->engine != NULL)
                node_step(node, &failed);
            free(tickets);
            break;
        }
        for (size_t i = 0; i < count; i++) {
            struct engine_event persisted = {.kind = ENGINE_PERSISTED, .ticket = tickets[i]};
            enum gmm_err one = node_step(node, &persisted);
            first = first == GMM_OK ? one : first;
        }
        free(tickets);
    }
    p->flushing = false;
    p->has_ensured = false;
    fresh_clear(&node->fresh);
    return first;
}

uint64_t node_flush_due(const struct node *node)
{
    const struct node_pending *p = node->pending;
    return p->ticket_count > 0 && p->patient_ms != 0 && p->patient_bytes < PATIENT_BYTES && p->store_err == GMM_OK
               ? p->patient_ms + PATIENT_MS
               : 0;
}

uint64_t node_next_tick_ms(const struct node *node)
{
    return node->pending->tick_ms;
}

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
    if (err == GMM_OK && type >= 64)
        fresh_keep(&node->fresh, id, body, len);
    return err;
}

enum gmm_err node_flush_appends(struct node *node, struct gmm_msg *msg)
{
    struct engine_event event = {.kind = ENGINE_FLUSH};
    enum gmm_err err = node_step(node, &event);
    if (err == GMM_OK)
        err = node_flush(node);
    if (err != GMM_OK)
        return gmm_fail(msg, err, "%s",
                        err == GMM_EFULL ? _("the disk is full; nothing was posted; free some space")
                                         : gmm_err_text(err));
    return GMM_OK;
}

void node_discard(struct node *node)
{
    if (node->pending->ticket_count == 0 && store_in_transaction(node->store)) {
        store_rollback(node->store);
        node->pending->behind = true; /* what was projected meanwhile went with it */
    }
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
    enum gmm_err err = queue_event(node, event, owned, NULL);
    return err != GMM_OK || node->pending->stepping ? err : work(node);
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

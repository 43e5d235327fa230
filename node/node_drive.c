#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/clock.h"
#include "node/log.h"
#include "node/node_state.h"
#include "node/partial.h"
#include "proto/clocks.h"

uint64_t node_now_ms(void)
{
    return clock_now_ms();
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

static enum gmm_err on_load(struct node *node, const struct effect *effect)
{
    struct run *run = NULL;
    struct engine_event event = {.kind = ENGINE_LOADED, .ticket = effect->ticket};
    store_load_part(node->store, &effect->as.load.key, effect->as.load.from_seq, effect->as.load.to_seq,
                    effect->as.load.max_bytes, effect->as.load.headers, effect->as.load.exact, &run);
    node->handled += run == NULL ? 0 : run->count;
    return node_queue_event(node, &event, NULL, run);
}

/* What came of a piece before; nothing is as good as an error. */
static enum gmm_err on_load_staged(struct node *node, const struct effect *effect)
{
    struct engine_event event = {.kind = ENGINE_CHUNK_LOADED, .ticket = effect->ticket};
    uint8_t *bytes = NULL;
    size_t len = 0;
    uint32_t total = 0;
    if (partial_get(node->home, &effect->as.chunk.id, &bytes, &len, &total) == GMM_OK ||
        node_chunks_left(node, &effect->as.chunk.id, &bytes, &len, &total)) {
        event.as.chunk.bytes = bytes;
        event.as.chunk.len = len;
        event.as.chunk.total = total;
    }
    return node_queue_event(node, &event, bytes, NULL);
}

static void on_stage(const struct node *node, const struct effect *effect)
{
    if (effect->bytes == NULL) {
        partial_drop(node->home, &effect->as.chunk.id);
        node_chunks_drop(node, &effect->as.chunk.id);
    } else {
        (void)partial_put(node->home, &effect->as.chunk.id, effect->as.chunk.offset, effect->as.chunk.max,
                          effect->bytes, effect->len);
    }
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
    return node_queue_event(node, &event, bytes, NULL);
}

/* "Stores the private key durably, and then announces it": the engine hears of the new key once the keystore is saved.
 */
static enum gmm_err on_wrap_keys(struct node *node, size_t outdated)
{
    struct gmm_msg msg = {.text = ""};
    struct engine_event event = {.kind = ENGINE_WRAP_KEYS, .err = node_renew_wrap_keys(node, outdated, &msg)};
    if (event.err != GMM_OK)
        log_warning("the wrap keys cannot be renewed: %s; tried again in an hour", msg.text);
    return node_queue_event(node, &event, NULL, NULL);
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
        return node_store(node, effect);
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
            return node_queue_later(node, effect);
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
        return node_queue_later(node, effect);
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
enum gmm_err node_work(struct node *node)
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
    enum gmm_err rest = node_work(node);
    return err == GMM_OK ? rest : err;
}

uint64_t node_next_tick_ms(const struct node *node)
{
    return node->pending->tick_ms;
}

#include "proto/engine.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "proto/engine_state.h"

enum gmm_err engine_new(struct engine **out, const struct engine_config *config)
{
    struct engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL)
        return GMM_ENOMEM;
    struct core *core = &engine->core;
    core->keystore = config->keystore;
    core->nid = config->nid;
    memcpy(core->store_id, config->store_id, sizeof core->store_id);
    core->heads_only = config->heads_only;
    core->build_ms = config->build_ms;
    core->pinned = config->pinned;
    core->pinned_noise_pk = config->pinned_noise_pk;
    core->checks_chunks = config->checks_chunks;
    core->relayed = (struct relayed){
        .limited = config->relays_within, .most = config->relay_most, .group_most = config->relay_group_most};
    core->directory = directory_new();
    core->logs = logs_new();
    core->fold = core->directory == NULL ? NULL : fold_new(core->directory);
    core->forks = forks_new();
    engine->links = links_new();
    engine->replicate = replicate_new();
    engine->fetch = fetch_new();
    engine->offers = offers_new();
    engine->author = author_new();
    engine->keyring = keyring_new();
    engine->stores = stores_new();
    upkeep_close(&engine->upkeep); /* nothing is due */
    engine->cuts_next_ms = UINT64_MAX;
    engine->wrap_keys_next_ms = engine->terms_next_ms = engine->anchors.next_ms = UINT64_MAX;
    if (core->directory == NULL || core->logs == NULL || core->fold == NULL || core->forks == NULL ||
        engine->links == NULL || engine->replicate == NULL || engine->fetch == NULL || engine->offers == NULL ||
        engine->author == NULL || engine->keyring == NULL || engine->stores == NULL) {
        engine_free(engine);
        return GMM_ENOMEM;
    }
    fold_forks(core->fold, core->forks);
    *out = engine;
    return GMM_OK;
}

void engine_free(struct engine *engine)
{
    if (engine == NULL)
        return;
    fetch_free(engine->fetch);
    offers_free(engine->offers);
    replicate_free(engine->replicate);
    links_free(engine->links);
    author_free(engine->author);
    keyring_free(engine->keyring);
    stores_free(engine->stores);
    fold_free(engine->core.fold);
    forks_free(engine->core.forks);
    free(engine->branches);
    engine_anchors_close(engine);
    take_close(&engine->core.take);
    relayed_close(&engine->core.relayed);
    logs_free(engine->core.logs);
    directory_free(engine->core.directory);
    sodium_memzero(engine->core.seed, sizeof engine->core.seed);
    free(engine->requests);
    upkeep_close(&engine->upkeep);
    free(engine);
}

const struct view *engine_view(struct engine *engine)
{
    return fold_view(engine->core.fold);
}

struct fold *engine_fold(struct engine *engine)
{
    return engine->core.fold;
}

const struct logs *engine_logs(const struct engine *engine)
{
    return engine->core.logs;
}

const struct forks *engine_forks(const struct engine *engine)
{
    return engine->core.forks;
}

const struct directory *engine_directory(const struct engine *engine)
{
    return engine->core.directory;
}

const uint8_t *engine_secret(const struct engine *engine, const struct gmm_id *epoch_id)
{
    return keyring_secret(engine->keyring, epoch_id);
}

enum gmm_err engine_domain(struct engine *engine, const struct gmm_id *gid, uint64_t now_ms, uint8_t conv[32])
{
    const struct view *view = engine_view(engine);
    const struct view_epoch *epoch = NULL;
    enum sending_state state;
    enum gmm_err err =
        view == NULL ? GMM_ENOTFOUND : keyring_sending(engine->keyring, view, gid, now_ms, &epoch, &state);
    if (err == GMM_OK)
        err = epoch == NULL ? GMM_ENOTFOUND : keyring_domain(engine->keyring, view, epoch, conv);
    return err;
}

const struct view_participant *engine_self(struct engine *engine)
{
    const struct view *view = engine_view(engine);
    const struct view_office *office = view == NULL ? NULL : view_office(view, core_self(&engine->core));
    return office == NULL ? NULL : view_participant(view, &office->pid);
}

bool engine_idle(const struct engine *engine)
{
    for (size_t i = 0; i < links_count(engine->links); i++)
        if (!links_at(engine->links, i)->identified)
            return false;
    return replicate_all_synced(engine->replicate);
}

bool engine_takes(const struct engine *engine, const struct gmm_id *gid, uint64_t time_ms)
{
    return time_ms >= take_since(&engine->core.take, gid);
}

size_t engine_chunks_wanted(const struct engine *engine)
{
    return fetch_wanted(engine->fetch);
}

uint64_t engine_lacking(const struct engine *engine)
{
    return replicate_lacking(engine->replicate, &engine->core);
}

void engine_toll(const struct engine *engine, uint64_t *taken, uint64_t *repeated)
{
    replicate_toll(engine->replicate, taken, repeated);
}

size_t engine_clock(const struct engine *engine, uint64_t now_ms, int64_t *ahead_ms, bool *refused)
{
    *refused = clocks_refuse(&engine->core.clocks, now_ms, ahead_ms);
    return clocks_median(&engine->core.clocks, now_ms, ahead_ms);
}

enum gmm_err engine_clocks(const struct engine *engine, struct buffer *out)
{
    return clocks_encode(out, &engine->core.clocks);
}

/* Numbers of an earlier start are never given again, also when a crash lost the last of what they were given to: peers
 * may hold cursors over those. */
static enum gmm_err on_start(struct engine *engine, uint64_t floor)
{
    struct core *core = &engine->core;
    uint64_t last = logs_last_arrival(core->logs);
    struct effect *store = core_store(core);
    if (store == NULL)
        return GMM_ENOMEM;
    core->next_arrival = (last > floor ? last : floor) + (UINT64_C(1) << 32);
    store->as.store.durable = true;
    store->as.store.floor = core->next_arrival;
    engine_anchors_start(engine);
    return engine_view_changed(engine);
}

/* Who may do what rests on these records: bytes that the store gives back altered are not read. */
static enum gmm_err restore_entry(struct core *core, const struct engine_event *event)
{
    struct header h;
    struct gmm_id id, hash;
    const uint8_t *body = event->as.entry.body;
    header_id(&id, event->as.entry.header);
    if (header_decode(&h, event->as.entry.header) != GMM_OK || h.body_len != event->as.entry.body_len)
        return GMM_ECORRUPT;
    header_body_hash(&hash, body, h.body_len);
    if (!id_equal(&id, &event->as.entry.id) || !id_equal(&hash, &h.body_hash))
        return GMM_ECORRUPT;
    return fold_add(core->fold, event->as.entry.header, &id, body, h.body_len);
}

static enum gmm_err on_restore(struct engine *engine, const struct engine_event *event)
{
    struct core *core = &engine->core;
    const struct directory_object *object;
    enum gmm_err err = GMM_OK;
    if (event->kind == ENGINE_RESTORE_OBJECT) {
        err = directory_add(core->directory, event->bytes, event->len, &object);
        fold_touch(core->fold);
        return err == GMM_EEXISTS ? GMM_OK : err;
    }
    if (event->kind == ENGINE_RESTORE_ENTRY)
        return restore_entry(core, event);
    if (event->kind == ENGINE_RESTORE_SECRET)
        return keyring_put(engine->keyring, &event->as.secret.epoch_id, event->as.secret.secret);
    if (event->kind == ENGINE_RESTORE_PROOF)
        return engine_forks_restore(engine, event->bytes, event->len);
    if (event->kind == ENGINE_RESTORE_TALLY)
        return keyring_count(engine->keyring, &event->as.tally.epoch_id, event->as.tally.entries);
    if (event->kind == ENGINE_RESTORE_CLOCKS) {
        (void)clocks_decode(&core->clocks, event->bytes, event->len);
        return GMM_OK;
    }
    if (event->kind == ENGINE_RESTORE_CURSOR)
        return replicate_restore_cursor(engine->replicate, &event->as.cursor.sign_pk, event->as.cursor.token,
                                        event->as.cursor.len);
    struct logs_log *log = logs_get(core->logs, &event->as.restore_log.key);
    if (log == NULL)
        return GMM_ENOMEM;
    log->admitted = event->as.restore_log.head;
    log->closed = event->as.restore_log.closed;
    log->gaps = event->as.restore_log.gaps;
    logs_persist(core->logs, log, &event->as.restore_log.head, event->as.restore_log.arrival);
    return GMM_OK;
}

static enum gmm_err on_connected(struct engine *engine, const struct engine_event *event)
{
    struct core *core = &engine->core;
    const struct view *view = fold_view(core->fold);
    const struct view_office *office = view == NULL || !event->as.connected.initiator
                                           ? NULL
                                           : view_office_by_noise(view, &event->as.connected.remote_noise_pk);
    size_t len = 0;
    const uint8_t *token = office == NULL ? NULL : replicate_cursor(engine->replicate, &office->sign_pk, &len);
    enum gmm_err err = links_connected(engine->links, core, event, token, len);
    if (err != GMM_OK) {
        struct effect *effect = core_effect(core, EFFECT_CLOSE);
        if (effect == NULL)
            return GMM_ENOMEM;
        effect->conn = event->conn;
        effect->err = err;
        strncat(effect->text, gmm_err_text(err), sizeof effect->text - 1);
    }
    return GMM_OK;
}

static enum gmm_err on_tick(struct engine *engine)
{
    enum gmm_err err = engine_wrapkeys(engine);
    engine->review = true;
    if (err == GMM_OK)
        err = engine_terms_due(engine);
    if (err == GMM_OK)
        err = engine_upkeep_due(engine);
    if (err == GMM_OK)
        err = engine_cuts_due(engine);
    return err == GMM_OK ? engine_anchors_due(engine) : err;
}

static enum gmm_err on_loaded(struct engine *engine, const struct engine_event *event)
{
    bool named;
    if (replicate_loaded(engine->replicate, &engine->core, event->ticket, event->as.loaded))
        return GMM_OK;
    enum gmm_err err = engine_anchors_loaded(engine, event->ticket, event->as.loaded, &named);
    if (err != GMM_OK)
        return err;
    return named ? engine_forks_review(engine) : engine_forks_loaded(engine, event->ticket, event->as.loaded);
}

/* A log of which only erased bodies are missing is whole. */
static enum gmm_err on_erased(struct engine *engine, const struct engine_event *event)
{
    struct core *core = &engine->core;
    struct logs_log *log = event->as.erased.log == NULL ? NULL : logs_find(core->logs, event->as.erased.log);
    fetch_forget(engine->fetch, core, &event->as.erased.gid, &event->as.erased.id);
    if (log != NULL && event->as.erased.gaps > 0)
        log->gaps++;
    else if (log != NULL && event->as.erased.gaps < 0 && log->gaps > 0)
        log->gaps--;
    engine_anchors_stored(engine);
    return GMM_OK;
}

static enum gmm_err on_take(struct engine *engine, const struct take *take)
{
    enum gmm_err err =
        take_set(&engine->core.take, take->groups, take->group_count, take->metered, take->metered_count);
    if (err == GMM_OK)
        replicate_take_changed(engine->replicate, &engine->core);
    return err;
}

static enum gmm_err on_chunks_came(struct engine *engine, const struct engine_event *event)
{
    for (size_t i = 0; i < event->as.want.count; i++)
        fetch_persisted(engine->fetch, &engine->core, &event->as.want.gid, &event->as.want.ids[i], GMM_OK);
    return GMM_OK;
}

static bool is_ours(struct engine *engine, const struct gmm_id *gid)
{
    const struct view_participant *self = engine_self(engine);
    return self != NULL && view_is_member(fold_view(engine->core.fold), gid, &self->pid);
}

static enum gmm_err on_chunks_held(struct engine *engine, const struct engine_event *event)
{
    const struct gmm_id *gid = &event->as.held.gid;
    uint64_t bytes = 0;
    if (is_ours(engine, gid))
        return offers_put(engine->offers, engine->core.now_ms, gid, event->as.held.ids, event->as.held.lens,
                          event->as.held.count);
    for (size_t i = 0; i < event->as.held.count; i++)
        bytes += event->as.held.lens[i];
    return relayed_put(&engine->core.relayed, gid, bytes);
}

bool engine_lists_chunks(struct engine *engine, struct gmm_id *gid)
{
    const struct core *core = &engine->core;
    const struct view *view = fold_view(core->fold);
    if (offers_due(engine->offers, core->now_ms, gid))
        return true;
    for (size_t i = 0; view != NULL && core->relayed.limited && i < view->group_count; i++) {
        const struct view_group *group = &view->groups[i];
        *gid = group->gid;
        if (group->relay_count > 0 && relayed_find(&core->relayed, gid) == NULL &&
            view_is_relay(view, gid, core_self(core)) && !is_ours(engine, gid))
            return true;
    }
    return false;
}

const struct relayed *engine_relayed(const struct engine *engine)
{
    return &engine->core.relayed;
}

/* One connection; it may be gone by now. */
static void on_peer(struct engine *engine, const struct engine_event *event)
{
    struct peer *peer = links_find(engine->links, event->conn);
    if (peer == NULL)
        return;
    if (event->kind == ENGINE_RECEIVED)
        engine_received(engine, peer, event->bytes, event->len);
    else if (event->kind == ENGINE_DRAINED)
        links_drained(peer, event->queued, event->room);
    else if (event->kind == ENGINE_DISCONNECTED)
        engine_drop(engine, event->conn);
    else
        peer_send(peer, SESSION_CONTROL, MESSAGE_JOIN_ANSWER, event->bytes, event->len);
}

/* Carries an event to the module that it belongs to. Errors of one connection never reach here. */
static enum gmm_err dispatch(struct engine *engine, const struct engine_event *event)
{
    switch (event->kind) {
    case ENGINE_RESTORE_OBJECT:
    case ENGINE_RESTORE_LOG:
    case ENGINE_RESTORE_ENTRY:
    case ENGINE_RESTORE_SECRET:
    case ENGINE_RESTORE_CURSOR:
    case ENGINE_RESTORE_TALLY:
    case ENGINE_RESTORE_PROOF:
    case ENGINE_RESTORE_CLOCKS:
        return on_restore(engine, event);
    case ENGINE_START:
        return on_start(engine, event->as.floor);
    case ENGINE_CONNECTED:
        return on_connected(engine, event);
    case ENGINE_RECEIVED:
    case ENGINE_DRAINED:
    case ENGINE_DISCONNECTED:
    case ENGINE_JOIN_ANSWER:
        on_peer(engine, event);
        return GMM_OK;
    case ENGINE_JOIN_SEND:
        return engine_join_send(engine, links_find(engine->links, event->conn), event);
    case ENGINE_PERSISTED:
        return engine_persisted(engine, event->ticket);
    case ENGINE_STORE_FAILED:
        if (event->ticket != 0)
            return engine_chunk_failed(engine, event->ticket, event->err);
        engine_store_failed(engine, event->err);
        return engine_owed_again(engine);
    case ENGINE_LOADED:
        return on_loaded(engine, event);
    case ENGINE_CHUNK_LOADED:
        fetch_loaded(engine->fetch, &engine->core, event->ticket, event->as.chunk.bytes, event->as.chunk.len,
                     event->as.chunk.total);
        return GMM_OK;
    case ENGINE_APPEND:
        return engine_append(engine, event);
    case ENGINE_FLUSH:
        return engine_flush(engine);
    case ENGINE_ADD_OBJECT:
        return engine_add_object(engine, event);
    case ENGINE_ENSURE_EPOCH:
        return engine_ensure_epoch(engine, event->request, &event->as.epoch.gid, event->as.epoch.force);
    case ENGINE_IMPORT_RUN:
        return engine_import_run(engine, event);
    case ENGINE_IMPORT_PROOF:
        return engine_import_proof(engine, event);
    case ENGINE_CHUNK_CAME:
        return on_chunks_came(engine, event);
    case ENGINE_WANT_CHUNKS:
        return fetch_want(engine->fetch, &engine->core, event);
    case ENGINE_CHUNKS_HELD:
        return on_chunks_held(engine, event);
    case ENGINE_ERASED:
        return on_erased(engine, event);
    case ENGINE_TAKE:
        return on_take(engine, event->as.take);
    case ENGINE_WRAP_KEYS:
        return engine_wrapkeys_saved(engine, event->err);
    case ENGINE_URGENT:
        return engine_anchors_urgent(engine, event->as.urgent.logs, event->as.urgent.count);
    case ENGINE_BEHIND:
        engine->behind = event->as.behind;
        return GMM_OK;
    case ENGINE_TICK:
        return on_tick(engine);
    }
    return GMM_EUSAGE;
}

/* "Whoever is expelled is still told the control logs, as they are held then." Then its session is closed. */
static void part(struct engine *engine, struct peer *peer)
{
    struct core *core = &engine->core;
    if (peer->parting_ms == 0) {
        peer->parting_ms = core->now_ms + LIMIT_PARTING_MS;
        fetch_gone(engine->fetch, core, peer->conn);
        offers_gone(engine->offers, peer->conn);
        replicate_part(engine->replicate, core, peer);
    }
    if (core->now_ms >= peer->parting_ms || replicate_parted(engine->replicate, core, peer))
        peer_close(peer, GMM_EDENIED, N_("its participant is expelled"));
    links_pump(engine->links, core);
}

/* What every step ends with: sending goes on, overdue connections go, new stores are remembered, the timer is set. */
static void finish(struct engine *engine)
{
    struct core *core = &engine->core;
    for (size_t i = 0; i < links_count(engine->links); i++) {
        uint32_t conn = links_at(engine->links, i)->conn;
        offers_acked(engine->offers, conn, replicate_acked(engine->replicate, conn));
        replicate_set_busy(engine->replicate, conn,
                           fetch_busy(engine->fetch, conn) || offers_busy(engine->offers, conn));
        replicate_set_lacking(engine->replicate, conn, engine->behind || fetch_hopes(engine->fetch, core, conn));
    }
    uint64_t next = fetch_continue(engine->fetch, core);
    uint64_t due = offers_continue(engine->offers, core);
    next = due < next ? due : next;
    due = replicate_continue(engine->replicate, core);
    next = due < next ? due : next;
    due = links_tick(engine->links, core);
    next = due < next ? due : next;
    due = upkeep_next_ms(&engine->upkeep);
    next = due < next ? due : next;
    due = engine->anchors.next_ms;
    next = due < next ? due : next;
    due = engine->terms_next_ms;
    next = due < next ? due : next;
    due = engine->wrap_keys_next_ms;
    next = due < next ? due : next;
    due = fold_next_ms(core->fold);
    next = due < next ? due : next;
    due = engine->cuts_next_ms;
    next = due < next ? due : next;
    links_pump(engine->links, core);
    /* After the pump: what ended its session (a revocation, a newer certificate) has gone to the peer as well. */
    if (engine->review)
        links_review(engine->links, core);
    engine->review = false;
    for (size_t i = links_count(engine->links); i > 0; i--) {
        struct peer *peer = links_at(engine->links, i - 1);
        if (peer->parting)
            part(engine, peer);
        if (peer->closing)
            engine_close(engine, peer, peer->close_err, peer->close_text);
    }
    if (next != UINT64_MAX && next != engine->timer_ms) {
        struct effect *effect = core_effect(core, EFFECT_TIMER);
        if (effect != NULL)
            effect->at_ms = next;
    }
    engine->timer_ms = next;
}

enum gmm_err engine_step(struct engine *engine, const struct engine_event *event, struct effects *effects)
{
    struct core *core = &engine->core;
    core->effects = effects;
    core->now_ms = event->now_ms;
    memcpy(core->seed, event->random, sizeof core->seed);
    core->seed_used = 0;
    if (event->kind == ENGINE_TICK)
        engine->timer_ms = 0;
    core->oldest_store = stores_oldest(engine->stores);
    /* A term or a lead that begins or lapses changes the view like a record. */
    bool turned = fold_advance(core->fold, event->now_ms);
    enum gmm_err err = engine->failed ? GMM_ENOMEM : dispatch(engine, event);
    if (turned && err == GMM_OK)
        err = engine_view_changed(engine);
    if (event->kind >= ENGINE_START && !engine->failed) {
        if (stores_note(engine->stores, core) != GMM_OK)
            err = GMM_ENOMEM;
        core->oldest_store = stores_oldest(engine->stores);
        finish(engine);
        if (stores_note(engine->stores, core) != GMM_OK)
            err = GMM_ENOMEM;
    }
    if (err == GMM_ENOMEM)
        engine->failed = true;
    sodium_memzero(core->seed, sizeof core->seed);
    core->effects = NULL;
    return err;
}

#include <stdlib.h>
#include <string.h>

#include "proto/engine_state.h"

#define OWED_AGAIN_MS 10000u /* the disk may still be full */

enum gmm_err engine_view_changed(struct engine *engine)
{
    struct core *core = &engine->core;
    const struct view *view = fold_view(core->fold);
    if (view == NULL)
        return GMM_OK;
    engine->review = true;
    enum gmm_err err = engine_anchors_places(engine);
    if (err == GMM_OK)
        err = engine_forks_review(engine);
    replicate_view_changed(engine->replicate, core);
    offers_review(engine->offers);
    if (err == GMM_OK)
        err = keyring_scan(engine->keyring, core, view);
    engine_wrapkeys_plan(engine);
    engine_cuts_plan(engine);
    engine_terms_plan(engine);
    if (err == GMM_OK)
        err = engine_upkeep_plan(engine);
    if (err == GMM_OK && core_effect(core, EFFECT_VIEW) == NULL)
        err = GMM_ENOMEM;
    return err;
}

static enum gmm_err persisted_runs(struct engine *engine, const struct stores_item *item)
{
    struct core *core = &engine->core;
    for (size_t i = 0; i < item->run_count; i++) {
        const struct stores_run *run = &item->runs[i];
        logs_persist(core->logs, run->log, &run->head, run->arrival);
        run->log->gaps += run->gaps;
        if (id_equal(&run->log->key.author, core_self(core)))
            offers_stale(engine->offers, &run->log->key.group);
        struct effect *effect = core_effect(core, EFFECT_ENTRIES);
        if (effect == NULL)
            return GMM_ENOMEM;
        effect->as.entries.key = run->log->key;
        effect->as.entries.first_seq = run->first_seq;
        effect->as.entries.count = (uint32_t)(run->last_seq - run->first_seq + 1);
    }
    return GMM_OK;
}

static enum gmm_err done_requests(struct engine *engine, uint64_t ticket)
{
    for (size_t i = 0; i < engine->request_count;) {
        struct engine_request *request = &engine->requests[i];
        if (request->ticket == 0 || request->ticket > ticket) {
            i++;
            continue;
        }
        core_done(&engine->core, request->request, GMM_OK, &request->id, NULL);
        *request = engine->requests[--engine->request_count];
    }
    return GMM_OK;
}

enum gmm_err engine_persisted(struct engine *engine, uint64_t ticket)
{
    struct core *core = &engine->core;
    struct stores_item *item = stores_take(engine->stores, ticket);
    if (item == NULL)
        return GMM_OK; /* of before a failure */
    enum gmm_err err = persisted_runs(engine, item);
    for (size_t i = 0; i < item->plain_count && err == GMM_OK; i++)
        err = fold_add(core->fold, item->plains[i].header, &item->plains[i].id, item->plains[i].body,
                       item->plains[i].len);
    for (size_t i = 0; i < item->secret_count && err == GMM_OK; i++) {
        struct effect *effect = core_effect(core, EFFECT_SECRET);
        if (effect == NULL)
            err = GMM_ENOMEM;
        else
            effect->id = item->secrets[i];
    }
    for (size_t i = 0; i < item->tally_count && err == GMM_OK; i++)
        err = engine_upkeep_count(engine, &item->tallies[i].epoch_id, item->tallies[i].count);
    if (item->has_chunk) {
        fetch_persisted(engine->fetch, core, &item->chunk_gid, &item->chunk_id, GMM_OK);
        offers_stale(engine->offers, &item->chunk_gid);
    }
    if (err == GMM_OK)
        err = engine_forks_persisted(engine, item);
    if (err == GMM_OK && (item->plain_count > 0 || item->object_count > 0 || item->proof_count > 0 || item->has_cut))
        err = engine_view_changed(engine);
    for (size_t i = 0; i < item->object_count; i++) {
        const struct directory_object *object = directory_find(core->directory, &item->objects[i]);
        if (object != NULL)
            replicate_persisted_object(engine->replicate, core, object);
    }
    if (item->run_count + item->proof_count > 0)
        engine_anchors_stored(engine);
    for (size_t i = 0; i < item->run_count; i++)
        replicate_persisted_run(engine->replicate, core, item->runs[i].log, item->runs[i].first_seq,
                                item->runs[i].last_seq);
    if (err == GMM_OK && !item->has_chunk) /* chunks come before or after what was stored before them */
        err = done_requests(engine, ticket);
    stores_item_free(item);
    return err;
}

enum gmm_err engine_chunk_failed(struct engine *engine, uint64_t ticket, enum gmm_err err)
{
    struct stores_item *item = stores_take(engine->stores, ticket);
    if (item == NULL)
        return GMM_OK; /* of before a failure of all */
    fetch_persisted(engine->fetch, &engine->core, &item->chunk_gid, &item->chunk_id, err);
    stores_item_free(item);
    return GMM_OK;
}

static void not_before(uint64_t *next_ms, uint64_t at_ms)
{
    if (*next_ms < at_ms)
        *next_ms = at_ms;
}

enum gmm_err engine_owed_again(struct engine *engine)
{
    uint64_t again_ms = engine->core.now_ms + OWED_AGAIN_MS;
    engine_wrapkeys_plan(engine);
    engine_cuts_plan(engine);
    engine_terms_plan(engine);
    engine_anchors_stored(engine);
    not_before(&engine->wrap_keys_next_ms, again_ms);
    not_before(&engine->cuts_next_ms, again_ms);
    not_before(&engine->terms_next_ms, again_ms);
    return engine_upkeep_plan(engine);
}

/* Drafts on their way to the store, and who waits for them. */
#include <stdlib.h>

#include "proto/engine_state.h"

enum gmm_err engine_wait(struct engine *engine, uint64_t request, uint64_t ticket, const struct gmm_id *id)
{
    if (request == 0)
        return GMM_OK;
    if (engine->request_count == engine->request_capacity) {
        size_t capacity = engine->request_capacity == 0 ? 16 : 2 * engine->request_capacity;
        struct engine_request *requests = realloc(engine->requests, capacity * sizeof *requests);
        if (requests == NULL)
            return GMM_ENOMEM;
        engine->requests = requests;
        engine->request_capacity = capacity;
    }
    engine->requests[engine->request_count++] = (struct engine_request){request, ticket, *id};
    return GMM_OK;
}

void engine_store_failed(struct engine *engine, enum gmm_err err)
{
    struct core *core = &engine->core;
    struct stores_item *item;
    stores_note(engine->stores, core);
    while ((item = stores_take_any(engine->stores)) != NULL) {
        for (size_t i = 0; i < item->secret_count; i++)
            keyring_drop(engine->keyring, &item->secrets[i]);
        for (size_t i = 0; i < item->object_count; i++) {
            directory_remove(core->directory, &item->objects[i]);
            fold_touch(core->fold);
        }
        if (item->has_chunk)
            fetch_persisted(engine->fetch, core, &item->chunk_gid, &item->chunk_id, GMM_EIO);
        engine_forks_failed(engine, item);
        stores_item_free(item);
    }
    logs_rollback(core->logs);
    author_discard(engine->author);
    engine->announced_wrap = (struct gmm_id){{0}};
    engine->named_term = 0;
    for (size_t i = 0; i < engine->request_count; i++)
        core_done(core, engine->requests[i].request, err, NULL, NULL);
    engine->request_count = 0;
    replicate_retry(engine->replicate, core->now_ms);
}

/* Everything that waits in drafts is signed and stored; who asked for it waits for the last of those stores. */
enum gmm_err engine_flush(struct engine *engine)
{
    struct core *core = &engine->core;
    enum gmm_err err = author_flush(engine->author, core);
    if (err != GMM_OK) {
        engine_store_failed(engine, err);
        return err;
    }
    if ((err = stores_note(engine->stores, core)) != GMM_OK)
        return err;
    uint64_t newest = stores_newest(engine->stores); /* a draft that filled its block went before */
    for (size_t i = engine->request_count; i > 0; i--) {
        struct engine_request *request = &engine->requests[i - 1];
        if (request->ticket != 0)
            continue;
        request->ticket = newest;
        if (newest != 0)
            continue;
        core_done(core, request->request, GMM_OK, &request->id, NULL);
        *request = engine->requests[--engine->request_count];
    }
    return GMM_OK;
}

#include <stdlib.h>
#include <string.h>

#include "proto/engine_state.h"
#include "proto/intake.h"

/* "An observer reads, and posts to its own internal only." */
static bool may_seal(struct core *core, const struct gmm_id *gid, struct gmm_msg *msg)
{
    const struct view *view = fold_view(core->fold);
    const struct view_office *self = view == NULL ? NULL : view_office(view, core_self(core));
    /* Who is not in the roster has no group either: making the epoch says so. */
    return self == NULL || view_group(view, gid) == NULL || view_may_post(view, gid, &self->pid, msg);
}

static void explain(const struct core *core, enum gmm_err err, struct gmm_msg *msg)
{
    if (author_check_clock(core, msg) == GMM_OK)
        gmm_fail(msg, err, "the entry cannot be made: %s", gmm_err_text(err));
}

enum gmm_err engine_append(struct engine *engine, const struct engine_event *event)
{
    struct core *core = &engine->core;
    const struct gmm_id *gid = &event->as.append.gid;
    const struct view_epoch *epoch = NULL;
    struct gmm_msg msg = {{0}};
    struct gmm_id id = {{0}};
    /* "at the latest before its first act as chair". */
    enum gmm_err err =
        event->as.append.type < 64 && event->as.append.type != HEADER_ACCEPT ? engine_terms_name(engine) : GMM_OK;
    if (err != GMM_OK)
        return err;
    if (event->as.append.type < 64)
        err = fold_authorize(core->fold, core_self(core), gid, event->as.append.type, event->as.append.body,
                             event->as.append.len, core->now_ms, &msg);
    else
        err = may_seal(core, gid, &msg) ? engine_sealing_epoch(engine, gid, &epoch, &msg) : GMM_EDENIED;
    if (err == GMM_OK) {
        struct author_seal seal = {.packed = event->as.append.packed};
        if (epoch != NULL) {
            seal.epoch_id = &epoch->id;
            seal.secret = keyring_secret(engine->keyring, &epoch->id);
        }
        err = author_append(engine->author, core, gid, event->as.append.type, epoch == NULL ? NULL : &seal,
                            event->as.append.body, event->as.append.len, &id);
        if (err != GMM_OK)
            explain(core, err, &msg);
    }
    if (err != GMM_OK) {
        core_done(core, event->request, err, NULL, &msg);
        return err == GMM_ENOMEM ? err : GMM_OK;
    }
    struct effect *assigned = core_effect(core, EFFECT_ASSIGNED);
    if (assigned == NULL)
        return GMM_ENOMEM;
    assigned->request = event->request;
    assigned->id = id;
    err = engine_wait(engine, event->request, 0, &id);
    return err == GMM_OK && !event->as.append.more ? engine_flush(engine) : err;
}

enum gmm_err engine_add_object(struct engine *engine, const struct engine_event *event)
{
    struct core *core = &engine->core;
    const struct directory_object *object = NULL;
    struct gmm_msg msg = {{0}};
    enum gmm_err err = GMM_OK;
    if (event->len > 0 && ((const uint8_t *)event->bytes)[0] == DIRECTORY_CHARTER &&
        directory_charter(core->directory) == NULL && !id_is_zero(&core->nid)) {
        struct charter charter;
        err = charter_open(&charter, (const uint8_t *)event->bytes + 1, event->len - 1);
        if (err == GMM_OK && !id_equal(&charter.nid, &core->nid))
            err = GMM_ENETWORK;
    }
    if (err == GMM_OK)
        err = directory_add(core->directory, event->bytes, event->len, &object);
    if (err != GMM_OK) {
        gmm_fail(&msg, err, "the object is %s", gmm_err_text(err));
        core_done(core, event->request, err == GMM_EEXISTS ? GMM_OK : err, object == NULL ? NULL : &object->hash, &msg);
        return err == GMM_ENOMEM ? err : GMM_OK;
    }
    fold_touch(core->fold);
    struct effect *store = core_store(core);
    struct gmm_id *hash = malloc(sizeof *hash);
    if (store == NULL || hash == NULL) {
        free(hash);
        return GMM_ENOMEM;
    }
    *hash = object->hash;
    store->as.store.durable = true;
    store->as.store.object_hashes = hash;
    store->as.store.object_count = 1;
    return engine_wait(engine, event->request, store->ticket, hash);
}

/* GMM_EORDER: there is a gap before it. */
static enum gmm_err import_run(struct core *core, const struct engine_event *event, struct logs_log **out,
                               struct admitted **admitted)
{
    struct run_key key;
    uint64_t first;
    uint32_t count;
    struct verified_run *verified = NULL;
    enum gmm_err err = run_peek(&key, &first, &count, event->bytes, event->len);
    if (err != GMM_OK)
        return err;
    if (directory_author(core->directory, &key.author) == NULL)
        return GMM_EUNKNOWN;
    struct logs_log *log = *out = intake_log(core, &key);
    if (log == NULL)
        return GMM_ENOMEM;
    uint64_t next = log->admitted.seq == LOGS_NO_SEQ ? 0 : log->admitted.seq + 1;
    if (first + count <= next || first >= log->end)
        return GMM_EEXISTS; /* held, or of no use */
    if (first > next || log->cutting || (first > 0 && first < next && !event->as.import.has_prev))
        return GMM_EORDER;
    const struct gmm_id *prev = first < next ? &event->as.import.prev : &log->admitted.id;
    err = intake_verify(&verified, core, log, prev, event->bytes, event->len);
    if (err == GMM_OK)
        err = gate_admit(admitted, &verified, core->logs, core->directory, core->now_ms);
    verified_run_free(verified);
    if (err == GMM_OK && id_equal(&key.author, core_self(core)))
        intake_close_own(core, log);
    return err;
}

enum gmm_err engine_import_run(struct engine *engine, const struct engine_event *event)
{
    struct core *core = &engine->core;
    struct admitted *admitted = NULL;
    struct logs_log *log = NULL;
    struct gmm_msg msg = {{0}};
    enum gmm_err err = import_run(core, event, &log, &admitted);
    if (err != GMM_OK) {
        gmm_fail(&msg, err, "the run is %s", gmm_err_text(err));
        core_done(core, event->request, err == GMM_EEXISTS ? GMM_OK : err, NULL, &msg);
        return err == GMM_ENOMEM ? err : GMM_OK;
    }
    struct effect *store = core_store(core);
    if (store == NULL || core_store_run(core, store, &admitted) != GMM_OK) {
        admitted_free(admitted);
        return GMM_ENOMEM;
    }
    store->as.store.durable = true;
    replicate_admitted(engine->replicate, core, log);
    return engine_wait(engine, event->request, store->ticket, &log->admitted.id);
}

/* A fork proof that came by hand, as one from a peer. */
enum gmm_err engine_import_proof(struct engine *engine, const struct engine_event *event)
{
    struct core *core = &engine->core;
    struct gmm_msg msg = {{0}};
    enum gmm_err err = replicate_take_proof(core, event->bytes, event->len);
    gmm_fail(&msg, err, "the fork proof is %s", gmm_err_text(err));
    core_done(core, event->request, err, NULL, &msg);
    return err == GMM_ENOMEM ? err : GMM_OK;
}

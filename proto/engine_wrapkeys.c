#include "keys/wrapkeys.h"
#include "proto/engine_state.h"

#define RETRY_MS 3600000u /* after the keystore could not be saved */

/* "Stores the private key durably, and then announces it by WRAPKEY": it is in the keystore, which the driver saves
 * before it tells.
 */
static enum gmm_err announce(struct engine *engine, const struct gmm_id *pk)
{
    struct core *core = &engine->core;
    static const struct gmm_id control = {{0}};
    struct buffer body;
    struct gmm_id id;
    buffer_init(&body, 64);
    enum gmm_err err = control_wrapkey_encode(&body, pk);
    if (err == GMM_OK)
        err =
            fold_authorize(core->fold, core_self(core), &control, HEADER_WRAPKEY, body.p, body.len, core->now_ms, NULL);
    if (err == GMM_OK)
        err = author_append(engine->author, core, &control, HEADER_WRAPKEY, NULL, body.p, body.len, &id);
    buffer_close(&body);
    if (err == GMM_ENOMEM)
        return err;
    if (err != GMM_OK)
        return GMM_OK; /* not in force, or a clock that is wrong: at the next change */
    engine->announced_wrap = *pk;
    return engine_flush(engine);
}

static bool changes_due(const struct engine *engine)
{
    const struct keystore *ks = engine->core.keystore;
    if (wrapkeys_due_ms(ks) <= engine->core.now_ms)
        return true;
    for (size_t i = 0; i < keyring_outdated(engine->keyring); i++)
        if (i + 1 < ks->wrap_count && ks->wraps[i].retired_ms == 0)
            return true;
    return false;
}

static enum gmm_err ask_driver(struct engine *engine)
{
    struct effect *effect = core_effect(&engine->core, EFFECT_WRAP_KEYS);
    if (effect == NULL)
        return GMM_ENOMEM;
    effect->as.outdated = keyring_outdated(engine->keyring);
    engine->wrap_keys_asked = true;
    return GMM_OK;
}

/* We are an office in force; *announced: others know the key in use. */
static bool in_force(struct engine *engine, struct gmm_id *pk, bool *announced)
{
    struct core *core = &engine->core;
    const struct view *view = fold_view(core->fold);
    const struct view_office *self = view == NULL ? NULL : view_office(view, core_self(core));
    if (self == NULL || self->status != VIEW_OFFICE_ACTIVE || !wrapkeys_current(core->keystore, pk))
        return false;
    *announced = id_equal(pk, &self->wrap_pk) || id_equal(pk, &engine->announced_wrap);
    return true;
}

void engine_wrapkeys_plan(struct engine *engine)
{
    uint64_t due = wrapkeys_due_ms(engine->core.keystore);
    struct gmm_id pk;
    bool announced;
    engine->wrap_keys_next_ms = UINT64_MAX;
    if (!in_force(engine, &pk, &announced) || (announced && engine->wrap_keys_asked))
        return;
    if (!announced || changes_due(engine))
        due = engine->core.now_ms;
    engine->wrap_keys_next_ms = due > engine->wrap_keys_again_ms ? due : engine->wrap_keys_again_ms;
}

enum gmm_err engine_wrapkeys(struct engine *engine)
{
    struct gmm_id pk;
    bool announced;
    enum gmm_err err = GMM_OK;
    engine->wrap_keys_next_ms = UINT64_MAX;
    if (!in_force(engine, &pk, &announced))
        return GMM_OK;
    if (!announced)
        err = announce(engine, &pk);
    if (err != GMM_OK || engine->wrap_keys_asked)
        return err;
    if (engine->core.now_ms >= engine->wrap_keys_again_ms && changes_due(engine))
        return ask_driver(engine);
    uint64_t due = wrapkeys_due_ms(engine->core.keystore);
    engine->wrap_keys_next_ms = due > engine->wrap_keys_again_ms ? due : engine->wrap_keys_again_ms;
    return GMM_OK;
}

enum gmm_err engine_wrapkeys_saved(struct engine *engine, enum gmm_err err)
{
    engine->wrap_keys_asked = false;
    engine->wrap_keys_again_ms = err == GMM_OK ? 0 : engine->core.now_ms + RETRY_MS;
    return engine_wrapkeys(engine);
}

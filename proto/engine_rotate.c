#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "keys/secret.h"
#include "proto/engine_state.h"
#include "proto/leavers.h"

#define UPKEEP_AT_ONCE 64u     /* records of one step; the rest follows in the next */
#define UPKEEP_AGAIN_MS 10000u /* before a record is tried again that has no effect yet */

static enum gmm_err not_member(struct gmm_msg *msg)
{
    return gmm_fail(msg, GMM_EDENIED, "this office is not a current member of that group");
}

static bool is_current(struct engine *engine, const struct view *view, const struct gmm_id *gid)
{
    const struct view_office *self = view == NULL ? NULL : view_office(view, core_self(&engine->core));
    return self != NULL && view_office_in_group(view, gid, self, engine->core.now_ms);
}

enum gmm_err engine_sealing_epoch(struct engine *engine, const struct gmm_id *gid, const struct view_epoch **epoch,
                                  struct gmm_msg *msg)
{
    struct core *core = &engine->core;
    const struct view *view = fold_view(core->fold);
    enum sending_state state;
    *epoch = NULL;
    if (!is_current(engine, view, gid))
        return not_member(msg);
    enum gmm_err err = keyring_sending(engine->keyring, view, gid, core->now_ms, epoch, &state);
    if (err == GMM_OK && *epoch == NULL)
        err = gmm_fail(msg, GMM_ESTATE, "the group has no usable epoch");
    return err;
}

/* A secret of ours goes to the store before the epoch that announces it. */
static enum gmm_err store_secret(struct core *core, const struct gmm_id *id)
{
    struct effect *store = core_store(core);
    struct gmm_id *ids = malloc(sizeof *ids);
    if (store == NULL || ids == NULL) {
        free(ids);
        return GMM_ENOMEM;
    }
    *ids = *id;
    store->as.store.durable = true;
    store->as.store.secret_ids = ids;
    store->as.store.secret_count = 1;
    return GMM_OK;
}

/* An entry of ours that has effect now: one that has none would only be written again. */
static enum gmm_err append(struct engine *engine, const struct gmm_id *gid, uint16_t type, const void *body, size_t len,
                           struct gmm_id *id, struct gmm_msg *msg)
{
    struct core *core = &engine->core;
    enum gmm_err err = fold_authorize(core->fold, core_self(core), gid, type, body, len, core->now_ms, msg);
    if (err == GMM_OK) {
        err = author_append(engine->author, core, gid, type, NULL, body, len, id);
        if (err != GMM_OK && author_check_clock(core, msg) == GMM_OK)
            gmm_fail(msg, err, "%s", gmm_err_text(err));
    }
    return err;
}

/* Before the epoch: whom it leaves out and why, so that nobody passes it on to them who has not heard of that. */
static enum gmm_err write_left(struct engine *engine, const struct view *view, const struct gmm_id *gid,
                               struct gmm_msg *msg)
{
    const struct view_epoch *tips[LIMIT_EPOCH_PARENTS];
    struct control_left left = {0};
    struct sending s;
    struct buffer body;
    struct gmm_id id;
    enum gmm_err err = sending_open(&s, view, gid, engine->core.now_ms);
    if (err != GMM_OK)
        return err;
    if (s.group != NULL && s.group->history_full)
        err = leavers_list(&left, view, gid, tips, sending_tips(&s, tips, LIMIT_EPOCH_PARENTS));
    sending_close(&s);
    buffer_init(&body, LIMIT_BODY_BYTES);
    if (err == GMM_OK && left.count > 0)
        err = control_left_encode(&body, &left);
    if (err == GMM_OK && left.count > 0)
        err = append(engine, gid, HEADER_LEFT, body.p, body.len, &id, msg);
    control_left_close(&left);
    buffer_close(&body);
    return err;
}

static enum gmm_err make_epoch(struct engine *engine, const struct gmm_id *gid, uint64_t request, struct gmm_msg *msg)
{
    struct core *core = &engine->core;
    const struct view *view = fold_view(core->fold);
    struct buffer body;
    struct gmm_id id;
    uint8_t *secret = secret_alloc(SECRET_KEY_BYTES);
    if (secret == NULL || view == NULL) {
        secret_free(secret);
        return GMM_ENOMEM;
    }
    buffer_init(&body, LIMIT_BODY_BYTES);
    enum gmm_err err = keyring_make_epoch(engine->keyring, core, view, gid, &body, secret);
    if (err == GMM_EDENIED)
        gmm_fail(msg, err, "the group is unknown or nobody may read it");
    if (err == GMM_OK)
        err = write_left(engine, view, gid, msg);
    if (err == GMM_OK)
        err = append(engine, gid, HEADER_EPOCH, body.p, body.len, &id, msg);
    if (err == GMM_OK)
        err = keyring_put(engine->keyring, &id, secret);
    if (err == GMM_OK)
        err = store_secret(core, &id);
    if (err == GMM_OK)
        err = engine_wait(engine, request, 0, &id);
    if (err == GMM_OK)
        err = engine_flush(engine);
    buffer_close(&body);
    secret_free(secret);
    return err;
}

/* GMM_EDENIED: it has no effect yet (a clock behind that of whoever admitted the office). */
static enum gmm_err write_wrap(struct engine *engine, const struct upkeep_item *item)
{
    struct core *core = &engine->core;
    const struct view *view = fold_view(core->fold);
    uint8_t body[EPOCH_REWRAP_BYTES];
    struct gmm_id id;
    if (view == NULL)
        return GMM_ENOMEM;
    enum gmm_err err = keyring_make_wrap(engine->keyring, core, view, &item->epoch_id, &item->sign_pk, body);
    if (err == GMM_OK)
        err = append(engine, &item->gid, HEADER_WRAP, body, sizeof body, &id, NULL);
    return err;
}

/* "Written by an office that an epoch was given to (a recipient, or named by a WRAP) and that cannot open it." */
static enum gmm_err write_complaint(struct engine *engine, const struct upkeep_item *item)
{
    struct buffer body;
    struct gmm_id id;
    buffer_init(&body, 64);
    enum gmm_err err = control_epoch_bad_encode(&body, &item->epoch_id);
    if (err == GMM_OK)
        err = append(engine, &item->gid, HEADER_EPOCH_BAD, body.p, body.len, &id, NULL);
    buffer_close(&body);
    return err;
}

static bool under_way(const struct engine *engine, const struct gmm_id *gid, struct gmm_id *id, uint64_t *ticket)
{
    return stores_own_epoch(engine->stores, core_self(&engine->core), gid, id, ticket);
}

static enum gmm_err carry_out(struct engine *engine, const struct upkeep_item *item)
{
    struct gmm_id id;
    uint64_t ticket;
    switch (item->kind) {
    case UPKEEP_ROTATE:
    case UPKEEP_RENEW:
        return under_way(engine, &item->gid, &id, &ticket) ? GMM_OK : make_epoch(engine, &item->gid, 0, NULL);
    case UPKEEP_WRAP:
        return write_wrap(engine, item);
    case UPKEEP_COMPLAIN:
        return write_complaint(engine, item);
    }
    return GMM_OK;
}

/* What cannot be done now comes again later. */
static enum gmm_err settle(struct engine *engine, struct upkeep_item *item, enum gmm_err err)
{
    if (err == GMM_OK || err == GMM_ENOMEM)
        return err;
    item->due_ms = engine->core.now_ms + UPKEEP_AGAIN_MS;
    upkeep_put_back(&engine->upkeep, item);
    return GMM_OK;
}

enum gmm_err engine_upkeep_due(struct engine *engine)
{
    uint64_t now_ms = engine->core.now_ms;
    struct upkeep_item item;
    size_t at = 0, done = 0;
    enum gmm_err err = GMM_OK;
    if (engine->upkeep.until_ms <= now_ms)
        err = engine_upkeep_plan(engine);
    while (err == GMM_OK && done < UPKEEP_AT_ONCE && upkeep_take_due(&engine->upkeep, now_ms, &at, &item)) {
        err = settle(engine, &item, carry_out(engine, &item));
        done++;
    }
    if (err == GMM_OK && done > 0)
        err = engine_flush(engine);
    return err;
}

enum gmm_err engine_upkeep_plan(struct engine *engine)
{
    struct core *core = &engine->core;
    const struct view *view = fold_view(core->fold);
    return view == NULL ? GMM_OK : upkeep_plan(&engine->upkeep, engine->keyring, view, core_self(core), core->now_ms);
}

enum gmm_err engine_upkeep_count(struct engine *engine, const struct gmm_id *epoch_id, uint64_t count)
{
    uint64_t before = keyring_entries(engine->keyring, epoch_id);
    enum gmm_err err = keyring_count(engine->keyring, epoch_id, count);
    if (err == GMM_OK && before < LIMIT_EPOCH_ENTRIES && before + count >= LIMIT_EPOCH_ENTRIES)
        err = engine_upkeep_plan(engine);
    return err;
}

/* Who posts gives the epoch to those that lack it: nobody has to wait for a turn of ours. */
static enum gmm_err give_wraps(struct engine *engine, const struct gmm_id *gid, bool *any)
{
    struct upkeep_item item;
    size_t at = 0;
    enum gmm_err err = GMM_OK;
    *any = false;
    while (err == GMM_OK && upkeep_take_wrap(&engine->upkeep, gid, &at, &item)) {
        enum gmm_err one = write_wrap(engine, &item);
        *any = *any || one == GMM_OK;
        err = settle(engine, &item, one);
    }
    return err;
}

/* One is usable: it is given to whoever lacks it. */
static enum gmm_err reuse(struct engine *engine, uint64_t request, const struct gmm_id *gid, const struct gmm_id *id)
{
    bool any;
    enum gmm_err err = give_wraps(engine, gid, &any);
    if (err != GMM_OK)
        return err;
    if (!any) {
        core_done(&engine->core, request, GMM_OK, id, NULL);
        return GMM_OK;
    }
    err = engine_wait(engine, request, 0, id);
    return err == GMM_OK ? engine_flush(engine) : err;
}

enum gmm_err engine_ensure_epoch(struct engine *engine, uint64_t request, const struct gmm_id *gid, bool force)
{
    struct core *core = &engine->core;
    const struct view_epoch *epoch = NULL;
    struct gmm_msg msg = {{0}};
    struct gmm_id id;
    uint64_t ticket;
    enum gmm_err err = engine_sealing_epoch(engine, gid, &epoch, &msg);
    if (err == GMM_OK && !force && !upkeep_late(engine->keyring, epoch, core->now_ms)) {
        id = epoch->id;
        return reuse(engine, request, gid, &id);
    }
    if (err == GMM_ESTATE && !force && under_way(engine, gid, &id, &ticket))
        return engine_wait(engine, request, ticket, &id);
    if (err == GMM_OK || err == GMM_ESTATE)
        err = make_epoch(engine, gid, request, &msg);
    if (err != GMM_OK)
        core_done(core, request, err, NULL, &msg);
    return err == GMM_ENOMEM ? err : GMM_OK;
}

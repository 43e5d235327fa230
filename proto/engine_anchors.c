/* What this office anchors and reports, and when (protocol: Anchors). What is owed is the fold's to say (proto/duty.h).
 */
#include <stdlib.h>
#include <string.h>

#include "proto/duty.h"
#include "proto/engine_state.h"

#define GATHER_MS 10000u   /* what comes together is anchored together */
#define AGAIN_MS 200u      /* a store is under way: what it carries counts too */
#define REFUSED_MS 600000u /* our clock may not sign */

/* A place of a forked log at which our anchors go on: our entry there is loaded, and named once. */
struct engine_naming {
    struct run_key log;
    uint64_t seq, ticket; /* 0: that is done */
};

static void wake(struct engine *engine, uint64_t at_ms)
{
    if (at_ms < engine->anchors.next_ms)
        engine->anchors.next_ms = at_ms;
}

void engine_anchors_close(struct engine *engine)
{
    free(engine->anchors.namings);
    free(engine->anchors.urgent);
    engine->anchors.namings = NULL;
    engine->anchors.urgent = NULL;
}

void engine_anchors_start(struct engine *engine)
{
    engine->anchors.next_ms = engine->core.now_ms;
}

void engine_anchors_stored(struct engine *engine)
{
    wake(engine, engine->core.now_ms + GATHER_MS);
}

enum gmm_err engine_anchors_urgent(struct engine *engine, const struct run_key *logs, size_t count)
{
    struct run_key *urgent = malloc((count + 1) * sizeof *urgent);
    if (urgent == NULL)
        return GMM_ENOMEM;
    if (count > 0)
        memcpy(urgent, logs, count * sizeof *urgent);
    free(engine->anchors.urgent);
    engine->anchors.urgent = urgent;
    engine->anchors.urgent_count = count;
    for (size_t i = 0; i < logs_count(engine->core.logs); i++)
        logs_at(engine->core.logs, i)->urgent = false;
    for (size_t i = 0; i < count; i++) {
        struct logs_log *log = logs_find(engine->core.logs, &urgent[i]);
        if (log != NULL)
            log->urgent = true;
    }
    wake(engine, engine->core.now_ms + GATHER_MS);
    return GMM_OK;
}

/* Places that our anchors go on behind */

static struct engine_naming *naming_of(struct engine *engine, const struct run_key *log, uint64_t seq)
{
    for (size_t i = 0; i < engine->anchors.naming_count; i++)
        if (engine->anchors.namings[i].seq == seq && run_key_compare(&engine->anchors.namings[i].log, log) == 0)
            return &engine->anchors.namings[i];
    return NULL;
}

static void set_naming(struct engine *engine, const struct run_key *key, bool on)
{
    struct logs_log *log = logs_find(engine->core.logs, key);
    if (log != NULL)
        log->naming = on;
}

static enum gmm_err load_place(struct engine *engine, const struct duty_place *place)
{
    struct engine_naming *namings = engine->anchors.namings;
    if (naming_of(engine, &place->log, place->seq) != NULL)
        return GMM_OK;
    namings = realloc(namings, (engine->anchors.naming_count + 1) * sizeof *namings);
    if (namings == NULL)
        return GMM_ENOMEM;
    engine->anchors.namings = namings;
    struct effect *effect = core_effect(&engine->core, EFFECT_LOAD);
    if (effect == NULL)
        return GMM_ENOMEM;
    effect->ticket = ++engine->core.next_ticket;
    effect->as.load.key = place->log;
    effect->as.load.from_seq = effect->as.load.to_seq = place->seq;
    effect->as.load.headers = effect->as.load.exact = true;
    namings[engine->anchors.naming_count++] = (struct engine_naming){place->log, place->seq, effect->ticket};
    set_naming(engine, &place->log, true);
    return GMM_OK;
}

/* Writing */

static enum gmm_err append_anchor(struct engine *engine, const struct gmm_id *gid,
                                  const struct control_anchor_source *source)
{
    struct buffer body;
    struct gmm_id id;
    buffer_init(&body, LIMIT_BODY_BYTES);
    enum gmm_err err = control_anchor_encode(&body, source);
    if (err == GMM_OK)
        err = author_append(engine->author, &engine->core, gid, id_is_zero(gid) ? HEADER_ANCHOR : HEADER_GROUP_ANCHOR,
                            NULL, body.p, body.len, &id);
    buffer_close(&body);
    return err;
}

static enum gmm_err append_group(struct engine *engine, const struct duty_group *group)
{
    struct control_anchor_source source = {.new_holders = group->new_holders,
                                           .new_count = group->new_count,
                                           .marks = group->marks,
                                           .mark_len = group->mark_len,
                                           .heads = group->heads,
                                           .count = (uint16_t)group->head_count};
    return append_anchor(engine, &group->gid, &source);
}

static enum gmm_err append_reports(struct engine *engine, const struct duty *duty)
{
    struct buffer body;
    struct gmm_id id;
    buffer_init(&body, LIMIT_BODY_BYTES);
    enum gmm_err err = control_report_encode(&body, duty->reports, (uint16_t)duty->report_count);
    if (err == GMM_OK)
        err = author_append(engine->author, &engine->core, &duty->internal, HEADER_GROUP_ANCHOR, NULL, body.p, body.len,
                            &id);
    buffer_close(&body);
    return err;
}

static enum gmm_err name(struct engine *engine, const struct engine_naming *naming, const struct run *run)
{
    struct control_anchor_head head = {naming->log.author, run->entries[0].id, naming->log.instance, naming->seq};
    struct control_anchor_source source = {.heads = &head, .count = 1};
    enum gmm_err err = append_anchor(engine, &naming->log.group, &source);
    if (err == GMM_OK || err == GMM_ENOMEM)
        return err == GMM_OK ? engine_flush(engine) : err;
    return GMM_OK; /* we may not sign now: others may know the branch */
}

enum gmm_err engine_anchors_loaded(struct engine *engine, uint64_t ticket, const struct run *run, bool *named)
{
    struct engine_anchors *a = &engine->anchors;
    bool more = false;
    size_t at = 0;
    while (at < a->naming_count && a->namings[at].ticket != ticket)
        at++;
    *named = at < a->naming_count;
    if (!*named)
        return GMM_OK;
    a->namings[at].ticket = 0;
    for (size_t i = 0; i < a->naming_count; i++)
        more = more || (a->namings[i].ticket != 0 && run_key_compare(&a->namings[i].log, &a->namings[at].log) == 0);
    set_naming(engine, &a->namings[at].log, more);
    return run == NULL ? GMM_OK : name(engine, &a->namings[at], run);
}

enum gmm_err engine_anchors_places(struct engine *engine)
{
    struct core *core = &engine->core;
    struct duty_asker asker = {
        .self = core_self(core), .logs = core->logs, .now_ms = core->now_ms, .places_only = true};
    struct duty duty;
    const struct view *view = fold_view(core->fold);
    if (view == NULL || view->fork_count == 0)
        return GMM_OK;
    enum gmm_err err = fold_duty(&duty, core->fold, &asker);
    if (err != GMM_OK)
        return err == GMM_ENOMEM ? err : GMM_OK;
    for (size_t i = 0; i < duty.place_count && err == GMM_OK; i++)
        err = load_place(engine, &duty.places[i]);
    duty_close(&duty);
    return err;
}

static enum gmm_err carry_out(struct engine *engine, const struct duty *duty)
{
    uint64_t now_ms = engine->core.now_ms, next_ms = UINT64_MAX;
    enum gmm_err err = GMM_OK;
    bool any = false;
    for (size_t i = 0; i < duty->group_count && err == GMM_OK; i++) {
        bool due = duty->groups[i].due_ms <= now_ms;
        if (due)
            err = append_group(engine, &duty->groups[i]);
        else if (duty->groups[i].due_ms < next_ms)
            next_ms = duty->groups[i].due_ms;
        any = any || due;
    }
    if (err == GMM_OK && duty->report_count > 0 && duty->report_due_ms <= now_ms) {
        err = append_reports(engine, duty);
        any = true;
    } else if (duty->report_count > 0 && duty->report_due_ms < next_ms) {
        next_ms = duty->report_due_ms;
    }
    if (err != GMM_OK && err != GMM_ENOMEM) {
        next_ms = now_ms + REFUSED_MS;
        err = GMM_OK;
    }
    wake(engine, next_ms);
    return err == GMM_OK && any ? engine_flush(engine) : err;
}

enum gmm_err engine_anchors_due(struct engine *engine)
{
    struct core *core = &engine->core;
    struct duty duty;
    if (core->now_ms < engine->anchors.next_ms)
        return GMM_OK;
    if (stores_oldest(engine->stores) != 0) {
        engine->anchors.next_ms = core->now_ms + AGAIN_MS;
        return GMM_OK;
    }
    engine->anchors.next_ms = UINT64_MAX;
    struct duty_asker asker = {.self = core_self(core),
                               .logs = core->logs,
                               .now_ms = core->now_ms,
                               .urgent = engine->anchors.urgent,
                               .urgent_count = engine->anchors.urgent_count};
    enum gmm_err err = fold_duty(&duty, core->fold, &asker);
    if (err != GMM_OK)
        return err == GMM_ENOMEM ? err : GMM_OK;
    err = carry_out(engine, &duty);
    duty_close(&duty);
    return err;
}

/* Where the logs of the removed end in a circle: its creator publishes that there (protocol: Removal). */
#include <stdlib.h>

#include "proto/cutting.h"
#include "proto/engine_state.h"

#define WAIT_MS 60000u  /* what is still on its way comes first; until then the time decides */
#define AGAIN_MS 10000u /* before a cut is tried again that has no effect yet */

/* Whose turn it is: the creator's, or, when that is removed itself, any other member's. */
static bool may_publish(const struct view *v, const struct view_group *g, const struct gmm_id *pid)
{
    const struct view_participant *owner = view_participant(v, &g->owner);
    return id_equal(&g->owner, pid) || owner == NULL || owner->status != VIEW_ACTIVE;
}

static bool published(const struct view_removal *r, const struct gmm_id *gid)
{
    for (size_t i = 0; i < r->circle_count; i++)
        if (id_equal(&r->circles[i], gid))
            return true;
    return false;
}

/* Does this removal want a cut in the circle, of this office among others? */
static bool owed(const struct view *v, const struct view_removal *r, const struct view_group *g,
                 const struct view_office *self, uint64_t now_ms)
{
    return g->kind == GROUP_CIRCLE && r->until == UINT64_MAX && r->cuts != NULL && !id_equal(&r->pid, &self->pid) &&
           view_was_member(v, &g->gid, &r->pid) && !published(r, &g->gid) &&
           view_office_in_group(v, &g->gid, self, now_ms) && may_publish(v, g, &self->pid);
}

/* The place of our office among those that may publish, by key. */
static unsigned place(const struct view *v, const struct view_group *g, const struct view_office *self, uint64_t now_ms)
{
    unsigned before = 0;
    for (size_t i = 0; i < v->office_count && id_compare(&v->offices[i].sign_pk, &self->sign_pk) < 0; i++)
        before += view_office_in_group(v, &g->gid, &v->offices[i], now_ms) && may_publish(v, g, &v->offices[i].pid);
    return before;
}

static enum gmm_err publish(struct engine *engine, const struct view *v, const struct view_removal *r,
                            const struct gmm_id *gid)
{
    struct core *core = &engine->core;
    struct control_circle_cut cut = {.kind = CONTROL_CUT_PARTICIPANT, .subject = r->pid};
    struct buffer body;
    struct gmm_id id;
    buffer_init(&body, LIMIT_BODY_BYTES);
    enum gmm_err err = cutting_group(&cut.cuts, v, core->logs, &r->pid, gid);
    if (err == GMM_OK)
        err = control_circle_cut_encode(&body, &cut);
    if (err == GMM_OK)
        err = fold_authorize(core->fold, core_self(core), gid, HEADER_CUT, body.p, body.len, core->now_ms, NULL);
    if (err == GMM_OK)
        err = author_append(engine->author, core, gid, HEADER_CUT, NULL, body.p, body.len, &id);
    control_cuts_close(&cut.cuts);
    buffer_close(&body);
    return err;
}

void engine_cuts_plan(struct engine *engine)
{
    uint64_t now_ms = engine->core.now_ms, due = UINT64_MAX;
    const struct view *v = fold_view(engine->core.fold);
    const struct view_office *self = v == NULL ? NULL : view_office(v, core_self(&engine->core));
    for (size_t i = 0; self != NULL && i < v->removal_count; i++)
        for (size_t k = 0; k < v->group_count; k++) {
            if (!owed(v, &v->removals[i], &v->groups[k], self, now_ms))
                continue;
            uint64_t at = now_ms + WAIT_MS + (uint64_t)place(v, &v->groups[k], self, now_ms) * UPKEEP_STEP_MS;
            due = at < due ? at : due;
        }
    /* A plan that stands keeps its time. */
    if (due == UINT64_MAX || due < engine->cuts_next_ms)
        engine->cuts_next_ms = due;
}

enum gmm_err engine_cuts_due(struct engine *engine)
{
    bool wrote = false, again = false;
    const struct view *v = fold_view(engine->core.fold);
    const struct view_office *self = v == NULL ? NULL : view_office(v, core_self(&engine->core));
    if (engine->core.now_ms < engine->cuts_next_ms || self == NULL)
        return GMM_OK;
    for (size_t i = 0; i < v->removal_count; i++)
        for (size_t k = 0; k < v->group_count; k++) {
            if (!owed(v, &v->removals[i], &v->groups[k], self, engine->core.now_ms))
                continue;
            enum gmm_err err = publish(engine, v, &v->removals[i], &v->groups[k].gid);
            if (err == GMM_ENOMEM)
                return err;
            wrote = wrote || err == GMM_OK;
            again = again || err != GMM_OK;
        }
    engine->cuts_next_ms = again ? engine->core.now_ms + AGAIN_MS : UINT64_MAX;
    return wrote ? engine_flush(engine) : GMM_OK;
}

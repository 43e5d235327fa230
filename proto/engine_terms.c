/* What a new chair owes to its term: the cuts on its predecessor's logs (protocol: Handover). */
#include "proto/control_chair.h"
#include "proto/cutting.h"
#include "proto/engine_state.h"

#define LATE_MS 60000u /* records of the predecessor that are still on their way come first */

/* "The first that came without is followed by a second one": ours to write, in the newest term. */
static const struct view_term *owing(const struct engine *engine, const struct view *view)
{
    const struct view_office *self = view_office(view, core_self(&engine->core));
    const struct view_term *newest = view->term_count == 0 ? NULL : &view->terms[view->term_count - 1];
    if (newest == NULL || self == NULL || newest->how != VIEW_TERM_HANDOVER || newest->cuts != NULL ||
        !id_equal(&newest->chair, &self->pid) || newest->term == engine->named_term ||
        engine->core.now_ms < newest->from_ms)
        return NULL;
    return newest;
}

static const struct view_handover *accepted(const struct view *view, uint32_t term)
{
    for (size_t i = 0; i < view->handover_count; i++)
        if (view->handovers[i].term == term && view->handovers[i].accepted)
            return &view->handovers[i];
    return NULL;
}

static enum gmm_err append(struct engine *engine, const struct control_accept *accept)
{
    static const struct gmm_id control;
    struct core *core = &engine->core;
    struct buffer body;
    struct gmm_id id;
    buffer_init(&body, LIMIT_BODY_BYTES);
    enum gmm_err err = control_accept_encode(&body, accept);
    if (err == GMM_OK)
        err =
            fold_authorize(core->fold, core_self(core), &control, HEADER_ACCEPT, body.p, body.len, core->now_ms, NULL);
    if (err == GMM_OK)
        err = author_append(engine->author, core, &control, HEADER_ACCEPT, NULL, body.p, body.len, &id);
    buffer_close(&body);
    return err;
}

enum gmm_err engine_terms_name(struct engine *engine)
{
    const struct view *view = fold_view(engine->core.fold);
    const struct view_term *term = view == NULL ? NULL : owing(engine, view);
    const struct view_handover *handover = term == NULL ? NULL : accepted(view, term->term);
    if (handover == NULL)
        return GMM_OK;
    struct control_accept accept = {.subject = handover->entry, .term = term->term};
    uint32_t number = term->term;
    enum gmm_err err = cutting_chair(&accept.cuts, view, engine->core.logs, number - 1);
    if (err == GMM_OK)
        err = append(engine, &accept);
    control_cuts_close(&accept.cuts);
    if (err == GMM_OK) {
        engine->named_term = number;
        return engine_flush(engine);
    }
    return err == GMM_ENOMEM ? err : GMM_OK; /* another office decides, or our clock is wrong */
}

void engine_terms_plan(struct engine *engine)
{
    const struct view *view = fold_view(engine->core.fold);
    const struct view_term *term = view == NULL ? NULL : owing(engine, view);
    engine->terms_next_ms = term == NULL ? UINT64_MAX : term->from_ms + LATE_MS;
}

enum gmm_err engine_terms_due(struct engine *engine)
{
    if (engine->core.now_ms < engine->terms_next_ms)
        return GMM_OK;
    engine->terms_next_ms = UINT64_MAX;
    return engine_terms_name(engine);
}

#include "tests/sim/scene.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define REST_MS 600000u

static uint64_t bit(unsigned office)
{
    return UINT64_C(1) << office;
}

static bool knows_everybody(const struct scene *s, unsigned office)
{
    struct engine *engine = sim_engine(s->sim, office);
    const struct view *view = engine == NULL ? NULL : engine_view(engine);
    size_t active = 0;
    for (size_t i = 0; view != NULL && i < view->participant_count; i++)
        active += view->participants[i].status == VIEW_ACTIVE;
    return active == SCENE_OFFICES;
}

void scene_open(struct scene *s, uint64_t seed, uint64_t in_circles)
{
    struct sim_options options = {.seed = seed,
                                  .offices = SCENE_OFFICES,
                                  .links = 8,
                                  .latency_ms_max = 2000,
                                  .break_every_ms = 5000,
                                  .crash_every_ms = seed % 3 == 0 ? 15000 : 0,
                                  .lead = SCENE_LEAD};
    *s = (struct scene){.sim = sim_new(&options)};
    sim_group_thematic(s->sim, "decent-work", &s->gids[SCENE_THEMATIC]);
    for (unsigned i = 0; i < SCENE_OFFICES; i++)
        while (!knows_everybody(s, i))
            sim_run(s->sim, 500);
    while (!knows_everybody(s, SCENE_OWNER))
        sim_run(s->sim, 500);
    in_circles |= bit(SCENE_OWNER);
    sim_circle_of(s->sim, SCENE_OWNER, in_circles, true, &s->gids[SCENE_FULL]);
    sim_circle_of(s->sim, SCENE_OWNER, in_circles, false, &s->gids[SCENE_FRESH]);
    s->in[SCENE_THEMATIC] = SCENE_EVERYBODY;
    s->in[SCENE_FULL] = s->in[SCENE_FRESH] = in_circles;
    sim_run(s->sim, 10000);
}

bool scene_close(struct scene *s)
{
    bool good = sim_check_safety(s->sim) && sim_check_thieves(s->sim, &s->tried);
    sim_free(s->sim);
    s->sim = NULL;
    return good;
}

unsigned scene_any(struct scene *s)
{
    return (unsigned)sim_random(s->sim, SCENE_OFFICES);
}

unsigned scene_subject(struct scene *s)
{
    return SCENE_OWNER + 1 + (unsigned)sim_random(s->sim, SCENE_OFFICES - SCENE_OWNER - 1);
}

uint64_t scene_members(const struct scene *s, enum scene_group group)
{
    return s->in[group] & ~s->suspended & ~s->retired;
}

void scene_change(struct scene *s, enum scene_group group, uint16_t type, unsigned whom)
{
    unsigned by = group != SCENE_THEMATIC ? SCENE_OWNER : sim_random(s->sim, 2) == 0 ? 0 : SCENE_LEAD;
    if (!sim_members(s->sim, by, &s->gids[group], type, whom))
        return;
    s->in[group] = type == HEADER_ADD ? s->in[group] | bit(whom) : s->in[group] & ~bit(whom);
}

void scene_suspend(struct scene *s, unsigned whom)
{
    if (sim_suspend(s->sim, 0, HEADER_SUSPEND, whom))
        s->suspended |= bit(whom);
}

bool scene_restore(struct scene *s, unsigned whom)
{
    if (!sim_suspend(s->sim, 0, HEADER_RESTORE, whom))
        return false;
    s->suspended &= ~bit(whom);
    return true;
}

void scene_revoke(struct scene *s, unsigned whom)
{
    if ((s->retired & bit(whom)) == 0 && sim_revoke(s->sim, 0, whom))
        s->retired |= bit(whom);
}

void scene_post(struct scene *s)
{
    sim_post(s->sim, scene_any(s), &s->gids[sim_random(s->sim, SCENE_GROUPS)]);
}

void scene_split(struct scene *s)
{
    sim_split(s->sim, sim_random(s->sim, 2) == 0 ? 0 : sim_random(s->sim, 1u << SCENE_OFFICES));
}

void scene_wait(struct scene *s)
{
    sim_run(s->sim, sim_random(s->sim, 4000));
}

bool scene_rest(struct scene *s)
{
    sim_heal(s->sim);
    return sim_settle(s->sim, REST_MS) && sim_check_safety(s->sim);
}

bool scene_all_read(struct scene *s, enum scene_group group)
{
    size_t first = sim_acknowledged(s->sim), writers = 0;
    uint64_t members = scene_members(s, group);
    for (unsigned i = 0; i < SCENE_OFFICES; i++) {
        if ((members & bit(i)) == 0)
            continue;
        writers++;
        sim_post(s->sim, i, &s->gids[group]);
        sim_run(s->sim, 500);
    }
    if (!sim_settle(s->sim, REST_MS))
        return false;
    if (sim_acknowledged(s->sim) - first != writers) {
        printf("%zu of %zu members could write to group %d\n", sim_acknowledged(s->sim) - first, writers, (int)group);
        return false;
    }
    for (size_t k = first; k < sim_acknowledged(s->sim); k++) {
        struct gmm_id gid;
        const struct gmm_id *id = sim_acknowledged_at(s->sim, k, &gid);
        for (unsigned i = 0; i < SCENE_OFFICES; i++)
            if ((members & bit(i)) != 0 && !sim_opens(s->sim, i, id))
                return false;
    }
    return true;
}

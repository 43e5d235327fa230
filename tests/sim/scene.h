/* Six offices with three groups, which come and go, write, are cut off from one another and crash: the ground on which
 * adversarial tests of epochs are played.
 *
 * Office 0 is the chair's, 1 leads decent-work, 2 owns both circles: these three never leave. A group's index is that
 * of enum scene_group.
 */
#ifndef GMM_TESTS_SCENE_H
#define GMM_TESTS_SCENE_H

#include "tests/sim/sim.h"

#define SCENE_OFFICES 6u
#define SCENE_LEAD 1u
#define SCENE_OWNER 2u
#define SCENE_EVERYBODY 0x3fu
enum scene_group { SCENE_THEMATIC, SCENE_FULL, SCENE_FRESH }; /* decent-work; circles with and without history */
#define SCENE_GROUPS 3u

struct scene {
    struct sim *sim;
    struct gmm_id gids[SCENE_GROUPS];
    uint64_t in[SCENE_GROUPS]; /* who was told to be in */
    uint64_t suspended, retired;
    size_t tried; /* by sim_check_thieves */
};

/* Circles of the owner and these offices; everybody knows everybody, failures have begun. */
void scene_open(struct scene *s, uint64_t seed, uint64_t in_circles);
/* Also checks, for the last time, that nobody used an epoch that it must not use and that thieves get nothing; false:
 * they do. */
bool scene_close(struct scene *s);

unsigned scene_any(struct scene *s);     /* an office */
unsigned scene_subject(struct scene *s); /* one that may leave */
uint64_t scene_members(const struct scene *s, enum scene_group group);
/* REMOVE or ADD by who may; it may fail, when that one is down. */
void scene_change(struct scene *s, enum scene_group group, uint16_t type, unsigned whom);
void scene_suspend(struct scene *s, unsigned whom);
bool scene_restore(struct scene *s, unsigned whom); /* false: the chair's office is down, or it is not suspended */
void scene_revoke(struct scene *s, unsigned whom);
void scene_post(struct scene *s); /* anybody to any group */
void scene_split(struct scene *s);
void scene_wait(struct scene *s); /* up to 4 s */
/* Ends all failures; false: it does not come to rest. */
bool scene_rest(struct scene *s);
/* Every member writes, and all members can open it; false: not so. */
bool scene_all_read(struct scene *s, enum scene_group group);

#endif

/* A key that was stolen: its office works on one side of a partition with a copy of its home, and is revoked on the
 * other. Offices 0 to 3 are four participants' whose; 4 is the robbed one's, 5 the thief with a copy. */
#ifndef GMM_TESTS_STOLEN_H
#define GMM_TESTS_STOLEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/secret.h"
#include "proto/control_proof.h"
#include "tests/sim/seeds.h"
#include "tests/sim/sim_state.h"

#define STOLEN_OTHERS 4u
#define STOLEN_ROBBED 4u
#define STOLEN_THIEF 5u

static struct sim *sim;
static struct gmm_id all, thematic;

static inline const struct keystore *stolen_keys(void)
{
    return sim_keystore(sim, STOLEN_ROBBED);
}

/* The robbed office's log of a group as another one holds it: how many entries. */
static inline uint64_t stolen_log(unsigned office, const struct gmm_id *gid, struct run_key *log, size_t *at)
{
    const struct disk *disk = sim_disk(sim, office);
    for (*at = 0; *at < disk_logs(disk); ++*at) {
        uint64_t count;
        *log = *disk_log_key(disk, *at, &count);
        if (id_equal(&log->group, gid) && id_equal(&log->author, &stolen_keys()->sign_pk))
            return count;
    }
    return 0;
}

static inline void stolen_object(unsigned office, struct buffer *object)
{
    struct engine_event event = {
        .kind = ENGINE_ADD_OBJECT, .request = UINT64_MAX, .bytes = object->p, .len = object->len};
    sim_step(sim, office, &event);
    buffer_close(object);
}

/* By the participant's root, given to office 0, which holds the log of `all` up to its cut and nothing else. */
static inline uint64_t stolen_revoke(void)
{
    struct run_key log;
    size_t at;
    struct buffer object;
    uint64_t count = stolen_log(0, &all, &log, &at);
    assert_true(count > 0);
    struct revocation_cut cut = {.group = all, .instance = log.instance, .seq = count - 1};
    cut.id = *disk_entry_id(sim_disk(sim, 0), at, count - 1);
    const struct keystore *ks = stolen_keys();
    const struct revocation r = {.nid = *sim_nid(sim),
                                 .pid = ks->pid,
                                 .sign_pk = ks->sign_pk,
                                 .signer = ks->root_pk,
                                 .time_ms = sim_now(sim),
                                 .count = 1,
                                 .cuts = &cut};
    buffer_init(&object, 65536);
    buffer_put_u8(&object, DIRECTORY_REVOCATION);
    assert_int_equal(revocation_make(&object, &r, ks->root_sk), GMM_OK);
    stolen_object(0, &object);
    return count;
}

static inline void stolen_posts(unsigned office, const struct gmm_id *gid, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        sim_post(sim, office, gid);
        sim_run(sim, 100 + sim_random(sim, 200));
    }
}

/* The robbed office posts, all have it; then the thief goes on with offices 2 and 3, and does what `thief` does there
 * before the revocation is made on the other side, or after. Healed and settled: *cut entries of the log stand. */
static inline void stolen_play(uint64_t seed, void (*thief)(void), uint64_t *cut)
{
    struct sim_options options = {.seed = seed, .offices = 5, .links = 3, .latency_ms_max = 60};
    sim = sim_new(&options);
    sim_group_all(sim, &all);
    sim_group_thematic(sim, "decent-work", &thematic);
    sim_link(sim, 2, 3);
    assert_true(sim_settle(sim, 120000));
    stolen_posts(STOLEN_ROBBED, &all, 1 + (unsigned)sim_random(sim, 4));
    assert_true(sim_settle(sim, 120000));
    assert_int_equal(sim_clone(sim, STOLEN_ROBBED), STOLEN_THIEF);
    sim_link(sim, STOLEN_THIEF, 2);
    sim_link(sim, STOLEN_THIEF, 3);
    sim_split(sim, 1u << 2 | 1u << 3 | 1u << STOLEN_THIEF);
    bool before = sim_random(sim, 2) == 0;
    *cut = before ? 0 : stolen_revoke();
    thief();
    sim_run(sim, 4000);
    if (before)
        *cut = stolen_revoke();
    sim_run(sim, sim_random(sim, 3000));
    sim_split(sim, 0);
    /* Nobody opens a session with the key any more: the robbed and the thief keep dialling. */
    sim_run(sim, 30000);
    assert_false(sim->misused);
}

#endif

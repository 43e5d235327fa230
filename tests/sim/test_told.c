/* Who is removed from a group hears so, be it later: the log of who removed it comes to it up to that REMOVE, and
 * nothing that was written afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/secret.h"
#include "tests/sim/seeds.h"
#include "tests/sim/sim.h"

#define OFFICES 5u
#define LEAD 1u
#define GONE 4u
#define MINUTES(n) ((uint64_t)(n)*60u * 1000u)

static const struct view *view_of(struct sim *sim, unsigned office)
{
    const struct view *v = engine_view(sim_engine(sim, office));
    assert_non_null(v);
    return v;
}

/* What the removed one holds of the group that its remover wrote behind the removal, or others since they knew of it.
 */
static unsigned written_since(struct sim *sim, const struct view_absence *removed, uint64_t known_ms)
{
    const struct disk *disk = sim_disk(sim, GONE);
    unsigned found = 0;
    for (size_t i = 0; i < disk_logs(disk); i++) {
        uint64_t count;
        const struct run_key *key = disk_log_key(disk, i, &count);
        bool own = id_equal(&key->author, &sim_keystore(sim, GONE)->sign_pk);
        for (uint64_t seq = 0; !own && id_equal(&key->group, &removed->gid) && seq < count; seq++) {
            struct header h;
            assert_int_equal(header_decode(&h, disk_entry_header(disk, i, seq)), GMM_OK);
            found +=
                id_equal(&key->author, &removed->log.author) ? seq > removed->seq : header_time_ms(h.time) >= known_ms;
        }
    }
    return found;
}

static bool all_know(struct sim *sim, const struct gmm_id *gid, unsigned first)
{
    for (unsigned i = first; i < GONE; i++)
        if (view_removed_from(view_of(sim, i), gid, &sim_keystore(sim, GONE)->pid) == NULL)
            return false;
    return true;
}

static void assert_told(struct sim *sim, const struct gmm_id *gid, uint64_t known_ms)
{
    const struct view_absence *removed = view_removed_from(view_of(sim, GONE), gid, &sim_keystore(sim, GONE)->pid);
    assert_non_null(removed);
    assert_true(id_equal(&removed->log.author, &sim_keystore(sim, LEAD)->sign_pk));
    assert_int_equal(written_since(sim, removed, known_ms), 0);
}

static void one(uint64_t seed)
{
    struct sim_options options = {.seed = seed,
                                  .offices = OFFICES,
                                  .links = 3,
                                  .latency_ms_max = 200,
                                  .break_every_ms = seed % 2 == 0 ? 5000 : 0,
                                  .lead = LEAD};
    struct sim *sim = sim_new(&options);
    struct gmm_id gids[2];
    assert_non_null(sim);
    for (unsigned i = 2; i < OFFICES; i++)
        sim_link(sim, LEAD, i); /* a circle's records travel among its members only */
    sim_link(sim, 2, GONE);
    sim_group_thematic(sim, "decent-work", &gids[0]);
    while (view_of(sim, LEAD)->participant_count < OFFICES || view_of(sim, GONE)->participant_count < OFFICES)
        sim_run(sim, 500);
    sim_circle_of(sim, LEAD, (1u << OFFICES) - 2, seed % 3 == 0, &gids[1]);
    while (view_group(view_of(sim, GONE), &gids[1]) == NULL)
        sim_run(sim, 500);
    for (unsigned g = 0; g < 2; g++)
        assert_true(sim_post(sim, LEAD, &gids[g]) && sim_post(sim, GONE, &gids[g]));
    sim_run(sim, 5000);
    bool away = sim_random(sim, 2) == 0;
    if (away)
        sim_split(sim, UINT64_C(1) << GONE);
    sim_run(sim, 1000);
    if (sim_random(sim, 2) == 0)
        assert_true(sim_post(sim, LEAD, &gids[0]));
    for (unsigned g = 0; g < 2; g++) {
        assert_true(sim_members(sim, LEAD, &gids[g], HEADER_REMOVE, GONE));
        sim_run(sim, 1 + sim_random(sim, 3000));
    }
    sim_run(sim, 20000); /* the groups rotate, and go on */
    while (!all_know(sim, &gids[0], 0) || !all_know(sim, &gids[1], 1))
        sim_run(sim, 1000);
    uint64_t known_ms = sim_now(sim);
    for (unsigned g = 0; g < 2; g++)
        assert_true(sim_post(sim, LEAD, &gids[g]) && sim_post(sim, 2, &gids[g]));
    sim_run(sim, 20000);
    for (unsigned g = 0; away && g < 2; g++)
        assert_true(view_is_member(view_of(sim, GONE), &gids[g], &sim_keystore(sim, GONE)->pid));
    sim_heal(sim);
    assert_true(sim_settle(sim, MINUTES(10)));
    for (unsigned g = 0; g < 2; g++)
        assert_told(sim, &gids[g], known_ms);
    /* Nor later, whoever it is connected to; and it comes to rest with all of them. */
    for (unsigned g = 0; g < 2; g++)
        assert_true(sim_post(sim, LEAD, &gids[g]) && sim_post(sim, 3, &gids[g]));
    sim_run(sim, 5000);
    sim_crash(sim, GONE);
    sim_run(sim, 20000);
    assert_true(sim_settle(sim, MINUTES(10)));
    for (unsigned g = 0; g < 2; g++)
        assert_told(sim, &gids[g], known_ms);
    /* Back again, it reads on. */
    assert_true(sim_members(sim, LEAD, &gids[0], HEADER_ADD, GONE));
    assert_true(sim_settle(sim, MINUTES(10)));
    size_t before = sim_acknowledged(sim);
    struct gmm_id gid;
    assert_true(sim_post(sim, 2, &gids[0]));
    sim_run(sim, 5000);
    assert_true(sim_settle(sim, MINUTES(10)));
    assert_int_equal(sim_acknowledged(sim), before + 1);
    assert_true(sim_opens(sim, GONE, sim_acknowledged_at(sim, before, &gid)));
    assert_true(sim_check_safety(sim) && sim_check_thieves(sim, NULL));
    sim_free(sim);
}

static void the_removed_one_is_told(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(6, 200); i++)
        one(seeds_at(i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_removed_one_is_told),
    };
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

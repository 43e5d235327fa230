/* What offices anchor, over virtual days: all that others posted, at most daily, and nothing when nothing is new.
 * GMM_SIM_SEED replays one seed, GMM_LONG runs more of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "keys/secret.h"
#include "tests/sim/seeds.h"
#include "tests/sim/sim.h"

#define OFFICES 4u
#define DAY_MS LIMIT_ANCHOR_MS
#define HOUR_MS UINT64_C(3600000)

static struct sim *sim;
static struct gmm_id all;

static void open_sim(uint64_t seed)
{
    struct sim_options options = {.seed = seed, .offices = OFFICES, .links = 2, .latency_ms_max = 60};
    sim = sim_new(&options);
    sim_group_all(sim, &all);
    assert_true(sim_settle(sim, 120000));
}

struct tally {
    unsigned in_group, in_control;
    uint64_t last_ms, closest_ms; /* of two anchors of one office in the group */
};

/* The anchors in the logs of an office as another one holds them. */
static struct tally anchors_of(unsigned office, unsigned holder)
{
    struct tally tally = {.closest_ms = UINT64_MAX};
    const struct disk *disk = sim_disk(sim, holder);
    const struct gmm_id *pid = &engine_self(sim_engine(sim, office))->pid;
    const struct view *v = engine_view(sim_engine(sim, office));
    for (size_t i = 0; i < disk_logs(disk); i++) {
        uint64_t count;
        const struct run_key *key = disk_log_key(disk, i, &count);
        const struct view_office *author = view_office(v, &key->author);
        for (uint64_t seq = 0; author != NULL && id_equal(&author->pid, pid) && seq < count; seq++) {
            struct header h;
            assert_int_equal(header_decode(&h, disk_entry_header(disk, i, seq)), GMM_OK);
            uint64_t ms = header_time_ms(h.time);
            if (h.type == HEADER_ANCHOR)
                tally.in_control++;
            if (h.type != HEADER_GROUP_ANCHOR || !id_equal(&key->group, &all))
                continue;
            if (tally.in_group++ > 0 && ms - tally.last_ms < tally.closest_ms)
                tally.closest_ms = ms - tally.last_ms;
            tally.last_ms = ms;
        }
    }
    return tally;
}

static void all_is_anchored_and_then_it_is_quiet(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(4, 50); i++) {
        open_sim(seeds_at(i));
        sim_post(sim, 1, &all);
        uint64_t posted = sim_now(sim);
        sim_run(sim, 60000);
        for (unsigned office = 0; office < OFFICES; office++)
            if (office != 1) {
                assert_true(anchors_of(office, 1).in_group >= 1);
                assert_true(anchors_of(office, 1).last_ms >= posted);
            }
        sim_run(sim, 2 * DAY_MS);
        struct tally before[OFFICES];
        for (unsigned office = 0; office < OFFICES; office++)
            before[office] = anchors_of(office, 0);
        /* "anchors never cover changes made only by anchors." */
        sim_run(sim, 2 * DAY_MS + HOUR_MS);
        for (unsigned office = 0; office < OFFICES; office++) {
            struct tally now = anchors_of(office, 0);
            assert_int_equal(now.in_group, before[office].in_group);
            assert_int_equal(now.in_control, before[office].in_control);
        }
        sim_free(sim);
    }
}

static void at_most_daily(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(4, 50); i++) {
        open_sim(seeds_at(i));
        for (unsigned hour = 0; hour < 50; hour++) {
            sim_post(sim, (unsigned)sim_random(sim, OFFICES), &all);
            sim_run(sim, HOUR_MS);
        }
        sim_run(sim, DAY_MS);
        for (unsigned office = 0; office < OFFICES; office++) {
            struct tally tally = anchors_of(office, 0);
            assert_in_range(tally.in_group, 2, 4);
            assert_true(tally.closest_ms >= DAY_MS);
        }
        sim_free(sim);
    }
}

static void a_log_under_consultation_within_a_minute(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(4, 50); i++) {
        open_sim(seeds_at(i));
        sim_post(sim, 1, &all);
        sim_run(sim, 60000);
        struct run_key log = {.group = all};
        const struct logs *logs = engine_logs(sim_engine(sim, 1));
        for (size_t k = 0; k < logs_count(logs); k++)
            if (id_equal(&logs_at(logs, k)->key.group, &all) &&
                id_equal(&logs_at(logs, k)->key.author, &engine_self(sim_engine(sim, 1))->sign_pk))
                log = logs_at(logs, k)->key;
        sim_urgent(sim, 2, &log);
        unsigned calm = anchors_of(3, 0).in_group, hasty = anchors_of(2, 0).in_group;
        sim_post(sim, 1, &all);
        sim_run(sim, LIMIT_ANCHOR_URGENT_MS);
        assert_int_equal(anchors_of(2, 0).in_group, hasty + 1);
        assert_int_equal(anchors_of(3, 0).in_group, calm);
        sim_free(sim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_anchored_and_then_it_is_quiet),
        cmocka_unit_test(at_most_daily),
        cmocka_unit_test(a_log_under_consultation_within_a_minute),
    };
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Offices that sign two branches of a log, on two sides of a partition: over seeds. GMM_SIM_SEED replays one, GMM_LONG
 * runs more of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/secret.h"
#include "tests/sim/seeds.h"
#include "tests/sim/sim.h"

#define OFFICES 5u
#define FORKER 4u
#define CLONE 5u

static struct sim *sim;
static struct gmm_id all;

/* What an office makes of all the forks that it knows. */
static void forks_hash(unsigned office, struct gmm_id *out)
{
    struct hash h;
    const struct view *v = engine_view(sim_engine(sim, office));
    hash_init(&h, "forks");
    for (size_t i = 0; v != NULL && i < v->fork_count; i++) {
        const struct view_fork *f = &v->forks[i];
        hash_update(&h, &f->log, sizeof f->log);
        hash_update(&h, &f->first_seq, sizeof f->first_seq);
        hash_update(&h, &f->end, sizeof f->end);
        hash_update(&h, f->last_id.b, sizeof f->last_id.b);
    }
    hash_final(&h, out->b);
}

static void assert_same_forks(void)
{
    struct gmm_id first, other;
    forks_hash(0, &first);
    assert_true(engine_view(sim_engine(sim, 0))->fork_count > 0);
    for (unsigned i = 1; i <= CLONE; i++) {
        forks_hash(i, &other);
        assert_true(id_equal(&first, &other));
        assert_int_equal(forks_count(engine_forks(sim_engine(sim, i))), forks_count(engine_forks(sim_engine(sim, 0))));
    }
}

/* Everybody holds the same of the forker's logs as far as they stand, and all of it. */
static void assert_same_entries(void)
{
    const struct view *v = engine_view(sim_engine(sim, 0));
    const struct disk *a = sim_disk(sim, 0);
    for (size_t i = 0; i < disk_logs(a); i++) {
        uint64_t count, theirs;
        const struct run_key *key = disk_log_key(a, i, &count);
        uint64_t end = view_log_end(v, key);
        count = count < end ? count : end;
        for (unsigned office = 1; office <= CLONE; office++) {
            const struct disk *b = sim_disk(sim, office);
            size_t at;
            if (!disk_find_log(b, key, &at))
                continue;
            disk_log_key(b, at, &theirs);
            theirs = theirs < end ? theirs : end;
            assert_int_equal(theirs, count);
            for (uint64_t seq = 0; seq < count; seq++)
                assert_true(id_equal(disk_entry_id(a, i, seq), disk_entry_id(b, at, seq)));
        }
    }
}

/* The forker's log in `all` that others know as forked. */
static const struct view_fork *the_fork(unsigned office)
{
    const struct view *v = engine_view(sim_engine(sim, office));
    for (size_t i = 0; i < v->fork_count; i++)
        if (id_equal(&v->forks[i].log.group, &all))
            return &v->forks[i];
    return NULL;
}

static void open_sim(uint64_t seed, uint32_t break_every_ms, uint32_t crash_every_ms)
{
    struct sim_options options = {.seed = seed,
                                  .offices = OFFICES,
                                  .links = 3,
                                  .latency_ms_max = 60,
                                  .break_every_ms = break_every_ms,
                                  .crash_every_ms = crash_every_ms};
    sim = sim_new(&options);
    sim_group_all(sim, &all);
    sim_link(sim, 2, 3);
    sim_link(sim, FORKER, 1);
    if (break_every_ms + crash_every_ms == 0)
        assert_true(sim_settle(sim, 120000));
}

static void post(unsigned office, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        sim_post(sim, office, &all);
        sim_run(sim, 100 + sim_random(sim, 300));
    }
}

/* Its key has one session with an office: where the clone is, the forker is not. */
static void link_clone(void)
{
    for (unsigned office = 2; office <= 3; office++) {
        sim_unlink(sim, FORKER, office);
        sim_link(sim, CLONE, office);
    }
}

/* The clone's home is the forker's of now; each goes on alone on its side. */
static void fork_it(unsigned posts, unsigned posts_of_clone)
{
    assert_int_equal(sim_clone(sim, FORKER), CLONE);
    link_clone();
    sim_split(sim, 1u << 2 | 1u << 3 | 1u << CLONE);
    post(FORKER, posts);
    post(CLONE, posts_of_clone);
    sim_run(sim, 4000);
}

static void adv_13_the_same_suffix_is_void_everywhere(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(8, 200); i++) {
        open_sim(seeds_at(i), 0, 0);
        unsigned common = 1 + (unsigned)sim_random(sim, 5);
        post(FORKER, common);
        assert_true(sim_settle(sim, 120000));
        fork_it(1 + (unsigned)sim_random(sim, 4), 1 + (unsigned)sim_random(sim, 4));
        assert_null(the_fork(0));
        sim_split(sim, 0);
        assert_true(sim_settle(sim, 240000));
        assert_same_forks();
        assert_same_entries();
        /* it goes on in a new instance, which everybody gets */
        size_t before = sim_acknowledged(sim);
        post(FORKER, 2);
        assert_true(sim_settle(sim, 240000));
        assert_int_equal(sim_acknowledged(sim), before + 2);
        assert_same_entries();
        sim_free(sim);
    }
}

static void adv_13_with_crashes_and_broken_links(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(8, 200); i++) {
        open_sim(seeds_at(i), 900, 2500);
        sim_run(sim, 20000);
        post(FORKER, 2);
        sim_run(sim, 3000);
        fork_it(2, 3);
        post(0, 2);
        sim_split(sim, 0);
        sim_run(sim, 10000);
        sim_heal(sim);
        assert_true(sim_settle(sim, 400000));
        const struct view *v = engine_view(sim_engine(sim, 0));
        if (v->fork_count > 0) /* a crash may have taken a branch before anybody else had it */
            assert_same_forks();
        assert_same_entries();
        sim_free(sim);
    }
}

/* A forker cannot repudiate what others anchored. It goes on from an older copy of its home, and signs another past. */
static void adv_13_what_was_anchored_stays(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(6, 200); i++) {
        open_sim(seeds_at(i), 0, 0);
        post(FORKER, 1 + (unsigned)sim_random(sim, 3));
        assert_true(sim_settle(sim, 120000));
        assert_int_equal(sim_clone(sim, FORKER), CLONE);
        sim_split(sim, 1u << CLONE);
        link_clone();
        /* of some, what was anchored lies behind all that the proof will show */
        unsigned many = i % 20 == 0 ? 270 : 1 + (unsigned)sim_random(sim, 6);
        for (unsigned k = 0; k < many; k++) {
            sim_post(sim, FORKER, &all);
            sim_run(sim, 20);
        }
        sim_run(sim, LIMIT_ANCHOR_MS + 60000); /* whoever anchored before does so again */
        const struct view *v = engine_view(sim_engine(sim, 0));
        const struct logs *logs = engine_logs(sim_engine(sim, 0));
        struct run_key log = {.instance = 0};
        uint64_t last = 0;
        for (size_t k = 0; k < logs_count(logs); k++)
            if (id_equal(&logs_at(logs, k)->key.group, &all) &&
                id_equal(&logs_at(logs, k)->key.author, &sim_keystore(sim, FORKER)->sign_pk)) {
                log = logs_at(logs, k)->key;
                last = logs_at(logs, k)->persisted.seq;
            }
        assert_true(last >= many);
        post(CLONE, 1 + (unsigned)sim_random(sim, 3));
        sim_split(sim, 0);
        sim_run(sim, 60000);
        assert_true(sim_settle(sim, 240000));
        assert_same_forks();
        assert_same_entries();
        for (unsigned office = 0; office < OFFICES; office++) {
            v = engine_view(sim_engine(sim, office));
            assert_non_null(view_fork(v, &log));
            assert_true(view_log_end(v, &log) >= many); /* what was posted before the last anchors, at least */
        }
        sim_free(sim);
    }
}

/* Nobody is connected, and nobody dials by itself. */
static void part_all(unsigned offices)
{
    for (unsigned a = 0; a < offices; a++)
        for (unsigned b = a + 1; b < offices; b++)
            sim_unlink(sim, a, b);
    for (unsigned a = 0; a < offices; a++)
        sim_split(sim, UINT64_C(1) << a);
    sim_split(sim, 0);
}

/* An office asks the slow one of two for an entry; the quick one announces another entry under that number meanwhile.
 * It is asked for nothing, and yet the two branches must be held against each other, whenever it comes. */
static void one_branch_asked_for_another_announced(void **state)
{
    (void)state;
    for (uint64_t after = 0; after <= 6000; after += 250) {
        open_sim(1, 0, 0);
        post(FORKER, 1);
        assert_true(sim_settle(sim, 120000));
        assert_int_equal(sim_clone(sim, FORKER), CLONE);
        part_all(CLONE);
        sim_link(sim, FORKER, 0);
        sim_link(sim, CLONE, 2);
        post(FORKER, 1);
        post(CLONE, 1);
        sim_run(sim, 4000);
        part_all(CLONE + 1);
        sim_dial(sim, 1, 2, 500);
        sim_run(sim, after);
        sim_dial(sim, 1, 0, 5);
        sim_run(sim, 30000);
        for (unsigned office = 0; office <= 2; office++)
            assert_non_null(the_fork(office));
        sim_free(sim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adv_13_the_same_suffix_is_void_everywhere),
        cmocka_unit_test(adv_13_with_crashes_and_broken_links),
        cmocka_unit_test(adv_13_what_was_anchored_stays),
        cmocka_unit_test(one_branch_asked_for_another_announced),
    };
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Offices that post, lose connections, are cut off and crash hold the same at the end: over seeds. GMM_SIM_SEED replays
 * one, GMM_LONG runs more of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "keys/secret.h"
#include "tests/sim/sim.h"

static unsigned long seeds(void)
{
    return getenv("GMM_SIM_SEED") != NULL ? 1 : getenv("GMM_LONG") != NULL ? 200 : 12;
}

static uint64_t seed_of(unsigned long i)
{
    const char *told = getenv("GMM_SIM_SEED");
    return told != NULL ? strtoull(told, NULL, 10) : i + 1;
}

static void post_at_random(struct sim *sim, unsigned offices, const struct gmm_id *gid, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        sim_post(sim, (unsigned)sim_random(sim, offices), gid);
        sim_run(sim, sim_random(sim, 300));
    }
}

static void test_all_hold_the_same(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds(); i++) {
        struct sim_options options = {
            .seed = seed_of(i), .offices = 3 + (unsigned)(i % 4), .links = 2, .latency_ms_max = 80};
        struct gmm_id all;
        struct sim *sim = sim_new(&options);
        sim_group_all(sim, &all);
        assert_true(sim_settle(sim, 120000));
        post_at_random(sim, options.offices, &all, 20);
        assert_true(sim_settle(sim, 240000));
        assert_int_equal(sim_acknowledged(sim), 20);
        assert_true(sim_check_safety(sim));
        assert_true(sim_check_converged(sim));
        sim_free(sim);
    }
}

/* Who goes once it is in sync must not go before the others know what else they want of it. */
static void test_not_in_sync_before_the_peer_has_settled(void **state)
{
    (void)state;
    struct sim_options options = {.seed = 1, .offices = 2, .latency_ms_max = 80};
    struct gmm_id all, group;
    struct sim *sim = sim_new(&options);
    sim_group_all(sim, &all);
    assert_true(sim_settle(sim, 120000));
    sim_behind(sim, 1, true);
    assert_true(sim_post(sim, 0, &all));
    sim_run(sim, 60000);
    assert_int_equal(sim_acknowledged(sim), 1);
    assert_true(sim_opens(sim, 1, sim_acknowledged_at(sim, 0, &group)));
    assert_false(engine_idle(sim_engine(sim, 0)));
    assert_true(engine_idle(sim_engine(sim, 1)));
    sim_behind(sim, 1, false);
    sim_run(sim, 2000);
    assert_true(engine_idle(sim_engine(sim, 0)));
    sim_free(sim);
}

/* Office 2 alone has a post of office 0's and announces it to 1; what it gives of it, the caller decides. *id: the
 * post. */
static struct sim *announced_by_one(void (*as)(struct sim *, unsigned, const struct run_key *), struct gmm_id *all,
                                    struct gmm_id *id)
{
    struct sim_options options = {.seed = 1, .offices = 3, .latency_ms_max = 60};
    struct gmm_id group;
    struct sim *sim = sim_new(&options);
    sim_group_all(sim, all);
    assert_true(sim_settle(sim, 120000));
    sim_split(sim, 1u << 1);
    for (unsigned a = 0; a < options.offices; a++)
        sim_unlink(sim, a, (a + 1) % options.offices);
    sim_link(sim, 0, 2);
    assert_true(sim_post(sim, 0, all));
    sim_run(sim, 10000);
    assert_int_equal(sim_acknowledged(sim), 1);
    *id = *sim_acknowledged_at(sim, 0, &group);
    assert_true(sim_opens(sim, 2, id));
    assert_false(sim_opens(sim, 1, id));
    for (size_t i = 0; i < disk_logs(sim_disk(sim, 0)); i++) {
        uint64_t count;
        const struct run_key *key = disk_log_key(sim_disk(sim, 0), i, &count);
        if (id_equal(&key->group, all) && id_equal(&key->author, &sim_keystore(sim, 0)->sign_pk))
            as(sim, 2, key);
    }
    sim_split(sim, 0);
    sim_dial(sim, 1, 2, 20);
    return sim;
}

/* One that announces a log, gives nothing of it and keeps sending others cannot keep it from whom others would give it.
 */
static void test_what_one_withholds_another_gives(void **state)
{
    (void)state;
    struct gmm_id all, id;
    struct sim *sim = announced_by_one(sim_withhold, &all, &id);
    sim_run(sim, 20000);
    assert_false(sim_opens(sim, 1, &id));
    sim_dial(sim, 1, 0, 20);
    for (unsigned i = 0; i < 40; i++) {
        sim_post(sim, 2, &all);
        sim_run(sim, 30000);
    }
    assert_true(sim_opens(sim, 1, &id));
    sim_free(sim);
}

/* Who cannot load what it announced says so: nobody waits for it, and another is asked at once. */
static void test_what_one_cannot_load_another_gives_at_once(void **state)
{
    (void)state;
    struct gmm_id all, id;
    struct sim *sim = announced_by_one(sim_lose, &all, &id);
    sim_run(sim, 2000);
    assert_false(sim_opens(sim, 1, &id));
    sim_dial(sim, 1, 0, 20);
    sim_run(sim, 5000); /* who says nothing is waited for for 60 s */
    assert_true(sim_opens(sim, 1, &id));
    sim_free(sim);
}

static void test_breaks_and_partitions(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds(); i++) {
        struct sim_options options = {
            .seed = seed_of(i), .offices = 5, .links = 4, .latency_ms_max = 120, .break_every_ms = 400};
        struct gmm_id all;
        struct sim *sim = sim_new(&options);
        sim_group_all(sim, &all);
        sim_run(sim, 20000);
        for (unsigned round = 0; round < 4; round++) {
            sim_partition(sim, (unsigned)sim_random(sim, options.offices));
            post_at_random(sim, options.offices, &all, 10);
            assert_true(sim_check_safety(sim));
        }
        sim_heal(sim);
        assert_true(sim_settle(sim, 400000));
        assert_true(sim_acknowledged(sim) > 0);
        assert_true(sim_check_safety(sim));
        assert_true(sim_check_converged(sim));
        sim_free(sim);
    }
}

static void test_crashes_lose_nothing_acknowledged(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds(); i++) {
        struct sim_options options = {.seed = seed_of(i),
                                      .offices = 4,
                                      .links = 3,
                                      .latency_ms_max = 60,
                                      .break_every_ms = 3000,
                                      .crash_every_ms = 1500};
        struct gmm_id all;
        struct sim *sim = sim_new(&options);
        sim_group_all(sim, &all);
        sim_run(sim, 20000);
        post_at_random(sim, options.offices, &all, 40);
        assert_true(sim_check_safety(sim));
        sim_heal(sim);
        assert_true(sim_settle(sim, 400000));
        assert_true(sim_acknowledged(sim) > 0);
        assert_true(sim_check_safety(sim));
        assert_true(sim_check_converged(sim));
        sim_free(sim);
    }
}

static void test_outsiders_hold_nothing_of_a_circle(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds(); i++) {
        struct sim_options options = {
            .seed = seed_of(i), .offices = 5, .links = 5, .latency_ms_max = 40, .break_every_ms = 2000};
        struct gmm_id circle;
        struct sim *sim = sim_new(&options);
        assert_true(sim_settle(sim, 120000));
        sim_circle(sim, 3, &circle);
        sim_run(sim, 5000);
        post_at_random(sim, 3, &circle, 10);
        sim_heal(sim);
        assert_true(sim_settle(sim, 240000));
        assert_true(sim_acknowledged(sim) > 0);
        assert_true(sim_check_safety(sim));
        assert_true(sim_check_converged(sim));
        assert_true(sim_check_outsiders(sim));
        sim_free(sim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_hold_the_same),
        cmocka_unit_test(test_not_in_sync_before_the_peer_has_settled),
        cmocka_unit_test(test_what_one_withholds_another_gives),
        cmocka_unit_test(test_what_one_cannot_load_another_gives_at_once),
        cmocka_unit_test(test_breaks_and_partitions),
        cmocka_unit_test(test_crashes_lose_nothing_acknowledged),
        cmocka_unit_test(test_outsiders_hold_nothing_of_a_circle),
    };
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

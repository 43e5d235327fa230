/* Offices with many logs, which compare them by ranges where they do not know of each other: it costs less than all
 * heads, they hold the same at the end, with whoever takes part in it or does not, and what was missed is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "keys/secret.h"
#include "proto/engine_state.h"
#include "proto/replica.h"
#include "tests/sim/seeds.h"
#include "tests/sim/sim.h"

#define OFFICES 12u
#define NEAR 3u /* two that have no session with each other */
#define FAR 9u
#define HEAD_BYTES 176u

static const char *const thematic[] = {"data-research", "rights-gender", "mainstreaming", "decent-work", "capacity"};
#define GROUPS (1u + sizeof thematic / sizeof thematic[0])

/* In a ring; everybody has written to all groups. */
static struct sim *many_logs(uint64_t seed, uint64_t heads_only, uint32_t break_every_ms)
{
    struct sim_options options = {.seed = seed,
                                  .offices = OFFICES,
                                  .latency_ms_max = 60,
                                  .break_every_ms = break_every_ms,
                                  .heads_only = heads_only};
    struct sim *sim = sim_new(&options);
    struct gmm_id gid;
    sim_run(sim, 20000);
    for (unsigned g = 0; g < GROUPS; g++)
        for (unsigned i = 0; i < OFFICES; i++) {
            if (g == 0)
                sim_group_all(sim, &gid);
            else
                sim_group_thematic(sim, thematic[g - 1], &gid);
            sim_post(sim, i, &gid);
            sim_run(sim, 200);
        }
    return sim;
}

static struct replica *replica_between(struct sim *sim, unsigned of, unsigned with)
{
    const struct replicate *r = sim_engine(sim, of)->replicate;
    for (size_t i = 0; i < r->count; i++)
        if (id_equal(&r->replicas[i]->peer->sign_pk, &sim_keystore(sim, with)->sign_pk))
            return r->replicas[i];
    return NULL;
}

/* Bytes of a first session of two offices that hold the same, or differ by what is posted meanwhile. */
static uint64_t price(uint64_t heads_only, unsigned apart)
{
    struct sim *sim = many_logs(1, heads_only, 0);
    struct gmm_id all;
    sim_group_all(sim, &all);
    assert_true(sim_settle(sim, 600000));
    assert_true(logs_count(sim_engine(sim, NEAR)->core.logs) > REPLICA_HEADS_FEW);
    for (unsigned i = 0; i < OFFICES; i++)
        sim_unlink(sim, i, (i + 1) % OFFICES);
    sim_split(sim, 0xfff);
    for (unsigned i = 0; i < apart; i++)
        sim_post(sim, i % 2 == 0 ? NEAR : FAR, &all);
    sim_run(sim, 300);
    uint64_t before = sim_bytes(sim);
    assert_null(replica_between(sim, NEAR, FAR));
    sim_dial(sim, NEAR, FAR, 20);
    for (unsigned i = 0; i < 100; i++) {
        sim_run(sim, 50);
        struct replica *near = replica_between(sim, NEAR, FAR), *far = replica_between(sim, FAR, NEAR);
        if (near != NULL && far != NULL && near->synced && far->synced)
            break;
        assert_true(i < 99);
    }
    uint64_t bytes = sim_bytes(sim) - before;
    assert_true(sim_check_safety(sim));
    sim_free(sim);
    return bytes;
}

static void test_the_price_of_a_first_session(void **state)
{
    (void)state;
    uint64_t heads = price(UINT64_MAX, 0), ranges = price(0, 0), mixed = price(1u << FAR, 0);
    assert_true(heads >= 2 * REPLICA_HEADS_FEW * HEAD_BYTES);
    assert_true(ranges + 2 * REPLICA_HEADS_FEW * HEAD_BYTES < heads);
    assert_true(mixed >= 2 * REPLICA_HEADS_FEW * HEAD_BYTES);
}

static void test_all_hold_the_same(void **state)
{
    (void)state;
    static const uint64_t heads_only[] = {0, 0x555};
    for (unsigned long i = 0; i < seeds_count(2, 30); i++) {
        struct sim *sim = many_logs(seeds_at(i), heads_only[i % 2], 1500);
        struct gmm_id all;
        sim_group_all(sim, &all);
        for (unsigned round = 0; round < 4; round++) {
            sim_partition(sim, (unsigned)sim_random(sim, OFFICES));
            for (unsigned k = 0; k < 4; k++)
                sim_post(sim, (unsigned)sim_random(sim, OFFICES), &all);
            sim_run(sim, 3000);
            sim_partition(sim, 0);
            sim_dial(sim, (unsigned)round, (unsigned)round + 5, 30);
            sim_run(sim, 2000);
        }
        sim_heal(sim);
        assert_true(sim_settle(sim, 600000));
        assert_true(sim_check_safety(sim));
        assert_true(sim_check_converged(sim));
        sim_free(sim);
    }
}

/* An office that says that it compares by ranges and does not: after a while it is told all heads. */
static void test_a_peer_that_does_not_answer(void **state)
{
    (void)state;
    struct sim *sim = many_logs(3, 0, 0);
    assert_true(sim_settle(sim, 600000));
    sim_dial(sim, NEAR, FAR, 200);
    struct replica *replica = NULL;
    for (unsigned i = 0; (replica == NULL || replica->compare == NULL) && i < 1000; i++) {
        sim_run(sim, 5);
        replica = replica_between(sim, NEAR, FAR);
    }
    assert_non_null(replica->compare);
    sim_engine(sim, FAR)->core.heads_only = true;
    sim_run(sim, REPLICA_SILENT_MS / 2);
    assert_false(replica_between(sim, NEAR, FAR)->heads_sent);
    assert_true(sim_settle(sim, 2 * REPLICA_SILENT_MS));
    assert_true(replica_between(sim, NEAR, FAR)->heads_sent);
    assert_true(replica_between(sim, NEAR, FAR)->synced);
    sim_free(sim);
}

/* What an office believes of its peer is wrong: a comparison now and then finds it. */
static void test_what_was_missed_is_found(void **state)
{
    (void)state;
    struct sim_options options = {.seed = 4, .offices = 2, .latency_ms_max = 20};
    struct gmm_id all, gid;
    struct sim *sim = sim_new(&options);
    sim_group_all(sim, &all);
    assert_true(sim_settle(sim, 60000));
    assert_true(sim_post(sim, 0, &all));
    assert_true(sim_settle(sim, 60000));
    struct replica *replica = replica_between(sim, 0, 1);
    assert_non_null(replica);
    for (size_t i = 0; i < replica->has_count; i++) {
        replica->has[i].told = UINT64_MAX;
        replica->has[i].gossip = REPLICA_LAZY;
    }
    assert_true(sim_post(sim, 0, &all));
    sim_run(sim, REPLICA_CHECK_MS / 4);
    assert_int_equal(sim_acknowledged(sim), 2);
    assert_true(engine_idle(sim_engine(sim, 0)));
    assert_false(sim_opens(sim, 1, sim_acknowledged_at(sim, 1, &gid)));
    sim_run(sim, 3 * REPLICA_CHECK_MS);
    assert_true(sim_opens(sim, 1, sim_acknowledged_at(sim, 1, &gid)));
    assert_true(sim_check_converged(sim));
    sim_free(sim);
}

/* A peer that opens one comparison after another is not answered without end. */
static void test_openings_are_few(void **state)
{
    (void)state;
    struct sim_options options = {.seed = 5, .offices = 2, .latency_ms_max = 20};
    struct sim *sim = sim_new(&options);
    assert_true(sim_settle(sim, 60000));
    unsigned by = replica_between(sim, 0, 1)->peer->initiator ? 0 : 1;
    struct replica *opener = replica_between(sim, by, 1 - by), *answerer = replica_between(sim, 1 - by, by);
    struct gmm_id all;
    sim_group_all(sim, &all);
    unsigned left_alone = 0;
    for (unsigned i = 0; i < 3 * REPLICA_OPENINGS; i++) {
        opener->check_ms = sim_now(sim);
        replica_compare_drop(opener);
        assert_true(sim_post(sim, by, &all)); /* so that it looks at its clock */
        sim_run(sim, 1000);
        left_alone += opener->compare != NULL;
        assert_true(answerer->openings <= REPLICA_OPENINGS);
    }
    assert_int_equal(left_alone, 2 * REPLICA_OPENINGS);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_price_of_a_first_session),
        cmocka_unit_test(test_all_hold_the_same),
        cmocka_unit_test(test_a_peer_that_does_not_answer),
        cmocka_unit_test(test_what_was_missed_is_found),
        cmocka_unit_test(test_openings_are_few),
    };
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

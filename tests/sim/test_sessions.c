/* An office has one session with another, and both follow the same rule which: over seeds and delays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "keys/secret.h"
#include "tests/sim/sim.h"

#define SEEDS 12u

/* Two offices in sync that have hung up. */
static struct sim *two(uint64_t seed)
{
    struct sim_options options = {.seed = seed, .offices = 2, .latency_ms_max = 40};
    struct sim *sim = sim_new(&options);
    assert_true(sim_settle(sim, 60000));
    sim_unlink(sim, 0, 1);
    sim_partition(sim, 1);
    sim_run(sim, 2000);
    assert_int_equal(sim_wires(sim, 0, 1) + sim_wires(sim, 1, 0), 0);
    sim_split(sim, 0);
    return sim;
}

static void works(struct sim *sim)
{
    struct gmm_id all;
    sim_group_all(sim, &all);
    assert_true(sim_post(sim, 0, &all) && sim_post(sim, 1, &all));
    assert_true(sim_settle(sim, 60000));
    assert_true(sim_check_converged(sim));
}

static void test_who_dials_often_holds_one(void **state)
{
    (void)state;
    struct sim *sim = two(1);
    for (unsigned i = 0; i < 50; i++) {
        sim_dial(sim, 1, 0, 20);
        sim_run(sim, 200);
        assert_int_equal(sim_wires(sim, 1, 0), 1);
    }
    works(sim);
    sim_free(sim);
}

static void test_two_at_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct sim *sim = two(seed);
        bool first = memcmp(sim_keystore(sim, 0)->sign_pk.b, sim_keystore(sim, 1)->sign_pk.b, 32) < 0;
        sim_dial(sim, 0, 1, 1 + (uint32_t)sim_random(sim, 700));
        sim_run(sim, sim_random(sim, 2000));
        sim_dial(sim, 1, 0, 1 + (uint32_t)sim_random(sim, 700));
        sim_run(sim, 6000);
        assert_int_equal(sim_wires(sim, 0, 1), first ? 1 : 0);
        assert_int_equal(sim_wires(sim, 1, 0), first ? 0 : 1);
        works(sim);
        sim_free(sim);
    }
}

/* The office that dials may have lost the old one without the other having heard of it. */
static void test_a_later_one_takes_its_place(void **state)
{
    (void)state;
    for (unsigned from = 0; from < 2; from++) {
        struct sim *sim = two(7);
        sim_dial(sim, 1 - from, from, 30);
        sim_run(sim, 20000);
        sim_dial(sim, from, 1 - from, 30);
        sim_run(sim, 2000);
        assert_int_equal(sim_wires(sim, from, 1 - from), 1);
        assert_int_equal(sim_wires(sim, 1 - from, from), 0);
        works(sim);
        sim_free(sim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_dials_often_holds_one),
        cmocka_unit_test(test_two_at_once),
        cmocka_unit_test(test_a_later_one_takes_its_place),
    };
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

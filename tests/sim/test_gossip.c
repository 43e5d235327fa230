/* How often a payload comes to an office, and how late: the engines themselves, in networks of several shapes, over
 * seeds. `tests/bench/gossip` plays a thousand offices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "keys/secret.h"
#include "tests/sim/seeds.h"
#include "tests/sim/sim.h"

struct toll {
    uint64_t taken, repeated;
};

static struct toll toll_of(struct sim *sim, unsigned offices)
{
    struct toll sum = {0, 0};
    for (unsigned i = 0; i < offices; i++) {
        uint64_t taken, repeated;
        engine_toll(sim_engine(sim, i), &taken, &repeated);
        sum.taken += taken;
        sum.repeated += repeated;
    }
    return sum;
}

/* Posts of all offices in turn, once the first ones have gone round. */
static double play(unsigned offices, unsigned degree, unsigned posts, unsigned long seed)
{
    struct sim_options options = {.seed = seed, .offices = offices, .links = 0, .latency_ms_max = 150};
    struct gmm_id all;
    struct sim *sim = sim_new(&options);
    sim_group_all(sim, &all);
    for (unsigned i = 1; i < offices; i++)
        for (unsigned k = 0; k < degree / 2; k++)
            sim_link(sim, i, degree >= offices ? (i + 1 + k) % offices : (unsigned)sim_random(sim, offices - 1) % i);
    assert_true(sim_settle(sim, 600000));
    struct toll before = toll_of(sim, offices);
    uint64_t bytes = sim_bytes(sim);
    for (unsigned i = 0; i < posts; i++) {
        sim_post(sim, i % offices, &all);
        sim_run(sim, 1000 + sim_random(sim, 1000));
    }
    assert_true(sim_settle(sim, 600000));
    assert_int_equal(sim_acknowledged(sim), posts);
    struct toll after = toll_of(sim, offices);
    double taken = (double)(after.taken - before.taken), repeated = (double)(after.repeated - before.repeated);
    printf("%u offices, degree %u: %.0f taken, %.0f repeated: %.2f; %.0f bytes a post and office\n", offices, degree,
           taken, repeated, 1.0 + repeated / taken, (double)(sim_bytes(sim) - bytes) / posts / offices);
    sim_free(sim);
    return 1.0 + repeated / taken;
}

static void test_a_payload_comes_once(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(1, 20); i++) {
        assert_true(play(12, 12, 36, seeds_at(i)) < 1.3);
        assert_true(play(24, 8, 48, seeds_at(i)) < 1.3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_payload_comes_once)};
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

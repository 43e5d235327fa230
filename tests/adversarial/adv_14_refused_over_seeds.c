/* Adversarial test 14 as a simulation: a fork happens; its proof with one altered header, or with another author in its
 * headers, reaches offices before and after the real one, on both sides of partitions, in any order. None takes it, and
 * all come to the same of the real one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/secret.h"
#include "tests/sim/seeds.h"
#include "tests/sim/sim_state.h"

#define OFFICES 5u
#define HONEST 1u
#define FORKER 4u
#define CLONE 5u
/* proof = ver 1, prev 32, len u16, branch, …; branch = group 32, author 32, instance 8, first seq 8, count 2, tag 1,
 * type 2, flags 4, time 8, … */
#define BRANCH_AT 35u
#define AUTHOR_AT 32u
#define TIME_AT 89u

static struct sim *sim;
static struct gmm_id all;
static uint8_t real[LIMIT_FORK_BYTES], altered[LIMIT_FORK_BYTES];
static size_t len;

static void post(unsigned office, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        sim_post(sim, office, &all);
        sim_run(sim, 100 + sim_random(sim, 300));
    }
}

/* Its key has one session with an office: where the clone is, the forker is not. */
static void fork_it(void)
{
    assert_int_equal(sim_clone(sim, FORKER), CLONE);
    for (unsigned office = 2; office <= 3; office++) {
        sim_unlink(sim, FORKER, office);
        sim_link(sim, CLONE, office);
    }
    sim_split(sim, 1u << 2 | 1u << 3 | 1u << CLONE);
    post(FORKER, 1 + (unsigned)sim_random(sim, 4));
    post(CLONE, 1 + (unsigned)sim_random(sim, 4));
    sim_run(sim, 4000);
}

/* The first proof that anybody has. */
static bool find_real(void)
{
    for (unsigned i = 0; i <= CLONE; i++) {
        const struct fork_proof *proof = forks_at(engine_forks(sim_engine(sim, i)), 0);
        if (proof == NULL)
            continue;
        assert_true(proof->len <= sizeof real);
        memcpy(real, proof->bytes, proof->len);
        len = proof->len;
        return true;
    }
    return false;
}

static size_t second_branch(void)
{
    return BRANCH_AT + bytes_load_u16(real + BRANCH_AT - 2) + 2;
}

static void alter(void)
{
    memcpy(altered, real, len);
    size_t branch = sim_random(sim, 2) == 0 ? BRANCH_AT : second_branch();
    if (sim_random(sim, 3) > 0) {
        altered[branch + TIME_AT + sim_random(sim, 8)] ^= (uint8_t)(1u << sim_random(sim, 8));
        return;
    }
    memcpy(altered + BRANCH_AT + AUTHOR_AT, sim_keystore(sim, HONEST)->sign_pk.b, 32);
    memcpy(altered + second_branch() + AUTHOR_AT, sim_keystore(sim, HONEST)->sign_pk.b, 32);
}

static void bring(unsigned office)
{
    const struct forks *forks = engine_forks(sim_engine(sim, office));
    size_t before = forks_count(forks);
    struct engine_event event = {.kind = ENGINE_IMPORT_PROOF, .request = UINT64_MAX, .bytes = altered, .len = len};
    alter();
    sim_step(sim, office, &event);
    assert_int_equal(forks_count(engine_forks(sim_engine(sim, office))), before);
}

static void assert_only_the_real_one(void)
{
    size_t count = forks_count(engine_forks(sim_engine(sim, 0)));
    assert_true(count > 0);
    for (unsigned i = 0; i <= CLONE; i++) {
        const struct forks *forks = engine_forks(sim_engine(sim, i));
        assert_int_equal(forks_count(forks), count);
        for (size_t k = 0; k < count; k++) {
            assert_true(id_equal(&forks_at(forks, k)->hash, &forks_at(engine_forks(sim_engine(sim, 0)), k)->hash));
            assert_true(id_equal(&forks_at(forks, k)->key.author, &sim_keystore(sim, FORKER)->sign_pk));
        }
        assert_int_equal(engine_view(sim_engine(sim, i))->fork_count, engine_view(sim_engine(sim, 0))->fork_count);
    }
}

static void adv_14_simulated(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(8, 200); i++) {
        struct sim_options options = {.seed = seeds_at(i), .offices = OFFICES, .links = 3, .latency_ms_max = 60};
        sim = sim_new(&options);
        sim_group_all(sim, &all);
        sim_link(sim, 2, 3);
        sim_link(sim, FORKER, 1);
        assert_true(sim_settle(sim, 120000));
        post(FORKER, 1 + (unsigned)sim_random(sim, 3));
        post(HONEST, 2);
        assert_true(sim_settle(sim, 120000));
        fork_it();
        sim_split(sim, 1u << 2 | 1u << CLONE); /* office 3 hears of both branches, and others later */
        for (unsigned k = 0; k < 1000 && !find_real(); k++)
            sim_run(sim, 100);
        assert_true(find_real());
        for (unsigned k = 0; k < 12; k++) {
            if (sim_random(sim, 3) == 0)
                sim_split(sim, sim_random(sim, 1u << (CLONE + 1)));
            bring((unsigned)sim_random(sim, CLONE + 1));
            sim_run(sim, sim_random(sim, 1500));
        }
        sim_split(sim, 0);
        assert_true(sim_settle(sim, 240000));
        assert_only_the_real_one();
        sim_free(sim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(adv_14_simulated)};
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Adversarial test 23, the half that is simulated: offices lose power again and again during 1,000 posts, each time
 * with everything that was not synchronised. No log forks, and no post is lost that was acknowledged. (The other half,
 * SIGKILL of processes, is cli/adv_23_killed.py.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "keys/secret.h"
#include "tests/sim/sim.h"

#define POSTS 1000u

static void adv_23_no_fork_no_loss(void **state)
{
    (void)state;
    struct sim_options options = {
        .seed = 23, .offices = 3, .links = 2, .latency_ms_max = 60, .crash_every_ms = 700, .break_every_ms = 900};
    struct gmm_id all;
    struct sim *sim = sim_new(&options);
    sim_group_all(sim, &all);
    unsigned asked = 0;
    for (unsigned i = 0; i < POSTS; i++) {
        asked += sim_post(sim, (unsigned)sim_random(sim, options.offices), &all);
        sim_run(sim, sim_random(sim, 120));
        if (i % 100 == 99)
            assert_true(sim_check_safety(sim));
    }
    sim_heal(sim);
    assert_true(sim_settle(sim, 600000));
    assert_true(sim_check_safety(sim));
    assert_true(sim_check_converged(sim));
    /* Power was lost so often that some were not acknowledged, and not so often that nothing was tried. */
    assert_in_range(sim_acknowledged(sim), POSTS / 4, asked);
    sim_free(sim);
}

int main(void)
{
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(adv_23_no_fork_no_loss)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Who is expelled while it is connected still hears of it: it holds the control logs as those who expelled it do, and
 * gets nothing more. Who was not connected hears of it from nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keys/secret.h"
#include "proto/control_roster.h"
#include "proto/cutting.h"
#include "tests/sim/seeds.h"
#include "tests/sim/sim.h"

#define OFFICES 6u
#define GONE 5u
#define MINUTES(n) ((uint64_t)(n)*60u * 1000u)

static const struct gmm_id control;

static const struct view *view_of(struct sim *sim, unsigned office)
{
    const struct view *v = engine_view(sim_engine(sim, office));
    assert_non_null(v);
    return v;
}

static enum view_status status_at(struct sim *sim, unsigned office, unsigned whom)
{
    const struct view_participant *p = view_participant(view_of(sim, office), &sim_keystore(sim, whom)->pid);
    assert_non_null(p);
    return p->status;
}

/* The same record by each of the offices: the first proposes, the others support it. */
static void expel(struct sim *sim, struct buffer *body, unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++)
        assert_true(sim_append(sim, i, &control, HEADER_EXPEL, body->p, body->len, NULL));
}

static void body_of(struct sim *sim, struct buffer *body)
{
    struct control_removal r = {.pid = sim_keystore(sim, GONE)->pid};
    buffer_init(body, LIMIT_BODY_BYTES);
    assert_int_equal(cutting_common(&r.cuts, view_of(sim, 0), engine_logs(sim_engine(sim, 0)), &r.pid), GMM_OK);
    assert_int_equal(control_removal_encode(body, &r), GMM_OK);
    control_cuts_close(&r.cuts);
}

/* How far an office holds an author's control log. */
static uint64_t held(struct sim *sim, unsigned at, unsigned author)
{
    uint64_t count = 0;
    const struct logs *logs = engine_logs(sim_engine(sim, at));
    for (size_t i = 0; i < logs_count(logs); i++) {
        const struct logs_log *log = logs_at(logs, i);
        if (id_is_zero(&log->key.group) && id_equal(&log->key.author, &sim_keystore(sim, author)->sign_pk) &&
            log->persisted.seq != LOGS_NO_SEQ)
            count += log->persisted.seq + 1;
    }
    return count;
}

static void one(uint64_t seed, bool away)
{
    struct sim_options options = {.seed = seed, .offices = OFFICES, .links = 2, .latency_ms_max = 80};
    struct sim *sim = sim_new(&options);
    struct buffer body;
    uint64_t known[OFFICES];
    assert_non_null(sim);
    sim_link(sim, 1, GONE);
    assert_true(sim_settle(sim, MINUTES(10)));
    body_of(sim, &body);
    /* Four of five others are needed: three agree, and everybody hears of that. */
    expel(sim, &body, 0, 3);
    assert_true(sim_settle(sim, MINUTES(10)));
    for (unsigned i = 0; i < OFFICES; i++)
        assert_int_equal(status_at(sim, i, GONE), VIEW_ACTIVE);
    if (away)
        sim_split(sim, UINT64_C(1) << GONE);
    sim_run(sim, 1000);
    expel(sim, &body, 3, 4);
    sim_run(sim, MINUTES(1));
    for (unsigned i = 0; i < GONE; i++)
        assert_int_equal(status_at(sim, i, GONE), VIEW_EXPELLED);
    sim_heal(sim);
    sim_run(sim, MINUTES(1));
    assert_int_equal(status_at(sim, GONE, GONE), away ? VIEW_ACTIVE : VIEW_EXPELLED);
    for (unsigned i = 0; i < OFFICES; i++)
        known[i] = held(sim, GONE, i);
    /* Afterwards it is told nothing, whoever it calls. */
    struct gmm_id all;
    assert_true(sim_suspend(sim, 0, HEADER_SUSPEND, 4));
    sim_group_all(sim, &all);
    assert_true(sim_post(sim, 1, &all));
    sim_run(sim, MINUTES(3));
    for (unsigned i = 0; i < GONE; i++)
        assert_true(held(sim, GONE, i) == known[i]);
    assert_true(held(sim, 2, 0) > known[0]);
    buffer_close(&body);
    sim_free(sim);
}

static void an_expelled_one_hears_of_it(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(3, 200); i++)
        one(seeds_at(i), false);
}

static void unless_it_was_away(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(1, 50); i++)
        one(seeds_at(i), true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_expelled_one_hears_of_it),
        cmocka_unit_test(unless_it_was_away),
    };
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

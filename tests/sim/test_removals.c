/* Removals among running offices: everybody comes to the same, cuts are published in circles, posts that were cut off
 * are void, and what came before stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/secret.h"
#include "proto/control_roster.h"
#include "proto/cutting.h"
#include "tests/sim/seeds.h"
#include "tests/sim/sim.h"

#define OFFICES 6u
#define MINUTES(n) ((uint64_t)(n)*60u * 1000u)

static const struct view *view_of(struct sim *sim, unsigned office)
{
    const struct view *v = engine_view(sim_engine(sim, office));
    assert_non_null(v);
    return v;
}

static struct gmm_id pid_of(struct sim *sim, unsigned office)
{
    return view_office(view_of(sim, 0), &sim_keystore(sim, office)->sign_pk)->pid;
}

/* The chair suspends an office's participant, with the cuts that it holds. */
static void suspend(struct sim *sim, unsigned whom)
{
    static const struct gmm_id control;
    struct control_removal r = {.pid = pid_of(sim, whom)};
    struct buffer body;
    buffer_init(&body, LIMIT_BODY_BYTES);
    assert_int_equal(cutting_common(&r.cuts, view_of(sim, 0), engine_logs(sim_engine(sim, 0)), &r.pid), GMM_OK);
    assert_true(r.cuts.count > 0);
    assert_int_equal(control_removal_encode(&body, &r), GMM_OK);
    assert_true(sim_append(sim, 0, &control, HEADER_SUSPEND, body.p, body.len, NULL));
    control_cuts_close(&r.cuts);
    buffer_close(&body);
}

/* How many entries of the office's logs in the group stand at this office. */
static unsigned standing(struct sim *sim, unsigned at, unsigned author, const struct gmm_id *gid, uint64_t ms)
{
    const struct logs *logs = engine_logs(sim_engine(sim, at));
    unsigned count = 0;
    for (size_t i = 0; i < logs_count(logs); i++) {
        const struct logs_log *log = logs_at(logs, i);
        if (!id_equal(&log->key.group, gid) || !id_equal(&log->key.author, &sim_keystore(sim, author)->sign_pk))
            continue;
        for (uint64_t seq = 0; log->persisted.seq != LOGS_NO_SEQ && seq <= log->persisted.seq; seq++)
            count += view_stands(view_of(sim, at), &log->key, seq, ms << 16, NULL);
    }
    return count;
}

static void one(uint64_t seed)
{
    struct sim_options options = {.seed = seed, .offices = OFFICES, .links = 3, .latency_ms_max = 50};
    struct sim *sim = sim_new(&options);
    struct gmm_id all, circle;
    const unsigned creator = 1, removed = 3;
    assert_non_null(sim);
    for (unsigned i = 2; i < OFFICES; i++)
        sim_link(sim, creator, i); /* a circle's records travel among its members only */
    assert_true(sim_settle(sim, MINUTES(10)));
    sim_group_all(sim, &all);
    sim_circle_of(sim, creator, 0x3e, true, &circle); /* offices 1 to 5 */
    for (unsigned i = 0; i < 60 && view_group(view_of(sim, removed), &circle) == NULL; i++)
        sim_run(sim, 1000);
    assert_true(sim_settle(sim, MINUTES(10)));
    for (unsigned i = 0; i < 3; i++)
        assert_true(sim_post(sim, removed, &all) && sim_post(sim, removed, &circle));
    assert_true(sim_settle(sim, MINUTES(10)));
    uint64_t before = sim_now(sim);
    /* The chair does not see what the removed one posts meanwhile. */
    sim_partition(sim, 1);
    sim_run(sim, 1000);
    assert_true(sim_post(sim, removed, &all));
    sim_run(sim, 1000);
    suspend(sim, removed);
    sim_run(sim, 1000);
    sim_heal(sim);
    assert_true(sim_settle(sim, MINUTES(10)));
    sim_run(sim, MINUTES(3));
    assert_true(sim_settle(sim, MINUTES(10)));
    unsigned cut = standing(sim, 0, removed, &all, before);
    for (unsigned i = 0; i < OFFICES; i++) {
        const struct view *v = view_of(sim, i);
        assert_int_equal(v->removal_count, 1);
        if (i >= 1 && i != removed)
            assert_true(v->removals[0].circle_count == 1 && id_equal(&v->removals[0].circles[0], &circle));
        if (i != removed)
            assert_int_equal(standing(sim, i, removed, &all, before), cut);
    }
    /* Not the last post, which the chair had not seen. */
    struct control_cuts held;
    struct gmm_id pid = pid_of(sim, removed);
    assert_int_equal(cutting_group(&held, view_of(sim, 2), engine_logs(sim_engine(sim, 2)), &pid, &all), GMM_OK);
    assert_int_equal(held.list[0].seq + 1, cut + 1);
    control_cuts_close(&held);
    assert_true(standing(sim, 2, removed, &circle, before) >= 3);
    size_t acknowledged = sim_acknowledged(sim);
    assert_true(sim_post(sim, removed, &all));
    sim_run(sim, MINUTES(1));
    assert_int_equal(sim_acknowledged(sim), acknowledged);
    assert_true(sim_post(sim, 2, &all));
    assert_true(sim_settle(sim, MINUTES(10)));
    assert_int_equal(sim_acknowledged(sim), acknowledged + 1);
    sim_free(sim);
}

static void cuts_are_published(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(10, 60); i++)
        one(seeds_at(i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_are_published),
    };
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

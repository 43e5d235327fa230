/* A circle whose founder's only key is revoked, over seeds with partitions, breaks and crashes: two of its members
 * speak for the founding, one on either side of a cut, and one member had never heard of the circle. All come to the
 * same and go on; what the thief of the key founds afterwards is no circle to anybody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/revocation.h"
#include "keys/secret.h"
#include "proto/control_cuts.h"
#include "tests/lib/world.h"
#include "tests/sim/seeds.h"
#include "tests/sim/sim.h"
#include "tests/sim/sim_state.h"

#define OFFICES 6u
#define MEMBERS 0x3eu /* 1 founds; 5 hears of it late; 0 is no member */
#define FOUNDER 1u
#define LATE 5u
#define MINUTES(n) ((uint64_t)(n)*60u * 1000u)

static const struct view *view_of(struct sim *sim, unsigned office)
{
    const struct view *v = engine_view(sim_engine(sim, office));
    assert_non_null(v);
    return v;
}

/* By its root, which names no log at all. */
static void revoke_founder(struct sim *sim, unsigned by)
{
    const struct keystore *ks = sim_keystore(sim, FOUNDER);
    const struct revocation r = {
        .nid = *sim_nid(sim), .pid = ks->pid, .sign_pk = ks->sign_pk, .signer = ks->root_pk, .time_ms = sim_now(sim)};
    struct buffer object;
    buffer_init(&object, 4096);
    buffer_put_u8(&object, DIRECTORY_REVOCATION);
    assert_int_equal(revocation_make(&object, &r, ks->root_sk), GMM_OK);
    sim_add_object(sim, by, object.p, object.len);
    buffer_close(&object);
}

/* The founding log as the office holds it. */
static const struct logs_log *founding(struct sim *sim, unsigned office, const struct gmm_id *gid)
{
    const struct logs *logs = engine_logs(sim_engine(sim, office));
    for (size_t i = 0; i < logs_count(logs); i++) {
        const struct logs_log *log = logs_at(logs, i);
        if (id_equal(&log->key.group, gid) && id_equal(&log->key.author, &sim_keystore(sim, FOUNDER)->sign_pk) &&
            log->persisted.seq != LOGS_NO_SEQ)
            return log;
    }
    return NULL;
}

/* "What it holds", up to a seq at most. */
static void speak(struct sim *sim, unsigned office, const struct gmm_id *gid, uint64_t most)
{
    const struct logs_log *log = founding(sim, office, gid);
    assert_non_null(log);
    struct control_cut one = {.log = {.author = log->key.author, .instance = log->key.instance}};
    const struct control_circle_cut r = {.kind = CONTROL_CUT_KEY, .subject = log->key.author, .cuts = {1, &one}};
    struct buffer body;
    size_t at;
    one.seq = most < log->persisted.seq ? most : log->persisted.seq;
    assert_true(disk_find_log(sim_disk(sim, office), &log->key, &at));
    one.id = *disk_entry_id(sim_disk(sim, office), at, one.seq);
    buffer_init(&body, 4096);
    assert_int_equal(control_circle_cut_encode(&body, &r), GMM_OK);
    assert_true(sim_append(sim, office, gid, HEADER_CUT, body.p, body.len, NULL));
    buffer_close(&body);
}

static bool all_have(struct sim *sim, const struct gmm_id *gid)
{
    for (unsigned office = 2; office < OFFICES; office++)
        if (view_group(view_of(sim, office), gid) == NULL)
            return false;
    return true;
}

static void one(uint64_t seed)
{
    struct sim_options options = {
        .seed = seed, .offices = OFFICES, .links = 8, .latency_ms_max = 500, .break_every_ms = seed % 2 ? 5000 : 0};
    struct sim *sim = sim_new(&options);
    struct gmm_id circle, stolen, here, there;
    assert_non_null(sim);
    for (unsigned a = 0; a < OFFICES; a++)
        for (unsigned b = 0; b < a; b++)
            sim_link(sim, a, b);
    while (view_of(sim, FOUNDER)->participant_count < OFFICES)
        sim_run(sim, 500);
    sim_heal(sim);
    assert_true(sim_settle(sim, MINUTES(10)));
    sim_split(sim, 1u << LATE);
    sim_circle_of(sim, FOUNDER, MEMBERS, true, &circle);
    for (unsigned i = 0; i < 4; i++) {
        assert_true(sim_post(sim, FOUNDER, &circle));
        sim_run(sim, 3000);
    }
    assert_true(founding(sim, 2, &circle) != NULL && founding(sim, 3, &circle) != NULL);
    assert_true(view_group(view_of(sim, 2), &circle) != NULL && founding(sim, LATE, &circle) == NULL);
    sim_post(sim, 2, &circle);
    sim_run(sim, 3000);

    /* The key is revoked on one side; whoever stole it goes on among those who have not heard. */
    unsigned thief = sim_clone(sim, FOUNDER);
    sim_retire(sim, FOUNDER);
    uint64_t side = 1u << LATE | 1u << (2 + sim_random(sim, 3)) | 1u;
    sim_split(sim, side);
    revoke_founder(sim, 0);
    sim_run(sim, 3000);
    for (unsigned office = 2; office < LATE; office++)
        if ((side >> office & 1u) == 0)
            sim_dial(sim, thief, office, 20);
    sim_run(sim, 2000);
    if (sim_random(sim, 2) == 0)
        assert_true(sim_post(sim, thief, &circle));
    sim_run(sim, 2000);
    sim_crash(sim, 2 + (unsigned)sim_random(sim, 3));
    sim_split(sim, 0);
    sim_run(sim, 20000);
    for (unsigned office = 2; office < OFFICES; office++)
        assert_null(view_group(view_of(sim, office), &circle)); /* nobody has spoken */

    /* Two speak, apart from one another, for more and for less. */
    unsigned first = 2 + (unsigned)sim_random(sim, 3), second = first == 4 ? 2 : first + 1;
    sim_split(sim, sim_random(sim, 2) == 0 ? 1u << first : 1u << second | 1u << LATE);
    speak(sim, first, &circle, sim_random(sim, 8));
    speak(sim, second, &circle, sim_random(sim, 8));
    sim_run(sim, 3000);
    assert_null(view_group(view_of(sim, first), &circle)); /* one is not enough */
    sim_split(sim, 0);
    for (unsigned i = 0; i < 120 && !all_have(sim, &circle); i++)
        sim_run(sim, 1000);
    assert_true(all_have(sim, &circle));

    /* What the thief founds now, whomever it dials, is nothing. */
    if (sim_engine(sim, thief) != NULL &&
        view_office(view_of(sim, thief), &sim_keystore(sim, thief)->sign_pk)->status == VIEW_OFFICE_ACTIVE) {
        sim_circle_of(sim, thief, MEMBERS, true, &stolen);
        for (unsigned office = 2; office < OFFICES; office++)
            sim_dial(sim, thief, office, 20);
    } else {
        stolen = circle;
    }
    sim_run(sim, 20000);
    sim_retire(sim, thief);
    sim_heal(sim);
    assert_true(sim_settle(sim, MINUTES(10)));

    /* The circle goes on: all of its members write and read, and all come to the same. */
    size_t before = sim_acknowledged(sim);
    for (unsigned office = 2; office < OFFICES; office++) {
        assert_true(sim_post(sim, office, &circle));
        sim_run(sim, 3000);
    }
    assert_true(sim_settle(sim, MINUTES(10)));
    assert_int_equal(sim_acknowledged(sim), before + 4);
    for (size_t i = before; i < sim_acknowledged(sim); i++) {
        struct gmm_id gid;
        for (unsigned office = 2; office < OFFICES; office++)
            assert_true(sim_opens(sim, office, sim_acknowledged_at(sim, i, &gid)));
    }
    world_view_hash(&here, view_of(sim, 2));
    for (unsigned office = 3; office < OFFICES; office++) {
        world_view_hash(&there, view_of(sim, office));
        assert_true(id_equal(&here, &there));
        assert_true(id_equal(&stolen, &circle) || view_group(view_of(sim, office), &stolen) == NULL);
        assert_int_equal(founding(sim, office, &circle)->end, founding(sim, 2, &circle)->end);
    }
    assert_null(founding(sim, 0, &circle)); /* no member heard anything */
    assert_true(sim_check_safety(sim));
    sim_free(sim);
}

static void a_circle_outlives_its_founders_key(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(6, 200); i++)
        one(seeds_at(i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_circle_outlives_its_founders_key),
    };
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Relays among running offices: two members that never see each other meet through an office that is no member; an
 * office that is not named has the role and gets nothing, nor does one that was taken back; a relay opens nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/secret.h"
#include "proto/control_relay.h"
#include "tests/sim/seeds.h"
#include "tests/sim/sim.h"

#define MINUTES(n) ((uint64_t)(n)*60u * 1000u)
enum { CHAIR, CREATOR, MEMBER, RELAY, OTHER, OFFICES };

/* Entries of the group that the office holds. */
static uint64_t held(struct sim *sim, unsigned office, const struct gmm_id *gid)
{
    const struct logs *logs = engine_logs(sim_engine(sim, office));
    uint64_t count = 0;
    for (size_t i = 0; i < logs_count(logs); i++) {
        const struct logs_log *log = logs_at(logs, i);
        if (id_equal(&log->key.group, gid) && log->persisted.seq != LOGS_NO_SEQ)
            count += log->persisted.seq + 1;
    }
    return count;
}

static void name(struct sim *sim, const struct gmm_id *gid, bool on)
{
    const struct control_relay r = {.on = on, .sign_pk = sim_keystore(sim, RELAY)->sign_pk};
    struct buffer body;
    buffer_init(&body, 64);
    assert_int_equal(control_relay_encode(&body, &r), GMM_OK);
    assert_true(sim_append(sim, CREATOR, gid, HEADER_RELAY, body.p, body.len, NULL));
    buffer_close(&body);
}

/* None of the group's epochs can be opened there. */
static bool has_no_key(struct sim *sim, unsigned office, const struct gmm_id *gid)
{
    const struct view *v = engine_view(sim_engine(sim, CREATOR));
    size_t epochs = 0;
    for (size_t i = 0; i < v->epoch_count; i++) {
        if (!id_equal(&v->epochs[i].gid, gid))
            continue;
        epochs++;
        if (engine_secret(sim_engine(sim, office), &v->epochs[i].id) != NULL)
            return false;
    }
    return epochs > 0;
}

static struct gmm_id post(struct sim *sim, unsigned office, const struct gmm_id *gid)
{
    size_t before = sim_acknowledged(sim);
    struct gmm_id of, id;
    assert_true(sim_post(sim, office, gid));
    for (unsigned i = 0; i < 600 && sim_acknowledged(sim) == before; i++)
        sim_run(sim, 100);
    assert_true(sim_acknowledged(sim) > before);
    id = *sim_acknowledged_at(sim, before, &of);
    assert_true(id_equal(&of, gid));
    return id;
}

static void one(uint64_t seed)
{
    struct sim_options options = {.seed = seed,
                                  .offices = OFFICES,
                                  .links = 0,
                                  .latency_ms_max = 50,
                                  .break_every_ms = seed % 2 == 0 ? 0 : 20000};
    struct sim *sim = sim_new(&options);
    struct gmm_id circle;
    assert_non_null(sim);
    sim_unlink(sim, CREATOR, MEMBER); /* of the ring: these two meet through others only */
    for (unsigned i = CREATOR; i < OTHER; i++) {
        sim_link(sim, OTHER, i);
        if (i != RELAY)
            sim_link(sim, RELAY, i);
    }
    assert_true(sim_settle(sim, MINUTES(10)));
    sim_circle_of(sim, CREATOR, (1u << CREATOR) | (1u << MEMBER), false, &circle);
    struct gmm_id early = post(sim, CREATOR, &circle);
    assert_true(sim_settle(sim, MINUTES(10)));
    /* Everybody is in sync, and nobody but the creator has heard of it. */
    for (unsigned i = 0; i < OFFICES; i++)
        assert_true(i == CREATOR || held(sim, i, &circle) == 0);
    name(sim, &circle, true);
    assert_true(sim_settle(sim, MINUTES(10)));
    struct gmm_id late = post(sim, MEMBER, &circle);
    assert_true(sim_settle(sim, MINUTES(10)));
    assert_true(sim_opens(sim, MEMBER, &early) && sim_opens(sim, CREATOR, &late));
    assert_true(held(sim, RELAY, &circle) == held(sim, CREATOR, &circle));
    assert_true(held(sim, CHAIR, &circle) == 0 && held(sim, OTHER, &circle) == 0);
    assert_true(has_no_key(sim, RELAY, &circle));
    assert_false(sim_opens(sim, RELAY, &early) || sim_opens(sim, RELAY, &late));
    /* It lost nothing by a crash, and goes on. */
    sim_crash(sim, RELAY);
    sim_heal(sim);
    struct gmm_id third = post(sim, CREATOR, &circle);
    assert_true(sim_settle(sim, MINUTES(10)));
    assert_true(sim_opens(sim, MEMBER, &third));
    name(sim, &circle, false);
    uint64_t at_most = held(sim, RELAY, &circle);
    sim_run(sim, MINUTES(1));
    struct gmm_id last = post(sim, CREATOR, &circle);
    assert_true(sim_settle(sim, MINUTES(10)));
    assert_true(held(sim, RELAY, &circle) == at_most);
    assert_false(sim_opens(sim, MEMBER, &last));
    assert_true(sim_check_safety(sim));
    sim_free(sim);
}

#define KIB 1024u
#define CHUNKS 12u

/* Two that are never up together, and the relay, which is always: attachments of the one reach the other. */
static struct sim *apart(uint64_t seed, uint64_t most, uint64_t group_most, struct gmm_id *circle)
{
    struct sim_options options = {.seed = seed,
                                  .offices = OFFICES,
                                  .links = 0,
                                  .latency_ms_max = 50,
                                  .break_every_ms = seed % 2 == 0 ? 0 : 20000,
                                  .relays_within = true,
                                  .relay_most = most,
                                  .relay_group_most = group_most};
    struct sim *sim = sim_new(&options);
    assert_non_null(sim);
    for (unsigned i = 0; i < OFFICES; i++)
        sim_link(sim, i, OTHER == i ? CHAIR : OTHER);
    sim_link(sim, CREATOR, RELAY);
    sim_link(sim, MEMBER, RELAY);
    assert_true(sim_settle(sim, MINUTES(10)));
    sim_circle_of(sim, CREATOR, (1u << CREATOR) | (1u << MEMBER), false, circle);
    name(sim, circle, true);
    assert_true(sim_settle(sim, MINUTES(10)));
    sim_split(sim, 1u << MEMBER);
    return sim;
}

static unsigned held_of(const struct sim *sim, unsigned office, const struct gmm_id *gid, const struct gmm_id *ids)
{
    unsigned count = 0;
    for (unsigned i = 0; i < CHUNKS; i++)
        count += sim_chunk_held(sim, office, gid, &ids[i]);
    return count;
}

/* The creator posts with attachments and is in sync with the relay; it goes, then the member comes. *at_relay: chunks
 * that had come there by then. */
static void hand_over(struct sim *sim, const struct gmm_id *circle, size_t len, struct gmm_id *ids, unsigned *at_relay)
{
    for (unsigned i = 0; i < CHUNKS; i++)
        sim_chunk_put(sim, CREATOR, circle, len, &ids[i]);
    struct gmm_id text = post(sim, CREATOR, circle);
    sim_run(sim, MINUTES(3)); /* connections may break meanwhile */
    *at_relay = held_of(sim, RELAY, circle, ids);
    sim_split(sim, 1u << CREATOR);
    for (unsigned i = 0; i < CHUNKS; i++)
        sim_chunk_want(sim, MEMBER, circle, &ids[i]);
    sim_run(sim, MINUTES(5));
    assert_true(sim_opens(sim, MEMBER, &text)); /* whatever there is room for */
    assert_int_equal(held_of(sim, MEMBER, circle, ids), *at_relay);
    assert_true(held_of(sim, CHAIR, circle, ids) == 0 && held_of(sim, OTHER, circle, ids) == 0);
    assert_true(sim_check_safety(sim));
}

static void attachments_of_two_never_up_together(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(4, 60); i++) {
        struct gmm_id circle, ids[CHUNKS];
        unsigned at_relay;
        struct sim *sim = apart(seeds_at(i), UINT64_MAX, UINT64_MAX, &circle);
        hand_over(sim, &circle, 300u * KIB, ids, &at_relay);
        assert_int_equal(at_relay, CHUNKS);
        sim_free(sim);
    }
}

/* What is over is not stored; entries go on. */
static void a_relay_that_is_full(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(4, 60); i++) {
        const uint64_t room = LIMIT_CHUNK_SEALED + 4u * 300u * KIB, other = UINT64_MAX;
        struct gmm_id circle, ids[CHUNKS];
        unsigned at_relay;
        bool of_group = i % 2 == 0;
        struct sim *sim = apart(seeds_at(i), of_group ? other : room, of_group ? room : other, &circle);
        hand_over(sim, &circle, 300u * KIB, ids, &at_relay);
        assert_true(at_relay > 0 && at_relay < CHUNKS);
        const struct relayed_group *kept = relayed_find(engine_relayed(sim_engine(sim, RELAY)), &circle);
        assert_true(kept != NULL && kept->full && kept->bytes == at_relay * 300u * KIB && kept->bytes <= room);
        /* After a restart it knows what it has. */
        sim_crash(sim, RELAY);
        sim_heal(sim);
        sim_run(sim, MINUTES(2));
        assert_int_equal(held_of(sim, RELAY, &circle, ids), at_relay);
        sim_free(sim);
    }
}

/* A relay that may keep nothing relays entries all the same. */
static void a_relay_without_room(void **state)
{
    (void)state;
    struct gmm_id circle, ids[CHUNKS];
    unsigned at_relay;
    struct sim *sim = apart(seeds_at(0), 0, 0, &circle);
    hand_over(sim, &circle, 300u * KIB, ids, &at_relay);
    assert_int_equal(at_relay, 0);
    sim_free(sim);
}

static void two_meet_through_it(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(10, 60); i++)
        one(seeds_at(i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_meet_through_it),
        cmocka_unit_test(attachments_of_two_never_up_together),
        cmocka_unit_test(a_relay_that_is_full),
        cmocka_unit_test(a_relay_without_room),
    };
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

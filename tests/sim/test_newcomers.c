/* What is posted by somebody who has not heard of a newcomer yet: it becomes readable there once any member that holds
 * the epoch and has heard of both is connected, by one WRAP; where the group keeps no history it stays closed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "keys/secret.h"
#include "proto/upkeep.h"
#include "tests/sim/seeds.h"
#include "tests/sim/sim.h"

#define MINUTES(n) ((uint64_t)(n)*60u * 1000u)
enum { CHAIR, CREATOR, AUTHOR, MEMBER, OTHER, NEWCOMER, OFFICES };
#define MEMBERS ((1u << CREATOR) | (1u << AUTHOR) | (1u << MEMBER) | (1u << OTHER))

/* Nobody but these two meets. */
static void meet_only(struct sim *sim, unsigned a, unsigned b)
{
    for (unsigned i = 0; i < OFFICES; i++) {
        sim_split(sim, UINT64_C(1) << i); /* what stands breaks */
        for (unsigned k = i + 1; k < OFFICES; k++)
            sim_unlink(sim, i, k);
    }
    sim_split(sim, 0);
    sim_link(sim, a, b);
}

static void meet_all(struct sim *sim, uint64_t away)
{
    sim_split(sim, away);
    for (unsigned i = 0; i < OFFICES; i++)
        for (unsigned k = i + 1; k < OFFICES; k++) {
            sim_unlink(sim, i, k);
            if (((away >> i ^ away >> k) & 1) == 0)
                sim_link(sim, i, k);
        }
}

static struct gmm_id epoch_of(struct sim *sim, unsigned office, const struct gmm_id *id)
{
    const struct disk *disk = sim_disk(sim, office);
    struct gmm_id epoch = {{0}};
    for (size_t i = 0; i < disk_logs(disk); i++) {
        uint64_t count;
        disk_log_key(disk, i, &count);
        for (uint64_t seq = 0; seq < count; seq++)
            if (id_equal(disk_entry_id(disk, i, seq), id)) {
                struct header h;
                assert_int_equal(header_decode(&h, disk_entry_header(disk, i, seq)), GMM_OK);
                epoch = h.epoch;
            }
    }
    assert_false(id_is_zero(&epoch));
    return epoch;
}

static bool holds(struct sim *sim, unsigned office, const struct gmm_id *id)
{
    return disk_holds(sim_disk(sim, office), id);
}

static size_t wraps(struct sim *sim, unsigned at, const struct gmm_id *epoch, unsigned whom)
{
    const struct view *v = engine_view(sim_engine(sim, at));
    size_t count = 0;
    for (size_t i = 0; i < v->wrap_count; i++)
        count +=
            id_equal(&v->wraps[i].epoch_id, epoch) && id_equal(&v->wraps[i].sign_pk, &sim_keystore(sim, whom)->sign_pk);
    return count;
}

static struct gmm_id post(struct sim *sim, unsigned office, const struct gmm_id *gid)
{
    size_t before = sim_acknowledged(sim);
    struct gmm_id of;
    assert_true(sim_post(sim, office, gid));
    for (unsigned i = 0; i < 600 && sim_acknowledged(sim) == before; i++)
        sim_run(sim, 100);
    assert_true(sim_acknowledged(sim) > before);
    return *sim_acknowledged_at(sim, before, &of);
}

/* A circle of all but the chair and the newcomer, known to its members; then its author is alone. */
static struct sim *begin(uint64_t seed, bool history, struct gmm_id *circle)
{
    struct sim_options options = {.seed = seed, .offices = OFFICES, .links = 4, .latency_ms_max = 80};
    struct sim *sim = sim_new(&options);
    assert_non_null(sim);
    meet_all(sim, 0);
    assert_true(sim_settle(sim, MINUTES(10)));
    sim_circle_of(sim, CREATOR, MEMBERS, history, circle);
    post(sim, CREATOR, circle);
    assert_true(sim_settle(sim, MINUTES(10)));
    meet_all(sim, UINT64_C(1) << AUTHOR);
    return sim;
}

/* The circle takes the newcomer in; the author, alone meanwhile, makes an epoch of its own and posts under it. */
static struct gmm_id post_apart(struct sim *sim, const struct gmm_id *circle)
{
    assert_true(sim_members(sim, CREATOR, circle, HEADER_ADD, NEWCOMER));
    sim_run(sim, MINUTES(1));
    assert_true(sim_rotate(sim, AUTHOR, circle));
    struct gmm_id id = post(sim, AUTHOR, circle);
    assert_false(sim_opens(sim, NEWCOMER, &id));
    return id;
}

/* The author meets one member, and is gone; that member alone meets the newcomer. */
static void one_member_is_enough(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(3, 200); i++) {
        struct gmm_id circle;
        struct sim *sim = begin(seeds_at(i), true, &circle);
        struct gmm_id id = post_apart(sim, &circle), epoch = epoch_of(sim, AUTHOR, &id);
        meet_only(sim, AUTHOR, MEMBER);
        sim_run(sim, 3000);
        sim_retire(sim, AUTHOR);
        meet_only(sim, MEMBER, NEWCOMER);
        sim_run(sim, (OFFICES + 1) * UPKEEP_STEP_MS + 5000);
        assert_true(sim_opens(sim, NEWCOMER, &id));
        assert_int_equal(wraps(sim, NEWCOMER, &epoch, NEWCOMER), 1);
        assert_true(sim_check_safety(sim));
        sim_free(sim);
    }
}

/* All hear of both at the same time: one of them writes. */
static void all_at_once_write_one(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(3, 200); i++) {
        struct gmm_id circle;
        struct sim *sim = begin(seeds_at(i), true, &circle);
        struct gmm_id id = post_apart(sim, &circle), epoch = epoch_of(sim, AUTHOR, &id);
        meet_all(sim, 0);
        sim_run(sim, MINUTES(2));
        for (unsigned k = CREATOR; k < OFFICES; k++) {
            assert_true(sim_opens(sim, k, &id));
            assert_int_equal(wraps(sim, k, &epoch, NEWCOMER), 1);
        }
        assert_true(sim_check_safety(sim) && sim_check_thieves(sim, NULL));
        sim_free(sim);
    }
}

/* The newcomer holds the text before anybody has given it the epoch, and who gave it is gone; it carries the text
 * itself to a member that had neither. */
static void it_carries_what_it_cannot_open(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(3, 200); i++) {
        struct gmm_id circle;
        struct sim *sim = begin(seeds_at(i), true, &circle);
        struct gmm_id id = post_apart(sim, &circle);
        meet_only(sim, AUTHOR, NEWCOMER);
        for (unsigned k = 0; k < 100 && !holds(sim, NEWCOMER, &id); k++)
            sim_run(sim, 50);
        sim_retire(sim, AUTHOR); /* before its turn to give */
        assert_true(holds(sim, NEWCOMER, &id));
        assert_false(sim_opens(sim, NEWCOMER, &id));
        meet_only(sim, NEWCOMER, OTHER);
        sim_run(sim, (OFFICES + 1) * UPKEEP_STEP_MS + 5000);
        assert_true(sim_opens(sim, OTHER, &id) && sim_opens(sim, NEWCOMER, &id));
        assert_true(sim_check_safety(sim));
        sim_free(sim);
    }
}

/* A group without history: what was posted so stays closed to it for good, and nobody writes it a WRAP; what is
 * posted once the author has heard of it opens. */
static void without_history_it_stays_closed(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(3, 200); i++) {
        struct gmm_id circle;
        struct sim *sim = begin(seeds_at(i), false, &circle);
        struct gmm_id id = post_apart(sim, &circle), epoch = epoch_of(sim, AUTHOR, &id);
        meet_all(sim, 0);
        sim_run(sim, MINUTES(2));
        assert_false(sim_opens(sim, NEWCOMER, &id));
        assert_int_equal(wraps(sim, CREATOR, &epoch, NEWCOMER), 0);
        struct gmm_id later = post(sim, AUTHOR, &circle);
        sim_run(sim, MINUTES(1));
        for (unsigned k = CREATOR; k < OFFICES; k++)
            assert_true(sim_opens(sim, k, &later));
        assert_true(sim_check_safety(sim) && sim_check_thieves(sim, NULL));
        sim_free(sim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_member_is_enough),
        cmocka_unit_test(all_at_once_write_one),
        cmocka_unit_test(it_carries_what_it_cannot_open),
        cmocka_unit_test(without_history_it_stays_closed),
    };
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

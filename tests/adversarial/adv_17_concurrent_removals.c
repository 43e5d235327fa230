/* Adversarial test 17: concurrent removals of X and Y end in one epoch that excludes both. */
#include "tests/adversarial/epochs_fixture.h"
#include "tests/sim/seeds.h"
#include "tests/sim/sim.h"

/* The chair removes X and makes an epoch, the lead removes Y and makes one, neither knowing of the other. */
static void adv_17_concurrent_removals_of_x_and_y(void **state)
{
    (void)state;
    unsigned y = world_join(&w, "y", IDENTITY_MEMBER);
    unsigned first = world_epoch(&w, iom, &work, 1, NULL, 0, (const unsigned[]){0, iom, wb, who, y}, 5);
    struct world_epoch without_x = {.gen = 2,
                                    .parents = &first,
                                    .parent_count = 1,
                                    .recipients = (const unsigned[]){0, iom, wb, y},
                                    .recipient_count = 4,
                                    .history = true};
    struct world_epoch without_y = without_x;
    without_y.recipients = (const unsigned[]){0, iom, wb, who};
    remove_from(&work, 0, who);
    unsigned a = world_epoch_as(&w, 0, &work, &without_x);
    remove_from(&work, iom, y);
    unsigned b = world_epoch_as(&w, iom, &work, &without_y);
    assert_true(view_epoch(world_view(&w), &w.entries[a].id)->valid);
    assert_true(view_epoch(world_view(&w), &w.entries[b].id)->valid);
    assert_true(all_choose(&work, NULL)); /* both are given up by everybody who knows both removals */

    assert_int_equal(holder_scan(&at_wb, &w), GMM_OK);
    unsigned merge = holder_epoch(&at_wb, &w, &work);
    const struct view_epoch *e = view_epoch(world_view(&w), &w.entries[merge].id);
    assert_true(e != NULL && e->valid && e->epoch.gen == 3 && e->epoch.parent_count == 2);
    assert_int_equal(e->epoch.recipient_count, 3);
    assert_null(epoch_find(&e->epoch, &w.offices[who].sign_pk));
    assert_null(epoch_find(&e->epoch, &w.offices[y].sign_pk));
    assert_int_equal(e->epoch.domain, EPOCH_DOMAIN_NEW);
    assert_true(all_choose(&work, &w.entries[merge].id));
}

#define OFFICES 7u
#define LEAD 1u

/* The epoch under which the office's newest entry of the group is sealed. */
static struct gmm_id newest_epoch(const struct sim *sim, unsigned office, const struct gmm_id *gid)
{
    struct gmm_id epoch = {{0}};
    const struct disk *disk = sim_disk(sim, office);
    for (size_t i = 0; i < disk_logs(disk); i++) {
        uint64_t count;
        const struct run_key *key = disk_log_key(disk, i, &count);
        if (!id_equal(&key->group, gid) || !id_equal(&key->author, &sim_keystore(sim, office)->sign_pk))
            continue;
        for (uint64_t seq = 0; seq < count; seq++) {
            struct header h;
            assert_int_equal(header_decode(&h, disk_entry_header(disk, i, seq)), GMM_OK);
            if (h.type >= 64)
                epoch = h.epoch;
        }
    }
    return epoch;
}

static void post_on_both_sides(struct sim *sim, const struct gmm_id *gid)
{
    for (unsigned i = 0; i < 8; i++) {
        sim_post(sim, (unsigned)sim_random(sim, OFFICES), gid);
        sim_run(sim, sim_random(sim, 2000));
    }
}

static bool is_in(struct sim *sim, const struct gmm_id *gid, unsigned office)
{
    const struct view *view = engine_view(sim_engine(sim, 0));
    return view != NULL && view_is_member(view, gid, &sim_keystore(sim, office)->pid);
}

/* All that are left post once more: under one epoch, which excludes both. */
static void one_epoch_excludes_both(struct sim *sim, const struct gmm_id *gid, unsigned x, unsigned y)
{
    struct gmm_id common = {{0}};
    for (unsigned i = 0; i < OFFICES; i++) {
        if (i == x || i == y) {
            assert_false(is_in(sim, gid, i));
            continue;
        }
        assert_true(is_in(sim, gid, i));
        assert_true(sim_post(sim, i, gid));
        assert_true(sim_settle(sim, 120000));
        struct gmm_id epoch = newest_epoch(sim, i, gid);
        if (id_is_zero(&common))
            common = epoch;
        assert_true(id_equal(&epoch, &common));
    }
    const struct view_epoch *e = view_epoch(engine_view(sim_engine(sim, 0)), &common);
    assert_non_null(e);
    assert_int_equal(e->epoch.recipient_count, OFFICES - 2);
    assert_null(epoch_find(&e->epoch, &sim_keystore(sim, x)->sign_pk));
    assert_null(epoch_find(&e->epoch, &sim_keystore(sim, y)->sign_pk));
    assert_null(engine_secret(sim_engine(sim, x), &common));
    assert_null(engine_secret(sim_engine(sim, y), &common));
}

static void adv_17_simulated(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(10, 200); i++) {
        struct sim_options options = {.seed = seeds_at(i),
                                      .offices = OFFICES,
                                      .links = 8,
                                      .latency_ms_max = 150,
                                      .break_every_ms = 5000,
                                      .crash_every_ms = seeds_at(i) % 3 == 0 ? 8000 : 0,
                                      .lead = LEAD};
        struct gmm_id gid;
        struct sim *sim = sim_new(&options);
        for (unsigned k = 1; k < OFFICES; k++)
            sim_link(sim, k, k % (OFFICES - 1) + 1); /* the lead's side is connected without the chair */
        sim_group_thematic(sim, "decent-work", &gid);
        sim_run(sim, 20000);
        sim_post(sim, (unsigned)sim_random(sim, OFFICES), &gid);
        sim_run(sim, 20000);
        /* the chair on one side, the lead on the other, everybody else anywhere */
        sim_split(sim, 1u | (sim_random(sim, 1u << OFFICES) & ~(1u | 1u << LEAD)));
        unsigned x = 2 + (unsigned)sim_random(sim, OFFICES - 2), y = x;
        while (y == x)
            y = 2 + (unsigned)sim_random(sim, OFFICES - 2);
        bool removed_x = false, removed_y = false;
        for (unsigned k = 0; k < 400 && !(removed_x && removed_y); k++) {
            removed_x = removed_x || sim_members(sim, 0, &gid, HEADER_REMOVE, x);
            removed_y = removed_y || sim_members(sim, LEAD, &gid, HEADER_REMOVE, y);
            sim_run(sim, 500);
        }
        assert_true(removed_x && removed_y);
        post_on_both_sides(sim, &gid);
        assert_true(sim_check_safety(sim));
        sim_heal(sim);
        assert_true(sim_settle(sim, 600000));
        assert_true(sim_check_safety(sim));
        one_epoch_excludes_both(sim, &gid, x, y);
        assert_true(sim_check_safety(sim));
        sim_free(sim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(adv_17_concurrent_removals_of_x_and_y, setup, teardown),
        cmocka_unit_test(adv_17_simulated),
    };
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Adversarial test 19: a wrap with a differing secret is refused, reported (EPOCH_BAD) and repaired by a WRAP or a
 * rotation. */
#include "proto/upkeep.h"
#include "tests/adversarial/epochs_fixture.h"
#include "tests/sim/scene.h"
#include "tests/sim/seeds.h"

/* What upkeep has the office do about the epoch, and when; UINT64_MAX: nothing. */
static uint64_t due(struct holder *h, enum upkeep_kind kind, unsigned epoch)
{
    struct upkeep upkeep;
    uint64_t found = UINT64_MAX;
    upkeep = (struct upkeep){.until_ms = UINT64_MAX};
    assert_int_equal(holder_scan(h, &w), GMM_OK);
    assert_int_equal(upkeep_plan(&upkeep, h->ring, world_view(&w), &h->keystore->sign_pk, w.now_ms), GMM_OK);
    for (size_t i = 0; i < upkeep.count; i++)
        if (upkeep.items[i].kind == kind &&
            (kind == UPKEEP_ROTATE || id_equal(&upkeep.items[i].epoch_id, &w.entries[epoch].id)))
            found = upkeep.items[i].due_ms;
    upkeep_close(&upkeep);
    return found;
}

static bool closed_at(struct holder *h, unsigned epoch)
{
    size_t count;
    assert_int_equal(holder_scan(h, &w), GMM_OK);
    const struct keyring_closed *closed = keyring_closed(h->ring, &count);
    return count == 1 && closed[0].broken && id_equal(&closed[0].epoch_id, &w.entries[epoch].id) &&
           !holder_holds(h, &w, epoch);
}

static unsigned lying_epoch(void)
{
    const struct world_epoch lie = {
        .gen = 1, .recipients = (const unsigned[]){0, iom, wb, who}, .recipient_count = 4, .lied_to = &wb};
    return world_epoch_as(&w, who, &work, &lie);
}

/* Refused and reported at once; nobody sends under it; a holder's WRAP to the one lied to repairs it. */
static void adv_19_repaired_by_a_wrap(void **state)
{
    (void)state;
    unsigned e = lying_epoch();
    assert_true(all_choose(&work, &w.entries[e].id)); /* nobody has said anything yet */
    assert_true(closed_at(&at_wb, e));
    assert_true(due(&at_wb, UPKEEP_COMPLAIN, e) == w.now_ms);
    world_epoch_bad(&w, wb, &work, e);
    assert_true(all_choose(&work, NULL));
    assert_true(due(&at_wb, UPKEEP_COMPLAIN, e) == UINT64_MAX); /* told already */
    uint64_t answer = due(&at_iom, UPKEEP_WRAP, e);
    assert_true(answer != UINT64_MAX && answer < due(&at_iom, UPKEEP_ROTATE, e));
    world_wrap_lie(&w, who, e, wb); /* the liar is no better the second time */
    assert_true(closed_at(&at_wb, e));
    assert_true(due(&at_wb, UPKEEP_COMPLAIN, e) != UINT64_MAX);
    world_epoch_bad(&w, wb, &work, e);
    holder_wrap(&at_iom, &w, e, wb);
    assert_int_equal(holder_scan(&at_wb, &w), GMM_OK);
    assert_true(holder_holds(&at_wb, &w, e));
    assert_true(all_choose(&work, &w.entries[e].id));
}

/* When no answer comes, or none that opens, the next epoch is another one. */
static void adv_19_repaired_by_a_rotation(void **state)
{
    (void)state;
    unsigned e = lying_epoch();
    assert_true(closed_at(&at_wb, e));
    world_epoch_bad(&w, wb, &work, e);
    assert_true(all_choose(&work, NULL));
    assert_true(due(&at_iom, UPKEEP_ROTATE, e) != UINT64_MAX && due(&at_wb, UPKEEP_ROTATE, e) != UINT64_MAX);
    unsigned next = holder_epoch(&at_iom, &w, &work);
    assert_true(all_choose(&work, &w.entries[next].id));
    assert_int_equal(holder_scan(&at_wb, &w), GMM_OK);
    assert_true(holder_holds(&at_wb, &w, next) && holder_holds(&at_wb, &w, e)); /* by the history of the next one */
    assert_true(due(&at_iom, UPKEEP_ROTATE, e) == UINT64_MAX);
}

/* A complaint of who was never given the epoch is none, and cannot stop a group. */
static void adv_19_complaints_of_others(void **state)
{
    (void)state;
    unsigned e = world_epoch(&w, iom, &work, 1, NULL, 0, (const unsigned[]){0, iom, wb}, 3);
    world_epoch_bad(&w, who, &work, e);
    assert_true(all_choose(&work, &w.entries[e].id));
    remove_from(&work, 0, who);
    world_epoch_bad(&w, who, &work, e);
    assert_true(all_choose(&work, &w.entries[e].id));
}

/* An epoch whose maker wraps another secret to some. */
static void lie(struct scene *s)
{
    const struct sim_epoch epoch = {.recipients = SCENE_EVERYBODY,
                                    .lied_to = sim_random(s->sim, SCENE_EVERYBODY + 1u),
                                    .inherited = sim_random(s->sim, 2) == 0};
    sim_forge_epoch(s->sim, scene_any(s), &s->gids[sim_random(s->sim, SCENE_GROUPS)], &epoch);
}

static size_t complaints(const struct scene *s)
{
    const struct disk *disk = sim_disk(s->sim, 0);
    size_t found = 0;
    for (size_t i = 0; i < disk_logs(disk); i++) {
        uint64_t count;
        disk_log_key(disk, i, &count);
        for (uint64_t seq = 0; seq < count; seq++) {
            struct header h;
            assert_int_equal(header_decode(&h, disk_entry_header(disk, i, seq)), GMM_OK);
            found += h.type == HEADER_EPOCH_BAD;
        }
    }
    return found;
}

/* Nothing that was written stays closed to anybody. */
static void adv_19_simulated(void **state)
{
    size_t told = 0;
    (void)state;
    for (unsigned long i = 0; i < seeds_count(8, 200); i++) {
        struct scene s;
        scene_open(&s, seeds_at(i), SCENE_EVERYBODY);
        for (unsigned k = 0; k < 40; k++) {
            uint64_t what = sim_random(s.sim, 8);
            if (what == 0)
                lie(&s);
            else if (what == 1)
                scene_split(&s);
            else
                scene_post(&s);
            scene_wait(&s);
        }
        assert_true(scene_rest(&s));
        assert_true(sim_check_converged(s.sim));
        for (unsigned group = 0; group < SCENE_GROUPS; group++)
            assert_true(scene_all_read(&s, group));
        told += complaints(&s);
        assert_true(scene_close(&s));
    }
    assert_true(told > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(adv_19_repaired_by_a_wrap, setup, teardown),
        cmocka_unit_test_setup_teardown(adv_19_repaired_by_a_rotation, setup, teardown),
        cmocka_unit_test_setup_teardown(adv_19_complaints_of_others, setup, teardown),
        cmocka_unit_test(adv_19_simulated),
    };
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

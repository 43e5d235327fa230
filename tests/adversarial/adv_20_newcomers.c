/* Adversarial test 20: a newcomer without history opens no earlier body or chunk. */
#include "tests/adversarial/epochs_fixture.h"
#include "tests/sim/scene.h"
#include "tests/sim/seeds.h"

/* Whatever the newcomer has: all records, all bodies, its real keys; members that write what they must not. */
static void adv_20_a_newcomer_without_history(void **state)
{
    (void)state;
    struct gmm_id circle;
    struct written before, after;
    struct thief t;
    world_circle(&w, iom, 1, false, &w.offices[wb].participant, 1, &circle);
    assert_int_equal(holder_scan(&at_iom, &w), GMM_OK);
    unsigned first = holder_epoch(&at_iom, &w, &circle);
    write_under(&before, &at_iom, &circle, first);
    struct gmm_id chunk_before = upload_under(&at_iom, &circle, first);
    world_members(&w, iom, &circle, HEADER_ADD, &w.offices[who].participant, 1);
    assert_true(all_choose(&circle, NULL)); /* it is not reached: a new one is due */
    unsigned second = holder_epoch(&at_iom, &w, &circle);
    write_under(&after, &at_iom, &circle, second);
    struct gmm_id chunk_after = upload_under(&at_iom, &circle, second);
    assert_int_equal(epoch_at(second)->epoch.history_count, 0);
    assert_int_equal(epoch_at(second)->epoch.domain, EPOCH_DOMAIN_NEW);

    /* it asks for what it was never given, and nobody answers; a WRAP would count for nothing */
    world_epoch_bad(&w, who, &circle, first);
    assert_true(all_choose(&circle, &w.entries[second].id));
    assert_int_equal(world_view(&w)->complaint_count, 0);
    /* an epoch with history where none is kept is not valid */
    const struct world_epoch with_history = {.gen = 3,
                                             .parents = &second,
                                             .parent_count = 1,
                                             .recipients = (const unsigned[]){iom, wb, who},
                                             .recipient_count = 3,
                                             .history = true};
    unsigned third = world_epoch_as(&w, wb, &circle, &with_history);
    assert_false(epoch_at(third)->valid);
    assert_true(all_choose(&circle, &w.entries[second].id));

    assert_int_equal(holder_scan(&at_who, &w), GMM_OK);
    assert_true(holder_holds(&at_who, &w, second) && !holder_holds(&at_who, &w, first));
    steal(&t, &at_who);
    assert_true(thief_reads(&t, after.header, after.body, after.len));
    assert_true(thief_confirms(&t, &chunk_after, THE_FILE, sizeof THE_FILE));
    assert_false(thief_reads(&t, before.header, before.body, before.len));
    assert_false(thief_confirms(&t, &chunk_before, THE_FILE, sizeof THE_FILE));
    thief_close(&t);
}

/* One that is just admitted gets the past of a group with history by what is wrapped to it, and by nothing else. */
static void adv_20_a_newcomer_with_history(void **state)
{
    (void)state;
    struct written before;
    struct thief t;
    assert_int_equal(holder_scan(&at_iom, &w), GMM_OK);
    unsigned first = holder_epoch(&at_iom, &w, &work), second = holder_epoch(&at_iom, &w, &work);
    write_under(&before, &at_iom, &work, first);
    unsigned newcomer = world_join(&w, "newcomer", IDENTITY_MEMBER);
    struct holder at_newcomer;
    holder_open(&at_newcomer, &w, newcomer);
    steal(&t, &at_newcomer);
    assert_false(thief_reads(&t, before.header, before.body, before.len));
    thief_close(&t);
    holder_wrap(&at_iom, &w, second, newcomer);
    steal(&t, &at_newcomer);
    assert_true(thief_reads(&t, before.header, before.body, before.len));
    thief_close(&t);
    holder_close(&at_newcomer);
}

/* A complaint about an old epoch, from somebody who came later: the office does not make one, we do. */
static void ask_for_the_past(struct scene *s)
{
    unsigned office = scene_subject(s);
    struct engine *engine = sim_engine(s->sim, office);
    const struct view *view = engine == NULL ? NULL : engine_view(engine);
    struct buffer body;
    for (size_t i = 0; view != NULL && i < view->epoch_count; i++) {
        struct gmm_id id = view->epochs[i].id;
        if (!id_equal(&view->epochs[i].gid, &s->gids[SCENE_FRESH]) || engine_secret(engine, &id) != NULL)
            continue;
        buffer_init(&body, 64);
        assert_int_equal(control_epoch_bad_encode(&body, &id), GMM_OK);
        sim_append(s->sim, office, &s->gids[SCENE_FRESH], HEADER_EPOCH_BAD, body.p, body.len, NULL);
        buffer_close(&body);
        return;
    }
}

/* In circles that begin with three, others come, go and come again while both sides of partitions write. */
static void adv_20_simulated(void **state)
{
    size_t tried = 0;
    (void)state;
    for (unsigned long i = 0; i < seeds_count(8, 200); i++) {
        struct scene s;
        scene_open(&s, seeds_at(i), 7);
        for (unsigned k = 0; k < 50; k++) {
            uint64_t what = sim_random(s.sim, 10);
            if (what == 0)
                scene_change(&s, SCENE_FRESH, HEADER_ADD, scene_subject(&s));
            else if (what == 1 && sim_random(s.sim, 2) == 0)
                scene_change(&s, SCENE_FRESH, HEADER_REMOVE, scene_subject(&s));
            else if (what == 2)
                scene_change(&s, SCENE_FULL, HEADER_ADD, scene_subject(&s));
            else if (what == 3)
                ask_for_the_past(&s);
            else if (what == 4)
                scene_split(&s);
            else
                sim_post(s.sim, scene_any(&s), &s.gids[1 + sim_random(s.sim, 2)]);
            scene_wait(&s);
        }
        assert_true(scene_rest(&s));
        for (unsigned group = 0; group < SCENE_GROUPS; group++)
            assert_true(scene_all_read(&s, group));
        assert_true(scene_close(&s));
        tried += s.tried;
    }
    assert_true(tried > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(adv_20_a_newcomer_without_history, setup, teardown),
        cmocka_unit_test_setup_teardown(adv_20_a_newcomer_with_history, setup, teardown),
        cmocka_unit_test(adv_20_simulated),
    };
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

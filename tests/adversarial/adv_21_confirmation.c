/* Adversarial test 21: a removed member cannot confirm a file uploaded after the removal. */
#include "tests/adversarial/epochs_fixture.h"
#include "tests/sim/scene.h"
#include "tests/sim/seeds.h"

static bool confirms(struct holder *h, const struct gmm_id *chunk)
{
    struct thief t;
    steal(&t, h);
    bool found = thief_confirms(&t, chunk, THE_FILE, sizeof THE_FILE);
    thief_close(&t);
    return found;
}

/* The same file again: one chunk while the domain goes on, another one after a removal. */
static void adv_21_the_domain_is_new_after_a_removal(void **state)
{
    (void)state;
    assert_int_equal(holder_scan(&at_iom, &w), GMM_OK);
    unsigned first = holder_epoch(&at_iom, &w, &work), second = holder_epoch(&at_iom, &w, &work);
    struct gmm_id before = upload_under(&at_iom, &work, first), again = upload_under(&at_iom, &work, second);
    assert_true(id_equal(&before, &again));
    assert_int_equal(holder_scan(&at_who, &w), GMM_OK);
    assert_true(confirms(&at_who, &before));
    remove_from(&work, 0, who);
    unsigned third = holder_epoch(&at_iom, &w, &work), fourth = holder_epoch(&at_iom, &w, &work);
    struct gmm_id after = upload_under(&at_iom, &work, third), later = upload_under(&at_iom, &work, fourth);
    assert_true(id_equal(&after, &later) && !id_equal(&after, &before));
    assert_false(confirms(&at_who, &after));
    assert_true(confirms(&at_who, &before)); /* it had that */
    assert_int_equal(holder_scan(&at_wb, &w), GMM_OK);
    assert_true(confirms(&at_wb, &after));
}

/* Who only ever got the epoch that opened the domain, and left, knows it all the same. */
static void adv_21_who_knew_the_domain_alone(void **state)
{
    (void)state;
    assert_int_equal(holder_scan(&at_iom, &w), GMM_OK);
    unsigned first = world_epoch(&w, iom, &work, 1, NULL, 0, (const unsigned[]){0, iom, wb, who}, 4);
    assert_int_equal(holder_scan(&at_iom, &w), GMM_OK);
    assert_int_equal(holder_scan(&at_who, &w), GMM_OK);
    /* a member goes on with the domain in an epoch that does not name it any more */
    const struct world_epoch goes_on = {.gen = 2,
                                        .parents = &first,
                                        .parent_count = 1,
                                        .recipients = (const unsigned[]){0, iom, wb},
                                        .recipient_count = 3,
                                        .history = true,
                                        .inherited = true};
    remove_from(&work, 0, who);
    unsigned second = world_epoch_as(&w, wb, &work, &goes_on);
    assert_true(epoch_at(second)->valid);
    assert_true(all_choose(&work, NULL)); /* nobody writes or uploads under it */
    unsigned third = holder_epoch(&at_iom, &w, &work);
    assert_true(all_choose(&work, &w.entries[third].id));
    struct gmm_id after = upload_under(&at_iom, &work, third);
    assert_false(confirms(&at_who, &after));
}

#define RETURNS 3u /* the office that is suspended once and comes back, to all the past; others are out for good */

static void somebody_leaves(struct scene *s)
{
    unsigned whom = scene_subject(s);
    if (whom == RETURNS)
        return;
    if (sim_random(s->sim, 2) == 0)
        scene_change(s, (enum scene_group)sim_random(s->sim, SCENE_GROUPS), HEADER_REMOVE, whom);
    else
        scene_suspend(s, whom);
}

/* An epoch of a member for whomever it likes, in the domain that there was. */
static void go_on_with_the_domain(struct scene *s)
{
    const struct sim_epoch epoch = {.recipients = 1 + sim_random(s->sim, SCENE_EVERYBODY), .inherited = true};
    sim_forge_epoch(s->sim, scene_any(s), &s->gids[sim_random(s->sim, SCENE_GROUPS)], &epoch);
}

static void play(struct scene *s)
{
    for (unsigned k = 0; k < 50; k++) {
        uint64_t what = sim_random(s->sim, 12);
        if (k == 15)
            scene_suspend(s, RETURNS);
        else if (k == 35)
            scene_restore(s, RETURNS);
        else if (what < 2)
            somebody_leaves(s);
        else if (what == 2)
            go_on_with_the_domain(s);
        else if (what == 3)
            scene_split(s);
        else
            scene_post(s);
        scene_wait(s);
    }
}

static void adv_21_simulated(void **state)
{
    size_t tried = 0;
    (void)state;
    for (unsigned long i = 0; i < seeds_count(8, 200); i++) {
        struct scene s;
        scene_open(&s, seeds_at(i), SCENE_EVERYBODY);
        play(&s);
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
        cmocka_unit_test_setup_teardown(adv_21_the_domain_is_new_after_a_removal, setup, teardown),
        cmocka_unit_test_setup_teardown(adv_21_who_knew_the_domain_alone, setup, teardown),
        cmocka_unit_test(adv_21_simulated),
    };
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

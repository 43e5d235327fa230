/* Adversarial test 18: an epoch that includes a removed office is never used for sending. */
#include "tests/adversarial/epochs_fixture.h"
#include "tests/sim/scene.h"
#include "tests/sim/seeds.h"

/* How somebody comes to be able to read under an epoch. */
static unsigned as_recipient(void)
{
    return world_epoch(&w, iom, &work, 1, NULL, 0, (const unsigned[]){0, iom, wb, who}, 4);
}

static unsigned as_maker(void)
{
    uint8_t secret[32];
    unsigned e = world_epoch(&w, who, &work, 1, NULL, 0, (const unsigned[]){0, iom, wb}, 3);
    memset(secret, 1, sizeof secret); /* its generation */
    assert_int_equal(keyring_put(at_who.ring, &w.entries[e].id, secret), GMM_OK);
    return e;
}

static unsigned by_wrap(void)
{
    unsigned e = world_epoch(&w, iom, &work, 1, NULL, 0, (const unsigned[]){0, iom, wb}, 3);
    world_wrap(&w, iom, e, who);
    return e;
}

static unsigned by_history(void)
{
    unsigned e = world_epoch(&w, iom, &work, 1, NULL, 0, (const unsigned[]){0, iom, wb}, 3);
    const struct world_epoch later = {.gen = 2,
                                      .parents = &e,
                                      .parent_count = 1,
                                      .recipients = (const unsigned[]){0, iom, wb, who},
                                      .recipient_count = 4,
                                      .history = true};
    world_epoch_as(&w, wb, &work, &later);
    return e;
}

/* How it ceases to belong to the group. */
static void is_removed(void)
{
    remove_from(&work, 0, who);
}

static void is_suspended(void)
{
    struct control_removal removal = {.pid = w.participants[w.offices[who].participant].pid};
    struct buffer body;
    buffer_init(&body, 4096);
    assert_int_equal(control_removal_encode(&body, &removal), GMM_OK);
    world_append(&w, 0, NULL, HEADER_SUSPEND, body.p, body.len);
    buffer_close(&body);
}

/* The key's logs stand up to far behind what it has written: what it said of epochs stands. */
static void is_revoked(void)
{
    const struct revocation_cut cut = {.group = work, .instance = WORLD_INSTANCE, .seq = 99};
    world_revoke(&w, who, UINT_MAX, &cut, 1);
}

static void is_superseded(void)
{
    struct certificate certificate;
    unsigned successor = world_office(&w, w.offices[who].participant, "new");
    snprintf(w.offices[successor].name, sizeof w.offices[successor].name, "hq"); /* the name of the first */
    world_certificate(&w, successor, &certificate);
    world_issue(&w, w.offices[who].participant, &certificate, NULL);
}

/* Each in each way: given up in whatever order the records came, and the next epoch excludes it. */
static void adv_18_a_removed_office(void **state)
{
    unsigned (*const ways_in[])(void) = {as_recipient, as_maker, by_wrap, by_history};
    void (*const ways_out[])(void) = {is_removed, is_suspended, is_revoked, is_superseded};
    for (size_t in = 0; in < 4; in++)
        for (size_t out = 0; out < 4; out++) {
            if (in + out > 0)
                setup(state);
            unsigned e = ways_in[in]();
            struct gmm_id before = chosen_in_order(&work, 0), *first = &w.entries[e].id;
            assert_true(in == 3 ? !id_is_zero(&before) : id_equal(&before, first));
            ways_out[out]();
            assert_true(all_choose(&work, NULL));
            assert_int_equal(holder_scan(&at_iom, &w), GMM_OK);
            unsigned next = holder_epoch(&at_iom, &w, &work);
            assert_true(all_choose(&work, &w.entries[next].id));
            assert_null(epoch_find(&epoch_at(next)->epoch, &w.offices[who].sign_pk));
            struct thief t;
            struct written text;
            write_under(&text, &at_iom, &work, next);
            steal(&t, &at_who);
            assert_true(thief_knows(&t, &w.entries[e].id));
            assert_false(thief_reads(&t, text.header, text.body, text.len));
            thief_close(&t);
            if (in + out < 6)
                teardown(state);
        }
}

/* Nor does an epoch of a member that includes it come into use, whatever its gen; nor one that it makes itself. */
static void adv_18_an_epoch_for_the_removed(void **state)
{
    (void)state;
    unsigned first = as_recipient();
    remove_from(&work, 0, who);
    assert_int_equal(holder_scan(&at_iom, &w), GMM_OK);
    unsigned good = holder_epoch(&at_iom, &w, &work);
    struct world_epoch bad = {.gen = 3,
                              .parents = &good,
                              .parent_count = 1,
                              .recipients = (const unsigned[]){0, iom, wb, who},
                              .recipient_count = 4};
    world_epoch_as(&w, wb, &work, &bad);
    assert_true(all_choose(&work, &w.entries[good].id));
    unsigned own = world_epoch(&w, who, &work, 2, &first, 1, (const unsigned[]){0, iom, wb}, 3);
    assert_false(epoch_at(own)->valid);
    assert_true(all_choose(&work, &w.entries[good].id));
    world_wrap(&w, who, first, wb); /* of no effect either */
    assert_true(all_choose(&work, &w.entries[good].id));
}

/* A member that makes an epoch for everybody, whether they have left or not. */
static void collude(struct scene *s)
{
    const struct sim_epoch epoch = {.recipients = SCENE_EVERYBODY, .inherited = sim_random(s->sim, 2) == 0};
    sim_forge_epoch(s->sim, scene_any(s), &s->gids[sim_random(s->sim, SCENE_GROUPS)], &epoch);
}

static void do_something(struct scene *s)
{
    switch (sim_random(s->sim, 16)) {
    case 0:
        scene_change(s, (enum scene_group)sim_random(s->sim, SCENE_GROUPS), HEADER_REMOVE, scene_subject(s));
        break;
    case 1:
        scene_suspend(s, scene_subject(s));
        break;
    case 2:
        if (sim_random(s->sim, 4) == 0)
            scene_revoke(s, scene_subject(s));
        break;
    case 3:
    case 4:
        collude(s);
        break;
    case 5:
    case 6:
        scene_split(s);
        break;
    default:
        scene_post(s);
    }
    scene_wait(s);
}

static void adv_18_simulated(void **state)
{
    size_t tried = 0;
    (void)state;
    for (unsigned long i = 0; i < seeds_count(8, 200); i++) {
        struct scene s;
        scene_open(&s, seeds_at(i), SCENE_EVERYBODY);
        for (unsigned k = 0; k < 60; k++)
            do_something(&s);
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
        cmocka_unit_test_setup_teardown(adv_18_a_removed_office, setup, teardown),
        cmocka_unit_test_setup_teardown(adv_18_an_epoch_for_the_removed, setup, teardown),
        cmocka_unit_test(adv_18_simulated),
    };
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

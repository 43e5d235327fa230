#include "proto/leavers.h"

#include "tests/adversarial/epochs_fixture.h"
#include "tests/lib/failmalloc.h"

static struct fold *behind;

/* The view of an office that lacks one entry, or (UINT_MAX) none. */
static const struct view *view_without(unsigned entry)
{
    fold_free(behind);
    behind = fold_new(w.directory);
    assert_non_null(behind);
    for (unsigned i = 0; i < w.entry_count; i++)
        if (i != entry)
            assert_int_equal(
                fold_add(behind, w.entries[i].header, &w.entries[i].id, w.entries[i].body, w.entries[i].len), GMM_OK);
    const struct view *v = fold_view(behind);
    assert_non_null(v);
    return v;
}

static int forget(void **state)
{
    fold_free(behind);
    behind = NULL;
    return teardown(state);
}

static struct gmm_id pid_of(unsigned office)
{
    return w.participants[w.offices[office].participant].pid;
}

static unsigned standing(uint16_t type, unsigned office)
{
    struct control_removal removal = {.pid = pid_of(office)};
    struct buffer body;
    buffer_init(&body, 4096);
    assert_int_equal(type == HEADER_SUSPEND ? control_removal_encode(&body, &removal)
                                            : control_restore_encode(&body, &removal),
                     GMM_OK);
    unsigned entry = world_append(&w, 0, NULL, type, body.p, body.len);
    buffer_close(&body);
    return entry;
}

/* What an office would say before an epoch of its own; it is said when there is anything to say. */
static uint16_t tell(struct holder *h)
{
    const struct view *v = world_view(&w);
    const struct view_epoch *tips[LIMIT_EPOCH_PARENTS];
    struct control_left left;
    struct sending s;
    struct buffer body;
    assert_int_equal(sending_open(&s, v, &work, w.now_ms), GMM_OK);
    size_t count = sending_tips(&s, tips, LIMIT_EPOCH_PARENTS);
    assert_int_equal(leavers_list(&left, v, &work, tips, count), GMM_OK);
    sending_close(&s);
    uint16_t told = left.count;
    buffer_init(&body, LIMIT_BODY_BYTES);
    if (told > 0) {
        assert_int_equal(control_left_encode(&body, &left), GMM_OK);
        world_append(&w, h->office, &work, HEADER_LEFT, body.p, body.len);
    }
    control_left_close(&left);
    buffer_close(&body);
    return told;
}

static unsigned told_epoch(struct holder *h)
{
    tell(h);
    return holder_epoch(h, &w, &work);
}

static bool withheld(const struct view *v, unsigned self, unsigned epoch, unsigned from)
{
    struct leavers l;
    const struct view_epoch *e = view_epoch(v, &w.entries[epoch].id);
    assert_non_null(e);
    assert_int_equal(leavers_open(&l, v, &work, &w.offices[self].sign_pk), GMM_OK);
    bool answer = leavers_withhold(&l, e, &w.offices[from].sign_pk);
    leavers_close(&l);
    return answer;
}

static void who_has_not_heard_passes_nothing_on(void **state)
{
    (void)state;
    holder_epoch(&at_iom, &w, &work);
    assert_int_equal(holder_scan(&at_iom, &w), GMM_OK);
    unsigned gone = standing(HEADER_SUSPEND, who);
    unsigned epoch = told_epoch(&at_iom);
    assert_int_equal(world_view(&w)->left_count, 1);
    assert_false(withheld(world_view(&w), wb, epoch, who)); /* who has heard needs no telling */
    assert_true(withheld(view_without(gone), wb, epoch, who));
    assert_false(withheld(view_without(gone), wb, epoch, 0));    /* to others it may go */
    assert_false(withheld(view_without(gone), iom, epoch, who)); /* the maker knew what it knew */
    standing(HEADER_RESTORE, who);
    assert_false(withheld(world_view(&w), wb, epoch, who));
    /* Once more, and only the second time is not known. */
    unsigned again = standing(HEADER_SUSPEND, who), next = told_epoch(&at_iom);
    assert_true(withheld(view_without(again), wb, next, who));
    assert_false(withheld(view_without(again), wb, epoch, who));
    /* What follows it is bound as it is, whoever makes it. */
    assert_int_equal(tell(&at_wb), 0);
    unsigned child = holder_epoch(&at_wb, &w, &work);
    assert_true(withheld(view_without(again), 0, child, who));
}

/* Adversarial 21, seed 173 of old: an office that knows of neither suspension nor restoration makes an epoch. */
static void not_as_history_either(void **state)
{
    (void)state;
    unsigned first = holder_epoch(&at_iom, &w, &work);
    unsigned gone = standing(HEADER_SUSPEND, who), epoch = told_epoch(&at_iom);
    const struct view *v = view_without(gone);
    struct buffer body;
    uint8_t secret[32];
    struct thief t;
    assert_int_equal(holder_scan(&at_wb, &w), GMM_OK);
    assert_true(holder_holds(&at_wb, &w, epoch));
    buffer_init(&body, LIMIT_BODY_BYTES);
    assert_int_equal(keyring_make_epoch(at_wb.ring, &at_wb.core, v, &work, &body, secret), GMM_OK);
    unsigned made = world_append(&w, wb, &work, HEADER_EPOCH, body.p, body.len);
    buffer_close(&body);
    steal(&t, &at_who);
    assert_true(thief_knows(&t, &w.entries[first].id));
    assert_true(thief_knows(&t, &w.entries[made].id)); /* wb had not heard */
    assert_false(thief_knows(&t, &w.entries[epoch].id));
    thief_close(&t);
    v = world_view(&w);
    assert_int_equal(view_epoch(v, &w.entries[made].id)->epoch.history_count, 0);
    assert_int_equal(view_epoch(v, &w.entries[made].id)->epoch.domain, EPOCH_DOMAIN_NEW);
}

static void removed_from_the_group_or_with_a_key_revoked(void **state)
{
    (void)state;
    unsigned desk = world_certified(&w, w.offices[who].participant, "desk", 0);
    remove_from(&work, 0, wb);
    unsigned removal = w.entry_count - 1;
    world_revoke(&w, desk, UINT_MAX, NULL, 0);
    fold_touch(w.fold);
    unsigned epoch = told_epoch(&at_iom);
    assert_int_equal(world_view(&w)->lefts[0].left->count, 2);
    assert_true(withheld(view_without(removal), who, epoch, wb));
    assert_false(withheld(world_view(&w), who, epoch, wb));
    assert_false(withheld(world_view(&w), who, epoch, desk));
    assert_int_equal(tell(&at_iom), 0); /* its parent has it */
}

static void without_memory(void **state)
{
    (void)state;
    struct leavers l;
    struct control_left left;
    standing(HEADER_SUSPEND, who);
    told_epoch(&at_iom);
    const struct view *v = world_view(&w);
    failmalloc_at(0);
    assert_int_equal(leavers_open(&l, v, &work, &w.offices[wb].sign_pk), GMM_ENOMEM);
    failmalloc_off();
    for (long n = 0; n < 3; n++) {
        failmalloc_at(n);
        assert_int_equal(leavers_list(&left, v, &work, NULL, 0), GMM_ENOMEM);
        failmalloc_off();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_has_not_heard_passes_nothing_on, setup, forget),
        cmocka_unit_test_setup_teardown(not_as_history_either, setup, forget),
        cmocka_unit_test_setup_teardown(removed_from_the_group_or_with_a_key_revoked, setup, forget),
        cmocka_unit_test_setup_teardown(without_memory, setup, forget),
    };
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

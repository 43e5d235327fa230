#include "proto/upkeep.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/secret.h"
#include "keys/wrapkeys.h"
#include "tests/lib/failmalloc.h"
#include "tests/lib/holder.h"

#define STEP UPKEEP_STEP_MS

static struct world w;
static unsigned iom, wb, unu;
static struct gmm_id work, circle; /* decent-work keeps history; iom's circle with wb and unu does not */
static struct holder at[4];        /* by place among the offices by key */
static struct upkeep upkeep;

static int compare_holders(const void *a, const void *b)
{
    return id_compare(&((const struct holder *)a)->keystore->sign_pk, &((const struct holder *)b)->keystore->sign_pk);
}

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    iom = world_join(&w, "iom", IDENTITY_INTL_ORG);
    wb = world_join(&w, "wb", IDENTITY_MEMBER);
    unu = world_join(&w, "unu", IDENTITY_MEMBER);
    world_gid_thematic(&w, "decent-work", &work);
    world_circle(&w, iom, 1, false, (const unsigned[]){w.offices[wb].participant, w.offices[unu].participant}, 2,
                 &circle);
    const unsigned offices[4] = {0, iom, wb, unu};
    for (size_t i = 0; i < 4; i++)
        holder_open(&at[i], &w, offices[i]);
    qsort(at, 4, sizeof at[0], compare_holders);
    upkeep_close(&upkeep);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    upkeep_close(&upkeep);
    for (size_t i = 0; i < 4; i++)
        holder_close(&at[i]);
    world_close(&w);
    return 0;
}

static struct holder *holder_of(unsigned office)
{
    size_t i = 0;
    while (i < 3 && at[i].office != office)
        i++;
    assert_int_equal(at[i].office, office);
    return &at[i];
}

static uint64_t place_of(unsigned office)
{
    return (uint64_t)(holder_of(office) - at);
}

static void plan(struct holder *h)
{
    assert_int_equal(holder_scan(h, &w), GMM_OK);
    assert_int_equal(upkeep_plan(&upkeep, h->ring, world_view(&w), &h->keystore->sign_pk, w.now_ms), GMM_OK);
}

/* A plan without the times of one before. */
static void plan_afresh(struct holder *h)
{
    upkeep_close(&upkeep);
    plan(h);
}

static const struct upkeep_item *find(enum upkeep_kind kind, const struct gmm_id *gid, const struct gmm_id *epoch_id,
                                      const struct gmm_id *sign_pk)
{
    for (size_t i = 0; i < upkeep.count; i++) {
        const struct upkeep_item *item = &upkeep.items[i];
        if (item->kind == kind && id_equal(&item->gid, gid) &&
            (epoch_id == NULL || id_equal(&item->epoch_id, epoch_id)) &&
            (sign_pk == NULL || id_equal(&item->sign_pk, sign_pk)) && item->due_ms != UINT64_MAX)
            return item;
    }
    return NULL;
}

/* UINT64_MAX: nothing of the kind is planned. */
static uint64_t due(enum upkeep_kind kind, const struct gmm_id *gid)
{
    const struct upkeep_item *item = find(kind, gid, NULL, NULL);
    return item == NULL ? UINT64_MAX : item->due_ms;
}

static uint64_t due_of(enum upkeep_kind kind, const struct gmm_id *gid, const struct gmm_id *epoch_id,
                       const struct gmm_id *sign_pk)
{
    const struct upkeep_item *item = find(kind, gid, epoch_id, sign_pk);
    return item == NULL ? UINT64_MAX : item->due_ms;
}

static const struct gmm_id *id_of(unsigned entry)
{
    return &w.entries[entry].id;
}

static const struct gmm_id *key_of(unsigned office)
{
    return &w.offices[office].sign_pk;
}

static void everybody_scans(void)
{
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(holder_scan(&at[i], &w), GMM_OK);
}

static void remove_from(const struct gmm_id *gid, unsigned by, unsigned office)
{
    world_members(&w, by, gid, HEADER_REMOVE, (const unsigned[]){w.offices[office].participant}, 1);
}

static void nothing_is_owed_without_epochs(void **state)
{
    (void)state;
    plan(&at[0]);
    assert_int_equal(upkeep.count, 0);
    assert_true(upkeep_next_ms(&upkeep) == upkeep.until_ms && upkeep.until_ms != UINT64_MAX); /* certificates end */
}

/* A removal: each waits (1 + its place) × 2 s, and leaves it when somebody was there before. */
static void a_removal_is_followed_by_a_rotation(void **state)
{
    (void)state;
    holder_epoch(holder_of(iom), &w, &work);
    everybody_scans();
    for (size_t i = 0; i < 4; i++) {
        plan_afresh(&at[i]);
        assert_true(due(UPKEEP_ROTATE, &work) == UINT64_MAX);
    }
    remove_from(&work, 0, wb);
    uint64_t gone = place_of(wb), place = 0;
    for (size_t i = 0; i < 4; i++) {
        plan_afresh(&at[i]);
        if (i == gone) {
            assert_int_equal(upkeep.count, 0); /* it is none of its business any more */
            continue;
        }
        assert_true(due(UPKEEP_ROTATE, &work) == w.now_ms + (1 + place) * STEP);
        assert_true(due(UPKEEP_RENEW, &work) == UINT64_MAX && due(UPKEEP_WRAP, &work) == UINT64_MAX);
        place++;
    }
    holder_epoch(holder_of(iom), &w, &work);
    for (size_t i = 0; i < 4; i++) {
        plan(&at[i]);
        assert_true(due(UPKEEP_ROTATE, &work) == UINT64_MAX);
    }
}

/* The key of a recipient is revoked, its office superseded, its certificate ended: as a removal. */
static void so_are_revocation_supersession_and_expiry(void **state)
{
    (void)state;
    struct holder *h = holder_of(iom);
    struct certificate cert;
    holder_epoch(h, &w, &work);
    world_revoke(&w, wb, UINT_MAX, NULL, 0);
    plan_afresh(h);
    assert_true(due(UPKEEP_ROTATE, &work) != UINT64_MAX);
    holder_epoch(h, &w, &work);
    plan_afresh(h);
    assert_true(due(UPKEEP_ROTATE, &work) == UINT64_MAX);
    unsigned successor = world_office(&w, w.offices[unu].participant, "laptop"); /* keys of its own, the name of "hq" */
    snprintf(w.offices[successor].name, sizeof w.offices[successor].name, "hq");
    world_certificate(&w, successor, &cert);
    world_issue(&w, w.offices[unu].participant, &cert, NULL);
    assert_int_equal(view_office(world_view(&w), key_of(unu))->status, VIEW_OFFICE_SUPERSEDED);
    plan_afresh(h);
    assert_true(due(UPKEEP_ROTATE, &work) != UINT64_MAX);
    holder_epoch(h, &w, &work);
    plan_afresh(h);
    assert_true(due(UPKEEP_ROTATE, &work) == UINT64_MAX);
    /* no record says that a certificate ends: the plan says when to look again */
    unsigned shortly = world_office(&w, w.offices[0].participant, "short");
    world_certificate(&w, shortly, &cert);
    cert.not_after_ms = w.now_ms + 90000;
    world_issue(&w, w.offices[0].participant, &cert, NULL);
    holder_epoch(h, &w, &work);
    plan_afresh(h);
    assert_true(due(UPKEEP_ROTATE, &work) == UINT64_MAX && upkeep.until_ms == cert.not_after_ms + 1);
    assert_true(upkeep_next_ms(&upkeep) == upkeep.until_ms);
    w.now_ms = upkeep.until_ms;
    plan(h);
    assert_true(due(UPKEEP_ROTATE, &work) != UINT64_MAX && upkeep.until_ms > w.now_ms);
}

/* An addition without history is a new epoch, with history a WRAP. */
static void additions(void **state)
{
    (void)state;
    unsigned e = holder_epoch(holder_of(iom), &w, &work), c = holder_epoch(holder_of(iom), &w, &circle);
    everybody_scans();
    world_members(&w, iom, &circle, HEADER_ADD, (const unsigned[]){0}, 1);
    unsigned who = world_join(&w, "who", IDENTITY_MEMBER);
    plan_afresh(holder_of(wb));
    uint64_t wrap_ms = due_of(UPKEEP_WRAP, &work, id_of(e), key_of(who));
    uint64_t place = place_of(wb) + (id_compare(key_of(who), key_of(wb)) < 0);
    assert_true(wrap_ms == w.now_ms + (1 + place) * STEP);
    assert_true(due(UPKEEP_ROTATE, &work) == UINT64_MAX && due(UPKEEP_WRAP, &circle) == UINT64_MAX);
    assert_true(due(UPKEEP_ROTATE, &circle) != UINT64_MAX);
    holder_wrap(holder_of(iom), &w, e, who);
    holder_epoch(holder_of(iom), &w, &circle);
    plan(holder_of(wb));
    assert_true(due(UPKEEP_WRAP, &work) == UINT64_MAX && due(UPKEEP_ROTATE, &circle) == UINT64_MAX);
    (void)c;
}

/* Who has not the secret owes nobody a WRAP; who has not all tips' secrets lets the others go first. */
static void who_does_not_hold(void **state)
{
    (void)state;
    const unsigned three[] = {0, iom, unu};
    world_epoch(&w, iom, &work, 1, NULL, 0, three, 3);
    everybody_scans();
    plan_afresh(holder_of(wb));
    assert_true(due(UPKEEP_WRAP, &work) == UINT64_MAX && due(UPKEEP_RENEW, &work) == UINT64_MAX);
    plan_afresh(holder_of(unu));
    assert_non_null(find(UPKEEP_WRAP, &work, NULL, key_of(wb)));
    remove_from(&work, 0, unu);
    size_t left = place_of(unu);
    plan_afresh(holder_of(iom));
    assert_true(due(UPKEEP_ROTATE, &work) == w.now_ms + (1 + place_of(iom) - (place_of(iom) > left)) * STEP);
    plan_afresh(holder_of(wb));
    assert_true(due(UPKEEP_ROTATE, &work) == w.now_ms + (1 + place_of(wb) - (place_of(wb) > left) + 3) * STEP);
}

/* "30 days": counted from the epoch's header. What was planned keeps its time. */
static void epochs_grow_old(void **state)
{
    (void)state;
    struct holder *h = holder_of(iom);
    unsigned e = holder_epoch(h, &w, &work);
    uint64_t born = header_time_ms(bytes_load_u64(w.entries[e].header + HEADER_TIME_AT));
    uint64_t wait = (1 + place_of(iom)) * STEP;
    plan_afresh(h);
    assert_true(due_of(UPKEEP_RENEW, &work, id_of(e), NULL) == born + LIMIT_EPOCH_MS + wait);
    w.now_ms = born + LIMIT_EPOCH_MS - 1;
    plan(h);
    assert_true(due(UPKEEP_RENEW, &work) == born + LIMIT_EPOCH_MS + wait);
    w.now_ms = born + LIMIT_EPOCH_MS + 1000;
    plan(h);
    assert_true(due(UPKEEP_RENEW, &work) == born + LIMIT_EPOCH_MS + wait);
    plan_afresh(h); /* a node that starts then waits its turn from now on */
    assert_true(due(UPKEEP_RENEW, &work) == w.now_ms + wait);
    const struct view_epoch *old = view_epoch(world_view(&w), id_of(e));
    assert_non_null(old);
    assert_false(upkeep_late(h->ring, old, born + LIMIT_EPOCH_MS + UPKEEP_LATE_MS - 1));
    assert_true(upkeep_late(h->ring, old, born + LIMIT_EPOCH_MS + UPKEEP_LATE_MS));
    unsigned next = holder_epoch(h, &w, &work);
    plan(h);
    assert_null(find(UPKEEP_RENEW, &work, id_of(e), NULL));
    assert_true(due_of(UPKEEP_RENEW, &work, id_of(next), NULL) > w.now_ms + LIMIT_EPOCH_MS - 5000);
}

/* 2^20 entries under it. */
static void epochs_are_used_up(void **state)
{
    (void)state;
    struct holder *h = holder_of(iom);
    unsigned e = holder_epoch(h, &w, &work);
    const struct view_epoch *epoch = view_epoch(world_view(&w), id_of(e));
    assert_int_equal(keyring_count(h->ring, id_of(e), LIMIT_EPOCH_ENTRIES - 1), GMM_OK);
    plan_afresh(h);
    assert_true(due(UPKEEP_RENEW, &work) > w.now_ms + LIMIT_EPOCH_MS - 5000);
    assert_int_equal(keyring_count(h->ring, id_of(e), 1), GMM_OK);
    plan(h);
    assert_true(due(UPKEEP_RENEW, &work) == w.now_ms + (1 + place_of(iom)) * STEP);
    assert_false(upkeep_late(h->ring, epoch, w.now_ms));
    assert_int_equal(keyring_count(h->ring, id_of(e), UPKEEP_LATE_ENTRIES), GMM_OK);
    assert_true(upkeep_late(h->ring, epoch, w.now_ms));
}

/* WRAPs go to every epoch whose secret no later one wraps: what was written under it is a newcomer's to read. */
static void newcomers_get_all_open_ends(void **state)
{
    (void)state;
    const unsigned all_four[] = {0, iom, wb, unu};
    unsigned a = world_epoch(&w, iom, &work, 1, NULL, 0, all_four, 4);
    unsigned b = world_epoch(&w, wb, &work, 1, NULL, 0, all_four, 4);
    struct holder *h = holder_of(0);
    assert_int_equal(holder_scan(h, &w), GMM_OK);
    unsigned who = world_join(&w, "who", IDENTITY_MEMBER);
    plan_afresh(h);
    assert_non_null(find(UPKEEP_WRAP, &work, id_of(a), key_of(who)));
    assert_non_null(find(UPKEEP_WRAP, &work, id_of(b), key_of(who)));
    const struct world_epoch merge = {.gen = 2,
                                      .parents = (const unsigned[]){a, b},
                                      .parent_count = 2,
                                      .recipients = all_four,
                                      .recipient_count = 4,
                                      .history = true};
    unsigned m = world_epoch_as(&w, 0, &work, &merge);
    plan(h);
    assert_non_null(find(UPKEEP_WRAP, &work, id_of(m), key_of(who)));
    assert_null(find(UPKEEP_WRAP, &work, id_of(a), NULL));
    assert_null(find(UPKEEP_WRAP, &work, id_of(b), NULL));
}

static unsigned lie_to(unsigned victim, unsigned maker, const struct gmm_id *gid)
{
    const unsigned with_ilo[] = {0, iom, wb, unu}, without[] = {iom, wb, unu};
    const struct world_epoch as = {.gen = 1,
                                   .recipients = gid == &circle ? without : with_ilo,
                                   .recipient_count = gid == &circle ? 3 : 4,
                                   .lied_to = &victim};
    return world_epoch_as(&w, maker, gid, &as);
}

/* The recipient complains at once; each holder answers in its turn, from the complaint's number on. */
static void a_complaint_and_its_answers(void **state)
{
    (void)state;
    unsigned e = lie_to(wb, iom, &work);
    everybody_scans();
    plan_afresh(holder_of(wb));
    assert_true(due_of(UPKEEP_COMPLAIN, &work, id_of(e), NULL) == w.now_ms);
    plan_afresh(holder_of(unu));
    assert_true(due(UPKEEP_COMPLAIN, &work) == UINT64_MAX);
    for (unsigned round = 0; round < 6; round++) {
        world_epoch_bad(&w, wb, &work, e);
        for (size_t i = 0; i < 4; i++) {
            plan_afresh(&at[i]);
            if (at[i].office == wb) {
                /* it has complained, and waits; who holds no tip goes last */
                assert_true(due(UPKEEP_COMPLAIN, &work) == UINT64_MAX && due(UPKEEP_WRAP, &work) == UINT64_MAX);
                assert_true(due(UPKEEP_ROTATE, &work) == w.now_ms + (1 + i + 8) * STEP);
                continue;
            }
            assert_true(due_of(UPKEEP_WRAP, &work, id_of(e), key_of(wb)) ==
                        w.now_ms + (1 + (i + 4 - round % 4) % 4) * STEP);
            /* a rotation would do as well, but the answer goes first */
            assert_true(due(UPKEEP_ROTATE, &work) == w.now_ms + (1 + i + 4) * STEP);
        }
        world_wrap_lie(&w, iom, e, wb);
        plan_afresh(holder_of(wb));
        uint64_t again = world_view(&w)->complaints[0].last_ms;
        uint64_t pause = (uint64_t)UPKEEP_COMPLAIN_MS << round;
        assert_true(due_of(UPKEEP_COMPLAIN, &work, id_of(e), NULL) == again + pause);
        assert_true(world_view(&w)->complaints[0].count == round + 1);
        w.now_ms += pause;
    }
    world_epoch_bad(&w, wb, &work, e);
    holder_wrap(holder_of(unu), &w, e, wb);
    plan_afresh(holder_of(wb));
    assert_true(due(UPKEEP_COMPLAIN, &work) == UINT64_MAX && holder_holds(holder_of(wb), &w, e));
    plan_afresh(holder_of(unu));
    assert_true(due(UPKEEP_WRAP, &work) == UINT64_MAX && due(UPKEEP_ROTATE, &work) == UINT64_MAX);
}

/* "Whatever the history policy". A complaint from ahead of our clock is answered when it has passed: before, the answer
 * would stand in front of it. */
static void answers_without_history_and_with_other_clocks(void **state)
{
    (void)state;
    unsigned e = lie_to(wb, iom, &circle);
    everybody_scans();
    w.now_ms += 200000;
    world_epoch_bad(&w, wb, &circle, e);
    uint64_t said = world_view(&w)->complaints[0].last_ms;
    w.now_ms -= 190000;
    plan_afresh(holder_of(unu));
    assert_true(due_of(UPKEEP_WRAP, &circle, id_of(e), key_of(wb)) == said + 1);
}

/* Who has been removed is answered no more, and one complaint that stands is enough. */
static void complaints_that_do_not_count(void **state)
{
    (void)state;
    unsigned e = lie_to(wb, iom, &work);
    world_epoch_bad(&w, unu, &work, e); /* it opens well */
    plan_afresh(holder_of(wb));
    assert_true(due(UPKEEP_COMPLAIN, &work) == UINT64_MAX);
    remove_from(&work, 0, unu);
    plan_afresh(holder_of(wb));
    assert_true(due(UPKEEP_COMPLAIN, &work) == w.now_ms);
    plan_afresh(holder_of(iom));
    assert_true(due(UPKEEP_WRAP, &work) == UINT64_MAX);
}

/* A key that is gone: told after a while, unless a later epoch may open it. */
static void keys_that_are_gone(void **state)
{
    (void)state;
    unsigned e = holder_epoch(holder_of(iom), &w, &work);
    struct holder *h = holder_of(wb);
    memset(h->keystore->wraps[0].sk, 9, sizeof h->keystore->wraps[0].sk);
    plan_afresh(h);
    uint64_t first = w.now_ms + UPKEEP_COMPLAIN_MS;
    assert_true(due_of(UPKEEP_COMPLAIN, &work, id_of(e), NULL) == first);
    w.now_ms += 1000;
    plan(h);
    assert_true(due(UPKEEP_COMPLAIN, &work) == first); /* what was planned keeps its time */
    unsigned child = holder_epoch(holder_of(iom), &w, &work);
    plan(h);
    assert_null(find(UPKEEP_COMPLAIN, &work, id_of(e), NULL));
    assert_non_null(find(UPKEEP_COMPLAIN, &work, id_of(child), NULL));
}

static void taking_and_putting_back(void **state)
{
    (void)state;
    struct upkeep_item item;
    size_t at_item = 0;
    holder_epoch(holder_of(iom), &w, &work);
    holder_epoch(holder_of(iom), &w, &circle);
    remove_from(&circle, iom, wb);
    world_join(&w, "who", IDENTITY_MEMBER);
    world_join(&w, "unhcr", IDENTITY_MEMBER);
    plan_afresh(holder_of(iom));
    uint64_t next = upkeep_next_ms(&upkeep);
    assert_true(next > w.now_ms && next < w.now_ms + 20 * STEP);
    assert_false(upkeep_take_due(&upkeep, next - 1, &at_item, &item));
    for (at_item = 0; upkeep_take_due(&upkeep, next, &at_item, &item);)
        assert_true(item.due_ms <= next);
    assert_true(upkeep_next_ms(&upkeep) > next);
    item.due_ms = next + 5;
    upkeep_put_back(&upkeep, &item);
    assert_true(upkeep_next_ms(&upkeep) == next + 5);
    plan_afresh(holder_of(iom));
    unsigned wraps = 0;
    for (at_item = 0; upkeep_take_wrap(&upkeep, &work, &at_item, &item); wraps++)
        assert_true(item.kind == UPKEEP_WRAP && id_equal(&item.gid, &work));
    assert_int_equal(wraps, 2);
    at_item = 0;
    assert_false(upkeep_take_wrap(&upkeep, &work, &at_item, &item));
    item.kind = UPKEEP_COMPLAIN; /* not planned: nothing comes of it */
    upkeep_put_back(&upkeep, &item);
    assert_null(find(UPKEEP_COMPLAIN, &work, NULL, NULL));
    plan(holder_of(iom)); /* what is done but has no effect yet is owed again */
    assert_non_null(find(UPKEEP_WRAP, &work, NULL, NULL));
}

static void allocations_fail(void **state)
{
    (void)state;
    struct holder *h = holder_of(iom);
    holder_epoch(h, &w, &work);
    unsigned e = lie_to(wb, iom, &circle);
    world_epoch_bad(&w, wb, &circle, e);
    world_join(&w, "who", IDENTITY_MEMBER);
    plan(h);
    size_t before = upkeep.count;
    const struct view *v = world_view(&w);
    for (long i = 0;; i++) {
        failmalloc_at(i);
        enum gmm_err err = upkeep_plan(&upkeep, h->ring, v, &h->keystore->sign_pk, w.now_ms);
        bool failed = failmalloc_off();
        assert_int_equal(upkeep.count, before); /* the plan before stays */
        if (!failed) {
            assert_int_equal(err, GMM_OK);
            break;
        }
        assert_int_equal(err, GMM_ENOMEM);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_owed_without_epochs),
        TEST(a_removal_is_followed_by_a_rotation),
        TEST(so_are_revocation_supersession_and_expiry),
        TEST(additions),
        TEST(who_does_not_hold),
        TEST(epochs_grow_old),
        TEST(epochs_are_used_up),
        TEST(newcomers_get_all_open_ends),
        TEST(a_complaint_and_its_answers),
        TEST(answers_without_history_and_with_other_clocks),
        TEST(complaints_that_do_not_count),
        TEST(keys_that_are_gone),
        TEST(taking_and_putting_back),
        TEST(allocations_fail),
    };
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

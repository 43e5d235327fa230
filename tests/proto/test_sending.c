#include "proto/sending.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/failmalloc.h"
#include "tests/proto/view_fixture.h"

static bool have_all(const void *arg, const struct gmm_id *id)
{
    (void)arg;
    (void)id;
    return true;
}

static bool have_but(const void *arg, const struct gmm_id *id)
{
    return !id_equal(arg, id);
}

static enum sending_state state_of; /* what the last choice said */

static const struct view_epoch *choose(const struct gmm_id *gid, uint64_t now_ms, sending_have_fn *have,
                                       const void *arg)
{
    struct sending s;
    assert_int_equal(sending_open(&s, world_view(&w), gid, now_ms), GMM_OK);
    const struct view_epoch *e = sending_choose(&s, have, arg, &state_of);
    assert_true((e != NULL) == (state_of == SENDING_USABLE));
    sending_close(&s);
    return e;
}

static const struct gmm_id *sending(const struct gmm_id *gid)
{
    static const struct gmm_id none;
    const struct view_epoch *e = choose(gid, w.now_ms, have_all, NULL);
    return e == NULL ? &none : &e->id;
}

static size_t tips_of(const struct gmm_id *gid, const struct view_epoch **out, size_t max)
{
    struct sending s;
    assert_int_equal(sending_open(&s, world_view(&w), gid, w.now_ms), GMM_OK);
    size_t count = sending_tips(&s, out, max);
    sending_close(&s);
    return count;
}

static bool sends_under(const struct gmm_id *gid, unsigned entry)
{
    return id_equal(sending(gid), &w.entries[entry].id);
}

static unsigned epoch_of(unsigned office, uint32_t gen, const unsigned *parents, size_t count)
{
    return world_epoch(&w, office, &all, gen, parents, count, (const unsigned[]){0, iom, unu, wb}, 4);
}

/* "Of several the highest gen, then the smallest id", of those whose secret we hold. */
static void epoch_for_sending(void **state)
{
    (void)state;
    assert_true(id_is_zero(sending(&all)) && id_is_zero(sending(&w.nid)));
    unsigned a = epoch_of(0, 1, NULL, 0), b = epoch_of(iom, 1, NULL, 0), c = epoch_of(wb, 1, NULL, 0);
    unsigned smallest = a;
    for (unsigned i = b; i <= c; i++)
        if (id_compare(&w.entries[i].id, &w.entries[smallest].id) < 0)
            smallest = i;
    assert_true(sends_under(&all, smallest));
    const struct view_epoch *e = choose(&all, w.now_ms, have_but, &w.entries[smallest].id);
    assert_true(e != NULL && !id_equal(&e->id, &w.entries[smallest].id));
    unsigned next = epoch_of(iom, 2, (const unsigned[]){a}, 1);
    assert_true(sends_under(&all, next));
    epoch_of(iom, 3, (const unsigned[]){a}, 1); /* not valid */
    assert_true(sends_under(&all, next));
    world_epoch_bad(&w, wb, &all, next);
    assert_true(sends_under(&all, smallest));
    assert_null(choose(&all, w.now_ms + 4 * WORLD_YEAR_MS, have_all, NULL));
}

/* "All of these are current offices of the group." */
static void epochs_of_the_removed(void **state)
{
    (void)state;
    unsigned a = world_epoch(&w, iom, &circle, 1, NULL, 0, (const unsigned[]){iom, wb}, 2);
    unsigned own = world_epoch(&w, iom, &circle, 1, NULL, 0, (const unsigned[]){iom}, 1);
    assert_true(sends_under(&circle, a)); /* the other one does not reach wb, and history is not kept */
    world_members(&w, iom, &circle, HEADER_REMOVE, (const unsigned[]){w.offices[wb].participant}, 1);
    assert_true(sends_under(&circle, own));
    world_members(&w, iom, &circle, HEADER_ADD, (const unsigned[]){0}, 1);
    assert_true(id_is_zero(sending(&circle))); /* a newcomer, whom neither reaches: a new one is due */
    unsigned fresh = world_epoch(&w, iom, &circle, 2, (const unsigned[]){a, own}, 2, (const unsigned[]){0, iom}, 2);
    assert_true(sends_under(&circle, fresh));
    /* its key is revoked, what it admitted as the chair's office stands */
    world_revoke(&w, 0, UINT_MAX, (const struct revocation_cut[]){{.instance = w.instance, .seq = 99}}, 1);
    assert_true(sends_under(&circle, own));
}

/* Where history is full, members that an epoch lacks are given it; whoever got it counts as a recipient. */
static void wrapped_recipients(void **state)
{
    (void)state;
    struct gmm_id decent_work;
    world_gid_thematic(&w, "decent-work", &decent_work);
    unsigned a = world_epoch(&w, iom, &decent_work, 1, NULL, 0, (const unsigned[]){0, iom}, 2);
    assert_true(sends_under(&decent_work, a));
    world_wrap(&w, iom, a, wb);
    assert_true(sends_under(&decent_work, a));
    world_members(&w, 0, &decent_work, HEADER_REMOVE, (const unsigned[]){w.offices[wb].participant}, 1);
    assert_true(id_is_zero(sending(&decent_work)));
}

static void tips(void **state)
{
    (void)state;
    const struct view_epoch *found[8];
    assert_int_equal(tips_of(&all, found, 8), 0);
    unsigned a = epoch_of(0, 1, NULL, 0), b = epoch_of(iom, 1, NULL, 0), c = epoch_of(wb, 1, NULL, 0);
    unsigned d = epoch_of(iom, 2, (const unsigned[]){a}, 1), e = epoch_of(wb, 3, (const unsigned[]){d}, 1);
    epoch_of(0, 9, (const unsigned[]){b}, 1); /* not valid: neither a tip nor a parent's child */
    unsigned low = id_compare(&w.entries[b].id, &w.entries[c].id) < 0 ? b : c, high = low == b ? c : b;
    assert_int_equal(tips_of(&all, found, 8), 3);
    assert_true(id_equal(&found[0]->id, &w.entries[e].id) && id_equal(&found[1]->id, &w.entries[low].id));
    assert_true(id_equal(&found[2]->id, &w.entries[high].id));
    assert_int_equal(tips_of(&all, found, 2), 2);
    assert_true(id_equal(&found[0]->id, &w.entries[e].id) && id_equal(&found[1]->id, &w.entries[low].id));
    assert_int_equal(tips_of(&all, found, 1), 1);
    assert_true(id_equal(&found[0]->id, &w.entries[e].id));
    assert_int_equal(tips_of(&all, found, 0), 0);
    world_epoch_bad(&w, 0, &all, e);
    assert_int_equal(tips_of(&all, found, 8), 3); /* a bad one is merged like any other */
    assert_int_equal(tips_of(&circle, found, 8), 0);
}

/* ---- who can read under an epoch */

static unsigned decent_work(struct gmm_id *gid)
{
    world_gid_thematic(&w, "decent-work", gid);
    return world_epoch(&w, iom, gid, 1, NULL, 0, (const unsigned[]){0, iom, wb}, 3);
}

static unsigned child_of(const struct gmm_id *gid, unsigned parent, uint32_t gen, bool history, bool inherited,
                         const unsigned *recipients, size_t count)
{
    const struct world_epoch as = {.gen = gen,
                                   .parents = &parent,
                                   .parent_count = 1,
                                   .recipients = recipients,
                                   .recipient_count = count,
                                   .history = history,
                                   .inherited = inherited};
    return world_epoch_as(&w, recipients[0], gid, &as);
}

static void remove_from(const struct gmm_id *gid, unsigned office)
{
    world_members(&w, 0, gid, HEADER_REMOVE, (const unsigned[]){w.offices[office].participant}, 1);
}

/* A newcomer that a later epoch let in, with its history, knows the earlier one too: when it has left, neither will do,
 * although the earlier one never named it. */
static void who_reads_by_history(void **state)
{
    (void)state;
    struct gmm_id gid;
    unsigned who = world_join(&w, "who", IDENTITY_MEMBER);
    unsigned first = decent_work(&gid);
    unsigned apart = child_of(&gid, first, 2, false, false, (const unsigned[]){0, iom, wb, who}, 4);
    assert_true(sends_under(&gid, apart));
    remove_from(&gid, who);
    assert_true(sends_under(&gid, first)); /* it was not given this one */
    unsigned with = child_of(&gid, first, 2, true, false, (const unsigned[]){0, iom, wb, who}, 4);
    assert_true(id_is_zero(sending(&gid)) && state_of == SENDING_LEFT);
    unsigned next = child_of(&gid, with, 3, true, false, (const unsigned[]){0, iom, wb}, 3);
    assert_true(sends_under(&gid, next)); /* what flows to parents does not flow to children */
}

/* Whoever knows the secret that opened the chunk domain can tell files of every epoch in it. */
static void who_knows_the_domain(void **state)
{
    (void)state;
    struct gmm_id gid;
    unsigned who = world_join(&w, "who", IDENTITY_MEMBER);
    unsigned first = decent_work(&gid);
    unsigned inherits = child_of(&gid, first, 2, false, true, (const unsigned[]){0, iom, wb}, 3);
    unsigned deeper = child_of(&gid, inherits, 3, false, true, (const unsigned[]){0, iom, wb}, 3);
    unsigned own = child_of(&gid, first, 2, false, false, (const unsigned[]){0, iom, wb}, 3);
    assert_true(sends_under(&gid, deeper));
    world_wrap(&w, iom, first, who);
    remove_from(&gid, who);
    assert_true(sends_under(&gid, own));
}

/* Its maker knows it, whether it lists itself or not. */
static void makers_count(void **state)
{
    (void)state;
    struct gmm_id gid;
    world_gid_thematic(&w, "decent-work", &gid);
    unsigned sly = world_epoch(&w, wb, &gid, 1, NULL, 0, (const unsigned[]){0, iom}, 2);
    assert_true(sends_under(&gid, sly));
    remove_from(&gid, wb);
    assert_true(id_is_zero(sending(&gid)) && state_of == SENDING_LEFT);
}

static void why_there_is_none(void **state)
{
    (void)state;
    assert_true(id_is_zero(sending(&all)) && state_of == SENDING_NONE);
    assert_true(id_is_zero(sending(&w.nid)) && state_of == SENDING_NONE);
    unsigned e = world_epoch(&w, iom, &circle, 1, NULL, 0, (const unsigned[]){iom, wb}, 2);
    assert_null(choose(&circle, w.now_ms, have_but, &w.entries[e].id));
    assert_int_equal(state_of, SENDING_CLOSED);
    world_epoch_bad(&w, wb, &circle, e);
    assert_true(id_is_zero(sending(&circle)) && state_of == SENDING_BAD);
    world_members(&w, iom, &circle, HEADER_ADD, (const unsigned[]){0}, 1);
    assert_true(id_is_zero(sending(&circle)) && state_of == SENDING_LACKING);
    world_members(&w, iom, &circle, HEADER_REMOVE, (const unsigned[]){w.offices[wb].participant}, 1);
    assert_true(id_is_zero(sending(&circle)) && state_of == SENDING_LEFT);
}

/* "The sender holds its secret and that of the epoch that opened its chunk domain." */
static void the_domain_is_needed_too(void **state)
{
    (void)state;
    unsigned first = epoch_of(0, 1, NULL, 0);
    const struct world_epoch as = {.gen = 2,
                                   .parents = &first,
                                   .parent_count = 1,
                                   .recipients = (const unsigned[]){0, iom, unu, wb},
                                   .recipient_count = 4,
                                   .inherited = true};
    unsigned second = world_epoch_as(&w, iom, &all, &as);
    assert_true(sends_under(&all, second));
    assert_null(choose(&all, w.now_ms, have_but, &w.entries[first].id));
    assert_int_equal(state_of, SENDING_CLOSED);
}

static void whom_it_reaches(void **state)
{
    (void)state;
    unsigned e = world_epoch(&w, iom, &all, 1, NULL, 0, (const unsigned[]){0, iom}, 2);
    unsigned other = world_epoch(&w, iom, &all, 1, NULL, 0, (const unsigned[]){0, iom}, 2);
    world_wrap(&w, iom, other, wb);
    world_wrap(&w, iom, e, unu);
    const struct view *v = world_view(&w);
    const struct view_epoch *epoch = view_epoch(v, &w.entries[e].id);
    assert_true(sending_reaches(v, epoch, &w.offices[0].sign_pk) && sending_reaches(v, epoch, &w.offices[iom].sign_pk));
    assert_true(sending_reaches(v, epoch, &w.offices[unu].sign_pk));
    assert_false(sending_reaches(v, epoch, &w.offices[wb].sign_pk));
}

/* What is said of offices holds until one of them begins or ends to be one; a covered epoch has a child that wraps it.
 */
static void boundaries_and_cover(void **state)
{
    (void)state;
    struct sending s;
    struct gmm_id gid;
    unsigned first = decent_work(&gid);
    unsigned next = child_of(&gid, first, 2, true, true, (const unsigned[]){0, iom, wb}, 3);
    struct certificate cert;
    unsigned late = world_office(&w, w.offices[wb].participant, "late");
    world_certificate(&w, late, &cert);
    cert.not_before_ms = w.now_ms + 5000;
    world_issue(&w, w.offices[wb].participant, &cert, NULL);
    assert_int_equal(sending_open(&s, world_view(&w), &gid, w.now_ms), GMM_OK);
    assert_true(s.until_ms == w.now_ms + 5000 && s.current_count == 3 && s.count == 2);
    assert_true(id_equal(&s.epochs[0].epoch->id, &w.entries[next].id) && !s.epochs[0].covered);
    assert_true(id_equal(&s.epochs[1].epoch->id, &w.entries[first].id) && s.epochs[1].covered);
    assert_true(sending_clean(&s, s.epochs[0].epoch) && sending_clean(&s, s.epochs[1].epoch));
    sending_close(&s);
    assert_int_equal(sending_open(&s, world_view(&w), &gid, w.now_ms + 5000), GMM_OK);
    assert_true(s.until_ms > w.now_ms + 5000 && s.current_count == 4);
    sending_close(&s);
    /* the last ms of a certificate is its own */
    assert_int_equal(sending_open(&s, world_view(&w), &gid, cert.not_after_ms), GMM_OK);
    assert_true(s.until_ms == cert.not_after_ms + 1);
    sending_close(&s);
}

static void allocations_fail(void **state)
{
    (void)state;
    struct sending s;
    epoch_of(iom, 1, NULL, 0);
    const struct view *v = world_view(&w);
    for (long i = 0;; i++) {
        failmalloc_at(i);
        enum gmm_err err = sending_open(&s, v, &all, w.now_ms);
        if (!failmalloc_off()) {
            assert_int_equal(err, GMM_OK);
            break;
        }
        assert_int_equal(err, GMM_ENOMEM);
        assert_null(s.epochs);
    }
    sending_close(&s);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(epoch_for_sending),        TEST(epochs_of_the_removed), TEST(wrapped_recipients), TEST(tips),
        TEST(who_reads_by_history),     TEST(who_knows_the_domain),  TEST(makers_count),       TEST(why_there_is_none),
        TEST(the_domain_is_needed_too), TEST(boundaries_and_cover),  TEST(allocations_fail),   TEST(whom_it_reaches),
        TEST(boundaries_and_cover),     TEST(allocations_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "proto/epochs.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/world.h"

static struct world w;
static unsigned iom, wb;
static struct gmm_id all, circle; /* iom's circle with wb, without history */

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    iom = world_join(&w, "iom", IDENTITY_INTL_ORG);
    wb = world_join(&w, "wb", IDENTITY_MEMBER);
    world_gid_all(&w, &all);
    world_circle(&w, iom, 1, false, (const unsigned[]){w.offices[wb].participant}, 1, &circle);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static unsigned epoch_of(unsigned office, uint32_t gen, const unsigned *parents, size_t count)
{
    return world_epoch(&w, office, &all, gen, parents, count, (const unsigned[]){0, iom, wb}, 3);
}

static const struct view_epoch *seen(unsigned entry)
{
    const struct view_epoch *e = view_epoch(world_view(&w), &w.entries[entry].id);
    assert_non_null(e);
    return e;
}

static void as_written(void **state)
{
    (void)state;
    unsigned first = epoch_of(iom, 1, NULL, 0);
    const struct view_epoch *e = seen(first);
    assert_true(e->valid && !e->bad);
    assert_true(id_equal(&e->gid, &all) && id_equal(&e->author, &w.offices[iom].sign_pk));
    assert_true(e->time == bytes_load_u64(w.entries[first].header + HEADER_TIME_AT));
    assert_true(e->epoch.gen == 1 && e->epoch.recipient_count == 3);
    assert_non_null(epoch_find(&e->epoch, &w.offices[wb].sign_pk));
    assert_null(view_epoch(world_view(&w), &w.nid));
}

/* "gen = 1 + the highest gen of the parents, 1 without parents and only then." */
static void generations(void **state)
{
    (void)state;
    unsigned a = epoch_of(0, 1, NULL, 0), b = epoch_of(iom, 1, NULL, 0);
    unsigned c = epoch_of(wb, 2, (const unsigned[]){a}, 1);
    unsigned merge = epoch_of(0, 3, (const unsigned[]){b, c}, 2);
    unsigned low = epoch_of(0, 2, (const unsigned[]){b, c}, 2);
    unsigned high = epoch_of(0, 4, (const unsigned[]){b, c}, 2);
    unsigned on_bad = epoch_of(0, 5, (const unsigned[]){high}, 1);
    unsigned elsewhere = world_epoch(&w, iom, &circle, 2, (const unsigned[]){a}, 1, (const unsigned[]){iom, wb}, 2);
    assert_true(seen(a)->valid && seen(b)->valid && seen(c)->valid && seen(merge)->valid);
    assert_true(!seen(low)->valid && !seen(high)->valid && !seen(on_bad)->valid && !seen(elsewhere)->valid);
}

/* A parent whose header time is later than its child's, and one that is not held. */
static void parents_in_any_order(void **state)
{
    (void)state;
    w.now_ms += 100000;
    unsigned parent = epoch_of(iom, 1, NULL, 0);
    w.now_ms -= 50000;
    unsigned child = epoch_of(wb, 2, (const unsigned[]){parent}, 1);
    struct fold *without = fold_new(w.directory);
    assert_non_null(without);
    assert_true(seen(child)->valid && seen(child)->time < seen(parent)->time);
    for (unsigned i = 0; i < w.entry_count; i++)
        if (i != parent)
            assert_int_equal(
                fold_add(without, w.entries[i].header, &w.entries[i].id, w.entries[i].body, w.entries[i].len), GMM_OK);
    assert_false(view_epoch(fold_view(without), &w.entries[child].id)->valid);
    fold_free(without);
}

static void only_members_make_epochs(void **state)
{
    (void)state;
    unsigned by_outsider = world_epoch(&w, 0, &circle, 1, NULL, 0, (const unsigned[]){0, iom, wb}, 3);
    unsigned by_member = world_epoch(&w, wb, &circle, 1, NULL, 0, (const unsigned[]){iom, wb}, 2);
    assert_false(seen(by_outsider)->valid);
    assert_true(seen(by_member)->valid);
    world_members(&w, iom, &circle, HEADER_REMOVE, (const unsigned[]){w.offices[wb].participant}, 1);
    unsigned by_former = world_epoch(&w, wb, &circle, 1, NULL, 0, (const unsigned[]){iom, wb}, 2);
    assert_true(seen(by_member)->valid); /* it was one then */
    assert_false(seen(by_former)->valid);
}

/* "No EPOCH_BAD stands against it": a WRAP to who complained answers, until the next complaint. */
static void complaints(void **state)
{
    (void)state;
    unsigned epoch = epoch_of(iom, 1, NULL, 0), other = epoch_of(0, 1, NULL, 0);
    world_epoch_bad(&w, wb, &all, epoch);
    assert_true(seen(epoch)->bad && seen(epoch)->valid && !seen(other)->bad);
    world_wrap(&w, iom, epoch, 0); /* to somebody else */
    world_wrap(&w, iom, other, wb);
    assert_true(seen(epoch)->bad);
    world_wrap(&w, iom, epoch, wb);
    assert_false(seen(epoch)->bad);
    world_epoch_bad(&w, wb, &all, epoch);
    assert_true(seen(epoch)->bad);
    world_epoch_bad(&w, 0, &all, epoch);
    world_wrap(&w, iom, epoch, wb);
    assert_true(seen(epoch)->bad); /* one of two is answered */
    world_wrap(&w, iom, epoch, 0);
    assert_false(seen(epoch)->bad);
}

/* What one office wrote about one epoch, in one. */
static void complaints_are_gathered(void **state)
{
    (void)state;
    unsigned epoch = epoch_of(iom, 1, NULL, 0), other = epoch_of(0, 1, NULL, 0);
    world_epoch_bad(&w, wb, &all, epoch);
    world_epoch_bad(&w, 0, &all, epoch);
    unsigned again = world_epoch_bad(&w, wb, &all, epoch);
    world_epoch_bad(&w, wb, &all, other);
    world_wrap(&w, iom, other, wb);
    const struct view *v = world_view(&w);
    assert_int_equal(v->complaint_count, 3);
    unsigned seen_count = 0;
    for (size_t i = 0; i < v->complaint_count; i++) {
        const struct view_complaint *c = &v->complaints[i];
        if (i > 0)
            assert_true(id_compare(&v->complaints[i - 1].epoch_id, &c->epoch_id) <= 0);
        if (!id_equal(&c->epoch_id, &w.entries[epoch].id) || !id_equal(&c->sign_pk, &w.offices[wb].sign_pk))
            continue;
        seen_count++;
        assert_true(c->count == 2 && !c->answered);
        assert_true(c->last_ms == header_time_ms(bytes_load_u64(w.entries[again].header + HEADER_TIME_AT)));
    }
    assert_int_equal(seen_count, 1);
    world_wrap(&w, iom, epoch, wb);
    v = world_view(&w);
    for (size_t i = 0; i < v->complaint_count; i++)
        if (id_equal(&v->complaints[i].sign_pk, &w.offices[wb].sign_pk))
            assert_true(v->complaints[i].answered);
    assert_true(seen(epoch)->bad && !seen(other)->bad); /* the chair's office waits still */
}

/* "When the author is a recipient of it (or was wrapped to before)": nobody else's complaint counts. */
static void who_complains(void **state)
{
    (void)state;
    unsigned epoch = world_epoch(&w, iom, &all, 1, NULL, 0, (const unsigned[]){0, iom}, 2);
    unsigned stranger = world_certified(&w, world_participant(&w, "who", IDENTITY_MEMBER), "hq", 0);
    world_epoch_bad(&w, stranger, &all, epoch);
    world_epoch_bad(&w, wb, &all, epoch);
    world_epoch_bad(&w, wb, &circle, epoch);
    assert_false(seen(epoch)->bad);
    world_wrap(&w, iom, epoch, wb); /* now it is one */
    assert_false(seen(epoch)->bad);
    world_epoch_bad(&w, wb, &all, epoch);
    assert_true(seen(epoch)->bad);
    world_epoch_bad(&w, 0, &circle, epoch); /* in another group's log: not about this epoch */
    world_wrap(&w, iom, epoch, wb);
    assert_false(seen(epoch)->bad);
}

static void wraps_where_no_history_is_kept(void **state)
{
    (void)state;
    unsigned epoch = world_epoch(&w, iom, &circle, 1, NULL, 0, (const unsigned[]){iom, wb}, 2);
    world_members(&w, iom, &circle, HEADER_ADD, (const unsigned[]){0}, 1);
    world_wrap(&w, iom, epoch, 0); /* a newcomer gets no earlier secret */
    assert_int_equal(world_view(&w)->wrap_count, 0);
    world_wrap(&w, iom, epoch, wb); /* the repair of a recipient's */
    assert_int_equal(world_view(&w)->wrap_count, 1);
    unsigned full = epoch_of(iom, 1, NULL, 0);
    unsigned late = world_join(&w, "who", IDENTITY_MEMBER);
    world_wrap(&w, iom, full, late);
    const struct view *v = world_view(&w);
    assert_int_equal(v->wrap_count, 2);
    assert_true(id_compare(&v->wraps[0].epoch_id, &v->wraps[1].epoch_id) < 0);
}

static void trial_of_generations(void **state)
{
    (void)state;
    struct epoch child = {.gen = 2, .parent_count = 1};
    unsigned a = epoch_of(iom, 1, NULL, 0);
    const struct view *v = world_view(&w);
    child.parents[0] = w.entries[a].id;
    assert_true(epochs_gen_ok(v->epochs, v->epoch_count, &all, &child));
    assert_false(epochs_gen_ok(v->epochs, v->epoch_count, &circle, &child));
    assert_false(epochs_gen_ok(NULL, 0, &all, &child));
    child.gen = 3;
    assert_false(epochs_gen_ok(v->epochs, v->epoch_count, &all, &child));
    child = (struct epoch){.gen = 1};
    assert_true(epochs_gen_ok(NULL, 0, &all, &child));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(as_written),           TEST(generations),
        TEST(parents_in_any_order), TEST(only_members_make_epochs),
        TEST(complaints),           TEST(complaints_are_gathered),
        TEST(who_complains),        TEST(wraps_where_no_history_is_kept),
        TEST(trial_of_generations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

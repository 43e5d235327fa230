/* What the view shows of erasures: one an entry, whatever came when, and only from those who may. */

#include <limits.h>

#include "proto/control_erase.h"
#include "tests/proto/authority_fixture.h"

static unsigned iom, desk, wb; /* offices: iom's two, and another participant's */
static struct gmm_id all;

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    iom = world_join(&w, "iom", IDENTITY_INTL_ORG);
    desk = world_certified(&w, w.offices[iom].participant, "desk", 0);
    wb = world_join(&w, "wb", IDENTITY_MEMBER);
    world_gid_all(&w, &all);
    fresh();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&body);
    world_close(&w);
    return 0;
}

/* An entry of an office in `all`, as an erasure names it. */
static struct control_erase entry_of(unsigned office, uint64_t seq)
{
    return (struct control_erase){
        .author = w.offices[office].sign_pk, .instance = WORLD_INSTANCE, .seq = seq, .id = {{(uint8_t)(seq + 1)}}};
}

static unsigned erase(unsigned office, const struct control_erase *r)
{
    assert_int_equal(control_erase_encode(fresh(), r), GMM_OK);
    return world_append(&w, office, &all, HEADER_ERASE, body.p, body.len);
}

static struct run_key log_of(unsigned office)
{
    struct run_key key;
    world_log_of(&w, office, &all, &key);
    return key;
}

static void found_by_log_and_seq(void **state)
{
    (void)state;
    struct control_erase late = entry_of(iom, 700), early = entry_of(iom, 3), other = entry_of(wb, 0);
    struct run_key key = log_of(iom), wbs = log_of(wb);
    erase(iom, &late);
    unsigned first = erase(desk, &early); /* another office of the participant that posted it */
    erase(wb, &other);
    erase(iom, &early); /* again */
    const struct view *v = world_view(&w);
    assert_int_equal(v->erasure_count, 3);
    const struct view_erasure *e = view_erasures(v, &key, 0);
    assert_non_null(e);
    assert_true(id_equal(&e->id, &early.id) && e->seq == 3 && id_equal(&e->entry, &w.entries[first].id));
    assert_true(id_equal(&e->by, pid_of(iom)) && id_equal(&e->office, &w.offices[desk].sign_pk));
    assert_true(view_erasures(v, &key, 3) == e && view_erasures(v, &key, 4) == e + 1);
    assert_int_equal(view_erasures(v, &key, 4)->seq, 700);
    assert_null(view_erasures(v, &key, 701));
    assert_true(id_equal(&view_erasures(v, &wbs, 0)->id, &other.id));
    wbs.instance++;
    assert_null(view_erasures(v, &wbs, 0));

    struct header h = {.group = all, .author = early.author, .instance = early.instance, .seq = 3};
    assert_true(view_erasure(v, &h, &early.id) == e);
    assert_null(view_erasure(v, &h, &late.id)); /* another branch of the log */
    h.seq = 4;
    assert_null(view_erasure(v, &h, &early.id));
}

static void only_by_who_may(void **state)
{
    (void)state;
    struct control_erase own = entry_of(iom, 1), others = entry_of(wb, 1);
    erase(iom, &others);
    erase(desk, &others);
    assert_int_equal(world_view(&w)->erasure_count, 0);
    control_erase_encode(fresh(), &others);
    assert_int_equal(ask_at(iom, &all, HEADER_ERASE, w.now_ms + 1000), GMM_EDENIED);
    assert_says("only the chair of term 1");
    erase(0, &others); /* the chair leads `all` */
    erase(iom, &own);
    assert_int_equal(world_view(&w)->erasure_count, 2);
    buffer_put_u8(fresh(), 9); /* a later version, malformed: no effect */
    world_append(&w, iom, &all, HEADER_ERASE, body.p, body.len);
    assert_int_equal(world_view(&w)->erasure_count, 2);
}

/* A revoked key's erasures are void beyond its cut, so what they hid is to be shown again. */
static void void_with_its_log(void **state)
{
    (void)state;
    struct control_erase own = entry_of(iom, 1);
    erase(desk, &own);
    assert_int_equal(world_view(&w)->erasure_count, 1);
    world_revoke(&w, desk, UINT_MAX, NULL, 0);
    assert_int_equal(world_view(&w)->erasure_count, 0);
}

static void same_whatever_the_order(void **state)
{
    (void)state;
    struct control_erase a = entry_of(iom, 1), b = entry_of(wb, 2), c = entry_of(iom, 1);
    erase(iom, &a);
    erase(0, &b);
    erase(desk, &c); /* the second of one entry */
    erase(wb, &a);   /* who may not */
    erase(wb, &b);
    const struct view *v = world_view(&w);
    assert_int_equal(v->erasure_count, 2);
    for (unsigned seed = 1; seed <= 20; seed++) {
        struct fold *fold = fold_new(w.directory);
        unsigned order[64], count = w.entry_count;
        assert_true(fold != NULL && count <= 64);
        for (unsigned i = 0; i < count; i++)
            order[i] = i;
        for (unsigned i = count; i > 1; i--) { /* the same shuffles every time */
            unsigned k = (seed * 2654435761u + i * 40503u) % i, kept = order[i - 1];
            order[i - 1] = order[k];
            order[k] = kept;
        }
        for (unsigned i = 0; i < count; i++) {
            const struct world_entry *e = &w.entries[order[i]];
            assert_int_equal(fold_add(fold, e->header, &e->id, e->body, e->len), GMM_OK);
            if (i % 3 == 0)
                assert_non_null(fold_view(fold));
            if (i % 5 == 0) /* twice */
                assert_int_equal(fold_add(fold, e->header, &e->id, e->body, e->len), GMM_OK);
        }
        const struct view *again = fold_view(fold);
        assert_non_null(again);
        assert_int_equal(again->erasure_count, v->erasure_count);
        for (size_t i = 0; i < v->erasure_count; i++) {
            assert_true(id_equal(&again->erasures[i].id, &v->erasures[i].id));
            assert_true(id_equal(&again->erasures[i].entry, &v->erasures[i].entry));
        }
        fold_free(fold);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(found_by_log_and_seq, setup, teardown),
        cmocka_unit_test_setup_teardown(only_by_who_may, setup, teardown),
        cmocka_unit_test_setup_teardown(void_with_its_log, setup, teardown),
        cmocka_unit_test_setup_teardown(same_whatever_the_order, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "proto/fold.h"
#include "tests/proto/view_fixture.h"

/* The first seq that is void for ever, as the three questions say alike. */
static uint64_t void_from(unsigned office, const struct gmm_id *gid)
{
    struct run_key key;
    struct view_void voids[VIEW_VOIDS];
    const struct view *v = world_view(&w);
    const uint64_t time = w.now_ms << 16;
    memset(&why, 0, sizeof why);
    world_log_of(&w, office, gid, &key);
    size_t count = view_voids(v, &key, voids, &why);
    uint64_t from = count == 0 ? UINT64_MAX : voids[0].from_seq;
    assert_true(count <= 1);
    assert_true(count == 0 || voids[0].until_ms == UINT64_MAX);
    assert_true(from == 0 || view_stands(v, &key, from - 1, time, NULL));
    struct gmm_msg again = {{0}};
    if (from != UINT64_MAX) {
        assert_false(view_stands(v, &key, from, time, &again));
        assert_string_equal(again.text, why.text);
        assert_false(view_stands(v, &key, UINT64_MAX, UINT64_MAX - 1, NULL));
    }
    return from;
}

static uint64_t log_end(unsigned office, const struct gmm_id *gid)
{
    struct run_key key;
    world_log_of(&w, office, gid, &key);
    return view_log_end(world_view(&w), &key);
}

static void verdicts(void **state)
{
    (void)state;
    unsigned stranger = world_certified(&w, world_participant(&w, "who", IDENTITY_MEMBER), "hq", 0);
    assert_true(void_from(iom, NULL) == UINT64_MAX);
    assert_true(void_from(wb, &circle) == UINT64_MAX);
    assert_true(void_from(stranger, &all) == 0);
    assert_says("no office of an admitted participant");
    assert_true(void_from(0, &circle) == 0);
    assert_says("was never a member of the group");
    assert_true(void_from(iom, &w.nid) == 0);
    assert_says("the group is not known");
    /* what a member wrote before it was removed stands */
    world_members(&w, iom, &circle, HEADER_REMOVE, (const unsigned[]){w.offices[wb].participant}, 1);
    uint64_t now = w.now_ms << 16;
    struct run_key log;
    world_log_of(&w, wb, &circle, &log);
    assert_true(view_stands(world_view(&w), &log, 9, now, NULL));
    assert_false(view_stands(world_view(&w), &log, 0, now + (2ull << 16), &why));
    assert_says("had been removed from the group");
    const struct view_group *g = view_group(world_view(&w), &circle);
    assert_true(g->former_count == 1 && id_equal(&g->former[0], pid_of(wb)));
    world_members(&w, iom, &circle, HEADER_ADD, (const unsigned[]){w.offices[wb].participant}, 1);
    assert_int_equal(view_group(world_view(&w), &circle)->former_count, 0);
}

static void verdicts_on_revoked_keys(void **state)
{
    (void)state;
    const struct revocation_cut cuts[] = {{.instance = w.instance, .seq = 3}, {.group = all, .instance = 7, .seq = 0}};
    world_revoke(&w, iom, UINT_MAX, cuts, 2);
    assert_int_equal(view_office(world_view(&w), &w.offices[iom].sign_pk)->status, VIEW_OFFICE_REVOKED);
    assert_true(void_from(iom, NULL) == 4);
    assert_says("revoked from entry 4 of this log on");
    assert_true(log_end(iom, NULL) == 4 && log_end(iom, &all) == 0 && log_end(wb, &all) == UINT64_MAX);
    assert_true(void_from(iom, &all) == 0); /* another instance is named */
    assert_says("does not name this log");
    w.instance = 7;
    assert_true(void_from(iom, &all) == 1);
    assert_true(void_from(iom, NULL) == 0);
    w.instance = WORLD_INSTANCE;
    /* a revocation by somebody else's root is nothing */
    assert_true(void_from(wb, &all) == UINT64_MAX);
}

static void verdicts_on_void_certificates(void **state)
{
    (void)state;
    struct certificate cert;
    world_certificate(&w, wb, &cert);
    cert.serial = 1;
    cert.roles = 0;
    world_issue(&w, w.offices[wb].participant, &cert, NULL);
    assert_int_equal(view_office(world_view(&w), &w.offices[wb].sign_pk)->status, VIEW_OFFICE_VOID);
    assert_int_equal(view_participant(world_view(&w), pid_of(wb))->status, VIEW_ADMITTED);
    assert_true(void_from(wb, NULL) == 0);
    assert_says("the certificate of the office hq of Participant wb is void: its serial or its key is claimed twice");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(verdicts),
        TEST(verdicts_on_revoked_keys),
        TEST(verdicts_on_void_certificates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "proto/fold.h"
#include "tests/proto/view_fixture.h"

static void the_network(void **state)
{
    (void)state;
    const struct view *v = world_view(&w);
    assert_true(id_equal(&v->nid, &w.nid) && id_equal(&v->chair, pid_of(0)) && v->term == 1);
    assert_true(v->term_from_ms == w.charter.time_ms && v->term_until_ms == w.charter.term_until_ms);
    assert_string_equal(v->name, "Global Migration Group");
    for (unsigned i = 0; i < LIMIT_THEMATIC; i++)
        assert_true(id_equal(&v->leads[i], pid_of(0)));
    assert_int_equal(v->group_count, 1 + LIMIT_THEMATIC + 4 + 1);
}

static void participants(void **state)
{
    (void)state;
    const struct view *v = world_view(&w);
    assert_int_equal(v->participant_count, 4);
    for (size_t i = 0; i < v->participant_count; i++) {
        assert_ptr_equal(view_participant(v, &v->participants[i].pid), &v->participants[i]);
        assert_ptr_equal(view_participant_by_id(v, v->participants[i].id), &v->participants[i]);
        assert_true(i == 0 || id_compare(&v->participants[i - 1].pid, &v->participants[i].pid) < 0);
    }
    assert_null(view_participant(v, &w.nid));
    assert_null(view_participant_by_id(v, "who"));
    const struct view_participant *founder = view_participant(v, pid_of(0));
    assert_string_equal(founder->id, "ilo");
    assert_true(founder->since_ms == w.charter.time_ms && founder->status == VIEW_ACTIVE);
    assert_true(id_equal(&founder->sign_pk, &w.offices[0].sign_pk));
}

static void offices(void **state)
{
    (void)state;
    unsigned field = world_certified(&w, w.offices[iom].participant, "field", CERTIFICATE_ROLE_VOTE);
    struct certificate cert;
    struct gmm_id hash;
    world_certificate(&w, field, &cert);
    cert.serial = 9;
    cert.roles = CERTIFICATE_ROLE_RELAY;
    cert.level = IDENTITY_FIELD;
    cert.address_count = 1;
    snprintf(cert.addresses[0], sizeof cert.addresses[0], "%s", "gmm.iom.example:4460");
    world_issue(&w, w.offices[iom].participant, &cert, &hash);
    const struct view *v = world_view(&w);
    assert_int_equal(v->office_count, 5);
    for (size_t i = 0; i < v->office_count; i++) {
        const struct view_office *o = &v->offices[i];
        assert_ptr_equal(view_office(v, &o->sign_pk), o);
        assert_ptr_equal(view_office_by_noise(v, &o->noise_pk), o);
        assert_ptr_equal(view_office_by_name(v, &o->pid, o->office), o);
        assert_true(i == 0 || id_compare(&v->offices[i - 1].sign_pk, &o->sign_pk) < 0);
    }
    const struct view_office *o = view_office(v, &w.offices[field].sign_pk);
    assert_true(o->serial == 9 && o->roles == CERTIFICATE_ROLE_RELAY && o->level == IDENTITY_FIELD);
    assert_true(id_equal(&o->certificate, &hash) && id_equal(&o->wrap_pk, &w.offices[field].wrap_pk));
    assert_true(o->not_before_ms == cert.not_before_ms && o->not_after_ms == cert.not_after_ms);
    assert_true(id_equal(&o->pid, pid_of(iom)) && o->status == VIEW_OFFICE_ACTIVE && o->address_count == 1);
    assert_string_equal(o->addresses[0], "gmm.iom.example:4460");
    assert_null(view_office(v, &w.nid));
    assert_null(view_office_by_noise(v, &w.nid));
    assert_null(view_office_by_name(v, pid_of(wb), "field"));
}

static void superseded_offices(void **state)
{
    (void)state;
    struct certificate cert;
    unsigned fresh = world_office(&w, w.offices[iom].participant, "fresh");
    world_certificate(&w, fresh, &cert);
    snprintf(cert.office, sizeof cert.office, "%s", "hq");
    world_issue(&w, w.offices[iom].participant, &cert, NULL);
    const struct view *v = world_view(&w);
    assert_int_equal(view_office(v, &w.offices[iom].sign_pk)->status, VIEW_OFFICE_SUPERSEDED);
    assert_int_equal(view_office(v, &w.offices[fresh].sign_pk)->status, VIEW_OFFICE_ACTIVE);
    assert_ptr_equal(view_office_by_name(v, pid_of(iom), "hq"), view_office(v, &w.offices[fresh].sign_pk));
    assert_false(view_office_in_group(v, &all, view_office(v, &w.offices[iom].sign_pk), w.now_ms));
    assert_true(view_office_in_group(v, &all, view_office(v, &w.offices[fresh].sign_pk), w.now_ms));
}

/* A certificate that names somebody else's Noise key does not take its place. */
static void noise_keys_claimed_twice(void **state)
{
    (void)state;
    struct certificate cert;
    unsigned thief = world_office(&w, w.offices[wb].participant, "thief");
    world_certificate(&w, thief, &cert);
    cert.noise_pk = w.offices[iom].noise_pk;
    world_issue(&w, w.offices[wb].participant, &cert, NULL);
    const struct view *v = world_view(&w);
    assert_true(id_equal(&view_office_by_noise(v, &w.offices[iom].noise_pk)->sign_pk, &w.offices[iom].sign_pk));
}

static void groups(void **state)
{
    (void)state;
    struct gmm_id gid;
    const struct view *v = world_view(&w);
    for (size_t i = 0; i < v->group_count; i++) {
        const struct view_group *g = &v->groups[i];
        assert_ptr_equal(view_group(v, &g->gid), g);
        assert_true(i == 0 || id_compare(&v->groups[i - 1].gid, &g->gid) < 0);
        for (uint16_t k = 1; k < g->member_count; k++)
            assert_true(id_compare(&g->members[k - 1], &g->members[k]) < 0);
    }
    assert_null(view_group(v, &w.nid));
    assert_ptr_equal(view_group_by_name(v, "all", NULL), view_group(v, &all));
    assert_true(view_group(v, &all)->kind == GROUP_ALL && view_group(v, &all)->history_full);
    world_gid_thematic(&w, "mainstreaming", &gid);
    assert_ptr_equal(view_group_by_name(v, "mainstreaming", pid_of(0)), view_group(v, &gid));
    assert_int_equal(view_group(v, &gid)->kind, GROUP_THEMATIC);
    world_gid_internal(&w, w.offices[iom].participant, &gid);
    assert_ptr_equal(view_group_by_name(v, "internal", pid_of(iom)), view_group(v, &gid));
    assert_true(id_equal(&view_group(v, &gid)->owner, pid_of(iom)));
    assert_null(view_group_by_name(v, "internal", &w.nid));
    assert_null(view_group_by_name(v, "internal", NULL));
    assert_null(view_group_by_name(v, "circle", pid_of(iom)));
    assert_true(view_is_member(v, &circle, pid_of(iom)) && view_is_member(v, &circle, pid_of(wb)));
    assert_false(view_is_member(v, &circle, pid_of(0)) || view_is_member(v, &w.nid, pid_of(0)));
    assert_false(view_is_member(v, &all, &w.nid));
}

static void current_offices(void **state)
{
    (void)state;
    const struct view *v = world_view(&w);
    const struct view_office *o = view_office(v, &w.offices[iom].sign_pk);
    assert_true(view_office_in_group(v, &circle, o, o->not_before_ms));
    assert_true(view_office_in_group(v, &circle, o, o->not_after_ms));
    assert_false(view_office_in_group(v, &circle, o, o->not_before_ms - 1));
    assert_false(view_office_in_group(v, &circle, o, o->not_after_ms + 1));
    assert_false(view_office_in_group(v, &circle, view_office(v, &w.offices[0].sign_pk), w.now_ms));
}

static void who_may_post(void **state)
{
    (void)state;
    struct gmm_id internal;
    const struct view *v = world_view(&w);
    world_gid_internal(&w, w.offices[unu].participant, &internal);
    assert_true(view_may_post(v, &all, pid_of(iom), &why) && view_may_post(v, &circle, pid_of(wb), NULL));
    assert_false(view_may_post(v, &all, pid_of(unu), &why));
    assert_says("Participant unu is an observer");
    assert_true(view_may_post(v, &internal, pid_of(unu), &why));
    assert_false(view_may_post(v, &circle, pid_of(0), &why));
    assert_says("International Labour Organization is not a member of the group");
    assert_false(view_may_post(v, &w.nid, pid_of(0), &why));
    assert_says("groups that exist");
    assert_false(view_may_post(v, &all, &w.nid, NULL));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_network),
        TEST(participants),
        TEST(offices),
        TEST(superseded_offices),
        TEST(noise_keys_claimed_twice),
        TEST(groups),
        TEST(current_offices),
        TEST(who_may_post),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

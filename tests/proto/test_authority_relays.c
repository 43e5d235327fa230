/* Which offices relay a group: what is refused, and who of those named is one. */
#include "proto/control_relay.h"
#include "tests/proto/authority_fixture.h"

static unsigned iom, wb, unhcr;
static struct gmm_id circle;

static struct buffer *relay_body(unsigned office, bool on)
{
    const struct control_relay r = {.on = on, .sign_pk = w.offices[office].sign_pk};
    body.len = 0;
    assert_int_equal(control_relay_encode(&body, &r), GMM_OK);
    return &body;
}

static enum gmm_err asked(unsigned by, unsigned office, bool on)
{
    relay_body(office, on);
    return ask_at(by, &circle, HEADER_RELAY, w.now_ms + 1000);
}

static void named(unsigned by, unsigned office, bool on)
{
    relay_body(office, on);
    world_append(&w, by, &circle, HEADER_RELAY, body.p, body.len);
}

static bool relays(unsigned office)
{
    const struct view *v = world_view(&w);
    bool is = view_is_relay(v, &circle, &w.offices[office].sign_pk);
    assert_int_equal(view_office_may_have(v, &circle, &w.offices[office].sign_pk, pid_of(office)),
                     is || view_is_member(v, &circle, pid_of(office)));
    return is;
}

static int setup(void **state)
{
    (void)state;
    struct charter charter;
    world_charter(&charter);
    world_open(&w, &charter);
    buffer_init(&body, LIMIT_BODY_BYTES);
    iom = world_join(&w, "iom", IDENTITY_MEMBER);
    wb = world_join(&w, "wb", IDENTITY_MEMBER);
    unhcr = world_join(&w, "unhcr", IDENTITY_MEMBER);
    const unsigned in_circle[] = {w.offices[wb].participant};
    world_circle(&w, iom, 1, false, in_circle, 1, &circle);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&body);
    world_close(&w);
    return 0;
}

static void named_and_taken_back(void **state)
{
    (void)state;
    assert_false(relays(unhcr));
    assert_int_equal(asked(iom, unhcr, false), GMM_EEXISTS);
    assert_says("is no relay of the circle of Participant iom");
    assert_int_equal(asked(iom, unhcr, true), GMM_OK);
    named(wb, unhcr, true);
    assert_false(relays(unhcr));
    named(iom, unhcr, true);
    assert_true(relays(unhcr));
    assert_false(view_is_member(world_view(&w), &circle, pid_of(unhcr)));
    assert_false(relays(0)); /* with the role, and not named */
    assert_int_equal(asked(iom, unhcr, true), GMM_EEXISTS);
    assert_says("is a relay of the circle of Participant iom already");
    named(iom, unhcr, false);
    assert_false(relays(unhcr));
}

static void who_is_none(void **state)
{
    (void)state;
    unsigned desk = world_certified(&w, w.offices[unhcr].participant, "desk", 0);
    unsigned stranger = world_certified(&w, world_participant(&w, "fao", IDENTITY_MEMBER), "hq", CERTIFICATE_ROLES_ALL);
    assert_int_equal(asked(wb, unhcr, true), GMM_EDENIED);
    assert_says("only the creator of a circle (Participant iom) decides who is in it");
    assert_int_equal(asked(iom, wb, true), GMM_EDENIED);
    assert_says("Participant wb is a member of the circle of Participant iom");
    assert_int_equal(asked(iom, desk, true), GMM_EDENIED);
    assert_says("the office desk of Participant unhcr lacks the role RELAY: its root gives it");
    assert_int_equal(asked(iom, stranger, true), GMM_EDENIED);
    assert_says("is no office of an active participant");
    /* Written all the same, they are relays when they are what it takes, and no sooner. */
    named(iom, desk, true);
    named(iom, stranger, true);
    assert_false(relays(desk) || relays(stranger));
    world_admit(&w, 0, stranger);
    assert_true(relays(stranger));
    assert_false(relays(unhcr)); /* one office is named, not its participant */
}

static void suspended_it_relays_no_more(void **state)
{
    (void)state;
    named(iom, unhcr, true);
    assert_true(relays(unhcr));
    const struct control_removal r = {.pid = *pid_of(unhcr), .reason = "a reason"};
    body.len = 0;
    control_removal_encode(&body, &r);
    write_record(0, HEADER_SUSPEND);
    assert_false(relays(unhcr));
    body.len = 0;
    control_restore_encode(&body, &r);
    write_record(0, HEADER_RESTORE);
    assert_true(relays(unhcr));
}

static void at_most_so_many(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LIMIT_RELAYS; i++) {
        char name[16];
        snprintf(name, sizeof name, "relay%u", i);
        unsigned office = world_certified(&w, w.offices[unhcr].participant, name, CERTIFICATE_ROLE_RELAY);
        named(iom, office, true);
        assert_true(relays(office));
    }
    assert_int_equal(asked(iom, unhcr, true), GMM_EDENIED);
    assert_says("the circle of Participant iom has 16 relays, as many as a group may have: take one back first");
    named(iom, unhcr, true);
    assert_false(relays(unhcr));
}

static void of_the_common_groups(void **state)
{
    (void)state;
    struct gmm_id all, internal;
    world_gid_all(&w, &all);
    world_gid_internal(&w, w.offices[iom].participant, &internal);
    relay_body(unhcr, true);
    assert_int_equal(ask_at(iom, &all, HEADER_RELAY, w.now_ms + 1000), GMM_EDENIED);
    assert_says("names the relays of the group all");
    assert_int_equal(ask_at(0, &internal, HEADER_RELAY, w.now_ms + 1000), GMM_EDENIED);
    assert_says("only Participant iom names the relays of its group internal");
    assert_int_equal(ask_at(iom, &internal, HEADER_RELAY, w.now_ms + 1000), GMM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(named_and_taken_back, setup, teardown),
        cmocka_unit_test_setup_teardown(who_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(suspended_it_relays_no_more, setup, teardown),
        cmocka_unit_test_setup_teardown(at_most_so_many, setup, teardown),
        cmocka_unit_test_setup_teardown(of_the_common_groups, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Who takes part: suspension, restoration, amendments, and what is remembered of them. */
#include "tests/proto/authority_fixture.h"

#include "keys/epoch.h"

static unsigned iom, unu, wb; /* offices: members, an observer (unu) */
static struct gmm_id all, decent_work;

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    iom = world_join(&w, "iom", IDENTITY_INTL_ORG);
    unu = world_join(&w, "unu", IDENTITY_OBSERVER);
    wb = world_join(&w, "wb", IDENTITY_MEMBER);
    world_gid_all(&w, &all);
    world_gid_thematic(&w, "decent-work", &decent_work);
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

static void put_removal(unsigned office, const char *reason)
{
    struct control_removal r = {.pid = *pid_of(office)};
    snprintf(r.reason, sizeof r.reason, "%s", reason);
    control_removal_encode(fresh(), &r);
}

static void put_restore(unsigned office)
{
    struct control_removal r = {.pid = *pid_of(office), .reason = "answered"};
    control_restore_encode(fresh(), &r);
}

static void put_amend(unsigned office, const char *name, uint8_t kind)
{
    struct control_amend r = {.pid = *pid_of(office), .kind = kind};
    snprintf(r.name, sizeof r.name, "%s", name);
    control_amend_encode(fresh(), &r);
}

static void put_wrapkey(unsigned office)
{
    control_wrapkey_encode(fresh(), &w.offices[office].noise_pk);
}

static void only_the_chair_suspends(void **state)
{
    (void)state;
    put_removal(iom, "no answer");
    assert_int_equal(ask(wb, HEADER_SUSPEND), GMM_EDENIED);
    assert_string_equal(msg.text,
                        "only the chair of term 1 (International Labour Organization) may suspend a participant");
    assert_int_equal(ask(0, HEADER_SUSPEND), GMM_OK);
    write_record(wb, HEADER_SUSPEND);
    assert_int_equal(status_of(iom), VIEW_ACTIVE);
    put_removal(0, "");
    assert_int_equal(ask(0, HEADER_SUSPEND), GMM_EDENIED);
    assert_says("the chair of term 1 (International Labour Organization) cannot be suspended: an election replaces it");
    struct control_removal unknown = {.pid = w.nid};
    control_removal_encode(fresh(), &unknown);
    assert_int_equal(ask(0, HEADER_SUSPEND), GMM_EDENIED);
    assert_says("had not been admitted by then");
    buffer_put_u8(&body, 0);
    assert_int_equal(ask(0, HEADER_SUSPEND), GMM_EFORMAT);
    assert_says("the suspension record is not well formed");
    put_removal(iom, "");
    assert_int_equal(ask_at(0, NULL, HEADER_SUSPEND, w.charter.term_until_ms + 1), GMM_EDENIED);
    assert_says("term 1 of the chair (International Labour Organization) has lapsed: until a successor it may only "
                "admit participants");
}

/* "A suspended participant is a member of no group but its own internal", and its records have no effect, but those of
 * its own office. */
static void what_a_suspension_ends(void **state)
{
    (void)state;
    struct gmm_id internal, circle;
    world_gid_internal(&w, w.offices[iom].participant, &internal);
    world_circle(&w, iom, 1, false, (const unsigned[]){w.offices[wb].participant}, 1, &circle);
    put_removal(iom, "no answer");
    write_record(0, HEADER_SUSPEND);
    assert_int_equal(status_of(iom), VIEW_SUSPENDED);
    assert_false(is_member(&all, iom) || is_member(&decent_work, iom) || is_member(&circle, iom));
    assert_true(is_member(&internal, iom) && is_member(&circle, wb));
    const struct view *v = world_view(&w);
    assert_true(view_was_member(v, &all, pid_of(iom)) && view_was_member(v, &circle, pid_of(iom)));
    assert_false(view_was_member(v, &internal, pid_of(iom)));
    assert_int_equal(ask(0, HEADER_SUSPEND), GMM_EEXISTS);
    assert_says("Participant iom is suspended already");
    put_wrapkey(iom);
    assert_int_equal(ask(iom, HEADER_WRAPKEY), GMM_OK);
    struct control_members members = {.member_count = 1, .members = {*pid_of(unu)}};
    control_members_encode(fresh(), &members);
    assert_int_equal(ask_at(iom, &circle, HEADER_ADD, w.now_ms + 1000), GMM_EDENIED);
    assert_says("Participant iom is suspended: until it is restored no addition of its has effect");
    world_members(&w, iom, &circle, HEADER_ADD, (const unsigned[]){w.offices[unu].participant}, 1);
    assert_false(is_member(&circle, unu));
    v = world_view(&w);
    assert_int_equal(v->removal_count, 1);
    assert_true(id_equal(&v->removals[0].pid, pid_of(iom)) && !v->removals[0].expelled);
    assert_true(v->removals[0].until == UINT64_MAX && v->removals[0].cuts->count == 0);
}

static void restored(void **state)
{
    (void)state;
    put_restore(iom);
    assert_int_equal(ask(0, HEADER_RESTORE), GMM_EEXISTS);
    assert_says("Participant iom is neither suspended nor expelled");
    put_removal(iom, "no answer");
    unsigned suspension = write_record(0, HEADER_SUSPEND);
    put_restore(iom);
    assert_int_equal(ask(unu, HEADER_RESTORE), GMM_EDENIED);
    assert_says("only the chair of term 1 (International Labour Organization), or two thirds of its electorate, may "
                "restore a participant");
    assert_int_equal(ask(0, HEADER_RESTORE), GMM_OK);
    unsigned restoration = write_record(0, HEADER_RESTORE);
    assert_int_equal(status_of(iom), VIEW_ACTIVE);
    assert_true(is_member(&all, iom) && is_member(&decent_work, iom));
    const struct view *v = world_view(&w);
    assert_int_equal(v->removal_count, 1);
    assert_true(v->removals[0].time == bytes_load_u64(w.entries[suspension].header + HEADER_TIME_AT));
    assert_true(v->removals[0].until == bytes_load_u64(w.entries[restoration].header + HEADER_TIME_AT));
    assert_true(id_equal(&v->removals[0].entry, &w.entries[suspension].id));
    put_removal(iom, "again");
    write_record(0, HEADER_SUSPEND);
    v = world_view(&w);
    assert_true(v->removal_count == 2 && v->removals[1].until == UINT64_MAX);
}

/* "The cuts name logs of control, all and the thematic groups only." */
static void cuts_name_common_logs(void **state)
{
    (void)state;
    struct gmm_id circle;
    world_circle(&w, iom, 1, false, NULL, 0, &circle);
    struct control_cut cuts[] = {{.seq = 1}, {.seq = 2, .log.group = all}, {.seq = 3, .log.group = decent_work}};
    struct control_removal r = {.pid = *pid_of(iom), .cuts = {3, cuts}};
    control_removal_encode(fresh(), &r);
    assert_int_equal(ask(0, HEADER_SUSPEND), GMM_OK);
    cuts[2].log.group = circle;
    control_removal_encode(fresh(), &r);
    assert_int_equal(ask(0, HEADER_SUSPEND), GMM_EDENIED);
    assert_says("a circle's cuts are published inside it");
}

static void amended(void **state)
{
    (void)state;
    put_amend(unu, "United Nations University", IDENTITY_MEMBER);
    assert_int_equal(ask(unu, HEADER_AMEND), GMM_EDENIED);
    assert_says("may change a participant's name and kind");
    assert_int_equal(ask(0, HEADER_AMEND), GMM_OK);
    write_record(0, HEADER_AMEND);
    const struct view_participant *p = view_participant(world_view(&w), pid_of(unu));
    assert_string_equal(p->name, "United Nations University");
    assert_string_equal(p->id, "unu");
    assert_int_equal(p->kind, IDENTITY_MEMBER);
    assert_true(is_member(&decent_work, unu)); /* open to all but observers */
    assert_int_equal(ask(0, HEADER_AMEND), GMM_EEXISTS);
    assert_says("United Nations University has this name and kind already");
    buffer_put_u8(&body, 0);
    assert_int_equal(ask(0, HEADER_AMEND), GMM_EFORMAT);
}

static void history(void **state)
{
    (void)state;
    put_removal(iom, "no answer");
    unsigned suspension = write_record(0, HEADER_SUSPEND);
    put_restore(iom);
    write_record(0, HEADER_RESTORE);
    put_amend(unu, "Another", IDENTITY_OBSERVER);
    write_record(0, HEADER_AMEND);
    static const uint16_t types[] = {HEADER_ADMIT,   HEADER_ADMIT,   HEADER_ADMIT,
                                     HEADER_SUSPEND, HEADER_RESTORE, HEADER_AMEND};
    static const char *const texts[] = {"Participant iom", "Participant unu", "Participant wb",
                                        "no answer",       "answered",        "Another"};
    const struct view *v = world_view(&w);
    assert_int_equal(v->event_count, 6);
    for (size_t i = 0; i < v->event_count; i++) {
        assert_int_equal(v->history[i].type, types[i]);
        assert_string_equal(v->history[i].text, texts[i]);
        assert_true(id_equal(&v->history[i].by, pid_of(0)) && v->history[i].term == 1);
    }
    assert_true(id_equal(&v->history[3].subject, pid_of(iom)) &&
                id_equal(&v->history[3].entry, &w.entries[suspension].id));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(only_the_chair_suspends),
        TEST(what_a_suspension_ends),
        TEST(restored),
        TEST(cuts_name_common_logs),
        TEST(amended),
        TEST(history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

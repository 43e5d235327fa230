/* What a removal makes void: beyond cuts and anchors, in circles, of observers, and of records that are back-dated. */
#include "tests/proto/authority_fixture.h"

static unsigned iom, unu, wb, who; /* offices; unu observes */
static struct gmm_id all, decent_work, circle;

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    iom = world_join(&w, "iom", IDENTITY_INTL_ORG);
    unu = world_join(&w, "unu", IDENTITY_OBSERVER);
    wb = world_join(&w, "wb", IDENTITY_MEMBER);
    who = world_join(&w, "who", IDENTITY_INTL_ORG);
    world_gid_all(&w, &all);
    world_gid_thematic(&w, "decent-work", &decent_work);
    world_circle(&w, iom, 1, false, (const unsigned[]){w.offices[wb].participant, w.offices[who].participant}, 2,
                 &circle);
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

static unsigned suspend(unsigned office, struct control_cut *cuts, uint16_t count)
{
    struct control_removal r = {.pid = *pid_of(office), .cuts = {count, cuts}};
    control_removal_encode(fresh(), &r);
    return write_record(0, HEADER_SUSPEND);
}

static unsigned restore(unsigned office)
{
    struct control_removal r = {.pid = *pid_of(office)};
    control_restore_encode(fresh(), &r);
    return write_record(0, HEADER_RESTORE);
}

static bool stands(unsigned office, const struct gmm_id *gid, uint64_t seq, uint64_t ms)
{
    struct run_key key;
    memset(&msg, 0, sizeof msg);
    world_log_of(&w, office, gid, &key);
    return view_stands(world_view(&w), &key, seq, ms << 16, &msg);
}

static struct control_cut cut_at(unsigned office, const struct gmm_id *gid, uint64_t seq)
{
    struct control_cut cut = {{{{0}}, {{0}}, 0}, seq, {{0}}};
    world_log_of(&w, office, gid, &cut.log);
    return cut;
}

/* Beyond the cut all is void, whatever its time; of a log that is not named all. After the restoration what is timed so
 * stands again. */
static void beyond_the_cut(void **state)
{
    (void)state;
    struct gmm_id internal;
    struct control_cut cut = cut_at(wb, &all, 4);
    uint64_t early = w.now_ms - 1000;
    world_gid_internal(&w, w.offices[wb].participant, &internal);
    suspend(wb, &cut, 1);
    assert_true(stands(wb, &all, 4, early) && stands(wb, &all, 4, w.now_ms + 5000));
    assert_false(stands(wb, &all, 5, early));
    assert_says(
        "Participant wb was suspended in term 1: what lies beyond the cut, and is not anchored by two others, is void");
    assert_false(stands(wb, &decent_work, 0, early));
    assert_true(stands(wb, &internal, 9, w.now_ms + 5000));
    assert_true(stands(wb, NULL, 99, w.now_ms + 5000)); /* its control log goes on */
    assert_true(stands(iom, &all, 99, early));
    w.now_ms += 10000;
    restore(wb);
    uint64_t restored = w.now_ms;
    assert_false(stands(wb, &all, 5, restored - 1) || stands(wb, &decent_work, 0, early));
    assert_true(stands(wb, &all, 5, restored) && stands(wb, &decent_work, 0, restored));
}

/* Two others that anchored more before the removal keep it; one does not, nor do anchors of later. */
static void anchors_keep_more(void **state)
{
    (void)state;
    struct run_key log;
    world_log_of(&w, wb, &all, &log);
    struct control_anchor_head head = {.author = log.author, .instance = log.instance, .seq = 7};
    struct control_cut cut = cut_at(wb, &all, 4);
    world_anchor(&w, iom, &all, &head, 1);
    suspend(wb, &cut, 1);
    assert_false(stands(wb, &all, 5, w.now_ms));
    world_anchor(&w, who, &all, &head, 1);
    assert_false(stands(wb, &all, 5, w.now_ms));
    uint64_t now = w.now_ms;
    w.now_ms -= 3000;
    w.instance++;
    world_anchor(&w, who, &all, &head, 1);
    w.instance--;
    w.now_ms = now;
    assert_true(stands(wb, &all, 7, w.now_ms));
    assert_false(stands(wb, &all, 8, w.now_ms));
}

/* Until a cut is published in the circle the time decides; then the cut does, of several the lowest. */
static void circles(void **state)
{
    (void)state;
    uint64_t early = w.now_ms;
    struct control_circle_cut r = {.kind = CONTROL_CUT_PARTICIPANT, .subject = *pid_of(wb)};
    struct control_cut cut = cut_at(wb, &circle, 3);
    r.cuts = (struct control_cuts){1, &cut};
    control_circle_cut_encode(fresh(), &r);
    assert_int_equal(ask_at(iom, &circle, HEADER_CUT, w.now_ms + 1000), GMM_EDENIED);
    assert_says("Participant wb is neither suspended nor expelled now: a cut is of who is");
    suspend(wb, NULL, 0);
    assert_true(stands(wb, &circle, 50, early));
    assert_false(stands(wb, &circle, 50, w.now_ms + 5000));
    control_circle_cut_encode(fresh(), &r);
    assert_int_equal(ask_at(who, &circle, HEADER_CUT, w.now_ms + 1000), GMM_EDENIED);
    assert_says("only the creator of a circle (Participant iom)");
    assert_int_equal(ask_at(iom, &all, HEADER_CUT, w.now_ms + 1000), GMM_EDENIED);
    world_append(&w, who, &circle, HEADER_CUT, body.p, body.len);
    assert_true(stands(wb, &circle, 50, early));
    world_append(&w, iom, &circle, HEADER_CUT, body.p, body.len);
    assert_true(stands(wb, &circle, 3, early));
    assert_false(stands(wb, &circle, 4, early));
    cut.seq = 1;
    control_circle_cut_encode(fresh(), &r);
    world_append(&w, iom, &circle, HEADER_CUT, body.p, body.len);
    assert_false(stands(wb, &circle, 2, early));
}

/* When the creator itself is removed any other member publishes. */
static void a_removed_creator(void **state)
{
    (void)state;
    uint64_t early = w.now_ms;
    struct control_cut cut = cut_at(iom, &circle, 3);
    struct control_circle_cut r = {.kind = CONTROL_CUT_PARTICIPANT, .subject = *pid_of(iom), .cuts = {1, &cut}};
    suspend(iom, NULL, 0);
    control_circle_cut_encode(fresh(), &r);
    assert_int_equal(ask_at(0, &circle, HEADER_CUT, w.now_ms + 1000), GMM_EDENIED);
    assert_int_equal(ask_at(who, &circle, HEADER_CUT, w.now_ms + 1000), GMM_OK);
    world_append(&w, who, &circle, HEADER_CUT, body.p, body.len);
    assert_true(stands(iom, &circle, 3, early));
    assert_false(stands(iom, &circle, 4, early));
}

static void observers(void **state)
{
    (void)state;
    struct gmm_id internal;
    world_gid_internal(&w, w.offices[unu].participant, &internal);
    assert_false(stands(unu, &all, 0, w.now_ms));
    assert_says("Participant unu was an observer then: it posts to its own group internal only");
    assert_true(stands(unu, &internal, 0, w.now_ms) && stands(unu, NULL, 0, w.now_ms));
    uint64_t before = w.now_ms;
    struct control_amend r = {.pid = *pid_of(wb), .name = "Participant wb", .kind = IDENTITY_OBSERVER};
    control_amend_encode(fresh(), &r);
    write_record(0, HEADER_AMEND);
    uint64_t then = w.now_ms;
    assert_true(stands(wb, &all, 5, before));
    assert_false(stands(wb, &all, 5, then));
    r.kind = IDENTITY_MEMBER;
    control_amend_encode(fresh(), &r);
    write_record(0, HEADER_AMEND);
    assert_true(stands(wb, &all, 6, w.now_ms));
    assert_false(stands(wb, &all, 5, then));
}

/* A lead that back-dates an addition behind its suspension. */
static void back_dated_records(void **state)
{
    (void)state;
    struct charter charter;
    world_charter(&charter);
    charter.thematic = CHARTER_THEMATIC_LISTED;
    snprintf(charter.leads[3], sizeof charter.leads[3], "wb");
    world_close(&w);
    world_open(&w, &charter);
    iom = world_join(&w, "iom", IDENTITY_INTL_ORG);
    wb = world_join(&w, "wb", IDENTITY_MEMBER);
    world_gid_thematic(&w, "decent-work", &decent_work);
    unsigned added = world_members(&w, wb, &decent_work, HEADER_ADD, (const unsigned[]){w.offices[iom].participant}, 1);
    assert_true(is_member(&decent_work, iom));
    struct control_cut cut = cut_at(wb, &decent_work, w.entries[added].seq);
    unsigned fao = world_join(&w, "fao", IDENTITY_MEMBER);
    uint64_t before = w.now_ms;
    w.now_ms += 10000;
    suspend(wb, &cut, 1);
    uint64_t now = w.now_ms;
    w.now_ms = before;
    world_members(&w, wb, &decent_work, HEADER_ADD, (const unsigned[]){w.offices[fao].participant}, 1);
    w.now_ms = now;
    assert_true(is_member(&decent_work, iom));
    assert_false(is_member(&decent_work, fao));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(beyond_the_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(anchors_keep_more, setup, teardown),
        cmocka_unit_test_setup_teardown(circles, setup, teardown),
        cmocka_unit_test_setup_teardown(a_removed_creator, setup, teardown),
        cmocka_unit_test_setup_teardown(observers, setup, teardown),
        cmocka_unit_test_setup_teardown(back_dated_records, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

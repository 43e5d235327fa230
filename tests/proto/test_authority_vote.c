/* What needs more than one signature: expulsion, lost roots, admission by sponsor or two thirds; leads and who names
 * them. */
#include "tests/proto/authority_fixture.h"

#include <limits.h>

#define DAY_MS UINT64_C(86400000)

static unsigned iom, unu, wb, who; /* offices: members, an observer (unu) */
static struct gmm_id decent_work;

static void populate(void)
{
    iom = world_join(&w, "iom", IDENTITY_INTL_ORG);
    unu = world_join(&w, "unu", IDENTITY_OBSERVER);
    wb = world_join(&w, "wb", IDENTITY_MEMBER);
    who = world_join(&w, "who", IDENTITY_INTL_ORG);
    world_gid_thematic(&w, "decent-work", &decent_work);
}

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    populate();
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

static void open_with(uint8_t admission)
{
    struct charter charter;
    world_charter(&charter);
    charter.admission = admission;
    world_close(&w);
    world_open(&w, &charter);
}

static void put_removal(unsigned office)
{
    struct control_removal r = {.pid = *pid_of(office), .reason = "no answer"};
    control_removal_encode(fresh(), &r);
}

/* A cosignature of the record whose body is next; the body stays. */
static struct gmm_id subject_of_body(uint16_t type)
{
    struct gmm_id subject;
    control_subject(&subject, type, body.p, body.len);
    return subject;
}

static void put_cosign(const struct gmm_id *subject)
{
    control_cosign_encode(fresh(), subject);
}

static void cosign(unsigned office, const struct gmm_id *subject)
{
    put_cosign(subject);
    write_record(office, HEADER_COSIGN);
}

/* Of ilo, iom, wb, who the one to be expelled is not counted: two of three. */
static void two_thirds_expel(void **state)
{
    (void)state;
    struct gmm_id all;
    world_gid_all(&w, &all);
    put_removal(wb);
    struct gmm_id subject = subject_of_body(HEADER_EXPEL);
    assert_int_equal(ask(unu, HEADER_EXPEL), GMM_EDENIED);
    assert_says("Participant unu is not of the electorate of term 1");
    assert_int_equal(ask(wb, HEADER_EXPEL), GMM_EDENIED);
    assert_says("does not count when its own expulsion is decided");
    assert_int_equal(ask(iom, HEADER_EXPEL), GMM_OK);
    unsigned proposal = write_record(iom, HEADER_EXPEL);
    assert_int_equal(ask(iom, HEADER_EXPEL), GMM_EEXISTS);
    const struct view *v = world_view(&w);
    assert_int_equal(v->proposal_count, 1);
    assert_true(v->proposals[0].type == HEADER_EXPEL && v->proposals[0].support == 1 && v->proposals[0].need == 2);
    assert_true(id_equal(&v->proposals[0].of, pid_of(wb)) && id_equal(&v->proposals[0].by, pid_of(iom)));
    assert_true(id_equal(&v->proposals[0].subject, &subject) && id_equal(&v->proposals[0].supporters[0], pid_of(iom)));
    put_cosign(&subject);
    assert_int_equal(ask(iom, HEADER_COSIGN), GMM_EEXISTS);
    cosign(wb, &subject); /* not counted */
    cosign(unu, &subject);
    assert_int_equal(status_of(wb), VIEW_ACTIVE);
    cosign(who, &subject);
    assert_int_equal(status_of(wb), VIEW_EXPELLED);
    assert_false(is_member(&all, wb));
    v = world_view(&w);
    assert_true(v->proposal_count == 0 && v->removal_count == 1 && v->removals[0].expelled);
    assert_true(id_equal(&v->history[v->event_count - 1].entry, &w.entries[proposal].id));
    control_wrapkey_encode(fresh(), &w.offices[wb].noise_pk);
    assert_int_equal(ask(wb, HEADER_WRAPKEY), GMM_EDENIED);
    assert_says("Participant wb is expelled: no wrap key of its has effect");
    assert_int_equal(v->terms[0].elector_count, 3);
}

/* A cosignature may come before the proposal; and the same body from another office supports it. */
static void support_in_any_form(void **state)
{
    (void)state;
    put_removal(wb);
    struct gmm_id subject = subject_of_body(HEADER_EXPEL);
    put_cosign(&subject);
    assert_int_equal(ask(who, HEADER_COSIGN), GMM_EDENIED);
    assert_says("waits for the support of Participant who");
    cosign(who, &subject);
    put_removal(wb);
    write_record(iom, HEADER_EXPEL);
    assert_int_equal(status_of(wb), VIEW_EXPELLED);
    struct control_removal back = {.pid = *pid_of(wb), .reason = "a mistake"};
    control_restore_encode(fresh(), &back);
    assert_int_equal(ask(0, HEADER_RESTORE), GMM_OK); /* as a proposal */
    write_record(0, HEADER_RESTORE);
    assert_int_equal(status_of(wb), VIEW_EXPELLED);
    control_restore_encode(fresh(), &back);
    write_record(iom, HEADER_RESTORE);
    assert_int_equal(status_of(wb), VIEW_ACTIVE);
}

/* The old participant goes, the new one has its circles, its groups and its name. */
static void a_lost_root(void **state)
{
    (void)state;
    struct gmm_id circle;
    struct control_replace r = {.old = *pid_of(wb)};
    unsigned fresh_wb = world_certified(&w, world_participant(&w, "wb-2", IDENTITY_MEMBER), "hq", 7);
    world_circle(&w, wb, 1, false, (const unsigned[]){w.offices[iom].participant}, 1, &circle);
    world_admission(&w, fresh_wb, &r.admit);
    control_replace_encode(fresh(), &r);
    assert_int_equal(ask(0, HEADER_REPLACE), GMM_OK);
    write_record(0, HEADER_REPLACE);
    assert_int_equal(status_of(wb), VIEW_ACTIVE);
    control_replace_encode(fresh(), &r);
    write_record(iom, HEADER_REPLACE);
    control_replace_encode(fresh(), &r);
    write_record(who, HEADER_REPLACE);
    assert_true(status_of(wb) == VIEW_EXPELLED && status_of(fresh_wb) == VIEW_ACTIVE);
    assert_true(is_member(&circle, fresh_wb) && is_member(&circle, iom) && !is_member(&circle, wb));
    assert_true(id_equal(&view_group(world_view(&w), &circle)->owner, pid_of(fresh_wb)));
    struct run_key log;
    world_log_of(&w, wb, &circle, &log);
    assert_true(view_stands(world_view(&w), &log, 0, (w.now_ms - 60000) << 16, NULL));
    assert_false(view_stands(world_view(&w), &log, 9, (w.now_ms + 60000) << 16, NULL));
}

/* The chair and one other, as soon as there is another. */
static void a_sponsor(void **state)
{
    (void)state;
    open_with(CHARTER_BY_CHAIR_AND_SPONSOR);
    iom = world_join(&w, "iom", IDENTITY_MEMBER);
    assert_int_equal(status_of(iom), VIEW_ACTIVE); /* nobody else to ask yet */
    wb = world_join(&w, "wb", IDENTITY_MEMBER);
    assert_null(view_participant(world_view(&w), pid_of(wb)));
    const struct view *v = world_view(&w);
    assert_true(v->proposal_count == 1 && v->proposals[0].need == 1 && v->proposals[0].support == 0);
    struct gmm_id subject = v->proposals[0].subject;
    put_cosign(&subject);
    assert_int_equal(ask(0, HEADER_COSIGN), GMM_EEXISTS);
    assert_int_equal(ask(iom, HEADER_COSIGN), GMM_OK);
    write_record(iom, HEADER_COSIGN);
    assert_int_equal(status_of(wb), VIEW_ACTIVE);
    struct control_admit admit;
    world_admission(&w, world_certified(&w, world_participant(&w, "fao", IDENTITY_MEMBER), "hq", 7), &admit);
    control_admit_encode(fresh(), &admit);
    assert_int_equal(ask(iom, HEADER_ADMIT), GMM_EDENIED);
    assert_says("only the chair of term 1 (International Labour Organization) may admit a participant");
}

static void two_thirds_admit(void **state)
{
    (void)state;
    struct control_admit admit;
    open_with(CHARTER_BY_TWO_THIRDS);
    iom = world_join(&w, "iom", IDENTITY_MEMBER);
    wb = world_join(&w, "wb", IDENTITY_MEMBER);
    assert_null(view_participant(world_view(&w), pid_of(wb)));
    struct gmm_id subject = world_view(&w)->proposals[0].subject;
    assert_int_equal(world_view(&w)->proposals[0].need, 2);
    cosign(iom, &subject);
    assert_int_equal(status_of(wb), VIEW_ACTIVE);
    unsigned fao = world_certified(&w, world_participant(&w, "fao", IDENTITY_MEMBER), "hq", 7);
    world_admission(&w, fao, &admit);
    control_admit_encode(fresh(), &admit);
    subject = subject_of_body(HEADER_ADMIT);
    assert_int_equal(ask(wb, HEADER_ADMIT), GMM_OK); /* any elector proposes */
    write_record(wb, HEADER_ADMIT);
    assert_null(view_participant(world_view(&w), pid_of(fao)));
    cosign(iom, &subject);
    assert_int_equal(status_of(fao), VIEW_ACTIVE);
}

static void put_lead(unsigned office, uint64_t from_ms, uint64_t until_ms)
{
    struct control_lead r = {.thematic = 3, .pid = *pid_of(office), .from_ms = from_ms, .until_ms = until_ms};
    control_lead_encode(fresh(), &r);
}

static unsigned name_lead(unsigned by, unsigned office, uint64_t from_ms, uint64_t until_ms)
{
    put_lead(office, from_ms, until_ms);
    return write_record(by, HEADER_LEAD);
}

static void put_accept(unsigned entry)
{
    struct control_accept r = {.subject = w.entries[entry].id};
    control_accept_encode(fresh(), &r);
}

static bool leads(unsigned office)
{
    fold_advance(w.fold, w.now_ms + 1000);
    return id_equal(&world_view(&w)->leads[3], pid_of(office));
}

static void put_member(unsigned office)
{
    struct control_members r = {.member_count = 1, .members = {*pid_of(office)}};
    control_members_encode(fresh(), &r);
}

static void leads_change(void **state)
{
    (void)state;
    put_lead(iom, w.now_ms, 0);
    assert_int_equal(ask(wb, HEADER_LEAD), GMM_EDENIED);
    assert_says("only the chair of term 1 (International Labour Organization) or the present lead may name the lead");
    put_lead(unu, w.now_ms, 0);
    assert_int_equal(ask(0, HEADER_LEAD), GMM_EDENIED);
    assert_says("Participant unu is an observer: observers do not lead");
    unsigned named = name_lead(0, iom, w.now_ms, w.now_ms + 30 * DAY_MS);
    assert_true(leads(0));
    put_accept(named);
    assert_int_equal(ask(wb, HEADER_ACCEPT), GMM_EDENIED);
    assert_says("only Participant iom, who is named the lead of decent-work, may accept that");
    assert_int_equal(ask(iom, HEADER_ACCEPT), GMM_OK);
    write_record(iom, HEADER_ACCEPT);
    assert_true(leads(iom) && world_view(&w)->lead_terms[0].accepted);
    put_member(unu);
    assert_int_equal(ask_at(iom, &decent_work, HEADER_ADD, w.now_ms + 2000), GMM_OK);
    assert_int_equal(ask_at(wb, &decent_work, HEADER_ADD, w.now_ms + 2000), GMM_EDENIED);
    assert_says("or the lead (Participant iom) decides who is in decent-work");
    /* the present lead names the next, of later */
    named = name_lead(iom, who, w.now_ms + 10 * DAY_MS, 0);
    put_accept(named);
    write_record(who, HEADER_ACCEPT);
    assert_true(leads(iom));
    assert_int_equal(fold_next_ms(w.fold), world_view(&w)->lead_terms[1].from_ms);
    w.now_ms += 11 * DAY_MS;
    assert_true(leads(who));
    put_accept(named);
    assert_int_equal(ask(who, HEADER_ACCEPT), GMM_EEXISTS);
    assert_says("is accepted already");
}

static void a_lead_lapses(void **state)
{
    (void)state;
    unsigned named = name_lead(0, iom, w.now_ms, w.now_ms + 30 * DAY_MS);
    put_accept(named);
    write_record(iom, HEADER_ACCEPT);
    assert_true(leads(iom));
    w.now_ms += 31 * DAY_MS;
    assert_true(leads(0));
    named = name_lead(0, wb, w.now_ms, w.now_ms + DAY_MS);
    w.now_ms += 2 * DAY_MS;
    put_accept(named);
    assert_int_equal(ask(wb, HEADER_ACCEPT), GMM_EDENIED);
    assert_says("the time for which Participant wb was named the lead of decent-work has ended");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_thirds_expel, setup, teardown),
        cmocka_unit_test_setup_teardown(support_in_any_form, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lost_root, setup, teardown),
        cmocka_unit_test_setup_teardown(a_sponsor, setup, teardown),
        cmocka_unit_test_setup_teardown(two_thirds_admit, setup, teardown),
        cmocka_unit_test_setup_teardown(leads_change, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lead_lapses, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

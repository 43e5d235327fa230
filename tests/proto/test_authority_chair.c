/* Who presides: handover, acceptance, deputies, lapse; elections. */
#include "tests/proto/authority_fixture.h"

#include <limits.h>

#define DAY_MS UINT64_C(86400000)

static unsigned iom, unu, wb, who; /* offices: members, an observer (unu) */
static uint64_t from_ms, until_ms; /* of term 2: ten days from now, a year */

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    iom = world_join(&w, "iom", IDENTITY_INTL_ORG);
    unu = world_join(&w, "unu", IDENTITY_OBSERVER);
    wb = world_join(&w, "wb", IDENTITY_MEMBER);
    who = world_join(&w, "who", IDENTITY_INTL_ORG);
    from_ms = w.now_ms + 10 * DAY_MS;
    until_ms = from_ms + WORLD_YEAR_MS;
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

static struct control_handover handover_to(uint32_t term, unsigned to)
{
    return (struct control_handover){.term = term, .to = *pid_of(to), .from_ms = from_ms, .until_ms = until_ms};
}

static void put_handover(const struct control_handover *r)
{
    control_handover_encode(fresh(), r);
}

static unsigned hand_over(unsigned office, uint32_t term, unsigned to)
{
    struct control_handover r = handover_to(term, to);
    put_handover(&r);
    return write_record(office, HEADER_HANDOVER);
}

/* Of the handover in that entry; cut: NULL, none are named. */
static void put_accept(unsigned entry, uint32_t term, struct control_cut *cut)
{
    struct control_accept r = {.subject = w.entries[entry].id, .term = term};
    r.cuts = (struct control_cuts){cut == NULL ? 0 : 1, cut};
    control_accept_encode(fresh(), &r);
}

static unsigned accept(unsigned office, unsigned entry, uint32_t term, struct control_cut *cut)
{
    put_accept(entry, term, cut);
    return write_record(office, HEADER_ACCEPT);
}

/* Term 2 is the World Bank's, begun, with its cuts on the founder's log. */
static void hand_to_wb(void)
{
    unsigned handover = hand_over(0, 2, wb);
    accept(wb, handover, 2, NULL);
    struct control_cut cut = head_of(0);
    w.now_ms = from_ms;
    accept(wb, handover, 2, &cut);
}

static void put_admit(unsigned office)
{
    struct control_admit admit;
    world_admission(&w, office, &admit);
    control_admit_encode(fresh(), &admit);
}

static unsigned newcomer(const char *id)
{
    return world_certified(&w, world_participant(&w, id, IDENTITY_MEMBER), "hq", 7);
}

static bool presides(unsigned office)
{
    return id_equal(&world_view(&w)->chair, pid_of(office));
}

static void put_ballot(uint32_t term, unsigned candidate, struct control_cut *cut)
{
    struct control_ballot r = {.term = term, .candidate = *pid_of(candidate), .until_ms = until_ms};
    r.cuts = (struct control_cuts){cut == NULL ? 0 : 1, cut};
    control_ballot_encode(fresh(), &r);
}

static unsigned vote(unsigned office, uint32_t term, unsigned candidate, struct control_cut *cut)
{
    put_ballot(term, candidate, cut);
    return write_record(office, HEADER_BALLOT);
}

static void a_handover_is_signed_by_both(void **state)
{
    (void)state;
    unsigned handover = hand_over(0, 2, wb);
    const struct view *v = world_view(&w);
    assert_true(v->term_count == 1 && v->handover_count == 1 && !v->handovers[0].closed && presides(0));
    put_accept(handover, 2, NULL);
    assert_int_equal(ask(iom, HEADER_ACCEPT), GMM_EDENIED);
    assert_says("only Participant wb, to whom term 2 is handed over, may accept it");
    assert_int_equal(ask(wb, HEADER_ACCEPT), GMM_OK);
    accept(wb, handover, 2, NULL);
    v = world_view(&w);
    assert_true(v->term_count == 2 && v->handovers[0].accepted && v->terms[1].how == VIEW_TERM_HANDOVER);
    assert_true(presides(0) && v->terms[1].from_ms == from_ms && v->terms[1].cuts == NULL);
    assert_int_equal(v->terms[1].elector_count, 4);
    assert_int_equal(fold_next_ms(w.fold), from_ms);
    assert_false(fold_advance(w.fold, from_ms - 1));
    assert_true(fold_advance(w.fold, from_ms));
    v = world_view(&w);
    assert_true(presides(wb) && v->term == 2 && v->term_from_ms == from_ms && v->term_until_ms == until_ms);
    struct control_handover again = handover_to(2, iom);
    put_handover(&again);
    assert_int_equal(ask(0, HEADER_HANDOVER), GMM_EEXISTS);
    assert_says("term 2 is accepted already");
}

/* The old chair's rights end with the term, the new one's begin. */
static void rights_move(void **state)
{
    (void)state;
    hand_to_wb();
    unsigned fao = newcomer("fao");
    put_admit(fao);
    assert_int_equal(ask(0, HEADER_ADMIT), GMM_EDENIED);
    assert_says("only the chair of term 2 (Participant wb) may admit a participant");
    assert_int_equal(ask(wb, HEADER_ADMIT), GMM_OK);
    write_record(0, HEADER_ADMIT);
    assert_null(view_participant(world_view(&w), pid_of(fao)));
    write_record(wb, HEADER_ADMIT);
    assert_int_equal(status_of(fao), VIEW_ACTIVE);
}

/* What the old chair back-dates is void once its cuts are named, be it on its own log or on a new one. */
static void cuts_void_what_is_back_dated(void **state)
{
    (void)state;
    unsigned fao = newcomer("fao"), undp = newcomer("undp");
    hand_to_wb();
    uint64_t now_ms = w.now_ms;
    w.now_ms = from_ms - DAY_MS;
    put_admit(fao);
    write_record(0, HEADER_ADMIT);
    w.instance++;
    put_admit(undp);
    assert_int_equal(ask_at(0, NULL, HEADER_ADMIT, w.now_ms), GMM_EDENIED);
    assert_says("term 2 (Participant wb) has named cuts: no further record of the chair of term 1 (International "
                "Labour Organization) has effect");
    write_record(0, HEADER_ADMIT);
    w.instance--;
    w.now_ms = now_ms;
    assert_null(view_participant(world_view(&w), pid_of(fao)));
    assert_null(view_participant(world_view(&w), pid_of(undp)));
}

/* Until they are named its term's end alone bounds it; cuts that come later take back what lies beyond them. */
static void late_cuts_take_back(void **state)
{
    (void)state;
    unsigned fao = newcomer("fao"), handover = hand_over(0, 2, wb);
    accept(wb, handover, 2, NULL);
    struct control_cut cut = head_of(0);
    put_admit(fao);
    write_record(0, HEADER_ADMIT);
    assert_int_equal(status_of(fao), VIEW_ACTIVE);
    w.now_ms = from_ms;
    unsigned naming = accept(wb, handover, 2, &cut);
    const struct view *v = world_view(&w);
    assert_null(view_participant(v, pid_of(fao)));
    assert_true(v->terms[1].cuts != NULL && v->terms[1].cuts->count == 1);
    assert_true(id_equal(&v->history[v->event_count - 1].entry, &w.entries[naming].id));
    put_accept(handover, 2, &cut);
    assert_int_equal(ask(wb, HEADER_ACCEPT), GMM_EEXISTS);
    assert_says("its cuts are named");
}

static void a_late_acceptance_names_cuts(void **state)
{
    (void)state;
    unsigned handover = hand_over(0, 2, wb);
    w.now_ms = from_ms + DAY_MS;
    put_accept(handover, 2, NULL);
    assert_int_equal(ask(wb, HEADER_ACCEPT), GMM_EDENIED);
    assert_says("term 2 has begun: Participant wb accepts it only with cuts, the predecessor's last control records");
    struct control_cut cut = head_of(0);
    cut.seq--;
    put_accept(handover, 2, &cut);
    assert_int_equal(ask(wb, HEADER_ACCEPT), GMM_EDENIED);
    assert_says("the cuts leave out the handover of term 2 to Participant wb itself");
    cut.seq++;
    accept(wb, handover, 2, &cut);
    assert_true(presides(0)); /* its term begins behind the acceptance */
    fold_advance(w.fold, w.now_ms);
    assert_true(presides(wb) && world_view(&w)->terms[1].from_ms > from_ms + DAY_MS);
    w.now_ms = until_ms + 1;
    hand_over(wb, 3, iom);
    assert_int_equal(world_view(&w)->handover_count, 1); /* lapsed */
}

static void refused_handovers(void **state)
{
    (void)state;
    struct control_handover r = handover_to(2, wb);
    put_handover(&r);
    assert_int_equal(ask(iom, HEADER_HANDOVER), GMM_EDENIED);
    assert_says("only the chair of term 1 (International Labour Organization) may hand over the chair");
    r = handover_to(3, wb);
    put_handover(&r);
    assert_int_equal(ask(0, HEADER_HANDOVER), GMM_EDENIED);
    assert_says("the chair of term 1 (International Labour Organization) hands over term 2, not term 3");
    r = handover_to(2, 0);
    put_handover(&r);
    assert_int_equal(ask(0, HEADER_HANDOVER), GMM_EDENIED);
    assert_says("does not hand over to itself");
    r = handover_to(2, unu);
    put_handover(&r);
    assert_int_equal(ask(0, HEADER_HANDOVER), GMM_EDENIED);
    assert_says("Participant unu is an observer: observers do not preside");
    r = handover_to(2, wb);
    r.deputy = *pid_of(wb);
    put_handover(&r);
    assert_int_equal(ask(0, HEADER_HANDOVER), GMM_EDENIED);
    assert_says("cannot be its own deputy");
    r = handover_to(2, wb);
    r.from_ms = w.now_ms - 2;
    r.until_ms = w.now_ms - 1;
    put_handover(&r);
    assert_int_equal(ask(0, HEADER_HANDOVER), GMM_EDENIED);
    assert_says("would have ended already");
    struct control_accept unknown = {.subject = *pid_of(0), .term = 2};
    control_accept_encode(fresh(), &unknown);
    assert_int_equal(ask(wb, HEADER_ACCEPT), GMM_EDENIED);
    assert_says("no such handover of term 2 had been made by then");
}

static void a_lapsed_chair_admits_only(void **state)
{
    (void)state;
    w.now_ms = w.charter.term_until_ms + 1;
    put_admit(newcomer("fao"));
    assert_int_equal(ask(0, HEADER_ADMIT), GMM_OK);
    struct control_handover r = handover_to(2, wb);
    r.from_ms = w.now_ms;
    r.until_ms = w.now_ms + WORLD_YEAR_MS;
    put_handover(&r);
    assert_int_equal(ask(0, HEADER_HANDOVER), GMM_EDENIED);
    assert_says("term 1 of the chair (International Labour Organization) has lapsed: until a successor it may only "
                "admit participants");
}

/* "While it has none": the deputy that the handover names acts when the chair's deciding office has been revoked. */
static void the_deputy_acts(void **state)
{
    (void)state;
    struct control_handover r = handover_to(2, wb);
    r.deputy = *pid_of(who);
    put_handover(&r);
    unsigned handover = write_record(0, HEADER_HANDOVER);
    accept(wb, handover, 2, NULL);
    w.now_ms = from_ms;
    struct control_cut cut = head_of(0);
    accept(wb, handover, 2, &cut);
    put_admit(newcomer("fao"));
    assert_int_equal(ask(who, HEADER_ADMIT), GMM_EDENIED);
    assert_says("only the chair of term 2 (Participant wb) may admit a participant");
    const struct view *v = world_view(&w);
    assert_true(id_equal(&v->deputy, pid_of(who)) && id_equal(&v->acting, pid_of(wb)));
    struct control_cut own = head_of(wb);
    struct revocation_cut stands = {.instance = own.log.instance, .seq = own.seq, .id = own.id};
    world_revoke(&w, wb, UINT_MAX, &stands, 1);
    w.now_ms += 1000;
    assert_int_equal(ask(who, HEADER_ADMIT), GMM_OK);
    write_record(who, HEADER_ADMIT);
    assert_true(id_equal(&world_view(&w)->acting, pid_of(who)));
    assert_int_equal(world_view(&w)->participant_count, 6);
}

/* Who acts for the chair follows from the time alone: its certificate expires, the deputy acts; the next one begins. */
static void the_deputy_acts_for_a_while(void **state)
{
    (void)state;
    struct control_handover r = handover_to(2, wb);
    struct certificate certificate;
    uint64_t expires_ms = from_ms + 7 * DAY_MS, again_ms = from_ms + 9 * DAY_MS;
    r.deputy = *pid_of(who);
    put_handover(&r);
    unsigned handover = write_record(0, HEADER_HANDOVER);
    accept(wb, handover, 2, NULL);
    w.now_ms = from_ms;
    struct control_cut cut = head_of(0);
    accept(wb, handover, 2, &cut);
    world_certificate(&w, wb, &certificate);
    certificate.roles = CERTIFICATE_ROLES_ALL;
    certificate.not_after_ms = expires_ms;
    world_issue(&w, w.offices[wb].participant, &certificate, NULL);
    world_certificate(&w, wb, &certificate);
    certificate.roles = CERTIFICATE_ROLES_ALL;
    certificate.not_before_ms = again_ms;
    world_issue(&w, w.offices[wb].participant, &certificate, NULL);
    fold_advance(w.fold, w.now_ms);
    assert_true(id_equal(&world_view(&w)->acting, pid_of(wb)));
    assert_int_equal(fold_next_ms(w.fold), expires_ms + 1);
    assert_false(fold_advance(w.fold, expires_ms));
    assert_true(fold_advance(w.fold, expires_ms + 1));
    assert_true(id_equal(&world_view(&w)->acting, pid_of(who)));
    assert_int_equal(fold_next_ms(w.fold), again_ms);
    assert_true(fold_advance(w.fold, again_ms));
    assert_true(id_equal(&world_view(&w)->acting, pid_of(wb)));
    assert_true(fold_advance(w.fold, expires_ms + 1)); /* the clock was set back */
    assert_true(id_equal(&world_view(&w)->acting, pid_of(who)));
}

static void as_of_a_date(void **state)
{
    (void)state;
    uint64_t before_ms = w.now_ms;
    struct fold_past *past;
    hand_to_wb();
    unsigned fao = newcomer("fao");
    put_admit(fao);
    write_record(wb, HEADER_ADMIT);
    assert_int_equal(fold_view_at(w.fold, before_ms, &past), GMM_OK);
    const struct view *then = fold_past_view(past);
    assert_true(then->term == 1 && then->participant_count == 5 && id_equal(&then->chair, pid_of(0)));
    assert_null(view_participant(then, pid_of(fao)));
    fold_past_free(past);
    assert_int_equal(fold_view_at(w.fold, w.now_ms, &past), GMM_OK);
    then = fold_past_view(past);
    assert_true(then->term == 2 && then->participant_count == 6 && id_equal(&then->chair, pid_of(wb)));
    fold_past_free(past);
    assert_int_equal(fold_view_at(w.fold, w.charter.time_ms, &past), GMM_OK);
    assert_int_equal(fold_past_view(past)->participant_count, 1);
    fold_past_free(past);
}

/* Four electors of term 1: three of them are two thirds. */
static void two_thirds_elect(void **state)
{
    (void)state;
    struct control_cut cut = head_of(0);
    vote(iom, 1, who, &cut);
    put_ballot(1, who, &cut);
    assert_int_equal(ask(iom, HEADER_BALLOT), GMM_EEXISTS);
    assert_says("Participant iom has voted so already");
    assert_int_equal(ask(unu, HEADER_BALLOT), GMM_EDENIED);
    assert_says("Participant unu is not of the electorate of term 1 (International Labour Organization)");
    vote(wb, 1, who, &cut);
    const struct view *v = world_view(&w);
    assert_true(presides(0) && v->ballot_count == 2 && v->ballots[0].need == 3 && !v->ballots[0].spoiled);
    vote(who, 1, who, &cut);
    v = world_view(&w);
    assert_true(v->term_count == 2 && v->terms[1].how == VIEW_TERM_ELECTION && v->terms[1].cuts->count == 1);
    fold_advance(w.fold, w.now_ms);
    assert_true(presides(who) && world_view(&w)->term_until_ms == until_ms);
    put_ballot(1, wb, &cut);
    assert_int_equal(ask(0, HEADER_BALLOT), GMM_EEXISTS);
    assert_says("an election has ended term 1 already");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_handover_is_signed_by_both, setup, teardown),
        cmocka_unit_test_setup_teardown(rights_move, setup, teardown),
        cmocka_unit_test_setup_teardown(cuts_void_what_is_back_dated, setup, teardown),
        cmocka_unit_test_setup_teardown(late_cuts_take_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_late_acceptance_names_cuts, setup, teardown),
        cmocka_unit_test_setup_teardown(refused_handovers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lapsed_chair_admits_only, setup, teardown),
        cmocka_unit_test_setup_teardown(the_deputy_acts, setup, teardown),
        cmocka_unit_test_setup_teardown(the_deputy_acts_for_a_while, setup, teardown),
        cmocka_unit_test_setup_teardown(two_thirds_elect, setup, teardown),
        cmocka_unit_test_setup_teardown(as_of_a_date, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Elections against a chair that defends itself: by puppets, suspensions, amendments, an accomplice, claims on others'
 * keys. Whoever its electorate is replaces it all the same. */
#include "tests/proto/authority_fixture.h"

#include <limits.h>

#define DAY_MS UINT64_C(86400000)
#define PUPPETS 60u

static unsigned iom, unu, wb, who; /* offices: members, an observer (unu) */
static unsigned puppets[PUPPETS];
static uint64_t until_ms;

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    iom = world_join(&w, "iom", IDENTITY_INTL_ORG);
    unu = world_join(&w, "unu", IDENTITY_OBSERVER);
    wb = world_join(&w, "wb", IDENTITY_MEMBER);
    who = world_join(&w, "who", IDENTITY_INTL_ORG);
    until_ms = w.now_ms + WORLD_YEAR_MS;
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

/* The chair goes to somebody else now, accepted with cuts. */
static void hand_over(unsigned from, uint32_t term, unsigned to)
{
    struct control_handover r = {.term = term, .to = *pid_of(to), .from_ms = w.now_ms, .until_ms = until_ms + DAY_MS};
    control_handover_encode(fresh(), &r);
    unsigned handover = write_record(from, HEADER_HANDOVER);
    struct control_cut cut = head_of(from);
    struct control_accept accept = {.subject = w.entries[handover].id, .term = term, .cuts = {1, &cut}};
    control_accept_encode(fresh(), &accept);
    write_record(to, HEADER_ACCEPT);
}

static void put_ballot(uint32_t term, unsigned candidate, struct control_cut *cut)
{
    struct control_ballot r = {.term = term, .candidate = *pid_of(candidate), .until_ms = until_ms, .cuts = {1, cut}};
    control_ballot_encode(fresh(), &r);
}

static void vote(unsigned office, uint32_t term, unsigned candidate, struct control_cut *cut)
{
    put_ballot(term, candidate, cut);
    write_record(office, HEADER_BALLOT);
}

static bool presides(unsigned office)
{
    fold_advance(w.fold, w.now_ms + 1000);
    return id_equal(&world_view(&w)->chair, pid_of(office));
}

static void suspend(unsigned chair, unsigned office)
{
    struct control_removal r = {.pid = *pid_of(office), .reason = "in the way"};
    control_removal_encode(fresh(), &r);
    write_record(chair, HEADER_SUSPEND);
}

/* The World Bank's secretariat, chair of a term, turns: sixty puppets, everybody suspended and made an observer. */
static void turn_rogue(unsigned chair)
{
    const unsigned others[] = {0, iom, who};
    for (unsigned i = 0; i < PUPPETS; i++) {
        char id[16];
        snprintf(id, sizeof id, "puppet-%u", i);
        puppets[i] = world_certified(&w, world_participant(&w, id, IDENTITY_MEMBER), "hq", 7);
        world_admit(&w, chair, puppets[i]);
    }
    for (unsigned i = 0; i < 3; i++) {
        if (others[i] == chair)
            continue;
        struct control_amend r = {.pid = *pid_of(others[i]), .name = "Nobody", .kind = IDENTITY_OBSERVER};
        control_amend_encode(fresh(), &r);
        write_record(chair, HEADER_AMEND);
        suspend(chair, others[i]);
    }
}

/* With cuts before what the rogue chair did, it has not done it. */
static void a_rogue_chair_is_replaced(void **state)
{
    (void)state;
    hand_over(0, 2, wb);
    struct control_cut before = head_of(wb);
    turn_rogue(wb);
    assert_true(presides(wb) && status_of(iom) == VIEW_SUSPENDED);
    assert_int_equal(world_view(&w)->participant_count, 5 + PUPPETS);
    assert_int_equal(world_view(&w)->terms[1].elector_count, 4);
    for (unsigned i = 0; i < PUPPETS; i++)
        vote(puppets[i], 2, wb, &before);
    put_ballot(2, iom, &before);
    assert_int_equal(ask(puppets[0], HEADER_BALLOT), GMM_EDENIED);
    assert_says("Participant puppet-0 is not of the electorate of term 2 (Participant wb)");
    hand_over(wb, 3, puppets[1]);
    assert_true(presides(puppets[1]));
    vote(0, 2, iom, &before);
    vote(iom, 2, iom, &before);
    assert_true(presides(puppets[1]));
    vote(who, 2, iom, &before);
    assert_true(presides(iom));
    const struct view *v = world_view(&w);
    assert_int_equal(v->participant_count, 5);
    assert_true(v->term == 3 && v->terms[2].how == VIEW_TERM_ELECTION && v->terms[2].elector_count == 4);
    assert_true(status_of(0) == VIEW_ACTIVE && status_of(iom) == VIEW_ACTIVE && status_of(who) == VIEW_ACTIVE);
    suspend(puppets[1], iom);
    hand_over(puppets[1], 4, puppets[2]);
    hand_over(wb, 3, puppets[2]);
    assert_true(presides(iom) && status_of(iom) == VIEW_ACTIVE);
}

/* With cuts behind all of it, it stands; but the electorate is the same, and the elected chair puts it right. */
static void cuts_behind_it_all(void **state)
{
    (void)state;
    hand_over(0, 2, wb);
    turn_rogue(wb);
    struct control_cut behind = head_of(wb);
    vote(0, 2, iom, &behind);
    vote(iom, 2, iom, &behind);
    vote(who, 2, iom, &behind);
    assert_true(presides(iom));
    assert_int_equal(world_view(&w)->participant_count, 5 + PUPPETS);
    assert_true(status_of(iom) == VIEW_ACTIVE); /* the candidate is restored by its election */
    assert_true(status_of(who) == VIEW_SUSPENDED);
    suspend(iom, puppets[0]);
    assert_true(status_of(puppets[0]) == VIEW_SUSPENDED);
    struct control_removal r = {.pid = *pid_of(who)};
    control_restore_encode(fresh(), &r);
    assert_int_equal(ask(iom, HEADER_RESTORE), GMM_OK);
    write_record(iom, HEADER_RESTORE);
    assert_true(status_of(who) == VIEW_ACTIVE);
}

/* 'A founder can pack the first electorate', but only as far as the voters' cuts let it. */
static void a_founder_packs(void **state)
{
    (void)state;
    struct control_cut before = head_of(0);
    turn_rogue(0);
    assert_int_equal(world_view(&w)->terms[0].elector_count, 4 + PUPPETS);
    vote(iom, 1, who, &before);
    vote(wb, 1, who, &before);
    vote(who, 1, who, &before);
    assert_true(presides(who));
    assert_int_equal(world_view(&w)->participant_count, 5);
}

/* A puppet certifies an elector's second key as its own: between the two nobody owns it, but votes of the electorate.
 */
static void claimed_keys_vote(void **state)
{
    (void)state;
    unsigned office = world_certified(&w, w.offices[iom].participant, "field", CERTIFICATE_ROLE_VOTE);
    hand_over(0, 2, wb);
    struct control_cut before = head_of(wb);
    turn_rogue(wb);
    struct certificate claim;
    world_certificate(&w, puppets[0], &claim);
    snprintf(claim.office, sizeof claim.office, "claim");
    claim.sign_pk = w.offices[office].sign_pk;
    world_issue(&w, w.offices[puppets[0]].participant, &claim, NULL);
    fold_touch(w.fold);
    assert_int_equal(view_office(world_view(&w), &w.offices[office].sign_pk)->status, VIEW_OFFICE_VOID);
    vote(0, 2, who, &before);
    vote(office, 2, who, &before);
    vote(who, 2, who, &before);
    assert_true(presides(who));
}

static void a_double_voter_counts_for_neither(void **state)
{
    (void)state;
    struct control_cut cut = head_of(0);
    vote(iom, 1, who, &cut);
    vote(wb, 1, who, &cut);
    put_ballot(1, iom, &cut);
    assert_int_equal(ask(wb, HEADER_BALLOT), GMM_EDENIED);
    assert_says("Participant wb has voted otherwise against the chair of term 1");
    vote(wb, 1, iom, &cut);
    vote(who, 1, who, &cut);
    assert_true(presides(0));
    const struct view *v = world_view(&w);
    assert_int_equal(v->ballot_count, 3);
    assert_true(!v->ballots[0].spoiled && v->ballots[1].spoiled && !v->ballots[2].spoiled);
    vote(0, 1, who, &cut); /* the chair itself gives way */
    assert_true(presides(who));
    /* A second ballot of a voter on whom it rested, however late. */
    vote(iom, 1, iom, &cut);
    assert_true(presides(0));
}

static void refused_ballots(void **state)
{
    (void)state;
    struct control_cut cut = head_of(0), short_cut = cut;
    put_ballot(2, iom, &cut);
    assert_int_equal(ask(iom, HEADER_BALLOT), GMM_EDENIED);
    assert_says("term 2 has not begun: there is no chair of it to vote against, the chair is that of term 1 "
                "(International Labour Organization)");
    put_ballot(1, unu, &cut);
    assert_int_equal(ask(iom, HEADER_BALLOT), GMM_EDENIED);
    assert_says("Participant unu is an observer: observers do not preside");
    short_cut.seq = 0;
    put_ballot(1, who, &short_cut);
    assert_int_equal(ask(iom, HEADER_BALLOT), GMM_EDENIED);
    assert_says("the cuts leave out the admission of Participant who itself");
    unsigned reader = world_certified(&w, w.offices[iom].participant, "reader", CERTIFICATE_ROLE_DECIDE);
    put_ballot(1, who, &cut);
    assert_int_equal(ask(reader, HEADER_BALLOT), GMM_EDENIED);
    assert_says("the office reader of Participant iom lacks the role VOTE");
    assert_int_equal(ask_at(iom, NULL, HEADER_BALLOT, until_ms + 1), GMM_EDENIED);
    assert_says("the term for which Participant who is voted would have ended already");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_rogue_chair_is_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(cuts_behind_it_all, setup, teardown),
        cmocka_unit_test_setup_teardown(a_founder_packs, setup, teardown),
        cmocka_unit_test_setup_teardown(claimed_keys_vote, setup, teardown),
        cmocka_unit_test_setup_teardown(a_double_voter_counts_for_neither, setup, teardown),
        cmocka_unit_test_setup_teardown(refused_ballots, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
